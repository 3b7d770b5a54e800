from __future__ import annotations

import itertools
import queue
import time as clock
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from components import refresh_view as view
from components.refresh_errors import RolloutError
from components.refresh_polling import Look, Polling, Voice, is_transient
from components.refresh_view import Target
from components.refresh_waiter import Clients, Rollout


def client_error(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Describe")


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    fake = Time()
    monkeypatch.setattr("components.refresh_polling.time.monotonic", fake.monotonic)
    return fake


def poll(time: Time, looks: Callable[[], Look], seconds: float = 100) -> tuple[bool, list[tuple[float, str]]]:
    said: list[tuple[float, str]] = []
    polling = Polling(time.now + seconds, lambda line: said.append((time.now - 100, line)), time.sleep)
    return polling.until(looks), said


def seen(*looks: Look | Exception) -> Callable[[], Look]:
    left: Iterator[Look | Exception] = iter(looks)

    def look() -> Look:
        one = next(left)
        if isinstance(one, Exception):
            raise one
        return one

    return look


def test_it_looks_more_seldom_while_nothing_changes_and_gives_up_at_the_limit(time: Time) -> None:
    done, _ = poll(time, lambda: (False, "same", "line"), seconds=60)
    assert not done
    assert time.slept[:8] == [0.25, 0.5, 1, 2, 4, 4.25, 12, 12]  # lines at 0, 12, 24 and 36 s
    assert sum(time.slept) == 60


def test_a_change_makes_it_look_often_again(time: Time) -> None:
    same: Look = (False, "a", "a")
    poll(time, seen(same, same, same, (False, "b", "b"), (True, "c", "c")))
    assert time.slept == [0.25, 0.5, 1, 0.25]


def test_a_line_comes_at_every_change_and_at_least_every_fifteen_seconds(time: Time) -> None:
    _, said = poll(
        time, lambda: (False, "a" if time.now < 150 else "b", f"at {time.now - 100:g}"), seconds=120
    )
    times = [at for at, _ in said]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) <= 15
    assert len(times) < 15
    _, lines = poll(time, seen((False, "a", "one"), (False, "a", "two"), (True, "b", "three")))
    assert [line for _, line in lines] == ["one", "three"]


@pytest.mark.parametrize(
    "error",
    [
        client_error("Throttling"),
        client_error("RequestLimitExceeded", 503),
        client_error("SomethingElse", 500),
        EndpointConnectionError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
    ],
)
def test_what_may_pass_is_looked_at_again(time: Time, error: Exception) -> None:
    assert is_transient(error)
    done, said = poll(time, seen((False, "a", "one"), error, error, (True, "b", "two")))
    assert (done, [line for _, line in said]) == (True, ["one", "two"])


def test_an_error_that_lasts_is_said_and_raised_at_the_limit(time: Time) -> None:
    error = client_error("Throttling")
    said: list[str] = []
    polling = Polling(time.now + 40, said.append, time.sleep)

    def look() -> Look:
        raise error

    with pytest.raises(ClientError, match="Throttling"):
        polling.until(look)
    assert set(said) == {"still waiting (ClientError)"}


@pytest.mark.parametrize("error", [client_error("AccessDenied", 403), NoCredentialsError()])
def test_what_will_not_pass_is_raised_at_once(time: Time, error: Exception) -> None:
    with pytest.raises(type(error)):
        poll(time, seen((False, "a", "one"), error))
    assert time.slept == [0.25]


# Against answers of AWS that the emulated cloud does not give


@pytest.fixture
def stubs() -> Iterator[tuple[Rollout, Stubber, Stubber, Stubber, list[str]]]:
    names = ("autoscaling", "elbv2", "ec2", "cloudwatch")
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    clients: list[Any] = [boto3.client(name, region_name="eu-central-1", **keys) for name in names]  # type: ignore[call-overload]
    stubbers = [Stubber(client) for client in clients]
    lines: list[str] = []
    target = Target("web", "lt-1", "2", "ami-00000000000000002")
    rollout = Rollout(Clients(*clients), target, {}, 20, lines.append, lambda _: None)
    for stubber in stubbers:
        stubber.activate()
    yield rollout, stubbers[0], stubbers[1], stubbers[2], lines
    for stubber in stubbers:
        stubber.assert_no_pending_responses()


def group(version: str) -> dict[str, Any]:
    template = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "Version": version}
    server = {
        "InstanceId": "i-1", "InstanceType": "m7g.large", "AvailabilityZone": "a", "HealthStatus": "Healthy",
        "LifecycleState": "InService", "LaunchTemplate": template, "ProtectedFromScaleIn": False,
    }  # fmt: skip
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": template, "Overrides": []}}
    described = {
        "AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 1, "DesiredCapacity": 1, "DefaultCooldown": 1,
        "AvailabilityZones": ["a"], "HealthCheckType": "ELB", "CreatedTime": 0, "Instances": [server],
        "MixedInstancesPolicy": policy,
    }  # fmt: skip
    return {"AutoScalingGroups": [described]}


