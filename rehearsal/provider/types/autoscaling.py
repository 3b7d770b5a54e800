"""Auto Scaling groups: created, changed in place, and taken down server by server."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import lifecycle_hook
from rehearsal.provider.types.group_changes import CHANGES, collect_metrics, tags
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import from_api, pick, to_api

# Pulumi's word and AWS's, for what CreateAutoScalingGroup and UpdateAutoScalingGroup both take.
_SETTINGS = {
    "minSize": "MinSize",
    "maxSize": "MaxSize",
    "desiredCapacity": "DesiredCapacity",
    "desiredCapacityType": "DesiredCapacityType",
    "defaultCooldown": "DefaultCooldown",
    "defaultInstanceWarmup": "DefaultInstanceWarmup",
    "healthCheckType": "HealthCheckType",
    "healthCheckGracePeriod": "HealthCheckGracePeriod",
    "capacityRebalance": "CapacityRebalance",
    "terminationPolicies": "TerminationPolicies",
    "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
    "maxInstanceLifetime": "MaxInstanceLifetime",
    "placementGroup": "PlacementGroup",
    "serviceLinkedRoleArn": "ServiceLinkedRoleARN",
    "availabilityZones": "AvailabilityZones",
    "launchConfiguration": "LaunchConfigurationName",
    "instanceMaintenancePolicy": "InstanceMaintenancePolicy",
    "mixedInstancesPolicy": "MixedInstancesPolicy",
    "availabilityZoneDistribution": "AvailabilityZoneDistribution",
    "capacityReservationSpecification": "CapacityReservationSpecification",
    "context": "Context",
}
# The sizes of a group that must have its hooks before it launches anything.
_EMPTY = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": None}
# What a group has that was told nothing: the real provider shows these only when they were said or differ.
_UNSAID: dict[str, Any] = {
    "capacityRebalance": False,
    "terminationPolicies": ["Default"],
    "suspendedProcesses": [],
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}
# Pulumi writes these numbers as strings.
_STRINGS = words("weightedCapacity version")


def _request(news: Properties) -> dict[str, Any]:
    request: dict[str, Any] = {
        api: to_api(news[name]) for name, api in _SETTINGS.items() if news.get(name) is not None
    }
    if news.get("vpcZoneIdentifiers"):
        request["VPCZoneIdentifier"] = ",".join(news["vpcZoneIdentifiers"])
    if news.get("launchTemplate"):
        names = {"id": "LaunchTemplateId", "name": "LaunchTemplateName"}
        request["LaunchTemplate"] = to_api(news["launchTemplate"], names)
    return request


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news)
    request = _request(news)
    if news.get("targetGroupArns"):
        request["TargetGroupARNs"] = news["targetGroupArns"]
    if news.get("initialLifecycleHooks"):
        request = {key: value for key, value in (request | _EMPTY).items() if value is not None}
    call.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, Tags=tags(news, name), **request
    )
    return name, {"name": name}


def _complete(call: Call, name: str, news: Properties) -> Properties:
    _put_first_hooks(call, name, news)
    collect_metrics(call, name, [], news)
    if news.get("suspendedProcesses"):
        call.client("autoscaling").suspend_processes(
            AutoScalingGroupName=name, ScalingProcesses=news["suspendedProcesses"]
        )
    _wait_for_capacity(call, name, news)
    return _read(call, name, news) or {}


def _put_first_hooks(call: Call, name: str, news: Properties) -> None:
    """As the real provider: an empty group gets its hooks and then its size, so that no server slips by."""
    hooks = news.get("initialLifecycleHooks") or []
    for hook in hooks:
        lifecycle_hook.put(call, name, hook["name"], hook)
    if hooks:
        sizes = pick(_request(news), tuple(_EMPTY))
        call.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, **sizes)


def _seconds(duration: str) -> float:
    """Go's way to write a duration, `10m` or `1h30m`, in seconds; a bare `0` is none."""
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION.findall(duration))


def _wait_for_capacity(call: Call, name: str, news: Properties) -> None:
    """As the real provider: unless told not to, a group is there when its servers are in service."""
    if _seconds(str(news.get("waitForCapacityTimeout", "10m"))) <= 0:
        return
    wanted = int(news.get("desiredCapacity") or news.get("minSize") or 0)

    def in_service() -> bool:
        servers = (_group(call, name) or {}).get("Instances", [])
        return bool(sum(server["LifecycleState"] == "InService" for server in servers) >= wanted)

    call.wait(in_service, f"Auto Scaling group {name} to reach a capacity of {wanted}")


def _group(call: Call, name: str) -> dict[str, Any] | None:
    found = call.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    groups = found["AutoScalingGroups"]
    return groups[0] if groups else None


