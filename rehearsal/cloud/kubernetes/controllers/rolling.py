"""How large the ReplicaSets of a deployment may be during a rollout. Source: deployment/rolling.go."""

from __future__ import annotations

from collections.abc import Sequence

from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.errors import Object


def surge(deployment: Object) -> int:
    """How many pods there may be above the number that is wanted."""
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    return parts.share(rolling.get("maxSurge", 0), deployment["spec"]["replicas"], up=True)


def unavailable(deployment: Object) -> int:
    """How many may be missing; one where neither more nor fewer would be allowed."""
    rolling = deployment["spec"]["strategy"].get("rollingUpdate")
    if not rolling:
        return 0
    replicas = int(deployment["spec"]["replicas"])
    found = parts.share(rolling.get("maxUnavailable", 0), replicas, up=False)
    return min(1 if not found and not surge(deployment) else found, replicas)


def new_set_size(deployment: Object, before: Sequence[Object], current: Object | None) -> int:
    """How many pods the set of the newest template may have now."""
    replicas = int(deployment["spec"]["replicas"])
    if deployment["spec"]["strategy"]["type"] == "Recreate":
        serving = any(each["spec"]["replicas"] for each in before)
        return replicas if current is not None or not serving else 0
    size = int(current["spec"]["replicas"]) if current else 0
    if size > replicas:
        return replicas
    there = size + sum(each["spec"]["replicas"] for each in before)
    room = replicas + surge(deployment) - there
    return int(size + max(0, min(room, replicas - size)))


def old_set_sizes(deployment: Object, before: Sequence[Object], current: Object) -> dict[str, int]:
    """The sizes of the older sets, by name, those alone that change."""
    least = deployment["spec"]["replicas"] - unavailable(deployment)
    there = current["spec"]["replicas"] + sum(each["spec"]["replicas"] for each in before)
    not_yet = current["spec"]["replicas"] - current["status"].get("availableReplicas", 0)
    spare = there - least - not_yet
    if spare <= 0:
        return {}
    sizes = {each["metadata"]["name"]: int(each["spec"]["replicas"]) for each in before}
    ages = sorted(before, key=lambda each: each["metadata"]["creationTimestamp"])
    for each in ages:
        name = each["metadata"]["name"]
        broken = sizes[name] - each["status"].get("availableReplicas", 0)
        taken = max(0, min(spare, broken, sizes[name]))
        sizes[name] -= taken
        spare -= taken
    available = sum(each["status"].get("availableReplicas", 0) for each in (*before, current))
    excess = available - least
    for each in ages:
        name = each["metadata"]["name"]
        taken = max(0, min(excess, sizes[name]))
        sizes[name] -= taken
        excess -= taken
    return {each["metadata"]["name"]: sizes[each["metadata"]["name"]] for each in before
            if sizes[each["metadata"]["name"]] != each["spec"]["replicas"]}  # fmt: skip


def complete(deployment: Object, current: Object | None, before: Sequence[Object]) -> bool:
    """All of the newest template, available, and nothing of an older one left."""
    if current is None:
        return False
    replicas, status = deployment["spec"]["replicas"], current["status"]
    left = sum(each["status"].get("replicas", 0) for each in before)
    return bool(
        status.get("replicas", 0) == replicas and status.get("availableReplicas", 0) == replicas and left == 0
    )
