"""Sessions of Session Manager in the emulated cloud."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import BOOT, Scene


@pytest.fixture
def ssm(scene: Scene) -> Any:
    scene.settled()
    return scene.cloud.client("ssm")


def servers(scene: Scene) -> list[str]:
    return [each["InstanceId"] for each in scene.group()["Instances"]]


def listed(ssm: Any, state: str, **filters: str) -> list[str]:
    given = {"Filters": [{"key": key, "value": value} for key, value in filters.items()]} if filters else {}
    return [each["SessionId"] for each in ssm.describe_sessions(State=state, **given)["Sessions"]]


def test_a_session_is_active_until_it_ends_and_then_history(ssm: Any, scene: Scene) -> None:
    target = servers(scene)[0]
    session = ssm.start_session(Target=target, Reason="to look")["SessionId"]
    assert (listed(ssm, "Active"), listed(ssm, "History")) == ([session], [])
    scene.cloud.step(60)
    ssm.terminate_session(SessionId=session)
    assert (listed(ssm, "Active"), listed(ssm, "History")) == ([], [session])
    (found,) = ssm.describe_sessions(State="History")["Sessions"]
    assert (found["Target"], found["Status"], found["Reason"]) == (target, "Terminated", "to look")
    assert found["EndDate"] - found["StartDate"] == timedelta(seconds=60)


def test_sessions_are_found_by_target_and_by_time(ssm: Any, scene: Scene) -> None:
    first, second = servers(scene)
    one = ssm.start_session(Target=first)["SessionId"]
    other = ssm.start_session(Target=second)["SessionId"]
    assert one != other
    assert listed(ssm, "Active", Target=first) == [one]
    now = datetime.now(UTC)
    text = "%Y-%m-%dT%H:%M:%SZ"
    assert listed(ssm, "Active", InvokedAfter=(now + timedelta(days=1)).strftime(text)) == []
    assert len(listed(ssm, "Active", InvokedAfter=(now - timedelta(days=1)).strftime(text))) == 2
    assert listed(ssm, "Active", InvokedBefore=(now - timedelta(days=1)).strftime(text)) == []


def test_sessions_come_in_pages(ssm: Any, scene: Scene) -> None:
    for _ in range(3):
        ssm.start_session(Target=servers(scene)[0])
    pages = ssm.get_paginator("describe_sessions").paginate(State="Active", PaginationConfig={"PageSize": 2})
    assert [len(page["Sessions"]) for page in pages] == [2, 1]


def test_a_server_that_does_not_run_takes_no_session(ssm: Any, scene: Scene) -> None:
    gone = servers(scene)[0]
    scene.ec2.terminate_instances(InstanceIds=[gone])
    scene.cloud.step(BOOT)
    with pytest.raises(ClientError, match="TargetNotConnected"):
        ssm.start_session(Target=gone)


def test_an_unknown_session_and_an_unknown_filter_are_refused(ssm: Any) -> None:
    with pytest.raises(ClientError, match="DoesNotExistException"):
        ssm.terminate_session(SessionId="nobody-0123")
    with pytest.raises(ClientError, match="InvalidFilterKey"):
        listed(ssm, "Active", AccessType="Standard")
