"""What a hand changed around a group is found: hooks, schedules, alarms; and nothing while all sleep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.auto_scaling_group import AutoScalingGroupArgs
from components.group_scaling import SleepSchedule
from components.lifecycle_hooks import Lifecycle, hooks
from scripts.releases import declared
from scripts.releases.config_file import read
from scripts.releases.declared import Declared
from scripts.releases.state import EnvironmentState
from stacks.sections import SleepConfig
from stacks.services import ServiceConfig
from tests.rehearsal.cloud.scene import GOOD
from tests.scripts.release_project import service
from tests.scripts.servers_environment import Staging, staging

WEB = {**service(GOOD), "launchTemplateVersion": "1", "group": "web"}
SLEEP = """\
  immutable:sleep: {timeZone: Europe/Berlin, from: "20:00", until: "07:30"}
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    with staging(tmp_path, monkeypatch) as made:
        made.settled()
        made.live.image(GOOD)
        yield made


def drift(there: Staging) -> list[tuple[str, str]]:
    """Kind and text of each finding."""
    done = there.live.run("drift", "staging", "--json")
    return [(each["kind"], each["text"]) for each in json.loads(done.out)["findings"]]


def test_a_hook_that_is_gone_is_found(there: Staging) -> None:
    there.scene.autoscaling.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="launch")
    ((kind, text),) = drift(there)
    assert (kind, text) == (
        "hook",
        "web: hook launch of web is gone, declared is launching, 600 s, then ABANDON (Pulumi.staging.yaml)",
    )


def test_a_hook_with_another_time_out_is_found(there: Staging) -> None:
    there.live.hook("termination", 60)
    ((kind, text),) = drift(there)
    assert kind == "hook"
    assert text.startswith("web: hook termination of web is terminating, 60 s, then CONTINUE, declared is ")


def test_the_time_outs_of_the_config_are_what_is_declared(there: Staging) -> None:
    there.live.hook("termination", 60)
    there.scene.autoscaling.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="launch")
    there.live.image(GOOD, "      lifecycle: {launchTimeoutSeconds: 0, terminationTimeoutSeconds: 60}\n")
    assert drift(there) == []


def test_a_hook_that_nobody_declared_is_found(there: Staging) -> None:
    there.scene.autoscaling.put_lifecycle_hook(
        AutoScalingGroupName="web", LifecycleHookName="mine",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING", HeartbeatTimeout=100,
    )  # fmt: skip
    assert drift(there) == [("hook", "web: hook mine of web is not declared: launching, 100 s, then ABANDON")]


def alarmed(there: Staging) -> None:
    there.live.project.state("staging", {"web": WEB | {"alarms": {"errors": "web-errors"}}})


def test_an_alarm_that_is_gone_is_found(there: Staging) -> None:
    alarmed(there)
    assert drift(there) == [("alarm", "web: alarm web-errors of web is gone")]


def test_an_alarm_that_tells_nobody_is_found(there: Staging) -> None:
    alarmed(there)
    there.live.alarm("web-errors")
    assert drift(there) == []
    there.scene.cloud.client("cloudwatch").disable_alarm_actions(AlarmNames=["web-errors"])
    assert drift(there) == [("alarm", "web: alarm web-errors of web tells nobody: its actions are disabled")]


def action(there: Staging, name: str, time: str, size: int) -> None:
    there.scene.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="web", ScheduledActionName=name, Recurrence=f"{time} * * MON,TUE,WED,THU,FRI",
        MinSize=size, MaxSize=4, DesiredCapacity=size, TimeZone="Europe/Berlin",
    )  # fmt: skip


@pytest.fixture
def asleep(there: Staging) -> Staging:
    """The environment sleeps by its config, and right now."""
    config = there.live.project.file("staging")
    config.write_text(config.read_text() + SLEEP)
    action(there, "sleep", "0 20", 0)
    action(there, "wake", "30 7", 2)
    there.scene.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="web", MinSize=0, MaxSize=4, DesiredCapacity=0
    )
    there.scene.cloud.step(600)
    assert there.ids() == []
    return there


def test_an_environment_that_sleeps_has_no_drift(asleep: Staging) -> None:
    assert drift(asleep) == []


def test_another_least_number_than_that_of_night_or_day_is_found(asleep: Staging) -> None:
    asleep.scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=1)
    ((kind, text),) = drift(asleep)
    assert kind == "setting"
    assert text.startswith("web: the least number of servers of web is 1, declared is 2")


def test_a_scheduled_action_that_is_gone_or_changed_is_found(asleep: Staging) -> None:
    asleep.scene.autoscaling.delete_scheduled_action(AutoScalingGroupName="web", ScheduledActionName="wake")
    action(asleep, "sleep", "0 18", 0)
    changed, gone = drift(asleep)
    assert changed == (
        "schedule",
        "web: schedule sleep of web is 0 to 4 servers, desired 0, at 0 18 * * MON,TUE,WED,THU,FRI "
        "Europe/Berlin, declared is 0 to 4 servers, desired 0, at 0 20 * * MON,TUE,WED,THU,FRI Europe/Berlin "
        "(Pulumi.staging.yaml)",
    )
    assert gone[1].startswith("web: schedule wake of web is gone, declared is 2 to 4 servers, desired 2, at ")


