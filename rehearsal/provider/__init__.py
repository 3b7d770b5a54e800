"""A Pulumi resource provider for `aws:*` types that works on the emulated cloud, and on nothing else."""

from __future__ import annotations

from rehearsal.plugin import Provider


def aws_provider() -> Provider:
    """A new provider, to be configured with `region`; instances share their connections."""
    from rehearsal.provider.provider import AwsProvider

    return AwsProvider()


def recorded_types() -> list[str]:
    """The types met so far in this process that are not emulated but only written down, in order."""
    from rehearsal.provider.recorded import met

    return met()
