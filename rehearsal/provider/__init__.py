"""Pulumi resource providers: for `aws:*` types one that works on the emulated cloud, for `kubernetes:*` types
one that works with clusters on this machine; and with nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rehearsal.plugin import Provider


def aws_provider() -> Provider:
    """A new provider, to be configured with `region`; instances share their connections."""
    from rehearsal.provider.provider import AwsProvider

    return AwsProvider()


def recorded_types() -> list[str]:
    """The types met so far in this process that are not emulated but only written down, in order."""
    from rehearsal.provider.recorded import met

    return met()


def kubernetes_provider() -> Provider:
    """A new provider, to be configured with `kubeconfig`; without one it only previews."""
    from rehearsal.provider.kubernetes.provider import KubernetesProvider

    return KubernetesProvider()


PROVIDERS: Mapping[str, Callable[[], Provider]] = {"aws": aws_provider, "kubernetes": kubernetes_provider}
"""How a provider is made, by package; what it is made of is imported when the first one is."""
