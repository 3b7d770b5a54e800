"""The rollout when the cluster does not answer, is watched by nobody for a while, or someone else acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kubernetes.client import ApiException
from urllib3.exceptions import NewConnectionError, ProtocolError, ReadTimeoutError, SSLError

from components.kubernetes import rollout_waiter
from components.kubernetes.connection import explained
from components.refresh_errors import RolloutError
from tests.components.kubernetes.rollouts import Watched, target
from tests.components.kubernetes.small_cluster import BETTER, CRASHING, GOOD, MUTE

UNREACHED = NewConnectionError(None, "connection refused")  # type: ignore[arg-type]
PASSING = [
    ApiException(status=429, reason="Too Many Requests"),
    ApiException(status=500, reason="Internal Server Error"),
    ApiException(status=503, reason="Service Unavailable"),
    UNREACHED,
    ProtocolError("connection aborted"),
    ReadTimeoutError(None, "", "timed out"),  # type: ignore[arg-type]
]


@pytest.fixture
def serving() -> Watched:
    watched = Watched()
    watched.up(GOOD)
    watched.lines.clear()
    return watched


def at(watched: Watched, when: Callable[[], bool], act: Callable[[], object]) -> None:
    """Act once, in the first pause of which `when` is true."""
    pause, done = watched.pause, [False]

    def acting(seconds: float) -> None:
        if not done[0] and when():
            done[0] = True
            act()
        pause(seconds)

    watched.pause = acting  # type: ignore[method-assign]


def half(watched: Watched) -> Callable[[], bool]:
    return lambda: BETTER in watched.cluster.images()


# The cluster does not answer


@pytest.mark.parametrize(
    "fault", PASSING, ids=lambda fault: f"{type(fault).__name__}-{getattr(fault, 'status', '')}"
)
@pytest.mark.parametrize("before", [0, 1, 2, 3, 4, 5, 8])
def test_an_answer_that_fails_now_and_then_is_asked_for_again(
    serving: Watched, fault: Exception, before: int
) -> None:
    cluster = serving.cluster
    to = target(BETTER)
    serving.applied(to)
    rollout = serving.of(to)
    called = cluster._called

    def faulty(method: str, path: str) -> None:
        if before <= len(cluster.calls) - begun < before + 3:
            cluster.calls.append((method, path))
            raise fault
        called(method, path)

    begun = len(cluster.calls)
    cluster._called = faulty  # type: ignore[method-assign]
    assert rollout.run().status == "Successful"
    assert cluster.images() == {BETTER}


def test_a_cluster_that_is_away_while_the_version_before_is_put_back_is_asked_again(serving: Watched) -> None:
    at(serving, lambda: any("putting back" in line for line in serving.lines), lambda: away(serving))
    with pytest.raises(RolloutError, match="is back and serves"):
        serving.up(CRASHING)


def away(serving: Watched) -> None:
    serving.cluster.faults += [UNREACHED] * 5


@pytest.mark.parametrize(
    "refusal",
    [
        ApiException(status=403, reason="Forbidden"),
        ApiException(status=401, reason="Unauthorized"),
        SSLError("certificate verify failed"),
    ],
)
def test_what_does_not_pass_is_not_waited_for(serving: Watched, refusal: Exception) -> None:
    calls = len(serving.cluster.calls)
    serving.cluster.faults = [refusal]
    with pytest.raises(type(refusal)):
        serving.of(target(BETTER)).run()
    assert len(serving.cluster.calls) == calls + 1


def test_a_cluster_that_never_answers_is_the_error_at_the_time_limit(serving: Watched) -> None:
    serving.seconds = 0.2
    serving.cluster.faults = [UNREACHED] * 10_000
    rollout = serving.of(target(BETTER))
    rollout._sleep = lambda _: __import__("time").sleep(0.02)
    with pytest.raises(NewConnectionError) as last:
        rollout.run()
    assert explained(last.value).startswith("the cluster was not reached: ")
    assert serving.lines[0] == "shop: still waiting (NewConnectionError)"


def test_a_reason_that_cannot_be_read_hinders_nothing(serving: Watched) -> None:
    serving.cluster.forbidden = {"events"}
    with pytest.raises(
        RolloutError, match=r"no reason was to be had \(the cluster answers 403: .*is back and"
    ):
        serving.up(MUTE, progress_deadline_seconds=300)


def test_configuration_that_cannot_be_deleted_is_no_failure_of_what_serves(serving: Watched) -> None:
    serving.cluster.forbidden = {"configmaps"}
    assert serving.up(BETTER).status == "Successful"
    assert any("configuration of former versions stays for now" in line for line in serving.lines)


def test_a_deployment_that_is_gone_is_one_line(serving: Watched) -> None:
    at(serving, half(serving), lambda: setattr(serving.cluster, "deployment", None))
    with pytest.raises(RolloutError, match=r"^deployment shop in workloads does not exist: refresh"):
        serving.up(BETTER)


# Nobody watches for a while


def test_a_rollout_whose_watcher_was_killed_is_gone_on_with(serving: Watched) -> None:
    at(serving, half(serving), kill)
    with pytest.raises(KeyboardInterrupt):
        serving.up(BETTER)
    generation = serving.cluster._known()["metadata"]["generation"]
    serving.cluster.step(2)
    assert serving.of(target(BETTER)).run().status == "Successful"
    assert serving.cluster._known()["metadata"]["generation"] == generation, "nothing was begun anew"


def test_a_failure_whose_watcher_was_killed_is_found_and_undone_by_the_next(serving: Watched) -> None:
    at(serving, lambda: CRASHING in serving.cluster.images(), kill)
    with pytest.raises(KeyboardInterrupt):
        serving.up(CRASHING)
    serving.cluster.step(3600)
    with pytest.raises(RolloutError, match=r"CrashLoopBackOff.* is back and serves"):
        serving.of(target(CRASHING)).run()
    assert serving.cluster.images() == {GOOD}


def kill() -> None:
    raise KeyboardInterrupt


def test_at_the_time_limit_the_rollout_goes_on_and_the_line_says_so(serving: Watched) -> None:
    serving.cluster.pause()
    serving.seconds = 0.05
    with pytest.raises(
        RolloutError, match=r"not rolled out after 0.05 s: 0 of 3 new pods, .*; it goes on: run up"
    ):
        serving.up(BETTER)
    serving.cluster.pause(False)
    serving.cluster.step(30)
    assert serving.cluster.images() == {BETTER}


# Someone else


def test_a_version_of_someone_else_is_told_by_whom_and_left_alone(serving: Watched) -> None:
    other = target(f"registry.example.com/shop@sha256:{'c' * 64}").spec["template"]
    at(serving, half(serving), lambda: serving.cluster.give(other, "kubectl-set"))
    with pytest.raises(RolloutError) as error:
        serving.up(BETTER)
    assert str(error.value).startswith("deployment shop in workloads: kubectl-set at 2026-11-21T")
    assert str(error.value).endswith(
        "gave it another template meanwhile, with shop@cccccccccccc; it is left so: run up again"
    )
    assert serving.cluster._known()["spec"]["template"] == other


def test_a_version_of_someone_else_is_not_put_back_either(serving: Watched) -> None:
    """It comes between the look that finds the failure and what undoes it."""
    other = target(BETTER).spec["template"]
    apply = serving.cluster.apply
    tried: list[bool] = []

    def raced(path: str, manifest: dict[str, Any], manager: str) -> Any:
        if "resourceVersion" in manifest["metadata"] and not tried:
            tried.append(True)
            serving.cluster.give(other, "kubectl-set")
        return apply(path, manifest, manager)

    serving.cluster.apply = raced  # type: ignore[method-assign]
    with pytest.raises(
        RolloutError, match=r"the version before is not back: kubectl-set at .* gave it another"
    ):
        serving.up(CRASHING)
    assert serving.cluster._known()["spec"]["template"] == other


def test_a_status_that_changes_meanwhile_does_not_hinder_putting_back(serving: Watched) -> None:
    apply = serving.cluster.apply
    tried: list[bool] = []

    def raced(path: str, manifest: dict[str, Any], manager: str) -> Any:
        if "resourceVersion" in manifest["metadata"] and len(tried) < 3:
            tried.append(True)
            serving.cluster._known()["metadata"]["resourceVersion"] = f"status-{len(tried)}"
        return apply(path, manifest, manager)

    serving.cluster.apply = raced  # type: ignore[method-assign]
    with pytest.raises(RolloutError, match="is back and serves"):
        serving.up(CRASHING)
    assert len(tried) == 3


def test_a_number_of_pods_that_changes_meanwhile_is_waited_for(serving: Watched) -> None:
    at(serving, half(serving), lambda: serving.cluster.scale(5))
    assert serving.up(BETTER).reason == "5 pods serve"
    assert serving.cluster.available() == 5


def test_a_paused_deployment_is_waited_for_and_the_line_says_who_paused_it(serving: Watched) -> None:
    at(serving, half(serving), serving.cluster.pause)
    resumed: list[bool] = []

    def resuming(seconds: float) -> None:
        if any("paused by kubectl-rollout at 2026" in line for line in serving.lines) and not resumed:
            resumed.append(True)
            serving.cluster.pause(False)
        paused(seconds)

    paused = serving.pause
    serving.pause = resuming  # type: ignore[method-assign]
    assert serving.up(BETTER).status == "Successful"
    assert resumed


def test_a_pause_is_no_failure_however_long_it_takes(serving: Watched) -> None:
    serving.cluster.pause()
    serving.seconds = 0.2
    with pytest.raises(RolloutError, match="kubectl rollout resume lets it go on; it goes on"):
        serving.up(BETTER, progress_deadline_seconds=300)
    assert serving.cluster.images() == {GOOD}


def test_a_version_before_that_does_not_serve_in_time_is_said(
    serving: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_waiter, "RESTORE_SECONDS", 0.2)
    at(serving, lambda: any("putting back" in line for line in serving.lines), serving.cluster.pause)
    with pytest.raises(RolloutError, match="is back, and does not serve yet; mend it"):
        serving.up(CRASHING)


def test_a_status_of_before_is_not_taken_for_one_of_the_new_version(serving: Watched) -> None:
    """The controller may be slow to look: until then everything seems to be done, or to be over."""
    assert serving.of(target(BETTER)).run().status == "Successful"
    assert serving.cluster.images() == {BETTER}
