"""What a stack is made of: the states of its resources, operations that did not end, and the rules they keep.

The fields are those of Pulumi's `apitype.ResourceV3`, under Python names. Property values are plain values
(`rehearsal/engine/values.py`) with secrets readable; encryption is the business of the checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Properties = dict[str, Any]
OperationKind = Literal["creating", "updating", "deleting", "reading", "importing"]

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(slots=True, eq=False)
class ResourceState:
    """One resource as last recorded. Compared by identity: two states of one URN can live side by side.

    `custom_timeouts` are seconds by operation (`create`, `update`, `delete`, `read`). `provider` is
    `URN::ID`. `delete` marks the old one of a replacement that still has to go; `pending_replacement` one
    that is gone and has not come back. `extra` holds fields that this engine does not know; they are written
    back as they were.
    """

    urn: str
    type: str
    custom: bool = False
    delete: bool = False
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    taint: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[dict[str, Any]] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    refresh_before_update: bool = False
    view_of: str = ""
    resource_hooks: dict[str, list[str]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the URN; it may hold `::` itself."""
        return self.urn.split("::", 3)[-1]

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider resource (`pulumi:providers:…`)."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def provider_urn(self) -> str:
        """The URN part of `provider`, or empty."""
        return self.provider.rpartition("::")[0]

    def needs(self) -> set[str]:
        """The URNs that must stand before this one: parent, dependencies, provider, deletedWith."""
        urns = {self.parent, self.deleted_with, self.provider_urn, *self.dependencies}
        urns.update(*self.property_dependencies.values())
        urns.discard("")
        return urns


@dataclass(slots=True, eq=False)
class PendingOperation:
    """An operation that was begun and never ended: its outcome in the cloud is not known."""

    resource: ResourceState
    kind: OperationKind


@dataclass(slots=True)
class Snapshot:
    """All that is recorded of a stack. `resources` are in dependency order: what is needed comes first."""

    resources: list[ResourceState] = field(default_factory=list)
    pending: list[PendingOperation] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def live(self) -> dict[str, ResourceState]:
        """The resources by URN, without those marked for deletion."""
        return {state.urn: state for state in self.resources if not state.delete}

    @property
    def stack(self) -> ResourceState | None:
        """The root resource, whose outputs are the stack's."""
        return next(
            (state for state in self.resources if state.type == STACK_TYPE and not state.delete), None
        )


def now() -> str:
    """The present time as `created` and `modified` are written: RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def urn_of(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource; `parent` is the parent's URN or empty. The stack's type is no prefix."""
    prefix = parent.split("::")[2] + "$" if parent and parent.split("::")[2] != STACK_TYPE else ""
    return f"urn:pulumi:{stack}::{project}::{prefix}{type_}::{name}"


def type_in(urn: str) -> str:
    """The resource's own type, as its URN has it: without the types of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


def integrity_error(resources: list[ResourceState]) -> str | None:
    """The first rule of Pulumi's snapshot integrity that is broken, in words, or None.

    Every state has a URN and a type, and an ID only when it is custom; parents, dependencies, property
    dependencies, deletedWith and the provider (URN and ID) stand before it; of states with one URN at most
    one is not marked for deletion.
    """
    seen: set[str] = set()
    live: set[str] = set()
    providers: set[str] = set()
    for index, state in enumerate(resources):
        if not state.urn or not state.type:
            return f"resource {state.urn or index} lacks its {'type' if state.urn else 'urn'}"
        if state.id and not state.custom:
            return f"resource {state.urn} has an ID but is not custom"
        if state.is_provider:
            providers.add(f"{state.urn}::{state.id}")
        if state.provider and state.provider not in providers and not state.pending_replacement:
            return f"resource {state.urn} refers to unknown provider {state.provider}"
        missing = state.needs() - {state.provider_urn} - seen
        if missing:
            urn = min(missing)
            later = any(other.urn == urn for other in resources[index + 1 :])
            return f"resource {state.urn} needs {urn}, which {'comes after it' if later else 'is missing'}"
        if not state.delete:
            if state.urn in live:
                return f"duplicate resource {state.urn} (not marked for deletion)"
            live.add(state.urn)
        seen.add(state.urn)
    return None


def in_order(resources: list[ResourceState]) -> list[ResourceState]:
    """The same states, each after what it needs; otherwise in the order given (stable). Linear time.

    Of several states with one URN, the one that is not marked for deletion is what others need; a provider is
    found by URN and ID. Where states need each other in a circle, the order given stays, and the integrity
    check tells.
    """
    by_name: dict[str, ResourceState] = {}
    for state in resources:
        if not state.delete or state.urn not in by_name:
            by_name[state.urn] = state
        if state.is_provider:
            by_name[f"{state.urn}::{state.id}"] = state
    ordered: dict[int, ResourceState] = {}
    entered: set[int] = set()
    for root in resources:
        stack = [root]
        while stack:
            state = stack[-1]
            if id(state) in entered:
                ordered.setdefault(id(stack.pop()), state)
                continue
            entered.add(id(state))
            needs = (by_name.get(name) for name in sorted(state.needs() | {state.provider}, reverse=True))
            stack.extend(need for need in needs if need is not None and id(need) not in entered)
    return list(ordered.values())


def trim(resources: list[ResourceState]) -> list[ResourceState]:
    """Remove, in place, what refers to a resource that is gone; returns the states that this changed.

    A refresh that finds a resource gone leaves such references behind, in states it has no reason to touch. A
    provider that is gone stays: without it nothing could be done with the resource.
    """
    here = {state.urn for state in resources}
    dangling = [state for state in resources if state.needs() - {state.provider_urn} - here]
    for state in dangling:
        state.parent = state.parent if state.parent in here else ""
        state.deleted_with = state.deleted_with if state.deleted_with in here else ""
        state.dependencies = [urn for urn in state.dependencies if urn in here]
        state.property_dependencies = {
            name: [urn for urn in urns if urn in here] for name, urns in state.property_dependencies.items()
        }
    return dangling
