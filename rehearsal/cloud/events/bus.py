"""EventBridge's default bus: events of the fleets go to the rules that match them, and to their targets.

The patterns are matched by moto. Schedules have no pattern and match nothing. Of the targets only topics are
told; what else there may be is not emulated and hears nothing, as a target that is gone.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from moto.moto_api._internal import mock_random

from rehearsal.cloud.events import topics
from rehearsal.cloud.world import ACCOUNT, World


def send(region: str, source: str, kind: str, resources: list[str], detail: dict[str, Any]) -> None:
    """One event of now. Every rule that matches it counts as triggered in AWS/Events."""
    from moto.events.models import events_backends

    from rehearsal.cloud.cloudwatch.models import cloudwatch_backends

    rules = list(events_backends[ACCOUNT][region].event_buses["default"].rules.values())
    rules = [rule for rule in rules if rule.state != "DISABLED" and rule.event_pattern.get_pattern()]
    if not rules:
        return
    now = World.current.timeline.now
    date = World.current.clock.date(now)
    event = {
        "version": "0",
        "id": str(mock_random.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": iso(date),
        "region": region,
        "resources": resources,
        "detail": detail,
    }
    for rule in rules:
        if rule.event_pattern.matches_event(event):
            cloudwatch_backends[ACCOUNT][region].recorder.rule_triggered(rule.name, now)
            for target in rule.targets:
                topics.publish(target["Arn"], None, _message(target, event, date))


def _message(target: dict[str, Any], event: dict[str, Any], date: datetime) -> Any:
    """What a target is told: the event, a constant text, a part of the event, or a text made from parts."""
    from moto.events.utils import EventTemplateParser

    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return _at(target["InputPath"], event)
    transformer = target.get("InputTransformer")
    if transformer:
        stamped = event | {"ingestion-time": iso(date)}
        paths = transformer.get("InputPathsMap") or {}
        return EventTemplateParser.parse(transformer["InputTemplate"], paths, stamped)
    return event


def _at(path: str, event: Any) -> str:
    """A part of the event as JSON, named as `$.detail.Cause`; null where there is none."""
    for name in path.split(".")[1:]:
        event = event.get(name) if isinstance(event, dict) else None
    return json.dumps(event)


def iso(date: datetime) -> str:
    return f"{date:%Y-%m-%dT%H:%M:%SZ}"
