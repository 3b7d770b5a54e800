"""What schedules call: an action of a service, or a function of Lambda.

Of the actions, those that stop and start a database are there, and the one that sets a group's capacity.
Source: "Using universal targets", "Using templated targets" and "Adding context attributes" of EventBridge
Scheduler.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import Any, NamedTuple

from moto.core.exceptions import ServiceException

from rehearsal.cloud.iam.permissions import allowed
from rehearsal.cloud.lambda_ import running
from rehearsal.cloud.lambda_.functions import Function, lambda_backends
from rehearsal.cloud.world import ACCOUNT, World

_FUNCTION = re.compile(r"arn:aws:lambda:([-a-z0-9]+):(\d{12}):function:([A-Za-z0-9-_]+)")
_SCHEDULED_TIME, _SCHEDULE_ARN = "<aws.scheduler.scheduled-time>", "<aws.scheduler.schedule-arn>"


#: The functions that a schedule called and that are not through.
_at_work: set[str] = set()


def known(arn: str) -> bool:
    """Whether a schedule can call it here."""
    return arn in _calls() or bool(_FUNCTION.fullmatch(arn))


def call(schedule: Any) -> str:
    """What went wrong; nothing when all went well."""
    target, region = schedule.target, schedule.arn.split(":")[3]
    if _FUNCTION.fullmatch(target["Arn"]):
        return _call_function(schedule)
    call = _calls()[target["Arn"]]
    try:
        asked = json.loads(target.get("Input") or "{}")
        name = asked[call.names]
    except (ValueError, KeyError, TypeError):
        return f"the input has no {call.names}"
    try:
        if not allowed(target["RoleArn"], call.action, call.resource(region, name)):
            return f"AccessDenied: the role may not {call.action} of {name}"
        call.act(region, asked)
    except ServiceException as refused:
        return f"{refused.code}: {refused.message}"
    return ""


class _Call(NamedTuple):
    """What a universal target does: the permission that it needs, of what, and how the input names that."""

    action: str
    names: str
    resource: Callable[[str, str], str]
    act: Callable[[str, dict[str, Any]], None]


def _calls() -> dict[str, _Call]:
    """By a universal target's ARN."""
    rds, groups = "arn:aws:scheduler:::aws-sdk:rds", "arn:aws:scheduler:::aws-sdk:autoscaling"
    name, group = "DbInstanceIdentifier", "AutoScalingGroupName"
    capacity = "autoscaling:SetDesiredCapacity"
    return {
        f"{rds}:stopDBInstance": _Call("rds:StopDBInstance", name, _database, _database_call("stop")),
        f"{rds}:startDBInstance": _Call("rds:StartDBInstance", name, _database, _database_call("start")),
        f"{groups}:setDesiredCapacity": _Call(capacity, group, _group, _set_capacity),
    }


def _database(region: str, name: str) -> str:
    return f"arn:aws:rds:{region}:{ACCOUNT}:db:{name}"


def _database_call(verb: str) -> Callable[[str, dict[str, Any]], None]:
    def act(region: str, asked: dict[str, Any]) -> None:
        from rehearsal.cloud.rds.models import rds_backends

        getattr(rds_backends[ACCOUNT][region], f"{verb}_db_instance")(asked["DbInstanceIdentifier"])

    return act


def _group(region: str, name: str) -> str:
    from rehearsal.cloud.autoscaling.models import autoscaling_backends

    return str(autoscaling_backends[ACCOUNT][region].group(name).arn)


def _set_capacity(region: str, asked: dict[str, Any]) -> None:
    from rehearsal.cloud.autoscaling.models import autoscaling_backends

    backend = autoscaling_backends[ACCOUNT][region]
    backend.set_desired_capacity(asked["AutoScalingGroupName"], asked.get("DesiredCapacity"))


def _call_function(schedule: Any) -> str:
    """The function is called and not waited for: what becomes of it, its own log and metrics tell.

    While it runs it is not called again: where the clock leaps over many times, one call stands for all.
    """
    target, now = schedule.target, World.current.clock.date(World.current.timeline.now)
    region, account, name = _FUNCTION.fullmatch(target["Arn"]).groups()  # type: ignore[union-attr]
    if not allowed(target["RoleArn"], "lambda:InvokeFunction", target["Arn"]):
        return f"AccessDenied: the role may not lambda:InvokeFunction of {target['Arn']}"
    text = (target.get("Input") or "{}").replace(_SCHEDULE_ARN, schedule.arn)
    text = text.replace(_SCHEDULED_TIME, now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    try:
        function, event = lambda_backends[account][region].function(name), json.loads(text)
    except ServiceException as missing:
        return f"{missing.code}: {missing.message}"
    except ValueError:
        return "the input is no JSON"
    if function.arn not in _at_work:
        _at_work.add(function.arn)
        running.in_the_background(partial(_run, World.current, function, event))
    return ""


def _run(world: World, function: Function, event: Any) -> None:
    try:
        with running.warm(world, function) as call:
            answer = call(event)
    except (NotImplementedError, OSError) as broken:
        answer = {"error": {"errorMessage": str(broken)}}
    finally:
        _at_work.discard(function.arn)
    if "error" in answer:
        why = answer["error"].get("errorMessage")
        print(f"scheduler: {function.name}: {why}", file=sys.stderr, flush=True)
