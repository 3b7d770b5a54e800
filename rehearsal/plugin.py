"""What the embedded engine asks of a resource provider, in plain Python values.

Values are JSON-like (`None`, `bool`, `int`, `float`, `str`, `list`, `dict`) in the convention of Pulumi's own
wire format: an unknown value is the string `UNKNOWN`; secrets are stripped by the engine before a provider
sees them and marked again on what comes back. The gRPC face of a provider (`rehearsal/provider/server.py`)
translates these same calls for the real engine, so that both engines reach one implementation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from pulumi.runtime.rpc import UNKNOWN as UNKNOWN

Properties = dict[str, Any]


class ProviderError(Exception):
    """A provider refused or failed an operation; its text is one line that a user can act on."""


class PartialFailureError(ProviderError):
    """The resource exists but is not as asked for; the engine records `id` and `outputs` before it fails."""

    def __init__(self, reason: str, resource_id: str, outputs: Properties) -> None:
        super().__init__(reason)
        self.resource_id = resource_id
        self.outputs = outputs


@dataclass(frozen=True)
class CheckFailure:
    """One input that cannot be accepted; `property` is a path such as `ingress[0].fromPort`, or empty."""

    property: str
    reason: str


@dataclass(frozen=True)
class Diff:
    """How new inputs differ from what exists; `diffs` are properties or paths into them, `replaces` those
    that force a replacement.
    """

    changed: bool
    replaces: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()
    delete_before_replace: bool = False


@dataclass(frozen=True)
class State:
    """A resource as it exists: its provider-assigned ID, its outputs, and (after a read) its inputs."""

    id: str
    outputs: Properties = field(default_factory=dict)
    inputs: Properties | None = None


@runtime_checkable
class Movable(Protocol):
    """A provider whose settings say in which place its resources are."""

    def moved_by(self, old: Properties, new: Properties) -> tuple[str, ...]:
        """The settings whose change leaves every resource behind, so that all must be replaced."""


class Provider(Protocol):
    """One package's provider. Every method may be called from several threads at once."""

    def configure(self, config: Properties) -> None:
        """Take the provider's own configuration (for AWS: `region`, ...). Raises ProviderError."""

    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[CheckFailure]]:
        """Validate `news`, fill in defaults (auto-names come from `seed`, or are taken over from `olds`)."""

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: list[str],
    ) -> Diff:
        """Compare; the engine has applied `ignore_changes` to `news` already. Unknowns count as changed."""

    def create(self, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
        """Create; in a preview, touch nothing and return the outputs, `UNKNOWN` where they are not known."""

    def read(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """What exists now, or None when it is gone. `inputs` may be empty (an import or a `.get`)."""

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        timeout_seconds: float,
        ignore_changes: list[str],
        preview: bool,
    ) -> Properties:
        """Change in place and return the new outputs; in a preview, touch nothing."""

    def delete(
        self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout_seconds: float
    ) -> None:
        """Delete. A resource that is already gone is a success."""

    def invoke(self, token: str, args: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Run a function such as `aws:index/getAvailabilityZones:getAvailabilityZones`."""
