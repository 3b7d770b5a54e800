from __future__ import annotations

import base64
import pickle
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dill
import pulumi.dynamic
import pytest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.output import UNKNOWN
from pydantic import ValidationError

from components.instance_refresh import InstanceRefresh, InstanceRefreshArgs, RefreshPreferences
from components.refresh_errors import RolloutError, show_rollout_errors_as_one_line
from components.refresh_provider import RefreshProvider, aws_preferences
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

IMAGE, OTHER = "ami-00000000000000001", "ami-00000000000000002"
GIVEN: dict[str, Any] = {
    "region": "eu-central-1",
    "group_name": "web-group",
    "launch_template_id": "lt-1",
    "launch_template_version": "7",
    "image_id": IMAGE,
    "target_group_arns": ("arn:tg/web",),
    "instance_types": ("m7g.large",),
}
#: As it stands in a state: numbers are floats there, and outputs are beside the inputs.
STATE: dict[str, Any] = {
    **GIVEN,
    "target_group_arns": ["arn:tg/web"],
    "instance_types": ["m7g.large"],
    "preferences": {"min_healthy_percentage": 100.0},
    "timeout_seconds": 7200.0,
    "refresh_id": "r-1",
    "status": "Successful",
    "reason": "",
    "previous_image_id": None,
}


# The component


def test_it_is_one_rollout_below_a_component_with_production_preferences(build: Build) -> None:
    def program() -> Mapping[str, Any]:
        made = InstanceRefresh("web", InstanceRefreshArgs(**GIVEN))
        return {
            "refresh_id": made.refresh_id,
            "status": made.status,
            "reason": made.reason,
            "image_id": made.image_id,
            "previous_image_id": made.previous_image_id,
            "launch_template_version": made.launch_template_version,
        }

    built = build(program)
    assert built.types() == {
        "the InstanceRefresh web": "immutable:instancerefresh:InstanceRefresh",
        "Rollout web": "pulumi-python:dynamic/instancerefresh:Rollout",
    }
    assert built.parents()["Rollout web"] == "the InstanceRefresh web"
    inputs = built.inputs("Rollout")["Rollout web"]
    inputs.pop("__provider")
    assert inputs == {
        **GIVEN,
        "target_group_arns": ["arn:tg/web"],
        "instance_types": ["m7g.large"],
        "callers_alarms": [],
        "timeout_seconds": 7200,
        "preferences": {
            "strategy": "Rolling",
            "min_healthy_percentage": 100,
            "max_healthy_percentage": 110,
            "skip_matching": True,
            "auto_rollback": True,
            "scale_in_protected_instances": "Refresh",
            "standby_instances": "Terminate",
        },
    }
    assert built.outputs == {
        "refresh_id": "refresh-web",
        "status": "Successful",
        "reason": "",
        "image_id": IMAGE,
        "previous_image_id": None,
        "launch_template_version": "7",
    }


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"launch_template_version": "$Latest"}, "launch_template_version"),
        ({"launch_template_version": "0"}, "launch_template_version"),
        ({"image_id": "resolve:ssm:/image"}, "image_id"),
        ({"image_id": "web"}, "image_id"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        (
            {"timeout_seconds": 3600, "preferences": {"checkpoint_percentages": (10, 100)}},
            "timeout_seconds 3600 is over before the 3600 s of checkpoints",
        ),
        (
            {"timeout_seconds": 300, "preferences": {"bake_time_seconds": 300}},
            "timeout_seconds 300 is over before the 300 s",
        ),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_arguments_that_could_not_be_rolled_back_are_refused(changed: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        InstanceRefreshArgs(**GIVEN | changed)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"min_healthy_percentage": 0, "max_healthy_percentage": 150}, "may differ by 100 at most"),
        ({"max_healthy_percentage": 100}, "min_healthy_percentage 100 and max_healthy_percentage 100 leave"),
        ({"strategy": "ReplaceRootVolume"}, "100 leaves no server to ReplaceRootVolume"),
        ({"strategy": "BlueGreen"}, "strategy"),
        ({"checkpoint_percentages": (50, 50)}, "must ascend"),
        ({"checkpoint_percentages": (60, 50)}, "must ascend"),
        ({"checkpoint_percentages": (10, 50)}, r"\[10, 50\] leave servers of the image before"),
        ({"checkpoint_percentages": (0, 100)}, "checkpoint_percentages"),
        ({"checkpoint_delay_seconds": 60}, "checkpoint_delay_seconds 60 needs checkpoint_percentages"),
        ({"max_healthy_percentage": 99}, "max_healthy_percentage"),
        ({"bake_time_seconds": 172_801}, "bake_time_seconds"),
        ({"alarms": tuple("abcdefghijk")}, "alarms"),
    ],
)
def test_preferences_that_leave_no_batch_or_that_aws_refuses_are_refused(
    given: dict[str, Any], error: str
) -> None:
    with pytest.raises(ValidationError, match=error):
        RefreshPreferences(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"min_healthy_percentage": 99, "max_healthy_percentage": 100},
        {"strategy": "ReplaceRootVolume", "min_healthy_percentage": 90, "max_healthy_percentage": 100},
        {"checkpoint_percentages": (100,), "checkpoint_delay_seconds": 0},
        {"alarms": tuple("abcdefghij")},
    ],
)
def test_preferences_at_the_edge_are_accepted(given: dict[str, Any]) -> None:
    assert RefreshPreferences(**given)


def test_pauses_are_those_before_the_last_checkpoint_and_the_bake_time() -> None:
    points = (10, 50, 100)
    assert RefreshPreferences(checkpoint_percentages=points).pause_seconds == 2 * 3600
    given = RefreshPreferences(
        checkpoint_percentages=points, checkpoint_delay_seconds=0, bake_time_seconds=300
    )
    assert given.pause_seconds == 300


