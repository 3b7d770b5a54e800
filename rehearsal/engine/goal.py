"""What a program asks for when it registers a resource, read from the SDK's message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote, urlsplit

from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import Properties, from_struct, lower_outputs, output_dependencies
from rehearsal.errors import UsageError

HOOKS = (
    ("before_create", "BeforeCreate"),
    ("after_create", "AfterCreate"),
    ("before_update", "BeforeUpdate"),
    ("after_update", "AfterUpdate"),
    ("before_delete", "BeforeDelete"),
    ("after_delete", "AfterDelete"),
    ("on_error", "OnError"),
)
"""The SDK's name of each kind of hook and the name that Pulumi records it under."""


@dataclass(frozen=True, slots=True)
class AliasSpec:
    """A former identity: a whole URN, or the parts that were different (empty: as now)."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(slots=True)
class Goal:
    """A resource as the program wants it. `provider` is `URN::ID`; None for an option means: not given."""

    type: str
    name: str
    custom: bool
    parent: str = ""
    inputs: Properties = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    provider: str = ""
    providers: dict[str, str] = field(default_factory=dict)
    version: str = ""
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[AliasSpec] = field(default_factory=list)
    import_id: str = ""
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    hide_diff: list[str] = field(default_factory=list)
    hooks: dict[str, list[str]] = field(default_factory=dict)
    source_position: str = ""

    @property
    def package(self) -> str:
        """The package that serves this type: `aws` of `aws:ec2/vpc:Vpc`."""
        return self.type.partition(":")[0]

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider resource."""
        return self.type.startswith("pulumi:providers:")

    def inherit(self, parent: Goal) -> None:
        """Take over from the parent what this resource does not say itself."""
        self.deleted_with = self.deleted_with or parent.deleted_with
        if self.protect is None:
            self.protect = parent.protect
        if self.retain_on_delete is None:
            self.retain_on_delete = parent.retain_on_delete
        served_by = parent.provider.split("::")[2].rpartition(":")[2] if parent.provider else ""
        if not self.provider and (not self.custom or (served_by and served_by == self.package)):
            self.provider = parent.provider

    def new_state(self, urn: str, old: ResourceState | None, alias: str) -> ResourceState:
        """The state to build up while steps are taken; it has no ID and no outputs yet."""
        return ResourceState(
            urn=urn,
            type=self.type,
            custom=self.custom,
            inputs=self.inputs,
            parent=self.parent,
            protect=bool(self.protect),
            dependencies=self.dependencies,
            provider=self.provider if self.custom and not self.is_provider else "",
            property_dependencies=self.property_dependencies,
            additional_secret_outputs=self.additional_secret_outputs,
            aliases=[alias] if alias else [],
            custom_timeouts=self.custom_timeouts,
            import_id=self.import_id,
            retain_on_delete=bool(self.retain_on_delete),
            deleted_with=self.deleted_with,
            replace_with=self.replace_with,
            created=old.created if old else "",
            modified=old.modified if old else "",
            source_position=self.source_position,
            ignore_changes=self.ignore_changes,
            hide_diff=self.hide_diff,
            replace_on_changes=self.replace_on_changes,
            replacement_trigger=self.replacement_trigger,
            refresh_before_update=old.refresh_before_update if old else False,
            resource_hooks=self.hooks,
        )


def from_request(request: Any, root: PurePath) -> Goal:
    """The goal of a RegisterResourceRequest. `root` is the project's directory, for source positions.

    Raises UsageError for a time-out that cannot be read.
    """
    raw = from_struct(request.object)
    depends: dict[str, list[str]] = {
        key: sorted(value.urns) for key, value in request.propertyDependencies.items()
    }
    if not depends and raw:
        depends = {key: sorted(request.dependencies) for key in raw}
    for key, value in raw.items():
        more = output_dependencies(value)
        if more:
            depends[key] = sorted(more | set(depends.get(key, ())))
    timeouts = request.customTimeouts if request.HasField("customTimeouts") else None
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        inputs=lower_outputs(raw),
        dependencies=sorted(request.dependencies),
        property_dependencies=depends,
        provider=request.provider,
        providers=dict(request.providers),
        version=request.version,
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=(
            request.deleteBeforeReplace
            if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
            else None
        ),
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        aliases=[read_alias(alias) for alias in request.aliases],
        import_id=request.importId,
        custom_timeouts=read_timeouts(timeouts) if timeouts is not None else {},
        deleted_with=request.deletedWith,
        replace_with=list(request.replace_with),
        replacement_trigger=read_trigger(request),
        hide_diff=list(request.hideDiffs),
        hooks=read_hooks(request.hooks) if request.HasField("hooks") else {},
        source_position=read_position(request.sourcePosition, root),
    )


def read_alias(alias: Any) -> AliasSpec:
    """An Alias message; an empty `parentUrn` means the present parent, as the Python SDK sends it."""
    if alias.WhichOneof("alias") != "spec":
        return AliasSpec(urn=alias.urn)
    spec = alias.spec
    return AliasSpec(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def read_hooks(binding: Any) -> dict[str, list[str]]:
    """The names of the hooks by kind, without the kinds that have none."""
    named = {kind: list(getattr(binding, field_name)) for field_name, kind in HOOKS}
    return {kind: names for kind, names in named.items() if names}


def read_trigger(message: Any) -> Any:
    """The replacement trigger, or None."""
    if not message.HasField("replacement_trigger"):
        return None
    from google.protobuf import struct_pb2

    return lower_outputs(from_struct(struct_pb2.Struct(fields={"value": message.replacement_trigger})))[
        "value"
    ]


def read_timeouts(timeouts: Any) -> dict[str, float]:
    """Seconds by operation."""
    texts = {key: getattr(timeouts, key) for key in ("create", "update", "delete", "read")}
    return {key: seconds(text) for key, text in texts.items() if text}


_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """A duration as Go writes them, such as `1h30m` or `45s`. Raises UsageError."""
    if not re.fullmatch(rf"({_DURATION.pattern})+", text):
        raise UsageError(f"custom time-out {text!r} is not a duration; write it like 30s, 5m or 1h30m")
    return sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(text))


def read_position(position: Any, root: PurePath) -> str:
    """Where the program registers the resource, as Pulumi records it: `project:///__main__.py#12`."""
    if not position.uri.startswith("file://"):
        return ""
    prefix = root.as_uri() + "/"
    if position.uri.startswith(prefix):
        return f"project:///{position.uri[len(prefix) :]}#{position.line}"
    return _outside(position.uri, position.line, root)


def _outside(uri: str, line: int, root: PurePath) -> str:
    import os.path

    relative = os.path.relpath(unquote(urlsplit(uri).path), root)
    return f"project:///{relative}#{line}"
