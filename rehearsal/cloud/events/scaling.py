"""What a group's activities become when they end: events, and messages to the topics that it notifies.

Source: "Amazon EC2 Auto Scaling event reference" and "Amazon SNS notification options".
"""

from __future__ import annotations

from functools import partial
from typing import Any

from rehearsal.cloud.events import bus, topics
from rehearsal.cloud.world import ACCOUNT, World

SOURCE = "aws.autoscaling"


def watch(group: Any) -> None:
    """Measure a group's fleet from now on, and tell what happens in it."""
    group.fleet.observers.append(partial(_observe, group))
    group.fleet.listeners.append(partial(_tell, group))


def _observe(group: Any) -> None:
    from rehearsal.cloud.cloudwatch.models import cloudwatch_backends

    recorder = cloudwatch_backends[ACCOUNT][group.region].recorder
    recorder.observe(group, World.current.timeline.now)


def _tell(group: Any, activity: Any) -> None:
    launch = activity.description.startswith("Launching")
    successful = activity.status == "Successful"
    if activity.status == "Cancelled" and not activity.message:
        return  # The group itself no longer wanted it: nothing failed.
    verb, outcome = "Launch" if launch else "Terminate", "Successful" if successful else "Unsuccessful"
    detail = _detail(group, activity, verb)
    resources = [group.arn]
    if activity.server_id:
        resources.append(f"arn:aws:ec2:{group.region}:{ACCOUNT}:instance/{activity.server_id}")
    bus.send(group.region, SOURCE, f"EC2 Instance {verb} {outcome}", resources, detail)
    event = f"autoscaling:EC2_INSTANCE_{verb.upper()}{'' if successful else '_ERROR'}"
    what = f"{verb.lower() if successful else f'failed {verb.lower()}'} for group"
    for topic, kinds in group.notifications.items():
        if event in kinds:
            message = {"Event": event, "Service": "AWS Auto Scaling", "AccountId": ACCOUNT}
            topics.publish(topic, f'Auto Scaling: {what} "{group.name}"', message | detail)


def _detail(group: Any, activity: Any, verb: str) -> dict[str, Any]:
    date = World.current.clock.date
    start, end = bus.iso(date(activity.start)), bus.iso(date(activity.end))
    server = group.fleet.servers.get(activity.server_id)
    return {
        "StatusCode": "InProgress" if activity.status == "Successful" else "Failed",
        "StatusMessage": activity.message or "",
        "Description": activity.description,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "ActivityId": activity.id,
        "RequestId": activity.id,
        "EC2InstanceId": activity.server_id,
        "StartTime": start,
        "EndTime": end,
        "Cause": f"At {start} {activity.cause}",
        "Details": {"Availability Zone": server.zone} if server else {},
        "Origin": "EC2" if verb == "Launch" else "AutoScalingGroup",
        "Destination": "AutoScalingGroup" if verb == "Launch" else "EC2",
    }
