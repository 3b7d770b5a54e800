"""Reads AWS's answers about groups, refreshes and activities; pure functions."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Lifecycle states, up to their colon, of servers that serve or are about to.
_LIVE = ("Pending", "InService", "ReplacingRootVolume", "RootVolumeReplaced")


@dataclass(frozen=True)
class Target:
    """What a group's servers are to be launched from. `version` is a number in digits."""

    group_name: str
    template_id: str
    version: str
    image_id: str
    target_group_arns: tuple[str, ...] = ()
    instance_types: tuple[str, ...] = ()
    strategy: str = "Rolling"
    """Or ReplaceRootVolume, for which each override has to name the image."""


def desired_policy(group: Mapping[str, Any], target: Target) -> dict[str, Any]:
    """The group's own mixed instances policy with the target's template version.

    The rest of the policy (on-demand share, weights) is the group's, and so are the instance types unless the
    target names some: a refresh changes what it is for and nothing else. A template is named by its ID alone,
    as AWS refuses ID and name together.
    """
    policy: dict[str, Any] = copy.deepcopy(dict(group.get("MixedInstancesPolicy") or {}))
    template = policy.setdefault("LaunchTemplate", {})
    template["LaunchTemplateSpecification"] = {
        "LaunchTemplateId": target.template_id,
        "Version": target.version,
    }
    if target.instance_types:
        known = {o.get("InstanceType"): o for o in template.get("Overrides") or []}
        template["Overrides"] = [known.get(t, {"InstanceType": t}) for t in target.instance_types]
    for override in template.get("Overrides") or []:
        override.get("LaunchTemplateSpecification", {}).pop("LaunchTemplateName", None)
        # One that an earlier replacement of root volumes left there would outdo the template's.
        override.pop("ImageId", None)
        if target.strategy == "ReplaceRootVolume":
            override["ImageId"] = target.image_id
    return policy


def specification(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """The launch template specification of a group, an instance or a desired configuration."""
    policy = configuration.get("MixedInstancesPolicy") or {}
    found = policy.get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    result: Mapping[str, Any] = found or configuration.get("LaunchTemplate") or {}
    return result


def is_towards(refresh: Mapping[str, Any], target: Target) -> bool:
    wanted = specification(refresh.get("DesiredConfiguration") or {})
    return wanted.get("LaunchTemplateId") == target.template_id and wanted.get("Version") == target.version


def destination(refresh: Mapping[str, Any]) -> str:
    version = specification(refresh.get("DesiredConfiguration") or {}).get("Version")
    return f"version {version}" if version else "the group's own configuration"


def versions_in_use(group: Mapping[str, Any], target: Target) -> set[str] | None:
    """Template versions of the group and its live servers; None when one of them has another template or
    type.
    """
    live = [one for one in group["Instances"] if one["LifecycleState"].partition(":")[0] in _LIVE]
    specifications = [specification(group), *(specification(instance) for instance in live)]
    if any(one.get("LaunchTemplateId") != target.template_id for one in specifications):
        return None
    types = set(target.instance_types)
    if types and any(instance.get("InstanceType") not in types for instance in live):
        return None
    return {str(one.get("Version", "$Default")) for one in specifications}


def differences(data: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Keys under which two versions differ, sorted."""
    one, two = content(data), content(other)
    return sorted(key for key in {*one, *two} if one.get(key) != two.get(key))


def content(data: Mapping[str, Any]) -> dict[str, Any]:
    """A launch template version's data, comparable: tags have no order, and a template's own do not count."""
    tags = {
        one["ResourceType"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for one in data.get("TagSpecifications", [])
        if one["ResourceType"] != "launch-template"
    }
    return {**data, "TagSpecifications": tags}


def is_healthy(group: Mapping[str, Any], health: Sequence[Mapping[str, str]]) -> bool:
    """Desired capacity is in service, and every server in service is healthy for group and load balancer."""
    serving = _serving(group)
    return len(serving) >= group["DesiredCapacity"] and all(
        states.get(instance) == "healthy" for instance in serving for states in health
    )


def capacity(group: Mapping[str, Any], health: Sequence[Mapping[str, str]]) -> str:
    """One line such as `2 of 2 servers in service, 1 healthy`."""
    serving = _serving(group)
    healthy = sum(all(states.get(instance) == "healthy" for states in health) for instance in serving)
    return f"{len(serving)} of {group['DesiredCapacity']} servers in service, {healthy} healthy"


def _serving(group: Mapping[str, Any]) -> list[str]:
    return [
        i["InstanceId"]
        for i in group["Instances"]
        if i["LifecycleState"] == "InService" and i["HealthStatus"].lower() == "healthy"
    ]


def step(refresh: Mapping[str, Any]) -> str:
    """Status, percentage and servers left, such as `InProgress, 50%, 2 left`."""
    parts = [str(refresh["Status"])]
    if "PercentageComplete" in refresh:
        parts.append(f"{refresh['PercentageComplete']}%")
    if "InstancesToUpdate" in refresh:
        parts.append(f"{refresh['InstancesToUpdate']} left")
    return ", ".join(parts)


def progress(refresh: Mapping[str, Any]) -> str:
    """`step` and the reason, which names another server at almost every look."""
    reason = refresh.get("StatusReason")
    return step(refresh) + (f": {one_line(reason)}" if reason else "")


def failures(activities: Sequence[Mapping[str, Any]]) -> str:
    """What went wrong with servers, most frequent first: `; scaling activities: 3x ...`; empty when nothing
    did.
    """
    seen: Counter[str] = Counter()
    for activity in activities:
        if activity["StatusCode"] == "Failed":
            seen[one_line(activity.get("StatusMessage") or activity["Description"])] += 1
        elif "health check" in activity.get("Cause", ""):
            seen["a server failed its health check and was terminated"] += 1
    if not seen:
        return ""
    return "; scaling activities: " + "; ".join(f"{count}x {text}" for text, count in seen.most_common(3))


def one_line(text: object) -> str:
    return " ".join(str(text).split())
