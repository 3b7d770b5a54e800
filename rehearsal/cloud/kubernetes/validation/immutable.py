"""What may not be changed once an object is there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from rehearsal.cloud.kubernetes.errors import FieldError, Object, forbidden, wrong

IMMUTABLE = "field is immutable"
_FIELDS = {
    "Deployment": ("selector",),
    "ReplicaSet": ("selector",),
    "DaemonSet": ("selector",),
    "Job": ("completions", "selector", "template", "completionMode"),
    "Secret": (),
}
_POD = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_STATEFUL = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)

_FREE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds",
    "persistentVolumeClaimRetentionPolicy",
)  # fmt: skip


def changes(kind: str, before: Object, after: Object) -> Iterator[FieldError]:
    if kind in ("ConfigMap", "Secret"):
        yield from _frozen(before, after, kind)
    old, new = before.get("spec") or {}, after.get("spec") or {}
    for name in _FIELDS.get(kind, ()):
        if old.get(name) != new.get(name):
            yield wrong(f"spec.{name}", new.get(name), IMMUTABLE)
    if kind == "Pod" and _fixed(old) != _fixed(new):
        yield forbidden("spec", _POD)
    if kind == "StatefulSet" and _without(old, _FREE) != _without(new, _FREE):
        yield forbidden("spec", _STATEFUL)
    named = "ExternalName" in (old.get("type"), new.get("type"))
    if kind == "Service" and old.get("clusterIP") not in (None, "", new.get("clusterIP")) and not named:
        yield wrong("spec.clusterIPs[0]", [new.get("clusterIP", "")], "may not change once set")
    if kind in ("RoleBinding", "ClusterRoleBinding") and before.get("roleRef") != after.get("roleRef"):
        yield wrong("roleRef", after.get("roleRef"), "cannot change roleRef")


def _frozen(before: Object, after: Object, kind: str) -> Iterator[FieldError]:
    text = "field is immutable when `immutable` is set"
    if before.get("immutable"):
        if not after.get("immutable"):
            yield forbidden("immutable", text)
        for part in ("data", "binaryData"):
            if (before.get(part) or {}) != (after.get(part) or {}):
                yield forbidden(part, text)
    if kind == "Secret" and before.get("type") != after.get("type"):
        yield wrong("type", after.get("type"), IMMUTABLE)


def _without(spec: Object, names: tuple[str, ...]) -> Object:
    return {name: value for name, value in spec.items() if name not in names}


def _fixed(spec: Object) -> Any:
    """A pod's spec without what may change."""
    left = copy.deepcopy({k: v for k, v in spec.items() if k not in ("activeDeadlineSeconds", "tolerations")})
    for name in ("containers", "initContainers"):
        for container in left.get(name) or ():
            container.pop("image", None)
    return left
