"""The function that replaces nodes of a cluster that grew old, in AWS Lambda: this one file, beside boto3.

It is called each hour and ends one node at most: the oldest, when that is older than `MAX_AGE_DAYS`, and only
while the node group is at rest and all of its nodes are in service. EKS drains the node by the hook of its
Auto Scaling group, which starts another one of the present launch template. Until that is in service, further
calls find a node missing and do nothing. So it may be called any number of times, and stopped anywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

Clients = Callable[[str], Any]


class Settings(NamedTuple):
    """What the function's environment says."""

    cluster: str
    node_group: str
    auto_scaling_group: str
    max_age_days: int


def handler(event: Mapping[str, str], _context: object, clients: Clients | None = None) -> dict[str, str]:
    """What was done, with the node where it was one, for the log too. `time` is that of the call.

    Raises what AWS answers when it refuses: the function has failed then, and its alarm rings.
    """
    settings = Settings(
        os.environ["CLUSTER"],
        os.environ["NODE_GROUP"],
        os.environ["AUTO_SCALING_GROUP"],
        int(os.environ["MAX_AGE_DAYS"]),
    )
    done = rotate(settings, datetime.fromisoformat(event["time"]), clients or _clients)
    # Nobody waits for the answer: what is not printed is not known.
    print(json.dumps(done))
    return done


def rotate(settings: Settings, now: datetime, clients: Clients) -> dict[str, str]:
    """See `handler`."""
    status = _status(clients("eks"), settings)
    if status != "ACTIVE":
        return {"done": "nothing", "reason": f"the node group is {status}"}
    groups = clients("autoscaling")
    group = _group(groups, settings.auto_scaling_group)
    if unrest := missing(group):
        return {"done": "nothing", "reason": unrest}
    oldest, launched = _oldest(clients("ec2"), [each["InstanceId"] for each in group["Instances"]])
    if now - launched < timedelta(days=settings.max_age_days):
        return {"done": "nothing", "reason": f"the oldest node, {oldest}, is of {launched:%Y-%m-%d}"}
    groups.terminate_instance_in_auto_scaling_group(InstanceId=oldest, ShouldDecrementDesiredCapacity=False)
    return {"done": "replaced", "node": oldest, "launched": launched.isoformat()}


def _clients(service: str) -> Any:
    import boto3

    make: Any = boto3.client
    return make(service)


def missing(group: Mapping[str, Any]) -> str:
    """Why no node may be taken from the group; nothing when one may."""
    instances = group["Instances"]
    if not instances:
        return "there is no node"
    for each in instances:
        if each["LifecycleState"] != "InService" or each["HealthStatus"] != "Healthy":
            state = f"{each['LifecycleState']} and {each['HealthStatus']}"
            return f"the node {each['InstanceId']} is {state}"
    if len(instances) != group["DesiredCapacity"]:
        return f"there are {len(instances)} nodes of {group['DesiredCapacity']}"
    return ""


def _status(client: Any, settings: Settings) -> str:
    described = client.describe_nodegroup(clusterName=settings.cluster, nodegroupName=settings.node_group)
    return str(described["nodegroup"]["status"])


def _group(client: Any, name: str) -> Mapping[str, Any]:
    groups = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    if not groups:
        raise LookupError(f"there is no Auto Scaling group {name}")
    found: Mapping[str, Any] = groups[0]
    return found


def _oldest(client: Any, instance_ids: list[str]) -> tuple[str, datetime]:
    """By the time of its launch, and of two with the same one the first by ID."""
    pages = client.get_paginator("describe_instances").paginate(InstanceIds=instance_ids)
    launched = [
        (instance["LaunchTime"], instance["InstanceId"])
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]
    when, which = min(launched)
    return which, when
