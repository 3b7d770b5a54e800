"""Reads what the cluster says of a Deployment and its ReplicaSets; pure functions of plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..refresh_view import one_line
from .labels import FIELD_MANAGER

Object = Mapping[str, Any]

HASH = "pod-template-hash"
"""The label by which a ReplicaSet tells its pods from those of others; no part of the version."""
REVISION = "deployment.kubernetes.io/revision"


def wanted(deployment: Object) -> int:
    return int(deployment["spec"].get("replicas", 1))


def is_seen(deployment: Object) -> bool:
    """Whether the status is that of the present spec, and not of one before."""
    observed = deployment.get("status", {}).get("observedGeneration", 0)
    return bool(observed >= deployment["metadata"]["generation"])


def is_complete(deployment: Object) -> bool:
    """Every pod is of the present template, has been ready for long enough, and there is no other."""
    status = deployment.get("status", {})
    counts = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    return is_seen(deployment) and all(count == wanted(deployment) for count in counts)


def progress(deployment: Object) -> str:
    """One line such as `1 of 3 new pods, 3 of before, 3 available`."""
    status = deployment.get("status", {})
    new, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    return f"{new} of {wanted(deployment)} new pods, {total - new} of before, {available} available"


def condition(thing: Object, kind: str) -> Object:
    """Its condition of that type; empty when it has none."""
    conditions = thing.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == kind), {})


def deadline_exceeded(deployment: Object) -> Object:
    """The condition that says so; empty otherwise."""
    found = condition(deployment, "Progressing")
    return found if found.get("reason") == "ProgressDeadlineExceeded" else {}


def finished_at(deployment: Object, now: datetime) -> str:
    """When the Deployment came to its end, by the cluster's clock."""
    found = condition(deployment, "Progressing")
    if found.get("reason") == "NewReplicaSetAvailable" and found.get("lastUpdateTime"):
        return str(found["lastUpdateTime"])
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def revision(thing: Object) -> int:
    return int((thing["metadata"].get("annotations") or {}).get(REVISION, 0))


def template(replica_set: Object) -> dict[str, Any]:
    """What the Deployment's template was when the ReplicaSet was made."""
    return without_hash(replica_set["spec"]["template"])


def without_hash(given: Object) -> dict[str, Any]:
    metadata = {key: value for key, value in (given.get("metadata") or {}).items() if value is not None}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {**given, "metadata": {**metadata, "labels": labels}}


def of(owner: Object, things: Iterable[Object]) -> list[Object]:
    """Those that are the owner's: another one may have the same labels."""
    uid = owner["metadata"]["uid"]
    return [
        each
        for each in things
        if any(ref["uid"] == uid for ref in each["metadata"].get("ownerReferences") or ())
    ]


def new_replica_set(deployment: Object, replica_sets: Iterable[Object]) -> Object | None:
    """The one of the present template; None when the controller has not made it yet."""
    present = without_hash(deployment["spec"]["template"])
    same = [each for each in replica_sets if template(each) == present]
    # The controller takes the oldest where there are several, and so does this.
    return min(same, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), default=None)


def good_before(replica_sets: Sequence[Object], new: Object | None, remembered: str) -> Object | None:
    """What served before: the one that the last good rollout ended with, or else the newest with pods that
    serve. None when there is no such thing.
    """
    others = [each for each in replica_sets if new is None or name(each) != name(new)]
    for each in others:
        if name(each) == remembered:
            return each
    serving = [each for each in others if each.get("status", {}).get("availableReplicas", 0)]
    return max(serving, key=revision, default=None)


def name(thing: Object) -> str:
    return str(thing["metadata"]["name"])


def images(given: Object) -> str:
    """Those of a template, with as much of the digest as tells them apart."""
    return ", ".join(short(each["image"]) for each in given["spec"]["containers"])


def short(image: str) -> str:
    repository, _, digest = image.partition("@sha256:")
    return f"{repository.rpartition('/')[2]}@{digest[:12]}" if digest else image


def last_writer(deployment: Object, *path: str) -> str:
    """Who last set the field at `path`, such as `kubectl-set at 2026-…`; empty when nobody is known. Of
    two in one second it is not us.
    """
    found = [
        (str(entry.get("time", "")), entry.get("manager") != FIELD_MANAGER, str(entry.get("manager", "")))
        for entry in deployment["metadata"].get("managedFields") or ()
        if not entry.get("subresource") and _holds(entry.get("fieldsV1") or {}, path)
    ]
    if not found:
        return ""
    when, _, who = max(found)
    return one_line(f"{who} at {when}" if when else who)


def _holds(fields: Object, path: Sequence[str]) -> bool:
    for part in path:
        if f"f:{part}" not in fields:
            return False
        fields = fields[f"f:{part}"]
    return True


def moment(text: Any) -> datetime | None:
    """A time as Kubernetes writes it."""
    if not text:
        return None
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).astimezone(UTC)
