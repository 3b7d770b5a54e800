"""The rollout of a Deployment in a small cluster: what it waits for, when it gives up, what it puts back."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from components.kubernetes import rollout_waiter
from components.kubernetes.rollout_reading import Reader, Seen
from components.refresh_errors import RolloutError
from tests.components.kubernetes.rollouts import Watched, target
from tests.components.kubernetes.small_cluster import (
    BETTER,
    CRASHING,
    GOOD,
    KILLED,
    MISSING,
    MUTE,
    SmallCluster,
)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def serving(watched: Watched) -> Watched:
    """Three pods of a good image serve."""
    watched.up(GOOD)
    watched.lines.clear()
    return watched


def failed(watched: Watched, image: str, **given: object) -> str:
    """The one line of a rollout that fails."""
    with pytest.raises(RolloutError) as error:
        watched.up(image, **given)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_first_rollout_waits_until_every_pod_serves(watched: Watched) -> None:
    outcome = watched.up(GOOD)
    assert (outcome.status, outcome.reason, outcome.revision) == ("Successful", "3 pods serve", "1")
    assert watched.cluster.available() == 3
    assert outcome.replica_set == watched.cluster.sets[0]["metadata"]["name"]


def test_a_new_version_is_done_when_no_pod_of_before_is_left(serving: Watched) -> None:
    outcome = serving.up(BETTER)
    assert serving.cluster.images() == {BETTER}
    assert (outcome.revision, outcome.replica_set) == ("2", serving.cluster.sets[1]["metadata"]["name"])


def test_progress_is_shown_while_it_goes_on(serving: Watched) -> None:
    serving.up(BETTER)
    assert serving.lines[0] == "shop: rolling out shop@bbbbbbbbbbbb"
    assert "shop: 1 of 3 new pods, 3 of before, 3 available" in serving.lines
    assert serving.lines[-1] == "shop: 3 pods of shop@bbbbbbbbbbbb serve"


def test_the_time_of_the_end_is_the_clusters(serving: Watched) -> None:
    outcome = serving.up(BETTER)
    assert outcome.finished_at.startswith("2026-11-21T00:0")


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (MISSING, "ImagePullBackOff: Failed to pull image: manifest unknown"),
        (CRASHING, "CrashLoopBackOff: exit code 3 after 3 restarts: starting no such table: orders"),
        (KILLED, "Unhealthy: Startup probe failed: connection refused (exit code 137 after 3 restarts)"),
        (MUTE, "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503"),
    ],
)
def test_a_bad_version_fails_with_the_pods_own_reason_and_the_one_before_is_back(
    serving: Watched, image: str, reason: str
) -> None:
    text = failed(serving, image)
    before = serving.cluster.sets[0]["metadata"]["name"]
    assert text == (
        f"deployment shop in workloads: {reason}; {before} (shop@aaaaaaaaaaaa) is back and serves; "
        "mend it, then run up again"
    )
    assert (serving.cluster.images(), serving.cluster.available()) == ({GOOD}, 3)


@pytest.mark.parametrize(("image", "seconds"), [(MISSING, 120), (CRASHING, 120)])
def test_what_never_comes_to_serve_is_given_up_long_before_the_deadline(
    serving: Watched, image: str, seconds: int
) -> None:
    begun = serving.cluster.now
    failed(serving, image)
    assert (serving.cluster.now - begun).total_seconds() < seconds


def test_what_may_still_come_to_serve_has_the_whole_deadline(serving: Watched) -> None:
    begun = serving.cluster.now
    failed(serving, MUTE, progress_deadline_seconds=300)
    assert (serving.cluster.now - begun).total_seconds() >= 300


def test_pods_that_admission_refuses_are_told_in_its_words(serving: Watched) -> None:
    serving.cluster.refused = 'pods "shop-x" is forbidden: violates PodSecurity "restricted:v1.36"'
    text = failed(serving, BETTER)
    assert 'FailedCreate: pods "shop-x" is forbidden: violates PodSecurity "restricted:v1.36"; ' in text
    assert serving.cluster.images() == {GOOD}


def test_a_first_version_that_fails_has_nothing_to_go_back_to_and_says_so(watched: Watched) -> None:
    text = failed(watched, CRASHING)
    assert text.endswith("; there is no version before it to go back to; mend it, then run up again")
    assert watched.cluster.images() == {CRASHING}


def test_after_a_failure_the_same_version_is_applied_and_tried_again(serving: Watched) -> None:
    failed(serving, CRASHING)
    again = target(CRASHING)
    with pytest.raises(RolloutError, match="CrashLoopBackOff"):
        serving.of(again).run()
    assert "shop: applied the template again, in place of another one" in serving.lines
    assert serving.cluster.images() == {GOOD}


def test_a_first_version_that_was_mended_elsewhere_is_tried_with_new_pods(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pods would look again in minutes, and have restarted too often to be waited for."""
    failed(watched, CRASHING)
    monkeypatch.setattr("tests.components.kubernetes.small_cluster.CRASHING", "mended")
    outcome = watched.of(target(CRASHING)).run()
    assert outcome.status == "Successful"


