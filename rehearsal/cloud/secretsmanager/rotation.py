"""A rotation: four calls of the secret's function, one after the other, while the cloud goes on.

Source: "Rotation by Lambda function", "Lambda rotation functions", RotateSecret in the API reference.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.cron import next_after
from rehearsal.cloud.lambda_ import running
from rehearsal.cloud.lambda_.functions import Function
from rehearsal.cloud.world import World

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
DAY_SECONDS = 86_400.0
_RATE = re.compile(r"rate\((\d+) (hour|hours|day|days)\)")


@dataclass
class Plan:
    """How a secret is rotated; `running` while its function is at it, `mark` another with every change."""

    secret: Any
    function_arn: str
    rules: dict[str, Any]
    running: bool = False
    mark: object = None


def wait_seconds(rules: dict[str, Any]) -> float | None:
    """Until the next rotation; None without a schedule."""
    expression = str(rules.get("ScheduleExpression") or "")
    rate = _RATE.fullmatch(expression)
    if rate:
        return int(rate[1]) * (3600.0 if rate[2].startswith("hour") else DAY_SECONDS)
    if expression:
        now = World.current.clock.date(World.current.timeline.now)
        return (next_after(expression, now, "UTC") - now).total_seconds()
    days = rules.get("AutomaticallyAfterDays")
    return int(days) * DAY_SECONDS if days else None


def begin(plan: Plan, function: Function, token: str, steps: tuple[str, ...] = STEPS) -> None:
    """Put the version there that the function is to fill, and call it in the background."""
    world, secret = World.current, plan.secret
    if token not in secret.versions:
        created = int(world.clock.date(world.timeline.now).timestamp())
        secret.versions[token] = {
            "createdate": created,
            "version_id": token,
            "version_stages": ["AWSPENDING"],
        }
    plan.running = True
    running.in_the_background(lambda: _rotate(world, plan, function, token, steps))


def _rotate(world: World, plan: Plan, function: Function, token: str, steps: tuple[str, ...]) -> None:
    """A step that fails ends it; what was pending stays so, for the next attempt."""
    failed = ""
    try:
        with running.warm(world, function) as call:
            for step in steps:
                answer = call({"Step": step, "SecretId": plan.secret.arn, "ClientRequestToken": token})
                if "error" in answer:
                    failed = f"{step}: {answer['error'].get('errorMessage')}"
                    break
    except (NotImplementedError, OSError) as broken:
        failed = str(broken)
    with world.lock:
        plan.running = False
        if failed:
            print(
                f"secretsmanager: rotation of {plan.secret.name} failed: {failed}",
                file=sys.stderr,
                flush=True,
            )
        elif steps == STEPS:
            _done(world, plan.secret, token)
        elif token != plan.secret.default_version_id:
            # A test leaves nothing.
            plan.secret.versions.pop(token, None)


def _done(world: World, secret: Any, token: str) -> None:
    """A version that the function left both current and pending is no longer pending."""
    version = secret.versions.get(token)
    if version and "AWSCURRENT" in version["version_stages"]:
        version["version_stages"] = [each for each in version["version_stages"] if each != "AWSPENDING"]
    secret.last_rotation_date = int(world.clock.date(world.timeline.now).timestamp())
