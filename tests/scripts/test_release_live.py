"""`status --live`, and how AWS's refusals read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions

from scripts.releases import aws, groups, live_show, members
from scripts.releases.aws import AwsError, NoAccessError
from scripts.releases.members import Server
from tests.rehearsal.cloud.scene import BETTER, GOOD
from tests.scripts.live_environment import LiveEnvironment, live_environment


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        yield made


def test_every_server_is_shown_with_image_version_health_and_age(live: LiveEnvironment) -> None:
    live.settled()
    done = live.run("status", "staging", "--live")
    assert (done.code, done.error) == (0, "")
    head, *rows = done.out.splitlines()
    assert head.split() == ["service", "server", "image", "version", "state", "type", "zone", "age"]
    for row in rows[:2]:
        name, server, image, version, state, kind, zone, *age = row.split()
        assert (name, image, version, state, kind) == ("web", GOOD, "1", "healthy", "m7g.large")
        assert server.startswith("i-")
        assert zone.startswith("eu-central-1")
        assert age[-1] in ("s", "min")
    assert rows[2:] == [
        f"web: 2 of 2 servers healthy; runs 2 on {GOOD} (version 1, 2 healthy)",
        f"web: 2 of 2 are not on the configured {BETTER}",
    ]


def test_a_running_refresh_is_a_bar(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.start(2)
    live.scene.until(lambda: live.scene.refresh()["PercentageComplete"] == 50)
    out = live.run("status", "staging", "--live").out
    assert "web: [##########..........] InProgress, 50%, 1 left (to version 2): Waiting for instances" in out
    assert "Pending" in out or "initial" in out


def test_many_servers_share_rows(live: LiveEnvironment) -> None:
    live.settled(desired=live_show.LISTED + 1)
    _, row, *_ = live.run("status", "staging", "--live").out.splitlines()
    assert row.split()[:4] == ["web", "21", "servers", GOOD]


def test_every_server_is_there_for_programs(live: LiveEnvironment) -> None:
    live.settled(desired=live_show.LISTED + 1)
    document = live.json("status", "staging", "--live")
    (group,) = document["groups"]
    assert (document["ok"], group["service"], group["group"], group["desired"]) == (True, "web", "web", 21)
    assert (group["configured"], group["refresh"]) == (BETTER, None)
    assert len(group["servers"]) == 21
    assert {each["image"] for each in group["servers"]} == {GOOD}
    assert all(each["serves"] for each in group["servers"])


def test_a_target_that_fails_its_checks_is_no_healthy_server(live: LiveEnvironment) -> None:
    live.settled(version=3)
    out = live.run("status", "staging", "--live").out
    assert "unhealthy" in out
    assert "web: 0 of 2 servers healthy" in out


def test_a_server_is_as_healthy_as_its_worst_target_group_says(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"a": "healthy", "b": "unhealthy", "c": "healthy"}

    class Targets:
        def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
            one = {"Target": {"Id": "i-1"}, "TargetHealth": {"State": states[TargetGroupArn]}}
            return {"TargetHealthDescriptions": [one]}

    monkeypatch.setattr(aws, "_new_client", lambda *_: Targets())
    instances = [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}]
    group = groups.Group("web-1", "web", {"TargetGroupARNs": list(states), "Instances": instances})
    found = members.target_health(aws.Account("eu-central-1"), group)
    assert found == {"i-1": "unhealthy", "i-2": "unused"}, "one that no target group knows gets no request"


def test_live_needs_an_environment(live: LiveEnvironment) -> None:
    refusal = live.project.refused("status", "--live", variables=live.variables)
    assert refusal == "--live needs one environment: status ENV --live"


def test_status_without_live_asks_aws_nothing(live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    live.project.runs("staging", GOOD)
    live.project.runs("prod", GOOD)
    monkeypatch.setattr(aws, "_new_client", lambda *_: pytest.fail("asked"))
    assert live.run("status", "staging").code == 0


def test_an_environment_in_another_region_has_no_groups_here(live: LiveEnvironment) -> None:
    live.settled()
    path = live.project.file("staging")
    path.write_text(path.read_text().replace("eu-central-1", "eu-west-1"))
    assert live.refused("status", "staging", "--live").startswith("staging has no groups in eu-west-1: ")


def test_a_config_without_a_region_is_refused(live: LiveEnvironment) -> None:
    path = live.project.file("staging")
    path.write_text(path.read_text().replace("  aws:region: eu-central-1\n", ""))
    refusal = live.project.refused("status", "staging", "--live", variables=live.variables)
    assert refusal.startswith("Pulumi.staging.yaml has no aws:region; ")


def test_an_aws_that_does_not_answer_is_one_line(live: LiveEnvironment) -> None:
    variables = {**live.variables, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = live.project.run("status", "staging", "--live", variables=variables)
    assert done.code == 1
    assert done.error.startswith("release: AWS cannot be asked: Could not connect to the endpoint URL")
    assert done.error.count("\n") == 1


def test_an_endpoint_that_is_no_url_is_one_line(live: LiveEnvironment) -> None:
    done = live.project.run(
        "status", "staging", "--live", variables={**live.variables, "AWS_ENDPOINT_URL": "nowhere"}
    )
    assert (done.code, done.error) == (1, "release: AWS cannot be asked: Invalid endpoint: nowhere\n")


@pytest.mark.parametrize(
    ("age", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (9e5, "10 d")],
)
def test_an_age_is_one_number(age: float, text: str) -> None:
    assert live_show.age(age) == text


def refusal(code: str, message: str = "Not allowed.") -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "DescribeInstances")


def test_a_refusal_of_aws_names_the_call_the_code_and_the_message() -> None:
    with pytest.raises(AwsError) as raised, aws.errors():
        raise refusal("UnauthorizedOperation", "You are not\nauthorized.")
    assert (
        str(raised.value) == "AWS refused DescribeInstances: UnauthorizedOperation: You are not authorized."
    )
    assert (raised.value.exit_code, raised.value.passes) == (1, False)


@pytest.mark.parametrize("code", ["Throttling", "RequestLimitExceeded", "ServiceUnavailable"])
def test_load_passes(code: str) -> None:
    with pytest.raises(AwsError) as raised, aws.errors():
        raise refusal(code)
    assert raised.value.passes


def test_no_answer_passes() -> None:
    with pytest.raises(AwsError) as raised, aws.errors():
        raise exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    assert raised.value.passes


@pytest.mark.parametrize(
    "error", [exceptions.NoCredentialsError(), exceptions.ProfileNotFound(profile="x")], ids=repr
)
def test_no_credentials_are_bad_input(error: Exception) -> None:
    with pytest.raises(NoAccessError) as raised, aws.errors():
        raise error
    assert raised.value.exit_code == 2
    assert str(raised.value).startswith("AWS cannot be asked: ")


def test_a_throttled_call_is_sent_again(live: LiveEnvironment) -> None:
    account = aws.Account("eu-central-1")
    account.client("autoscaling")
    retries = account.autoscaling.meta.config.retries  # type: ignore[attr-defined]
    assert (retries["mode"], retries["total_max_attempts"]) == ("adaptive", aws.ATTEMPTS)


@pytest.mark.parametrize(
    ("lifecycle", "health", "target", "state", "serves"),
    [
        ("InService", "HEALTHY", "healthy", "healthy", True),
        ("InService", "Healthy", None, "healthy", True),
        ("InService", "Healthy", "initial", "initial", False),
        ("InService", "Unhealthy", "healthy", "unhealthy", False),
        ("Pending:Wait", "Healthy", None, "validating (Pending:Wait)", False),
        ("Terminating", "Healthy", "draining", "Terminating", False),
        ("Terminating:Wait", "Healthy", "unused", "flushing (Terminating:Wait)", False),
    ],
)
def test_a_server_serves_when_all_who_judge_it_say_so(
    lifecycle: str, health: str, target: str | None, state: str, serves: bool
) -> None:
    launched = datetime.now(UTC) - timedelta(hours=1)
    server = Server("i-1", GOOD, "1", "m7g.large", "a", lifecycle, health, target, launched)
    assert (server.state, server.serves) == (state, serves)
