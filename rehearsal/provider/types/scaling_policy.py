"""Scaling policies: what moves a group's desired capacity."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import from_api, pick, to_api

_SETTINGS = (
    "policyType", "adjustmentType", "scalingAdjustment", "minAdjustmentMagnitude", "cooldown",
    "metricAggregationType", "stepAdjustments", "estimatedInstanceWarmup", "targetTrackingConfiguration",
    "predictiveScalingConfiguration", "enabled",
)  # fmt: skip
_RENAMES = {"metricDimensions": "Dimensions"}
# Pulumi writes the bounds of a step as strings, so that "no bound" differs from 0.
_BOUNDS = ("metricIntervalLowerBound", "metricIntervalUpperBound")


def _request(news: Properties) -> dict[str, Any]:
    said = pick(news, _SETTINGS)
    if "stepAdjustments" in said:
        said["stepAdjustments"] = [
            {key: float(value) if key in _BOUNDS else value for key, value in step.items() if value != ""}
            for step in said["stepAdjustments"]
        ]
    request: dict[str, Any] = to_api(said, _RENAMES)
    return request


def _put(call: Call, news: Properties) -> None:
    call.client("autoscaling").put_scaling_policy(
        AutoScalingGroupName=news["autoscalingGroupName"], PolicyName=news["name"], **_request(news)
    )


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    _put(call, news)
    return news["name"], {}


def _complete(call: Call, name: str, news: Properties) -> Properties:
    # AWS answers the put with the ARN; the emulated cloud does not, and knows it only when asked.
    found = _read(call, name, news) or {}
    return pick(found, ("arn", "metricAggregationType"))


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    group = known.get("autoscalingGroupName")
    where = {"AutoScalingGroupName": group} if group else {}
    found = call.client("autoscaling").describe_policies(PolicyNames=[name], **where)["ScalingPolicies"]
    if not found:
        return None
    policy = found[0]
    facts = from_api(policy, {"Dimensions": "metricDimensions"})
    return {
        **{key: facts[key] for key in _SETTINGS if facts.get(key) not in (None, [], {})},
        "targetTrackingConfiguration": facts.get("targetTrackingConfiguration"),
        "arn": policy["PolicyARN"],
        "name": policy["PolicyName"],
        "autoscalingGroupName": policy["AutoScalingGroupName"],
    }


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _put(call, news)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    # Auto Scaling answers "ValidationError" for a group or a policy that is gone; ask before, not after.
    if _read(call, name, outputs) is not None:
        call.client("autoscaling").delete_policy(
            AutoScalingGroupName=outputs["autoscalingGroupName"], PolicyName=name
        )


POLICY = ResourceType(
    type_name="aws:autoscaling/policy:Policy",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    inputs=frozenset(_SETTINGS) | words("name autoscalingGroupName"),
    required=("autoscalingGroupName",),
    enums={
        "policyType": ("SimpleScaling", "StepScaling", "TargetTrackingScaling", "PredictiveScaling"),
        "adjustmentType": ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"),
        "metricAggregationType": ("Minimum", "Maximum", "Average"),
        "targetTrackingConfiguration.predefinedMetricSpecification.predefinedMetricType": (
            "ASGAverageCPUUtilization", "ASGAverageNetworkIn", "ASGAverageNetworkOut",
            "ALBRequestCountPerTarget",
        ),
    },
    defaults={"policyType": "SimpleScaling", "enabled": True},
    auto_name=AutoName(prefix_property=None),
    replaces=words("name autoscalingGroupName"),
    computed=("arn", "metricAggregationType"),
)  # fmt: skip

TYPES = (POLICY,)
