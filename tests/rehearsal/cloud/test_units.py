"""Servers that nobody asks: a worker's reports itself, a job's ends itself, as user data and roles say."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.autoscaling.units import ILL_SECONDS, RUN_SECONDS
from rehearsal.cloud.local import Local
from tests.rehearsal.cloud import hooking
from tests.rehearsal.cloud.scene import BAD, BOOT, GOOD, GRACE
from tests.rehearsal.cloud.shipping import GROUP, allow
from tests.rehearsal.cloud.test_server_lines import BOOTED, ENV, LAST, Servers

CRASHES, ERRS = "ami-0000000000000c4a5", "ami-00000000000000e44"
TARGET = "arn:aws:scheduler:::aws-sdk:autoscaling:setDesiredCapacity"
TRUST = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
WRITE, REPORT = "logs:PutLogEvents", "autoscaling:SetInstanceHealth"
END = "autoscaling:TerminateInstanceInAutoScalingGroup"
WORKER = f'LOG_GROUP="{GROUP}"\nIMMUTABLE_LAUNCH_SECONDS="600"\nIMMUTABLE_TERMINATION_SECONDS="300"\n'
JOB = WORKER.replace('"600"', '"0"') + 'IMMUTABLE_RUN_SECONDS="600"\n'
UNASKED = {"TargetGroupARNs": [], "HealthCheckType": "EC2"}
ONE_AT_MOST = {"MinSize": 0, "MaxSize": 1, "NewInstancesProtectedFromScaleIn": True}


class Fleet(Servers):
    """A group behind no load balancer, of servers that may report and end themselves."""

    def __init__(self, cloud: Local) -> None:
        super().__init__(cloud)
        self.shipping.may("server", allow(WRITE, REPORT, END))
        for image, behaviour in ((CRASHES, "crash-loop"), (ERRS, "errors-after-minutes")):
            cloud.image(image, rehearsal_behaviour=behaviour)

    def make(self, told: str, image: str = GOOD, desired: int = 0, **settings: Any) -> None:
        given = {**UNASKED, **ONE_AT_MOST, **settings}
        self.scene.create_group(desired, self.version({ENV: told}, image), **given)
        hooking.put(self.scene, hooking.TERMINATION)

    def job(self, image: str = GOOD, told: str = JOB) -> None:
        self.make(told, image)
        self.run()

    def run(self) -> None:
        self.scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        self.cloud.step(BOOT)

    def capacity(self) -> tuple[int, int]:
        """Desired, and servers that there are."""
        group = self.scene.group()
        return group["DesiredCapacity"], len(group["Instances"])

    def causes(self) -> list[str]:
        return [each["Cause"].split("Z ", 1)[1] for each in hooking.activities(self.scene, "Terminating")]


@pytest.fixture
def fleet(cloud: Local) -> Fleet:
    return Fleet(cloud)


def test_the_server_of_a_job_runs_it_hands_its_lines_over_and_is_gone_with_the_capacity(fleet: Fleet) -> None:
    fleet.job()
    server = hooking.only(fleet.scene)
    fleet.cloud.step(RUN_SECONDS - 1)
    assert fleet.capacity() == (1, 1)
    fleet.cloud.step(1)
    assert fleet.capacity() == (0, 1)
    fleet.cloud.step(hooking.FLUSH + 2)
    assert fleet.capacity() == (0, 0)
    assert hooking.ec2_state(fleet.scene, server) == "terminated"
    said = fleet.said()[server]
    assert said == [BOOTED, "Working.", "immutable-lifecycle: run succeeded", LAST]


def test_the_next_run_has_a_server_of_its_own(fleet: Fleet) -> None:
    fleet.job()
    first = hooking.only(fleet.scene)
    fleet.cloud.step(RUN_SECONDS + 60)
    fleet.run()
    assert hooking.only(fleet.scene) != first


@pytest.mark.parametrize(
    ("image", "seconds"),
    [(CRASHES, RUN_SECONDS), (ERRS, RUN_SECONDS), (BAD, 600)],
    ids=["crash", "err", "hang"],
)
def test_a_run_of_a_bad_image_fails_and_the_server_goes_all_the_same(
    fleet: Fleet, image: str, seconds: float
) -> None:
    fleet.job(image)
    server = hooking.only(fleet.scene)
    fleet.cloud.step(seconds - 1)
    assert fleet.capacity() == (1, 1)
    fleet.cloud.step(20)
    assert fleet.capacity() == (0, 0)
    assert any("run failed" in line for line in fleet.said()[server])


def test_a_job_whose_role_may_not_end_it_stays(fleet: Fleet) -> None:
    fleet.shipping.may("server", allow(WRITE))
    fleet.job()
    fleet.cloud.step(3600)
    assert fleet.capacity() == (1, 1)


def test_a_server_without_a_word_of_jobs_or_hooks_ends_nothing(fleet: Fleet) -> None:
    fleet.job(told=f'LOG_GROUP="{GROUP}"\nIMMUTABLE_RUN_SECONDS="600"\n')
    fleet.cloud.step(3600)
    assert fleet.capacity() == (1, 1)


def test_a_rollout_leaves_a_job_that_runs_alone_and_changes_the_next_run(fleet: Fleet) -> None:
    fleet.job()
    server, version = hooking.only(fleet.scene), fleet.version({ENV: JOB}, CRASHES)
    fleet.scene.start(version, ScaleInProtectedInstances="Ignore")
    assert fleet.scene.until_over()["Status"] == "Successful"
    assert hooking.only(fleet.scene) == server
    assert fleet.scene.group_version() == str(version)
    fleet.cloud.step(RUN_SECONDS + 60)
    fleet.run()
    (instance,) = fleet.scene.group()["Instances"]
    assert instance["LaunchTemplate"]["Version"] == str(version)


def test_a_rollout_without_a_run_is_over_at_once(fleet: Fleet) -> None:
    fleet.make(JOB)
    fleet.scene.start(fleet.version({ENV: JOB}, CRASHES), ScaleInProtectedInstances="Ignore")
    assert fleet.scene.until_over(step=1)["Status"] == "Successful"


def test_a_worker_that_stops_working_reports_itself_and_is_replaced(fleet: Fleet) -> None:
    fleet.make(WORKER, CRASHES, desired=1)
    server = hooking.only(fleet.scene)
    fleet.cloud.step(BOOT + GRACE + 2 * ILL_SECONDS)
    assert hooking.ec2_state(fleet.scene, server) == "terminated"
    expected = "An instance was taken out of service in response to a user health-check."
    assert fleet.causes()[-1] == expected


def test_a_report_waits_until_the_grace_period_is_over(fleet: Fleet) -> None:
    fleet.make(WORKER, CRASHES, desired=1, HealthCheckGracePeriod=1000)
    fleet.cloud.step(BOOT + 990)
    assert fleet.causes() == []
    fleet.cloud.step(2 * ILL_SECONDS)
    assert len(fleet.causes()) == 1


def test_a_worker_is_in_service_when_its_own_check_let_it(fleet: Fleet) -> None:
    fleet.make(WORKER, desired=1)
    hooking.put(fleet.scene, hooking.LAUNCH)
    fleet.cloud.step(BOOT + hooking.VALIDATION + 1)
    assert fleet.scene.states() == ["InService"]
    assert fleet.said()[hooking.only(fleet.scene)] == [BOOTED, "Working."]


@pytest.mark.parametrize(
    ("told", "allowed"),
    [(WORKER, (WRITE,)), (WORKER + 'IMMUTABLE_PORT="80"\n', (WRITE, REPORT)), ("A=b\n", (WRITE, REPORT))],
    ids=["may not", "is asked", "no program"],
)
def test_a_server_that_may_not_or_is_asked_by_others_does_not_report_itself(
    fleet: Fleet, told: str, allowed: tuple[str, ...]
) -> None:
    fleet.shipping.may("server", allow(*allowed))
    fleet.make(told, CRASHES, desired=1)
    fleet.cloud.step(BOOT + GRACE + 4 * ILL_SECONDS)
    assert fleet.causes() == []


class Schedule:
    """A job's schedule, half an hour away, and a role that may do what `action` says."""

    def __init__(self, fleet: Fleet, action: str, asked: dict[str, Any] | None = None) -> None:
        self.fleet, iam = fleet, fleet.cloud.client("iam")
        role = iam.create_role(RoleName="start", AssumeRolePolicyDocument=_document(TRUST))["Role"]["Arn"]
        arn = fleet.scene.group()["AutoScalingGroupARN"]
        statement = {"Effect": "Allow", "Action": action, "Resource": arn}
        iam.put_role_policy(RoleName="start", PolicyName="p", PolicyDocument=_document(statement))
        at = self.now() + timedelta(minutes=30)
        given = {"AutoScalingGroupName": "web", "DesiredCapacity": 1} if asked is None else asked
        target = {"Arn": TARGET, "RoleArn": role, "Input": json.dumps(given),
                  "RetryPolicy": {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 2}}  # fmt: skip
        fleet.cloud.client("scheduler").create_schedule(
            Name="run", ScheduleExpression=f"cron({at.minute} {at.hour} * * ? *)",
            FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
        )  # fmt: skip

    def now(self) -> datetime:
        return self.fleet.cloud.world.clock.date(self.fleet.cloud.world.timeline.now)


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def runs(fleet: Fleet) -> int:
    return len(hooking.activities(fleet.scene, "Launching"))