# The provider: what is pickled, checked and compared


def test_the_provider_is_pickled_as_its_name_alone() -> None:
    pickled = base64.b64decode(serialize_provider(RefreshProvider()))
    names = [argument for opcode, argument, _ in __import__("pickletools").genops(pickled) if argument]
    assert "components.refresh_provider" in names
    assert len(pickled) < 200
    assert isinstance(dill.loads(pickled), RefreshProvider)  # noqa: S301
    assert pickle.loads(pickled).__dict__ == {}  # noqa: S301


def test_the_provider_is_no_secret() -> None:
    assert RefreshProvider.serialize_as_secret_always is False


@pytest.mark.parametrize(
    ("changed", "property_name", "words"),
    [
        ({"launch_template_version": "$Latest"}, "launch_template_version", "'$Latest' is not a version"),
        ({"launch_template_version": "$Default"}, "launch_template_version", "'$Default' is not a version"),
        ({"launch_template_version": "v7"}, "launch_template_version", "'v7' is not a version number"),
        ({"image_id": "resolve:ssm:/x"}, "image_id", "'resolve:ssm:/x' is not an AMI ID"),
    ],
)
def test_a_value_that_is_known_late_is_checked_too(
    changed: dict[str, Any], property_name: str, words: str
) -> None:
    result = RefreshProvider().check({}, STATE | changed)
    assert [failure.property for failure in result.failures] == [property_name]
    assert words in result.failures[0].reason


def test_unknown_values_pass_the_check() -> None:
    news = STATE | {"launch_template_version": UNKNOWN, "image_id": UNKNOWN}
    assert RefreshProvider().check({}, news).failures == []


def diff(**changed: Any) -> tuple[bool, list[str]]:
    result = RefreshProvider().diff(
        "id", STATE, {**STATE, "preferences": {"min_healthy_percentage": 100}, **changed}
    )
    return bool(result.changes), list(result.replaces or [])


def test_nothing_new_is_no_change() -> None:
    assert diff(timeout_seconds=7200) == (False, [])


@pytest.mark.parametrize(
    "changed",
    [
        {"launch_template_version": UNKNOWN},
        {"image_id": UNKNOWN},
        {"launch_template_version": "8"},
        {"image_id": OTHER},
        {"timeout_seconds": 60},
        {"preferences": {"min_healthy_percentage": 90}},
        {"instance_types": ["m6g.large"]},
        {"target_group_arns": []},
        {"callers_alarms": ["errors"]},
    ],
)
def test_a_new_value_is_an_update_and_so_is_one_that_is_not_known_yet(changed: dict[str, Any]) -> None:
    assert diff(**changed) == (True, [])


@pytest.mark.parametrize("name", ["group_name", "launch_template_id", "region"])
def test_another_group_or_template_is_another_rollout(name: str) -> None:
    assert diff(**{name: "other"}) == (True, [name])
    assert diff(**{name: UNKNOWN}) == (True, [name])


def test_new_preferences_alone_start_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a client was made")

    monkeypatch.setattr("components.refresh_provider._client", forbidden)
    olds = STATE | {"previous_image_id": OTHER}
    outs = RefreshProvider().update("id", olds, STATE | {"timeout_seconds": 60}).outs
    assert outs == olds | {"timeout_seconds": 60}


def test_preferences_become_aws_s_own_with_whole_numbers() -> None:
    given = {
        "strategy": "Rolling",
        "min_healthy_percentage": 90.0,
        "max_healthy_percentage": 120.0,
        "instance_warmup_seconds": 0.0,
        "skip_matching": False,
        "auto_rollback": True,
        "scale_in_protected_instances": "Ignore",
        "standby_instances": "Wait",
        "checkpoint_percentages": [20.0, 100.0],
        "checkpoint_delay_seconds": 60.0,
        "bake_time_seconds": 300.0,
        "alarms": ["errors"],
    }
    assert aws_preferences(given) == {
        "MinHealthyPercentage": 90,
        "MaxHealthyPercentage": 120,
        "InstanceWarmup": 0,
        "SkipMatching": False,
        "AutoRollback": True,
        "ScaleInProtectedInstances": "Ignore",
        "StandbyInstances": "Wait",
        "CheckpointPercentages": [20, 100],
        "CheckpointDelay": 60,
        "BakeTime": 300,
        "AlarmSpecification": {"Alarms": ["errors"]},
    }
    assert set(given) == set(RefreshPreferences.model_fields)
    assert all(isinstance(v, int) for v in aws_preferences(given)["CheckpointPercentages"])


# How an error is shown


@pytest.fixture
def one_line(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(traceback, "format_exc", traceback.format_exc)
    RefreshProvider().configure(pulumi.dynamic.ConfigureRequest(None))  # type: ignore[arg-type]
    yield


@pytest.mark.usefixtures("one_line")
def test_a_failed_rollout_is_shown_as_its_text_alone() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise RolloutError("one line") from inner
    except RolloutError:
        assert traceback.format_exc() == "one line"


@pytest.mark.usefixtures("one_line")
def test_any_other_error_keeps_its_traceback() -> None:
    try:
        raise ValueError("a bug")
    except ValueError:
        shown = traceback.format_exc()
    assert shown.startswith("Traceback (most recent call last)")
    assert shown.endswith("ValueError: a bug\n")


@pytest.mark.usefixtures("one_line")
def test_configuring_twice_wraps_once() -> None:
    wrapped = traceback.format_exc
    show_rollout_errors_as_one_line()
    assert traceback.format_exc is wrapped
