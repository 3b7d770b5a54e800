"""`gate`: whether prod may take an image, by what staging's fleet runs in the emulated cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.releases import aws, waiting
from tests.scripts.gated import BAD, BETTER, GOOD, Gated, gated

__all__ = ["gated"]


def test_an_image_that_ran_long_enough_without_an_alarm_goes_on(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.step(3600)
    why = gated.opened("--soak-minutes", "60")
    assert why == f"web of staging runs {GOOD} for 61 minutes without an alarm"


def test_an_image_that_has_not_run_long_enough_waits(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.step(3480)
    why = gated.closed("--soak-minutes", "60")
    assert why == f"not yet: web of staging runs {GOOD} for 59 of 60 minutes"


def test_the_soak_begins_when_the_rollout_ends(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.step(7200)
    gated.scene.start(2)
    gated.scene.until_over()
    gated.prod(BETTER)
    gated.scene.cloud.step(601)
    assert gated.closed() == f"not yet: web of staging runs {BETTER} for 10 of 60 minutes"
    gated.scene.cloud.step(3000)
    assert gated.opened() == f"web of staging runs {BETTER} for 60 minutes without an alarm"


def test_servers_that_were_all_replaced_begin_their_time_anew(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.step(7200)
    gated.scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", DesiredCapacity=0)
    gated.scene.cloud.step(300)
    gated.scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", DesiredCapacity=2)
    gated.scene.cloud.step(600)
    assert gated.closed() == f"not yet: web of staging runs {GOOD} for 10 of 60 minutes"


def test_a_group_that_may_be_another_ones_proves_nothing(gated: Gated) -> None:
    gated.live.settled()
    gated.outputs("staging", GOOD, group="web-of-before")
    assert gated.live.refused("gate", "staging", "prod").startswith(
        "which groups are staging's is not clear: web has the tags of web of staging, whose group is "
    )


def test_an_alarm_that_rings_keeps_it_closed(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.step(3600)
    gated.live.alarm("web-errors", "ALARM")
    assert gated.closed("--soak-minutes", "10") == "web of staging: its alarm web-errors rings"


def test_an_alarm_that_rang_starts_the_time_anew(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.step(3600)
    gated.live.alarm("web-errors", "ALARM")
    gated.scene.cloud.step(60)
    gated.live.alarm("web-errors", "OK")
    gated.scene.cloud.step(601)
    assert gated.closed("--soak-minutes", "30") == (
        f"not yet: web of staging runs {GOOD} for 10 of 30 minutes, since its alarm web-errors rang"
    )
    gated.scene.cloud.step(1201)
    assert gated.opened("--soak-minutes", "30").endswith(
        "for 30 minutes without an alarm, since its alarm web-errors rang"
    )


def test_an_alarm_from_before_the_rollout_says_nothing_of_the_image(gated: Gated) -> None:
    gated.live.settled()
    gated.live.alarm("web-errors", "ALARM")
    gated.live.alarm("web-errors", "OK")
    gated.scene.cloud.step(600)
    gated.scene.start(2)
    gated.scene.until_over()
    gated.prod(BETTER)
    gated.scene.cloud.step(600)
    assert (
        gated.opened("--soak-minutes", "10")
        == f"web of staging runs {BETTER} for 10 minutes without an alarm"
    )


def test_an_alarm_that_is_gone_watches_nothing(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.client("cloudwatch").delete_alarms(AlarmNames=["web-errors"])
    assert gated.closed("--soak-minutes", "0") == (
        "web of staging: its alarm web-errors does not exist, so nothing watches it"
    )


def test_another_image_than_the_fleets_stays_behind(gated: Gated) -> None:
    gated.live.settled()
    gated.prod(BETTER)
    assert gated.closed("--soak-minutes", "0") == f"web of staging runs {GOOD}, not {BETTER}"


def test_a_rollout_that_failed_in_staging_blocks_prod(gated: Gated) -> None:
    """Whatever the outputs, or the exit code of some job, say of it."""
    gated.live.settled()
    gated.outputs("staging", BAD)
    gated.live.image(BAD)
    gated.prod(BAD)
    gated.scene.start(3, AutoRollback=True)
    assert gated.scene.until_over()["Status"] == "RollbackSuccessful"
    gated.scene.cloud.step(7200)
    assert gated.closed("--wait") == f"web of staging runs {GOOD}, not {BAD}"


def test_two_images_side_by_side_prove_nothing(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.start(2)
    gated.scene.until(lambda: gated.scene.refresh()["PercentageComplete"] == 50)
    gated.scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    gated.scene.until_over()
    gated.prod(BETTER)
    assert "web of staging: its servers run several images: 1 on " in gated.closed("--wait")


def test_a_rollout_that_runs_is_waited_for(gated: Gated) -> None:
    gated.live.settled()
    gated.prod(BETTER)
    gated.scene.start(2)
    gated.scene.cloud.step(30)
    assert gated.closed() == "web of staging: its refresh is InProgress, 0%"
    done = gated.gate("--soak-minutes", "5", "--wait")
    assert done.code == 0
    assert "waiting: web of staging: its refresh is InProgress, 0%\n" in done.error
    assert f"waiting: not yet: web of staging runs {BETTER} for 1 of 5 minutes\n" in done.error
    assert done.out == f"prod may go on: web of staging runs {BETTER} for 5 minutes without an alarm\n"


def test_the_wait_ends_with_its_time(gated: Gated) -> None:
    gated.live.settled()
    gated.live.alarm("web-errors", "ALARM")
    done = gated.gate("--wait", "--timeout-minutes", "3")
    assert done.code == 2
    assert done.error.splitlines()[-1] == (
        "release: prod may not go on: web of staging: its alarm web-errors rings (waited 3 minutes)"
    )


def test_the_wait_is_for_what_time_can_change_alone(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: float) -> None:
        raise AssertionError("it waits")

    monkeypatch.setattr(waiting, "sleep", never)
    gated.live.settled()
    gated.prod(BETTER)
    assert gated.closed("--wait") == f"web of staging runs {GOOD}, not {BETTER}"


def test_a_fleet_that_does_not_serve_proves_nothing(gated: Gated) -> None:
    gated.live.settled(version=3, MinSize=2, HealthCheckGracePeriod=100_000)
    gated.live.image(BAD)
    gated.prod(BAD)
    assert gated.closed("--soak-minutes", "0") == "web of staging: 0 of at least 2 servers serve"


def test_a_fleet_without_servers_proves_nothing(gated: Gated) -> None:
    gated.live.settled(desired=0)
    assert gated.closed("--soak-minutes", "0", "--wait") == "web of staging: it runs no server now"


def test_a_fleet_that_sleeps_is_waited_for(gated: Gated) -> None:
    gated.live.settled(desired=0)
    gated.scene.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="web", ScheduledActionName="wake", DesiredCapacity=2, MinSize=2, MaxSize=2,
        Recurrence="0 7 * * *",
    )  # fmt: skip
    done = gated.gate("--soak-minutes", "0", "--wait", "--timeout-minutes", "1")
    assert done.error.endswith("it runs no server now (waited 1 minutes)\n")


def test_a_job_is_judged_by_what_it_would_run(gated: Gated) -> None:
    """It has a server while it works alone."""
    gated.live.image(GOOD, "      schedule: cron(0 3 * * ? *)\n")
    gated.live.settled(desired=0)
    gated.scene.cloud.step(3600)
    assert gated.opened("--soak-minutes", "60").startswith(f"web of staging runs {GOOD} for 6")


def test_later_steps_and_programs_get_the_verdict(gated: Gated, tmp_path: Path) -> None:
    gated.live.settled()
    output = tmp_path / "output"
    done = gated.gate("--soak-minutes", "600", "--json", "--output", str(output))
    document = json.loads(done.out)
    assert done.code == 2
    assert (document["ok"], document["open"], document["from"], document["to"]) == (
        False, False, "staging", "prod",
    )  # fmt: skip
    assert document["services"]["web"]["state"] == "waits"
    lines = output.read_text().splitlines()
    assert lines[0] == "open=false"
    assert lines[1].startswith("why=not yet: web of staging runs")
    assert lines[2] == f"image={GOOD}"


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("staging", "staging"), "staging is no gate for itself; name the environment before it"),
        (("stagin", "prod"), "there is no environment 'stagin' in "),
        (("staging", "prd"), "there is no environment 'prd' in "),
        (("staging", "prod", "--soak-minutes", "-1"), "Invalid value for '--soak-minutes': "),
        (("staging", "prod", "--output", "/gone/file"), "--output /gone/file cannot be written"),
    ],
)
def test_bad_input_is_one_line(gated: Gated, arguments: tuple[str, ...], refusal: str) -> None:
    gated.live.settled()
    assert gated.live.refused("gate", *arguments).startswith(refusal)


def test_an_environment_that_is_not_up_lets_nothing_through(gated: Gated) -> None:
    gated.live.settled()
    gated.live.project.outputs("staging", None)
    refusal = gated.live.refused("gate", "staging", "prod")
    assert refusal.startswith("the gate to prod stays closed: the stack of staging has no outputs")


def test_what_aws_does_not_answer_opens_nothing(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    gated.live.settled()
    gated.scene.cloud.fault("DescribeAlarmHistory", error="AccessDenied")
    done = gated.gate("--soak-minutes", "0")
    assert done.code == 1
    assert done.error.startswith("release: AWS refused DescribeAlarmHistory: AccessDenied")