def refresh(status: str, **more: Any) -> dict[str, Any]:
    wanted = {"LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1", "Version": "2"}}}
    one = {"InstanceRefreshId": "r-1", "AutoScalingGroupName": "web", "Status": status}
    return {"InstanceRefreshes": [one | {"DesiredConfiguration": {"MixedInstancesPolicy": wanted}} | more]}


def test_a_start_whose_answer_was_lost_is_adopted(stubs: Any) -> None:
    rollout, autoscaling, _, _, lines = stubs
    autoscaling.add_response("describe_instance_refreshes", {"InstanceRefreshes": []})
    autoscaling.add_response("describe_auto_scaling_groups", group("1"))
    rollout._content_is_equal = lambda _: False
    autoscaling.add_response("describe_auto_scaling_groups", group("1"))
    autoscaling.add_client_error("start_instance_refresh", "InstanceRefreshInProgress")
    autoscaling.add_response("describe_instance_refreshes", refresh("Pending"))
    autoscaling.add_client_error("describe_instance_refreshes", "Throttling")
    autoscaling.add_response("describe_instance_refreshes", {"InstanceRefreshes": []})
    autoscaling.add_response("describe_instance_refreshes", refresh("Successful", PercentageComplete=100))
    autoscaling.add_response("describe_auto_scaling_groups", group("2"))
    assert rollout.run().refresh_id == "r-1"
    assert lines[0] == "web: going on with refresh r-1, which is already Pending"


def test_a_refresh_that_aws_does_not_list_does_not_keep_up_for_ever(stubs: Any) -> None:
    rollout, autoscaling, _, _, _ = stubs
    rollout._deadline = 0
    rollout._is_reached = lambda: False
    autoscaling.add_response("describe_instance_refreshes", {"InstanceRefreshes": []})
    autoscaling.add_response("describe_auto_scaling_groups", group("1"))
    autoscaling.add_client_error("start_instance_refresh", "InstanceRefreshInProgress")
    with pytest.raises(RolloutError, match="web has a refresh that AWS does not list yet"):
        rollout.run()


def test_a_template_is_named_by_its_id_alone_as_aws_refuses_both(stubs: Any) -> None:
    rollout, autoscaling, _, _, _ = stubs
    autoscaling.add_response("describe_auto_scaling_groups", group("1"))
    specification = {"LaunchTemplateId": "lt-1", "Version": "2"}
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": specification, "Overrides": []}}
    autoscaling.add_response(
        "start_instance_refresh",
        {"InstanceRefreshId": "r-2"},
        {
            "AutoScalingGroupName": "web",
            "Strategy": "Rolling",
            "DesiredConfiguration": {"MixedInstancesPolicy": policy},
            "Preferences": {},
        },
    )
    assert rollout._start() == "r-2"


def test_a_refused_start_is_not_tried_again(stubs: Any) -> None:
    rollout, autoscaling, _, _, _ = stubs
    autoscaling.add_response("describe_auto_scaling_groups", group("1"))
    autoscaling.add_client_error("start_instance_refresh", "ValidationError", "no")
    with pytest.raises(ClientError, match="no"):
        rollout._start()


# Silence


def test_a_bake_of_five_minutes_says_a_line_every_fifteen_seconds(time: Time) -> None:
    baking = refresh("Baking", PercentageComplete=100, StatusReason="Baking.")["InstanceRefreshes"][0]

    def look() -> Look:
        time.now += 1.5  # the answer takes a while
        return time.now > 400, view.step(baking), view.progress(baking)

    done, said = poll(time, look, seconds=600)
    times = [at for at, _ in said]
    assert done
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) <= 15
    assert {line for _, line in said} == {"Baking, 100%: Baking."}
    assert 20 <= len(said) <= 30


def test_a_call_that_hangs_is_said_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.refresh_polling.SILENCE_SECONDS", 0.02)
    said: queue.Queue[str] = queue.Queue()
    voice = Voice(said.put)
    with voice.never_silent():
        for _ in range(3):
            assert said.get(timeout=5) == "still waiting for an answer of AWS"
    while not said.empty():
        said.get()
    with pytest.raises(queue.Empty):
        said.get(timeout=0.1)


def test_while_lines_come_none_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.refresh_polling.SILENCE_SECONDS", 0.5)
    said: list[str] = []
    voice = Voice(said.append)
    with voice.never_silent():
        for number in range(8):
            clock.sleep(0.1)
            voice.say(str(number))
    assert said == [str(number) for number in range(8)]


def test_a_rollout_is_never_silent_from_its_first_call_to_its_last(
    stubs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout, _, _, _, lines = stubs
    monkeypatch.setattr("components.refresh_polling.SILENCE_SECONDS", 0.02)

    def hangs() -> Any:
        while not lines:
            clock.sleep(0.01)
        raise RolloutError("enough")

    rollout._read.refreshes = rollout._read.group = hangs
    for part in (rollout.run, rollout.first):
        lines.clear()
        with pytest.raises(RolloutError, match="enough"):
            part()
        assert lines[0] == "web: still waiting for an answer of AWS"
