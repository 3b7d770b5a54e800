"""The step with a bad image: an alarm ends its rollout, and the servers of the image before are back."""

from __future__ import annotations

import math
from typing import Any

from rehearsal.fleet import least
from rehearsal.image_steps import expect_tested
from rehearsal.rollouts import only_the_rollout, release
from rehearsal.stage import Stage, StepFailedError, StepRecord, shown

STAGING = "staging"
ROLLED_BACK = "RollbackSuccessful"
# It passes its tests and its health checks, and answers with errors once it has run for some minutes.
BAD = {"Key": "rehearsal:behaviour", "Value": "errors-after-minutes"}


def bad_image(stage: Stage, step: StepRecord) -> None:
    """Staging gets a bad image: the up fails, and says why; the fleet is as it was, by itself.

    What is left to a person is the line of configuration: the image before, and an up that has no server to
    replace.
    """
    good, began = stage.workspace.image(STAGING), stage.sampler.sample()
    bad = _baked_badly(stage, step)
    release(stage, step, STAGING, "set-image", STAGING, bad)
    known = _refreshes(stage)
    outcome = stage.run_into_failure("up", STAGING, step)
    _expect_alarm(stage, outcome.reason)
    started = {key: found for key, found in _refreshes(stage).items() if key not in known}
    _expect_rolled_back(step, started)
    stage.expect_whole(STAGING)
    stage.expect_fleet(STAGING, good, step)
    _expect_capacity(stage, step, began, started)
    _expect_state(stage, good)
    release(stage, step, STAGING, "rollback", STAGING)
    if stage.workspace.image(STAGING) != good:
        raise StepFailedError(f"after the rollback staging's configuration should name {good}")
    known = _refreshes(stage)
    only_the_rollout(stage.run("up", STAGING, step))
    if again := _refreshes(stage).keys() - known.keys():
        raise StepFailedError(
            f"all servers run {good}, so no refresh should start; {shown(sorted(again))} did"
        )
    step.notes.append("the configuration is back, and its up starts no refresh: every server runs it already")


def _baked_badly(stage: Stage, step: StepRecord) -> str:
    """The same content is built anew, for updates of its packages; one of them is bad, and no test knows."""
    with stage.hurry():
        told = stage.ask("bake", stage.factory.recipe, "--rebuild", json_option=("--json", "-"))
    bad = str(told["images"][stage.workspace.region(STAGING)])
    expect_tested(stage, step, bad)
    stage.aws(STAGING, "ec2").create_tags(Resources=[bad], Tags=[BAD])
    step.notes.append(f"{bad} passed its tests; its servers will err after some minutes")
    return bad


def _refreshes(stage: Stage) -> dict[str, dict[str, Any]]:
    """Staging's instance refreshes by ID."""
    client = stage.aws(STAGING, "autoscaling")
    answers = [
        client.describe_instance_refreshes(AutoScalingGroupName=group.name) for group in stage.groups(STAGING)
    ]
    return {each["InstanceRefreshId"]: each for answer in answers for each in answer["InstanceRefreshes"]}


def _expect_alarm(stage: Stage, reason: str) -> None:
    """The reason of the up names an alarm that there is, and how the refresh ended."""
    pages = stage.aws(STAGING, "cloudwatch").get_paginator("describe_alarms").paginate()
    names = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
    if ROLLED_BACK not in reason or not any(name in reason for name in names):
        raise StepFailedError(
            f"up should fail with the alarm that rang and with {ROLLED_BACK}; it failed with: {reason}"
        )


def _expect_rolled_back(step: StepRecord, started: dict[str, dict[str, Any]]) -> None:
    ended = {key: found["Status"] for key, found in started.items()}
    if set(ended.values()) != {ROLLED_BACK}:
        raise StepFailedError(f"the refreshes should end {ROLLED_BACK}; they ended {ended or 'never begun'}")
    step.notes += [
        f"{found['AutoScalingGroupName']}: {found['Status']}. {found.get('StatusReason', '')}".rstrip()
        for found in started.values()
    ]


def _expect_capacity(
    stage: Stage, step: StepRecord, began: float, started: dict[str, dict[str, Any]]
) -> None:
    """No group had fewer healthy servers than its refresh had to keep, there and back."""
    percent = {
        found["AutoScalingGroupName"]: found["Preferences"]["MinHealthyPercentage"]
        for found in started.values()
    }
    weakest = least(stage.sampler.serving, STAGING, began)
    for group in stage.groups(STAGING):
        kept = math.ceil(group.desired * percent.get(group.name, 100) / 100)
        serving = weakest[group.service].serving
        if serving < kept:
            raise StepFailedError(
                f"{group.service} should have kept {kept} healthy servers; it had {serving}"
            )
        step.notes.append(f"{group.service}: never fewer than {serving} of {group.desired} healthy")


def _expect_state(stage: Stage, good: str) -> None:
    """What failed is no new state: it still has the image that runs."""
    (told,) = stage.ask("status", STAGING)["environments"]
    running = {name: service["running"] for name, service in told["services"].items()}
    if told["agrees"] or set(running.values()) != {good}:
        raise StepFailedError(f"the state should still hold {good}; it holds {running}")