def test_a_deadline_that_was_over_before_is_not_held_against_a_second_try(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(watched, MUTE, progress_deadline_seconds=300)
    begun = watched.cluster.now
    with pytest.raises(RolloutError, match="Unhealthy"):
        watched.of(target(MUTE, progress_deadline_seconds=300)).run()
    assert (watched.cluster.now - begun).total_seconds() >= 300


def test_a_version_that_serves_already_is_no_work(serving: Watched) -> None:
    pods = [pod["metadata"]["name"] for pod in serving.cluster.pods]
    outcome = serving.of(target(GOOD)).run()
    assert (outcome.status, outcome.revision) == ("Successful", "1")
    assert [pod["metadata"]["name"] for pod in serving.cluster.pods] == pods


def test_the_version_that_the_last_good_rollout_ended_with_is_put_back(serving: Watched) -> None:
    """Not one that somebody tried in between, though it has pods that serve and is newer."""
    good = serving.cluster.sets[0]["metadata"]["name"]
    serving.applied(target(BETTER))
    serving.cluster.step(4)
    assert serving.cluster.images() == {GOOD, BETTER}
    failed(serving, CRASHING, good=good)
    assert serving.cluster.images() == {GOOD}


def test_where_none_is_remembered_the_newest_that_serves_is_put_back(serving: Watched) -> None:
    serving.up(BETTER)
    failed(serving, CRASHING)
    assert serving.cluster.images() == {BETTER}


def test_the_autoscaler_has_the_last_word_on_how_many_serve() -> None:
    watched = Watched(SmallCluster(replicas=1))
    pause = watched.pause

    def scaling(seconds: float) -> None:
        if any("waiting for the autoscaler to want 2" in line for line in watched.lines):
            watched.cluster.scale(2)
        pause(seconds)

    watched.pause = scaling  # type: ignore[method-assign]
    assert watched.up(GOOD, min_size=2).reason == "2 pods serve"


def test_an_autoscaler_that_does_nothing_is_named_and_nothing_is_put_back(
    serving: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_waiter, "AUTOSCALER_SECONDS", 0.05)
    text = failed(serving, BETTER, min_size=5)
    assert "the autoscaler has not asked for 5" in text
    assert serving.cluster.images() == {BETTER}


def test_a_workload_that_was_scaled_to_nothing_is_done_and_says_that_none_was_tried(serving: Watched) -> None:
    serving.cluster.scale(0)
    serving.cluster.step(10)
    assert serving.up(CRASHING).reason == "no pod is wanted, so that none was tried"


def test_configuration_that_no_version_refers_to_is_deleted_and_the_rest_stays(serving: Watched) -> None:
    for name in ("shop-old", "shop-other", "shop-new"):
        labels = {"immutable/kept-for": "shop"}
        serving.cluster.config[name] = {"metadata": {"name": name, "labels": labels}}
    serving.cluster.config["foreign"] = {"metadata": {"name": "foreign", "labels": {}}}
    serving.up(BETTER, config="shop-old")
    assert sorted(serving.cluster.config) == ["foreign", "shop-old"]
    assert not any("stays for now" in line for line in serving.lines), "there may be no secrets' driver"


def test_configuration_of_a_version_that_may_come_back_stays(serving: Watched) -> None:
    labels = {"immutable/kept-for": "shop"}
    for name in ("shop-1", "shop-2"):
        serving.cluster.config[name] = {"metadata": {"name": name, "labels": labels}}
    serving.up(BETTER, config="shop-1")
    serving.cluster.config["shop-2"] = {"metadata": {"name": "shop-2", "labels": labels}}
    serving.up(BETTER, config="shop-2")
    assert sorted(serving.cluster.config) == ["shop-1", "shop-2"]


def test_putting_back_has_a_time_of_its_own(serving: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure may be found in the last moment of the whole."""
    to = target(CRASHING)
    serving.applied(to)
    rollout = serving.of(to)
    why = rollout._why

    def at_the_end(seen: Seen) -> str:
        rollout._deadline = 0.0
        return why(seen)

    monkeypatch.setattr(rollout, "_why", at_the_end)
    with pytest.raises(RolloutError, match="is back and serves"):
        rollout.run()


def test_what_belongs_to_another_is_neither_looked_at_nor_put_back(serving: Watched) -> None:
    """Whatever its labels are, and however well it serves."""
    foreign = copy.deepcopy(serving.cluster.sets[0])
    foreign["metadata"] |= {"name": "foreign", "uid": "uid-foreign", "ownerReferences": [{"uid": "another"}]}
    foreign["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "9"}
    look = serving.cluster.get

    def with_foreign(path: str, **query: str) -> Any:
        answer = look(path, **query)
        return {"items": [foreign, *answer["items"]]} if path.endswith("replicasets") else answer

    serving.cluster.get = with_foreign  # type: ignore[method-assign]
    text = failed(serving, CRASHING)
    assert f"{serving.cluster.sets[0]['metadata']['name']} (shop@aaaaaaaaaaaa) is back" in text


def test_the_clusters_clock_is_not_behind_what_the_cluster_says(serving: Watched) -> None:
    """Where answers carry no time, the objects in them do."""
    told = serving.cluster._known()["status"]["conditions"][0]["lastUpdateTime"]
    serving.cluster.now = datetime(2020, 1, 1, tzinfo=UTC)
    seen = Reader(serving.cluster, "workloads", "shop").look()
    assert seen.now == datetime.fromisoformat(told.replace("Z", "+00:00"))
