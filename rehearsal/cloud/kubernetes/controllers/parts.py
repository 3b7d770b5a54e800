"""What several controllers need: conditions, owners, pods that count."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from rehearsal.cloud.kubernetes.errors import Object

_SAFE = "bcdfghjklmnpqrstvwxz2456789"


def condition(value: Object, kind: str) -> Object | None:
    """A condition of an object's status."""
    found = value.get("status", {}).get("conditions") or ()
    return next((each for each in found if each["type"] == kind), None)


def is_true(value: Object, kind: str) -> bool:
    found = condition(value, kind)
    return found is not None and found["status"] == "True"


def set_condition(status: Object, now: str, kind: str, state: str, **more: Any) -> bool:
    """Write a condition into a status, in place; its time is that of its last change of state. Whether it
    differs from before.
    """
    conditions = status.setdefault("conditions", [])
    before = next((each for each in conditions if each["type"] == kind), None)
    changed = before is None or before["status"] != state
    since = now if before is None or changed else before.get("lastTransitionTime", now)
    after = {"type": kind, "status": state, **more, "lastTransitionTime": since}
    if before is None:
        conditions.append(after)
    else:
        conditions[conditions.index(before)] = after
    return before != after


def owner_reference(owner: Object) -> Object:
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(value: Object) -> Object | None:
    """The owner reference of the controller that made it."""
    references = value["metadata"].get("ownerReferences") or ()
    found: Object | None = next((each for each in references if each.get("controller")), None)
    return found


def active(pod: Object) -> bool:
    """Neither over nor on its way out."""
    ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return not ended and not pod["metadata"].get("deletionTimestamp")


def ready(pod: Object) -> bool:
    return is_true(pod, "Ready")


def template_hash(template: Object) -> str:
    """Ten characters that tell templates apart, as `pod-template-hash` does."""
    number = int.from_bytes(hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()[:8], "big")
    text = ""
    for _ in range(10):
        number, index = divmod(number, len(_SAFE))
        text += _SAFE[index]
    return text


def share(value: Any, total: int, *, up: bool) -> int:
    """A number or a percentage of a total, rounded as it is asked."""
    if isinstance(value, str):
        percent = int(value.removesuffix("%"))
        return -(-total * percent // 100) if up else total * percent // 100
    return int(value)


def pod_from(template: Object, owner: Object, namespace: str) -> Object:
    """A pod of a template, without its name."""
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if key in _OF_TEMPLATE}
    metadata |= {"namespace": namespace, "ownerReferences": [owner_reference(owner)]}
    metadata["generateName"] = f"{owner['metadata']['name']}-"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


_OF_TEMPLATE = ("labels", "annotations", "finalizers")
