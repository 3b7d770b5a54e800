"""Creation and change of one object: a create, then server-side apply under one field manager.

Since 4.29 Pulumi's provider creates with a plain create, so that an object that is there already is never
taken over by accident, and hands what that create wrote over to its field manager at the first change.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.kubernetes.client import APPLY, JSON_PATCH, ApiError, Cluster
from rehearsal.provider.kubernetes.objects import (
    FIELD_MANAGER,
    PATCH_FIELD_MANAGER,
    PATCH_FORCE,
    annotation,
    is_annotated,
    metadata,
    name_of,
    namespace_of,
)

CREATOR = "pulumi-kubernetes"
_DRY_RUN = {"dryRun": "All"}
# Managers whose part is taken over at a change, with the operation that they wrote it by.
_TAKEN_OVER = frozenset(
    {
        ("kubectl", "Apply"),
        ("kubectl", "Update"),
        ("before-first-apply", "Update"),
        (CREATOR, "Update"),
        ("pulumi-resource-kubernetes", "Update"),
    }
)
# An object may come before the namespace or the kind that it needs: as often as Pulumi's provider, and as
# long: 1, 2, 4 and 8 seconds.
_RETRIES = 5
_FIRST_PAUSE_SECONDS = 1.0


def field_manager(thing: Properties, outputs: Properties) -> str:
    """Under which name the object is applied: as annotated, as it was, or a new name of its own."""
    chosen = annotation(thing, PATCH_FIELD_MANAGER) or outputs.get(FIELD_MANAGER)
    return str(chosen or f"pulumi-kubernetes-{secrets.token_hex(4)}")


def create(cluster: Cluster, thing: Properties, *, preview: bool, over: str = "") -> Properties:
    """Create it; in a preview the server only says what it would be. With `over`, a field manager, it may be
    there already, and is taken over. Raises ApiError.
    """
    query = {"fieldManager": CREATOR, **(_DRY_RUN if preview else {})}
    pause = _FIRST_PAUSE_SECONDS
    for attempt in range(1, _RETRIES + 1):
        try:
            if over:
                forced = {"fieldManager": over, "force": str(is_annotated(thing, PATCH_FORCE)).lower()}
                return cluster.request("PATCH", path_of(cluster, thing), {**query, **forced}, thing, APPLY)
            return cluster.request("POST", _objects(cluster, thing), query, thing)
        except ApiError as error:
            if error.status != 404 or preview or attempt == _RETRIES:
                raise
            cluster.forget_kinds()
        time.sleep(pause)
        pause *= 2
    raise AssertionError("the last attempt raises")


def get(cluster: Cluster, thing: Properties) -> Properties:
    """The object as it is now. Raises ApiError."""
    return cluster.request("GET", path_of(cluster, thing))


def path_of(cluster: Cluster, thing: Properties) -> str:
    """Where the object is. Raises ApiError when its kind is not served."""
    return f"{_objects(cluster, thing)}/{name_of(thing)}"


def _objects(cluster: Cluster, thing: Properties) -> str:
    return cluster.objects(thing["apiVersion"], thing["kind"], namespace_of(thing))


def apply(
    cluster: Cluster, live: Properties, thing: Properties, manager: str, *, preview: bool
) -> Properties:
    """Let the object be as `thing` says. Raises ApiError, with a hint when somebody else holds a field."""
    path = path_of(cluster, thing)
    if not preview:
        live = _taken_over(cluster, path, live, manager)
    query = {"fieldManager": manager, "force": str(_forced(thing, live, preview)).lower()}
    try:
        return cluster.request("PATCH", path, {**query, **(_DRY_RUN if preview else {})}, thing, APPLY)
    except ApiError as error:
        if error.status != 409:
            raise
        raise ProviderError(
            "server-side apply field conflict detected: The resource managed by field manager "
            f'"{manager}" had an apply conflict: {error}'
        ) from error


def _forced(thing: Properties, live: Properties, preview: bool) -> bool:
    """Whether fields of others are taken: when told to, when nobody is known to hold any, and in a preview
    of the change that takes over what the create wrote.
    """
    managers = metadata(live).get("managedFields") or []
    created = any(each.get("manager") == CREATOR and each.get("operation") == "Update" for each in managers)
    return is_annotated(thing, PATCH_FORCE) or not managers or (preview and created)


def _taken_over(cluster: Cluster, path: str, live: Properties, manager: str) -> Properties:
    """The same as `_take_over`, once more when a controller was faster."""
    for _ in range(_RETRIES):
        try:
            return _take_over(cluster, path, live, manager)
        except ApiError as error:
            if error.status != 409:
                raise
            live = cluster.request("GET", path)
    return _take_over(cluster, path, live, manager)


def _take_over(cluster: Cluster, path: str, live: Properties, manager: str) -> Properties:
    """Let what the create wrote (and what kubectl did) count as applied by us, so that a field that inputs
    no longer speak of goes.
    """
    managers = metadata(live).get("managedFields") or []
    taken = [each for each in managers if _is_taken_over(each)]
    if not taken:
        return live
    ours = [each for each in managers if (each.get("manager"), each.get("operation")) == (manager, "Apply")]
    fields: Properties = {}
    for each in (*ours, *taken):
        fields = _union(fields, each.get("fieldsV1") or {})
    newest = {**taken[-1], "manager": manager, "operation": "Apply", "fieldsV1": fields}
    rest = [each for each in managers if each not in taken and each not in ours]
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": [*rest, newest]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata(live)["resourceVersion"]},
    ]
    return cluster.request("PATCH", path, {}, patch, JSON_PATCH)


def _is_taken_over(entry: Properties) -> bool:
    return (entry.get("manager"), entry.get("operation")) in _TAKEN_OVER and not entry.get("subresource")


def _union(left: Any, right: Any) -> Any:
    if not isinstance(left, dict) or not isinstance(right, dict):
        return left or right
    return {
        key: _union(left[key], right[key]) if key in left and key in right else left.get(key, right.get(key))
        for key in dict.fromkeys((*left, *right))
    }