def _strings(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _strings(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_strings(item) for item in value]
    return str(value) if key in _STRINGS else value


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    found = _group(call, name)
    if found is None or found.get("Status") == "Delete in progress":
        return None
    facts: Properties = {
        key: _strings(from_api(found.get(api)))
        for key, api in _SETTINGS.items()
        if found.get(api) is not None or key in ("mixedInstancesPolicy", "instanceMaintenancePolicy")
    }
    if found.get("LaunchTemplate"):
        names = {"LaunchTemplateId": "id", "LaunchTemplateName": "name"}
        facts["launchTemplate"] = _strings(from_api(found["LaunchTemplate"], names))
    zones = found.get("VPCZoneIdentifier") or ""
    facts |= {
        "arn": found["AutoScalingGroupARN"],
        "name": found["AutoScalingGroupName"],
        "vpcZoneIdentifiers": [zone for zone in zones.split(",") if zone],
        "targetGroupArns": found.get("TargetGroupARNs") or [],
        "enabledMetrics": [metric["Metric"] for metric in found.get("EnabledMetrics") or []],
        "suspendedProcesses": [item["ProcessName"] for item in found.get("SuspendedProcesses") or []],
        "tags": [
            from_api(pick(tag, ("Key", "Value", "PropagateAtLaunch")))
            for tag in found.get("Tags") or []
            if not tag["Key"].startswith("aws:")
        ],
    }
    for key, usual in _UNSAID.items():
        if key not in known and facts.get(key) == usual:
            del facts[key]
    return facts


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    settings = _request({key: value for key, value in news.items() if key in changed})
    if settings:
        call.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, **settings)
    for key, change in CHANGES.items():
        if key in changed:
            change(call, name, old.get(key) or [], news)
    if changed & {"minSize", "desiredCapacity"}:
        _wait_for_capacity(call, name, news)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    """Without `forceDelete`, scale to nothing first and wait for the servers to leave."""
    client = call.client("autoscaling")
    found = _group(call, name)
    if found is None:
        return
    forced = bool(outputs.get("forceDelete"))
    if not forced:
        client.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, MaxSize=0, DesiredCapacity=0)
        call.wait(
            lambda: not (_group(call, name) or {}).get("Instances"),
            f"Auto Scaling group {name} to terminate its servers",
        )
    client.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=forced)
    call.wait(lambda: _group(call, name) is None, f"deletion of Auto Scaling group {name}")


GROUP = ResourceType(
    type_name="aws:autoscaling/group:Group",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    inputs=frozenset(_SETTINGS)
    | words("name vpcZoneIdentifiers targetGroupArns enabledMetrics launchTemplate suspendedProcesses tags"),
    required=("maxSize", "minSize"),
    one_of=(("launchTemplate", "mixedInstancesPolicy", "launchConfiguration"),),
    enums={
        "healthCheckType": ("EC2", "ELB", "VPC_LATTICE", "EBS"),
        "availabilityZoneDistribution.capacityDistributionStrategy": (
            "balanced-only", "balanced-best-effort", "reservations-then-balanced",
        ),
        "initialLifecycleHooks[].lifecycleTransition": lifecycle_hook.TRANSITIONS,
        "initialLifecycleHooks[].defaultResult": lifecycle_hook.RESULTS,
        "mixedInstancesPolicy.instancesDistribution.onDemandAllocationStrategy": (
            "prioritized", "lowest-price",
        ),
        "mixedInstancesPolicy.instancesDistribution.spotAllocationStrategy": (
            "lowest-price", "capacity-optimized", "capacity-optimized-prioritized",
            "price-capacity-optimized",
        ),
    },
    ranges={
        "minSize": (0, 100000),
        "maxSize": (0, 100000),
        "healthCheckGracePeriod": (0, 1_000_000),
        "initialLifecycleHooks[].heartbeatTimeout": lifecycle_hook.HEARTBEAT_SECONDS,
        "instanceMaintenancePolicy.minHealthyPercentage": (-1, 100),
        "instanceMaintenancePolicy.maxHealthyPercentage": (-1, 200),
        "mixedInstancesPolicy.instancesDistribution.onDemandPercentageAboveBaseCapacity": (0, 100),
    },
    lengths={"name": 255, "namePrefix": 229},
    defaults={
        "forceDelete": False,
        "forceDeleteWarmPool": False,
        "healthCheckGracePeriod": 300,
        "ignoreFailedScalingActivities": False,
        "metricsGranularity": "1Minute",
        "protectFromScaleIn": False,
        "waitForCapacityTimeout": "10m",
    },
    auto_name=AutoName(),
    replaces=words("name namePrefix placementGroup initialLifecycleHooks"),
    sets=words("vpcZoneIdentifiers targetGroupArns enabledMetrics suspendedProcesses tags availabilityZones")
    | words("initialLifecycleHooks"),
    computed=(
        "arn", "name", "availabilityZones", "desiredCapacity", "defaultCooldown", "healthCheckType",
        "serviceLinkedRoleArn", "vpcZoneIdentifiers", "targetGroupArns",
    ),
    refreshed={"desiredCapacity": words("minSize maxSize"), "availabilityZones": words("vpcZoneIdentifiers")},
)  # fmt: skip

TYPES = (GROUP,)
