"""A target group attached to an Auto Scaling group that somebody else made: EKS, for a node group."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    group, target = news["autoscalingGroupName"], news["lbTargetGroupArn"]
    call.client("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName=group, TargetGroupARNs=[target]
    )
    return physical_name({"namePrefix": f"{group}-"}), {"autoscalingGroupName": group}


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    found = call.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[known["autoscalingGroupName"]]
    )["AutoScalingGroups"]
    there = bool(found) and known["lbTargetGroupArn"] in found[0]["TargetGroupARNs"]
    return {"autoscalingGroupName": known["autoscalingGroupName"]} if there else None


def _delete(call: Call, resource_id: str, outputs: Properties) -> None:
    # Auto Scaling answers "ValidationError" for a group that is gone; ask before, not after.
    if _read(call, resource_id, outputs) is not None:
        call.client("autoscaling").detach_load_balancer_target_groups(
            AutoScalingGroupName=outputs["autoscalingGroupName"],
            TargetGroupARNs=[outputs["lbTargetGroupArn"]],
        )


ATTACHMENT = ResourceType(
    type_name="aws:autoscaling/attachment:Attachment",
    create=_create,
    read=_read,
    delete=_delete,
    inputs=words("autoscalingGroupName lbTargetGroupArn"),
    required=("autoscalingGroupName", "lbTargetGroupArn"),
    replaces=words("autoscalingGroupName elb lbTargetGroupArn"),
)

TYPES = (ATTACHMENT,)
