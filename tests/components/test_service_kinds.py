"""Services without a port: a worker, which nobody asks, and a job, which has a server while it runs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.group_scaling import SleepSchedule
from components.instance_refresh import RefreshPreferences
from components.job_run import JobRun
from components.lifecycle_hooks import Lifecycle
from components.service import Service, ServiceArgs
from tests.components.recorder import ACCOUNT, REGION, Built
from tests.components.test_service import GIVEN, ROLLOUT

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

ASKED = ("entry_point", "port", "health_path", "priority", "paths")
WORKER: dict[str, Any] = {name: value for name, value in GIVEN.items() if name not in ASKED}
JOB: dict[str, Any] = {
    **WORKER,
    "min_size": 0,
    "max_size": 1,
    "run": JobRun(schedule="cron(0 3 * * ? *)", time_zone="Europe/Berlin", timeout_minutes=90),
    "lifecycle": Lifecycle(launch_timeout_seconds=0),
}
GROUP = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/web-group"
SCHEDULES = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/web-schedules"


def service(build: Build, given: dict[str, Any]) -> Built:
    def program() -> Mapping[str, Any]:
        made = Service("web", ServiceArgs(**given))
        return {"alarms": made.run_alarms}

    return build(program)


def told(built: Built) -> dict[str, str]:
    """The lifecycle program's variables in the user data."""
    text = base64.b64decode(built.inputs()["LaunchTemplate web"]["userData"]).decode()
    return dict(re.findall(r"IMMUTABLE_([A-Z_]+)=\\\"([^\\]*)\\\"", text))


def statements(built: Built) -> dict[str, dict[str, Any]]:
    return {each["Sid"]: each for each in built.inputs()["RolePolicy web"]["policy"]["Statement"]}


def test_a_worker_has_no_way_in_and_nothing_that_would_need_one(build: Build) -> None:
    built = service(build, WORKER)
    kinds = {key.split()[0] for key in built.inputs()}
    assert not kinds & {"TargetGroup", "ListenerRule", "SecurityGroupIngressRule", "Schedule"}
    assert list(built.inputs("SecurityGroupEgressRule")) == []
    assert list(built.inputs("MetricAlarm")) == ["MetricAlarm web-replacements"]
    assert built.inputs()["Group web"]["healthCheckType"] == "EC2"
    assert built.inputs()[ROLLOUT]["target_group_arns"] == []


def test_a_workers_servers_are_judged_by_their_unit_and_may_say_so(build: Build) -> None:
    built = service(build, WORKER)
    assert told(built) == {"LAUNCH_SECONDS": "600", "TERMINATION_SECONDS": "300"}
    own = statements(built)["OwnGroup"]
    assert own["Action"] == ["autoscaling:SetInstanceHealth"]
    assert own["Resource"] == f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*"
    condition = {"StringEquals": {"autoscaling:ResourceTag/immutable-server-role": "web-role"}}
    assert own["Condition"] == condition


def test_a_worker_scales_with_its_cpu_and_its_rollout_watches_its_alarm(build: Build) -> None:
    built = service(build, WORKER)
    assert list(built.inputs("Policy")) == ["Policy web"]
    preferences = built.inputs()[ROLLOUT]["preferences"]
    assert preferences["alarms"] == ["web-replacements-alarm"]
    assert preferences["scale_in_protected_instances"] == "Refresh"


def test_a_service_with_a_port_may_do_nothing_to_its_group_but_complete_hooks(build: Build) -> None:
    assert "OwnGroup" not in statements(service(build, GIVEN))


def test_a_job_has_no_server_until_its_schedule_asks_for_one(build: Build) -> None:
    built = service(build, JOB)
    group = built.inputs()["Group web"]
    assert (group["minSize"], group["maxSize"]) == (0, 1)
    assert built.inputs("Policy") == {}
    asked = {"AutoScalingGroupName": "web-group", "DesiredCapacity": 1, "HonorCooldown": False}
    assert built.inputs("Schedule") == {
        "Schedule web-run": {
            "groupName": "web-schedules",
            "description": "Start a run of web",
            "scheduleExpression": "cron(0 3 * * ? *)",
            "scheduleExpressionTimezone": "Europe/Berlin",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": {
                "arn": "arn:aws:scheduler:::aws-sdk:autoscaling:setDesiredCapacity",
                "roleArn": "arn:role/web-schedule",
                "input": json.dumps(asked),
                "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 185},
            },
        }
    }