def test_a_scheduled_action_of_a_hand_is_found_and_the_sizes_that_it_sets_are_not_found_again(
    there: Staging,
) -> None:
    there.scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=1)
    there.scene.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="web", ScheduledActionName="night", Recurrence="0 20 * * *", MinSize=1
    )
    assert [kind for kind, _ in drift(there)] == ["schedule"]


def test_a_service_that_left_the_config_is_compared_with_the_outputs_alone(there: Staging) -> None:
    config = there.live.project.file("staging")
    config.write_text(config.read_text().replace("    web:\n      port: 8080\n", "    api: {port: 9090}\n"))
    there.scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=1)
    there.live.hook("termination", 60)
    assert drift(there) == []


def test_what_the_program_gives_by_default_is_what_drift_expects() -> None:
    fields, group = ServiceConfig.model_fields, AutoScalingGroupArgs.model_fields
    expected = declared.DEFAULTS
    assert (fields["min"].default, fields["max"].default) == (expected["min"], expected["max"])
    assert fields["max_instance_lifetime_days"].default == expected["maxInstanceLifetimeDays"]
    lifecycle = fields["lifecycle"].default
    assert lifecycle.launch_timeout_seconds == expected["launchTimeoutSeconds"]
    assert lifecycle.termination_timeout_seconds == expected["terminationTimeoutSeconds"]
    assert SleepConfig.model_fields["days"].default == expected["days"]
    kept = group["min_healthy_percentage"].default, group["max_healthy_percentage"].default
    assert "{} to {}".format(*kept) == declared.MAINTENANCE


def of(tmp_path: Path, more: str = "") -> Declared:
    path = tmp_path / "Pulumi.staging.yaml"
    services = f"config:\n  immutable:imageId: {GOOD}\n  immutable:services:\n    web: {{min: 3}}\n"
    path.write_text(services + more)
    state = EnvironmentState.model_validate({"services": {"web": WEB}})
    return Declared("immutable", read(path, "staging", "immutable"), state)


def test_hooks_are_declared_as_the_program_makes_them(tmp_path: Path) -> None:
    made = [
        (hook.name, hook.transition, hook.timeout_seconds, hook.default_result) for hook in hooks(Lifecycle())
    ]
    found = of(tmp_path).hooks("web").values()
    assert [(hook.name, hook.transition, hook.timeout_seconds, hook.default_result) for hook in found] == made


def test_schedules_are_declared_as_the_program_makes_them(tmp_path: Path) -> None:
    more = '  immutable:sleep: {timeZone: Europe/Berlin, from: "20:05", until: "07:30", days: [sat, mon]}\n'
    found: dict[str, Any] = of(tmp_path, more).schedule("web")
    program = SleepSchedule(
        time_zone="Europe/Berlin", from_time="20:05", until_time="07:30", days=("sat", "mon")
    )
    assert found["sleep"].recurrence == program.recurrence("20:05")
    assert found["wake"].recurrence == program.recurrence("07:30")
    assert (found["sleep"].min_size, found["sleep"].desired, found["sleep"].max_size) == (0, 0, 4)
    assert (found["wake"].min_size, found["wake"].desired, found["wake"].time_zone) == (3, 3, "Europe/Berlin")


def as_told(there: Staging, **told: Any) -> Declared:
    """What is declared of `web` when the stack tells this of it."""
    config = read(there.live.project.file("staging"), "staging", "immutable")
    state = EnvironmentState.model_validate({"services": {"web": {**WEB, **told}}})
    return Declared("immutable", config, state)


def test_what_nobody_asks_is_declared_to_be_checked_by_ec2(there: Staging) -> None:
    for kind, check in (("web", "ELB"), ("worker", "EC2"), ("job", "EC2")):
        assert as_told(there, kind=kind).settings("web")[declared.CHECK] == ("the program", check)


def test_a_job_is_declared_to_have_no_launch_hook_no_sleep_and_one_server_at_most(there: Staging) -> None:
    there.live.image(GOOD, SLEEP)
    job, worker = as_told(there, kind="job"), as_told(there, kind="worker")
    sizes = job.settings("web")
    assert (sizes[declared.LEAST][1], sizes[declared.GREATEST][1]) == ("0", "1")
    assert list(job.hooks("web")) == ["termination"]
    assert job.schedule("web") == {}
    assert list(worker.hooks("web")) == ["launch", "termination"]
    assert list(worker.schedule("web")) == ["sleep", "wake"]


def test_an_alarm_on_a_jobs_runs_that_is_gone_is_found(there: Staging) -> None:
    there.live.project.state("staging", {"web": WEB | {"run": {"alarms": {"failed": "web-failed"}}}})
    assert drift(there) == [("alarm", "web: alarm web-failed of web is gone")]
