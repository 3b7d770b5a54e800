"""What UpdateAutoScalingGroup does not take of a group: each has calls of its own."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call
from rehearsal.provider.values import to_api


def tags(news: Properties, group: str) -> list[dict[str, Any]]:
    place = {"ResourceId": group, "ResourceType": "auto-scaling-group"}
    return [{**to_api(tag), **place} for tag in news.get("tags") or []]


def collect_metrics(call: Call, name: str, old: list[Any], news: Properties) -> None:
    client, wanted = call.client("autoscaling"), news.get("enabledMetrics") or []
    gone = sorted(set(old) - set(wanted))
    if gone:
        client.disable_metrics_collection(AutoScalingGroupName=name, Metrics=gone)
    if wanted and set(wanted) != set(old):
        client.enable_metrics_collection(
            AutoScalingGroupName=name,
            Metrics=wanted,
            Granularity=news.get("metricsGranularity") or "1Minute",
        )


def _change_target_groups(call: Call, name: str, old: list[Any], news: Properties) -> None:
    client = call.client("autoscaling")
    before, after = set(old), set(news.get("targetGroupArns") or ())
    if after - before:
        client.attach_load_balancer_target_groups(
            AutoScalingGroupName=name, TargetGroupARNs=sorted(after - before)
        )
    if before - after:
        client.detach_load_balancer_target_groups(
            AutoScalingGroupName=name, TargetGroupARNs=sorted(before - after)
        )


def _change_tags(call: Call, name: str, old: list[Any], news: Properties) -> None:
    client = call.client("autoscaling")
    kept = {tag["key"] for tag in news.get("tags") or []}
    gone = {"tags": [tag for tag in old if tag["key"] not in kept]}
    if gone["tags"]:
        client.delete_tags(Tags=tags(gone, name))
    if kept:
        client.create_or_update_tags(Tags=tags(news, name))


def _change_suspended(call: Call, name: str, old: list[Any], news: Properties) -> None:
    client = call.client("autoscaling")
    wanted = news.get("suspendedProcesses") or []
    resumed = sorted(set(old) - set(wanted))
    if resumed:
        client.resume_processes(AutoScalingGroupName=name, ScalingProcesses=resumed)
    if wanted:
        client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=wanted)


CHANGES = {
    "targetGroupArns": _change_target_groups,
    "enabledMetrics": collect_metrics,
    "tags": _change_tags,
    "suspendedProcesses": _change_suspended,
}
