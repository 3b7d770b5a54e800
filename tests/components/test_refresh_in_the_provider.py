"""The rollout against the emulated cloud, as the provider's create, update and delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components import refresh_polling, refresh_provider
from components.refresh_errors import RolloutError
from components.refresh_provider import RefreshProvider
from rehearsal.cloud.local import CREDENTIALS, Local, running
from tests.components.rollouts import IMAGES, started
from tests.rehearsal.cloud import scene as scenes
from tests.rehearsal.cloud.scene import BETTER, GOOD, TYPES, Scene


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A cloud whose clock runs, and an environment that leads boto3 to it, as in a rehearsal."""
    with running() as cloud:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": cloud.url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(refresh_polling, "FIRST_SECONDS", 0.01)
        configured()
        scene = scenes.build(cloud)
        scene.settled(desired=1)
        cloud.world.clock.speed = 3000
        yield scene


def configured() -> RefreshProvider:
    """As at the start of each program: what was remembered of another cloud is forgotten."""
    provider = RefreshProvider()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("components.refresh_provider.show_rollout_errors_as_one_line", lambda: None)
        provider.configure(None)  # type: ignore[arg-type]
    return provider


def props(scene: Scene, version: str) -> dict[str, Any]:
    return {
        "region": "eu-central-1",
        "group_name": "web",
        "launch_template_id": scene.template_id,
        "launch_template_version": version,
        "image_id": IMAGES[version],
        "target_group_arns": [scene.target_group_arn],
        "instance_types": list(TYPES),
        "preferences": {"min_healthy_percentage": 100.0, "auto_rollback": True, "skip_matching": True},
        "timeout_seconds": 60.0,
    }


def test_create_update_and_update_back_remember_the_image_before(fast: Scene) -> None:
    provider = RefreshProvider()
    created = provider.create(props(fast, "1"))
    first = created.outs or {}
    assert created.id == "web/instance-refresh"
    assert (first["image_id"], first["previous_image_id"], first["status"]) == (GOOD, "", "Successful")
    second = provider.update(created.id, first, props(fast, "2")).outs or {}
    assert (second["image_id"], second["previous_image_id"]) == (BETTER, GOOD)
    assert second["refresh_id"] == fast.refresh()["InstanceRefreshId"]
    third = provider.update(created.id, second, props(fast, "4")).outs or {}
    assert (third["image_id"], third["previous_image_id"]) == (GOOD, BETTER)
    assert fast.versions() == ["4"]


def test_a_start_is_never_sent_twice_without_a_look(fast: Scene) -> None:
    """By the time that a client would try again by itself, this refresh is over."""
    fast.cloud.fault("StartInstanceRefresh", drop="after", times=1)
    outs = RefreshProvider().update("id", props(fast, "1"), props(fast, "2")).outs or {}
    assert (outs["refresh_id"], started(fast)) == (fast.refresh()["InstanceRefreshId"], 1)


@pytest.mark.parametrize("given", [{}, {"strategy": "Rolling"}, {"strategy": "ReplaceRootVolume"}])
def test_the_strategy_of_the_preferences_is_that_of_the_rollout(fast: Scene, given: dict[str, Any]) -> None:
    rollout = refresh_provider._rollout(props(fast, "1") | {"preferences": given})
    assert rollout._target.strategy == given.get("strategy", "Rolling")


def test_a_new_version_of_the_same_image_keeps_the_image_before(fast: Scene) -> None:
    olds = props(fast, "1") | {"previous_image_id": BETTER}
    outs = RefreshProvider().update("id", olds, props(fast, "4")).outs or {}
    assert (outs["launch_template_version"], outs["previous_image_id"]) == ("4", BETTER)


def test_a_failed_update_raises_and_the_next_one_tries_again(fast: Scene) -> None:
    provider = RefreshProvider()
    olds = provider.create(props(fast, "1")).outs or {}
    for attempt in (1, 2):
        with pytest.raises(RolloutError, match="ended RollbackSuccessful"):
            provider.update("id", olds, props(fast, "3"))
        assert started(fast) == attempt


def test_progress_goes_to_standard_output(fast: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    RefreshProvider().create(props(fast, "1"))
    assert capsys.readouterr().out.splitlines()[-1] == f"web: every server already runs {GOOD}"


def test_an_error_of_aws_is_one_line_that_names_the_group(fast: Scene) -> None:
    given = props(fast, "1") | {"launch_template_version": "9", "image_id": GOOD}
    with pytest.raises(
        RolloutError, match=r"^instance refresh of web: An error occurred \(InvalidLaunchTemplateId"
    ):
        RefreshProvider().create(given)


def test_delete_cancels_what_runs(fast: Scene) -> None:
    fast.cloud.world.clock.speed = 0
    fast.start(2)
    RefreshProvider().delete("id", props(fast, "2"))
    assert fast.refresh()["Status"] == "Cancelled"


def test_delete_without_a_refresh_or_even_a_group_is_a_success(fast: Scene) -> None:
    RefreshProvider().delete("id", props(fast, "2"))
    RefreshProvider().delete("id", props(fast, "2") | {"group_name": "gone"})


def test_the_cloud_that_is_used_is_the_one_of_the_environment(fast: Scene, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    with pytest.raises(RolloutError, match="Could not connect to the endpoint URL"):
        configured().delete("id", props(fast, "2"))


def test_a_local_cloud_is_given_back_when_it_is_left() -> None:
    with running() as cloud:
        assert isinstance(cloud, Local)
    with pytest.raises(Exception, match="Could not connect"):
        cloud.client("sts").get_caller_identity()
