"""Pulumi's checkpoint JSON, version 3, and version 4 where its features are known: read and write.

Two forms: what lies in a file backend (`{"version", "checkpoint": {"stack", "latest": {…}}}`) and what
`pulumi stack export` prints (`{"version", "deployment": {…}}`). Fields that are not known here are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rehearsal.engine.property_text import PropertyText
from rehearsal.engine.resource_json import (
    ATTRIBUTES,
    CheckpointError,
    compact,
    json_object,
    operation_text,
    read_operation,
    read_resource,
    resource_text,
)
from rehearsal.engine.secrets import Secrets
from rehearsal.engine.state import (
    Snapshot,
    integrity_error,
    now,
)
from rehearsal.errors import UsageError

# What makes Pulumi write version 4, by the JSON field of a resource that needs it (`ApplyFeatures`).
_FEATURES = {
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "resourceHooks": "hooks",
    "taint": "taint",
    "replaceWith": "replaceWith",
    "extensionRef": "extensionParameterization",
    "snippetID": "snippets-prototype",
}
_KNOWN_FEATURES = {*_FEATURES.values(), "byteString"}
_LATEST = {"manifest", "secrets_providers", "resources", "pending_operations"}


def read(text: str | bytes, environment_secrets: Secrets) -> tuple[Snapshot, Secrets]:
    """A snapshot from either form, and the secrets to go on with: those of the salt that it names.

    `environment_secrets` are used when it names none. Raises CheckpointError when the text is damaged, and
    UsageError when it is sound but not for this engine: another version, an unknown feature or secrets
    provider.
    """
    raw = json_object(_parse(text), "the checkpoint")
    if "checkpoint" in raw:
        latest = json_object(raw["checkpoint"], "the checkpoint's body").get("latest")
    elif "deployment" in raw:
        latest = raw["deployment"]
    else:
        raise CheckpointError('it has neither a "checkpoint" nor a "deployment"')
    _check_version(raw)
    latest = json_object({} if latest is None else latest, "the deployment")
    secrets = _secrets(latest.get("secrets_providers"), environment_secrets)
    codec = PropertyText(secrets)
    resources, pending = latest.get("resources"), latest.get("pending_operations")
    if not isinstance(resources, list | None) or not isinstance(pending, list | None):
        raise CheckpointError("resources and pending_operations must be lists")
    snapshot = Snapshot(
        resources=[read_resource(item, codec) for item in resources or ()],
        pending=[read_operation(item, codec) for item in pending or ()],
        manifest=json_object(latest.get("manifest") or {}, "the manifest"),
        extra={name: value for name, value in latest.items() if name not in _LATEST},
    )
    return snapshot, secrets


def importable(text: bytes, stack: str, environment_secrets: Secrets) -> tuple[Snapshot, Secrets]:
    """The snapshot of an export that may take the place of the stack `organization/<project>/<stack>`.

    Raises UsageError when it is damaged, breaks the rules of a snapshot, or is another stack's.
    """
    try:
        snapshot, secrets = read(text, environment_secrets)
    except CheckpointError as error:
        raise UsageError(f"the import is not a deployment: {error}") from None
    broken = integrity_error(snapshot.resources)
    if broken:
        raise UsageError(f"the import breaks the rules of a state: {broken}")
    _, project, name = stack.split("/")
    other = (
        state.urn
        for state in snapshot.resources
        if not state.urn.startswith(f"urn:pulumi:{name}::{project}::")
    )
    for urn in other:
        raise UsageError(f"the import is not of stack {name} of project {project}: it has {urn}")
    return snapshot, secrets


def stack_text(
    stack: str, snapshot: Snapshot, resources: list[str], operations: list[str], salt: str | None
) -> str:
    """The file backend's form from the texts of the resources; `stack` is `organization/<project>/<stack>`.

    `snapshot` gives the rest: manifest and unknown fields. One resource a line, so that files compare line by
    line.
    """
    version, latest = _latest(snapshot, resources, operations, salt)
    return f'{version}"checkpoint":{{"stack":{compact(stack)},"latest":{latest}}}}}\n'


def exported(snapshot: Snapshot, secrets: Secrets) -> str:
    """The `pulumi stack export` form, for `pulumi stack import`; indented by four, as Pulumi prints it."""
    codec = PropertyText(secrets)
    resources = [resource_text(state, codec) for state in snapshot.resources]
    operations = [operation_text(item.kind, resource_text(item.resource, codec)) for item in snapshot.pending]
    version, latest = _latest(snapshot, resources, operations, secrets.salt)
    document = json.loads(f'{version}"deployment":{latest}}}')
    return json.dumps(document, indent=4, ensure_ascii=False) + "\n"


def _latest(
    snapshot: Snapshot, resources: list[str], operations: list[str], salt: str | None
) -> tuple[str, str]:
    """The head of the document up to its body, and the deployment."""
    # Without a version in the manifest its magic is empty too; another one Pulumi takes for tampering.
    manifest = {"magic": "", "version": "", **snapshot.manifest, "time": now()}
    parts = [f'"manifest":{compact(manifest)}']
    if salt is not None:
        parts.append(f'"secrets_providers":{{"type":"passphrase","state":{{"salt":{compact(salt)}}}}}')
    if resources:
        parts.append('"resources":[\n' + ",\n".join(resources) + "\n]")
    if operations:
        parts.append('"pending_operations":[\n' + ",\n".join(operations) + "\n]")
    extra = {"metadata": {}, **snapshot.extra}
    parts += (f"{compact(name)}:{compact(value)}" for name, value in extra.items())
    features = sorted(_features(snapshot, resources))
    head = f'{{"version":4,"features":{compact(features)},' if features else '{"version":3,'
    return head, "{" + ",".join(parts) + "}"


def _features(snapshot: Snapshot, resources: Iterable[str]) -> set[str]:
    found = {"snippets-prototype"} if snapshot.extra.get("snippets") else set()
    for name, feature in _FEATURES.items():
        attribute = ATTRIBUTES.get(name, ("", object))[0]
        if any(
            getattr(state, attribute) if attribute else name in state.extra for state in snapshot.resources
        ):
            found.add(feature)
    if any(PropertyText.BYTE_STRING_MARK in text for text in resources):
        found.add("byteString")
    return found


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"it is not JSON: {error}") from None


def _check_version(raw: dict[str, Any]) -> None:
    version = raw.get("version")
    if version not in (3, 4):
        raise UsageError(
            f"checkpoint version {version!r} is not supported (3 and 4 are): use the pulumi command"
        )
    unknown = sorted(set(raw.get("features") or ()) - _KNOWN_FEATURES) if version == 4 else []
    if unknown:
        raise UsageError(
            f"this stack's deployment needs support for the following features: {', '.join(unknown)}"
        )


def _secrets(provider: Any, fallback: Secrets) -> Secrets:
    if not provider or not provider.get("type"):
        return fallback
    if provider["type"] != "passphrase":
        raise UsageError(
            f"secrets provider {provider['type']!r} is not supported: "
            "change it with `pulumi stack change-secrets-provider passphrase`"
        )
    salt = (provider.get("state") or {}).get("salt")
    if not isinstance(salt, str):
        raise CheckpointError("its secrets provider has no salt")
    return fallback if salt == fallback.salt else fallback.with_salt(salt)