def test_the_schedule_may_set_the_capacity_of_this_group_and_do_nothing_else(build: Build) -> None:
    built = service(build, JOB)
    (statement,) = built.inputs()["RolePolicy web-schedule"]["policy"]["Statement"]
    assert statement == {
        "Sid": "StartRun",
        "Effect": "Allow",
        "Action": "autoscaling:SetDesiredCapacity",
        "Resource": GROUP,
    }
    (trust,) = built.inputs()["Role web-schedule"]["assumeRolePolicy"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    source = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": SCHEDULES}
    assert trust["Condition"] == {"StringEquals": source}
    assert "RolePolicy web-schedule" in built.after()["Schedule web-run"]


def test_nothing_but_the_job_itself_ends_a_run(build: Build) -> None:
    """No scaling in, no rollout: the next run starts from the new image."""
    built = service(build, JOB)
    assert built.inputs()["Group web"]["protectFromScaleIn"] is True
    assert built.inputs()[ROLLOUT]["preferences"]["scale_in_protected_instances"] == "Ignore"


def test_a_jobs_server_ends_itself_when_its_time_is_over_at_the_latest(build: Build) -> None:
    built = service(build, JOB)
    assert told(built) == {"LAUNCH_SECONDS": "0", "TERMINATION_SECONDS": "300", "RUN_SECONDS": "5400"}
    assert statements(built)["OwnGroup"]["Action"] == ["autoscaling:TerminateInstanceInAutoScalingGroup"]
    assert list(built.inputs("LifecycleHook")) == ["LifecycleHook web-termination"]


def test_a_run_starts_from_the_image_that_was_rolled_out(build: Build) -> None:
    assert ROLLOUT in service(build, JOB).after()["the JobSchedule web"]


def test_a_run_that_failed_hangs_or_was_not_started_rings(build: Build) -> None:
    built = service(build, JOB)
    alarms = built.inputs("MetricAlarm")
    common = {"alarmActions": ["arn:topic"], "okActions": ["arn:topic"], "treatMissingData": "notBreaching"}
    rings = {"comparisonOperator": "GreaterThanThreshold", "threshold": 0, "period": 300}
    failed = alarms["MetricAlarm web-failed"]
    assert failed | common | rings == failed
    assert (failed["namespace"], failed["metricName"]) == ("immutable/logs", "web-log-failed-runs")
    assert (failed["statistic"], failed["evaluationPeriods"]) == ("Sum", 1)
    overdue = alarms["MetricAlarm web-overdue"]
    assert overdue | common | rings == overdue
    assert overdue["metricName"] == "GroupInServiceInstances"
    assert overdue["dimensions"] == {"AutoScalingGroupName": "web-group"}
    assert (overdue["statistic"], overdue["evaluationPeriods"]) == ("Minimum", 24)
    late = alarms["MetricAlarm web-not-started"]
    assert late | common | rings == late
    assert (late["namespace"], late["metricName"]) == ("AWS/Scheduler", "TargetErrorCount")
    assert (late["statistic"], late["dimensions"]) == ("Sum", {"ScheduleGroup": "web-schedules"})
    assert built.outputs["alarms"] == {
        "failed": "web-failed-alarm",
        "overdue": "web-overdue-alarm",
        "notStarted": "web-not-started-alarm",
    }


def test_failed_runs_are_counted_in_the_jobs_own_log_group(build: Build) -> None:
    made = service(build, JOB).inputs()["LogMetricFilter web-failed-runs"]
    assert made["logGroupName"] == "web-log"
    assert "immutable-lifecycle" in made["pattern"] and "run failed" in made["pattern"]
    given = {"name": "web-log-failed-runs", "namespace": "immutable/logs", "value": "1"}
    assert made["metricTransformation"] == given


def test_the_longest_run_is_one_that_an_alarm_can_look_back_over() -> None:
    """PutMetricAlarm: a day at most."""
    from components.job_run import LONGEST_MINUTES, SPARE_MINUTES

    assert (LONGEST_MINUTES + SPARE_MINUTES) * 60 <= 86_400
    with pytest.raises(ValidationError, match="less than or equal to 1380"):
        JobRun(schedule="cron(0 3 * * ? *)", timeout_minutes=LONGEST_MINUTES + 1)


NIGHTS = SleepSchedule(time_zone="Europe/Berlin", from_time="20:00", until_time="07:00")
WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (WORKER, {"entry_point": GIVEN["entry_point"], "priority": 1, "paths": ("/*",)}, "without a port nobody"),
    (WORKER, {"requests_per_target": 60}, "leave out entries and requests_per_target"),
    (WORKER, {"port": 80}, "port and health_path go together: give both, or none for a worker"),
    (WORKER, {"health_path": "/"}, "port and health_path go together"),
    (WORKER, {"port": 80, "health_path": "/"}, "or leave out port for a worker"),
    (JOB, {"max_size": 2}, "a job of 0 to 2 servers: give it 0 and 1"),
    (JOB, {"min_size": 1}, "a job of 1 to 1 servers"),
    (JOB, {"sleep": NIGHTS}, "a job ends by itself"),
    (JOB, {"lifecycle": Lifecycle()}, "a job has a termination hook and no other"),
    (
        JOB,
        {"lifecycle": Lifecycle(launch_timeout_seconds=0, termination_timeout_seconds=0)},
        "give its lifecycle 0 and a time",
    ),
    (
        GIVEN,
        {"run": JOB["run"], "min_size": 0, "max_size": 1},
        "leave out port, health_path and sleep, or run",
    ),
]


@pytest.mark.parametrize(("given", "changed", "says"), WRONG)
def test_what_does_not_go_together_is_refused(
    given: dict[str, Any], changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(says)):
        ServiceArgs(**{**given, **changed})


@pytest.mark.parametrize("schedule", ["every night", "rate(1 day)", "cron(0 3 * *)", "cron(0 3 * * * *)"])
def test_a_schedule_is_a_cron_expression(schedule: str) -> None:
    with pytest.raises(ValidationError, match="no cron expression"):
        JobRun(schedule=schedule)


def test_a_jobs_own_choice_of_refresh_is_kept_but_for_what_would_end_a_run(build: Build) -> None:
    given = {
        **JOB,
        "refresh": RefreshPreferences(scale_in_protected_instances="Refresh", bake_time_seconds=5),
    }
    preferences = service(build, given).inputs()[ROLLOUT]["preferences"]
    assert preferences["scale_in_protected_instances"] == "Ignore"
    assert preferences["bake_time_seconds"] == 5