def test_a_schedule_starts_a_run_day_after_day(fleet: Fleet) -> None:
    fleet.make(JOB)
    Schedule(fleet, "autoscaling:SetDesiredCapacity")
    fleet.cloud.step(29 * 60)
    assert runs(fleet) == 0
    fleet.cloud.step(3600)
    assert (runs(fleet), fleet.capacity()) == (1, (0, 0))
    fleet.cloud.step(24 * 3600)
    assert (runs(fleet), fleet.capacity()) == (2, (0, 0))


def test_a_run_that_goes_on_is_not_started_twice(fleet: Fleet) -> None:
    fleet.shipping.may("server", allow(WRITE))
    fleet.make(JOB)
    Schedule(fleet, "autoscaling:SetDesiredCapacity")
    fleet.cloud.step(49 * 3600)
    assert (runs(fleet), fleet.capacity()) == (1, (1, 1))


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("autoscaling:UpdateAutoScalingGroup", None),
        ("autoscaling:SetDesiredCapacity", {"AutoScalingGroupName": "other", "DesiredCapacity": 1}),
        ("autoscaling:SetDesiredCapacity", {"AutoScalingGroupName": "web", "DesiredCapacity": 2}),
        ("autoscaling:SetDesiredCapacity", {"DesiredCapacity": 1}),
    ],
)
def test_a_start_that_is_refused_is_counted(
    fleet: Fleet, action: str, asked: dict[str, Any] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.make(JOB)
    schedule = Schedule(fleet, action, asked)
    fleet.cloud.step(3600)
    assert runs(fleet) == 0
    found = fleet.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Scheduler", MetricName="TargetErrorCount", Period=3600, Statistics=["Sum"],
        Dimensions=[{"Name": "ScheduleGroup", "Value": "default"}],
        StartTime=schedule.now() - timedelta(hours=2), EndTime=schedule.now(),
    )  # fmt: skip
    assert sum(each["Sum"] for each in found["Datapoints"]) >= 1
    assert "scheduler: run: " in capsys.readouterr().err


def test_a_target_that_is_not_emulated_is_refused_when_the_schedule_is_made(fleet: Fleet) -> None:
    fleet.make(JOB)
    Schedule(fleet, "autoscaling:SetDesiredCapacity")
    client = fleet.cloud.client("scheduler")
    found = client.get_schedule(Name="run")
    target = {**found["Target"], "Arn": TARGET.replace("setDesired", "describe")}
    with pytest.raises(ClientError, match="describeCapacity"):
        client.create_schedule(
            Name="other", ScheduleExpression=found["ScheduleExpression"],
            FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
        )  # fmt: skip
