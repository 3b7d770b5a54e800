from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.lifecycle_hooks import (
    Lifecycle,
    LifecycleHooks,
    LifecycleHooksArgs,
    initial_hooks,
    refuse_tag_keys,
    variables,
)
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]
NONE = Lifecycle(launch_timeout_seconds=0, termination_timeout_seconds=0)


def hooks(build: Build, **lifecycle: int) -> Built:
    def program() -> Mapping[str, Any]:
        args = LifecycleHooksArgs(group_name="web-group", lifecycle=Lifecycle(**lifecycle))
        return {"names": LifecycleHooks("web", args).names}

    return build(program)


def test_a_server_that_does_not_validate_itself_is_given_up_and_one_that_goes_is_not_kept(
    build: Build,
) -> None:
    built = hooks(build, launch_timeout_seconds=60, termination_timeout_seconds=90)
    assert built.inputs() == {
        "LifecycleHook web-launch": {
            "name": "launch",
            "autoscalingGroupName": "web-group",
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "heartbeatTimeout": 60,
            "defaultResult": "ABANDON",
        },
        "LifecycleHook web-termination": {
            "name": "termination",
            "autoscalingGroupName": "web-group",
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "heartbeatTimeout": 90,
            "defaultResult": "CONTINUE",
        },
    }
    assert built.parents() == {
        "the LifecycleHooks web": "Stack",
        "LifecycleHook web-launch": "the LifecycleHooks web",
        "LifecycleHook web-termination": "the LifecycleHooks web",
    }
    assert built.types()["the LifecycleHooks web"] == "immutable:lifecyclehooks:LifecycleHooks"
    assert built.outputs == {"names": ("launch", "termination")}


def test_by_default_a_server_has_ten_minutes_to_come_and_five_to_go(build: Build) -> None:
    waits = {key: each["heartbeatTimeout"] for key, each in hooks(build).inputs().items()}
    assert waits == {"LifecycleHook web-launch": 600, "LifecycleHook web-termination": 300}


@pytest.mark.parametrize(("off", "left"), [("launch", "termination"), ("termination", "launch")])
def test_no_seconds_are_no_hook(build: Build, off: str, left: str) -> None:
    assert hooks(build, **{f"{off}_timeout_seconds": 0}).outputs == {"names": (left,)}


def test_the_first_hooks_of_a_group_are_the_same_ones() -> None:
    first = initial_hooks(Lifecycle(launch_timeout_seconds=60, termination_timeout_seconds=90))
    said = [(h.name, h.lifecycle_transition, h.heartbeat_timeout, h.default_result) for h in first]
    assert said == [
        ("launch", "autoscaling:EC2_INSTANCE_LAUNCHING", 60, "ABANDON"),
        ("termination", "autoscaling:EC2_INSTANCE_TERMINATING", 90, "CONTINUE"),
    ]
    assert initial_hooks(NONE) == []


def test_the_servers_half_is_told_what_to_ask_and_how_long_to_wait() -> None:
    assert variables(8080, "/up", Lifecycle(launch_timeout_seconds=0)) == {
        "IMMUTABLE_PORT": "8080",
        "IMMUTABLE_HEALTH_PATH": "/up",
        "IMMUTABLE_LAUNCH_SECONDS": "0",
        "IMMUTABLE_TERMINATION_SECONDS": "300",
    }
    assert variables(8080, "/up", NONE) == {}


@pytest.mark.parametrize("seconds", [-1, 1, 29, 7201])
@pytest.mark.parametrize("which", ["launch_timeout_seconds", "termination_timeout_seconds"])
def test_a_time_that_aws_refuses_is_refused(which: str, seconds: int) -> None:
    with pytest.raises(ValidationError, match=f"{seconds} seconds: a hook waits 30 to 7200"):
        Lifecycle(**{which: seconds})


@pytest.mark.parametrize("seconds", [0, 30, 7200])
def test_the_ends_of_the_range_are_taken(seconds: int) -> None:
    assert Lifecycle(launch_timeout_seconds=seconds).launch_timeout_seconds == seconds


@pytest.mark.parametrize("key", ["cost center", "team/web", "Straße", "", ".", "..", "_index"])
def test_a_tag_that_a_server_could_not_start_with_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="keeps servers from reading their metadata"):
        refuse_tag_keys(["owner", key])


def test_tags_that_the_metadata_shows_pass() -> None:
    refuse_tag_keys(["aws:autoscaling:groupName", "a+b-c=d.e,f_g:h@i", "Name"])
