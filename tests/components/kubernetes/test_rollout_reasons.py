"""Why pods do not come to serve: what is read out of status, events and conditions, and when it is final."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.kubernetes import rollout_reasons as reasons
from components.kubernetes.rollout_reasons import Trouble

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)


def pod(status: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Which began at `BEGAN`, with one container of this status."""
    about = {"phase": "Pending", "startTime": BEGAN.isoformat(), **more}
    if status is not None:
        about["containerStatuses"] = [status]
    return {"metadata": {"creationTimestamp": BEGAN.isoformat()}, "status": about}


def waiting(reason: str, message: str = "", restarts: int = 0, last: Any = None) -> dict[str, Any]:
    """`last` is how it ended before."""
    return {
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def after(seconds: float, given: dict[str, Any]) -> Trouble | None:
    return reasons.of_pod(given, BEGAN + timedelta(seconds=seconds))


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"])
def test_what_may_pass_is_final_only_after_a_minute(reason: str) -> None:
    early, late = (after(seconds, pod(waiting(reason, "why"))) for seconds in (59, 60))
    assert early == Trouble(reason, "why", final=False)
    assert late == Trouble(reason, "why", final=True)


def test_an_image_whose_name_is_none_never_comes() -> None:
    assert after(1, pod(waiting("InvalidImageName"))) == Trouble("InvalidImageName", "", final=True)


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_what_begins_is_no_trouble_however_long_it_takes(reason: str) -> None:
    assert after(3600, pod(waiting(reason))) is None


def test_a_crash_loop_says_how_it_ended_and_is_final_after_three_restarts() -> None:
    told = {"exitCode": 137, "reason": "OOMKilled", "message": "allocating\nout of memory\n"}
    for restarts, final in ((2, False), (3, True)):
        found = after(1, pod(waiting("CrashLoopBackOff", "back-off", restarts, told)))
        assert found == Trouble(
            "CrashLoopBackOff",
            f"exit code 137 (OOMKilled) after {restarts} restarts: allocating out of memory",
            final,
        )


def test_of_what_a_container_said_the_end_is_told() -> None:
    told = {"exitCode": 1, "reason": "Error", "message": "x" * 2000 + " cannot connect"}
    found = after(1, pod(waiting("CrashLoopBackOff", "", 3, told)))
    assert str(found).endswith("cannot connect")
    assert len(str(found)) < 400


def test_a_container_that_is_started_again_is_told_by_its_last_end() -> None:
    """Between two ends it runs, or has just ended: a startup probe kills it, as often as it fails."""
    ended = {"terminated": {"exitCode": 143, "reason": "Error"}}
    running = {"restartCount": 3, "ready": False, "state": {"running": {}}, "lastState": ended}
    assert after(1, pod(running)) == Trouble("Error", "exit code 143 after 3 restarts", True, killed=True)
    just = {"restartCount": 0, "ready": False, "state": ended}
    assert after(1, pod(just)) == Trouble("Error", "exit code 143 after 0 restarts", killed=True)


def test_a_container_that_serves_is_no_trouble_whatever_it_went_through() -> None:
    ended = {"terminated": {"exitCode": 1}}
    assert (
        after(1, pod({"restartCount": 9, "ready": True, "state": {"running": {}}, "lastState": ended}))
        is None
    )
    assert after(1, pod({"restartCount": 0, "ready": False, "state": {"running": {}}})) is None
    assert after(1, pod()) is None


def test_a_pod_without_a_node_says_why_and_may_still_get_one() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    assert after(3600, pod(conditions=[condition])) == Trouble("Unschedulable", "0/3 nodes", final=False)


def test_a_pod_that_was_put_out_says_why() -> None:
    found = after(1, pod(phase="Failed", reason="Evicted", message="The node was low on memory"))
    assert found == Trouble("Evicted", "The node was low on memory", final=False)


def test_of_several_containers_the_one_that_is_final_counts() -> None:
    given = pod(waiting("CrashLoopBackOff", "", 1, {"exitCode": 1}))
    given["status"]["containerStatuses"].append(waiting("InvalidImageName"))
    assert after(1, given) == Trouble("InvalidImageName", "", final=True)


def test_containers_that_come_first_count_too() -> None:
    given = pod()
    given["status"]["initContainerStatuses"] = [waiting("InvalidImageName")]
    assert after(1, given) == Trouble("InvalidImageName", "", final=True)


def event(reason: str, message: str, at: int = 0, kind: str = "Warning") -> dict[str, Any]:
    return {
        "metadata": {},
        "type": kind,
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-11-21T0{at}",
    }


def test_the_most_telling_event_is_told_in_its_newest_words() -> None:
    found = reasons.of_events(
        [
            event("FailedMount", "secret is not there", 5),
            event("Unhealthy", "Startup probe failed", 4),
            event("Unhealthy", "Readiness probe failed", 3),
            event("Killing", "Stopping container", 9),
            event("Failed", "said in passing", 9, "Normal"),
        ]
    )
    assert found == Trouble("Unhealthy", "Startup probe failed")
    assert reasons.of_events([event("Scheduled", "to a node", kind="Normal")]) is None


@pytest.mark.parametrize(("seconds", "pods", "final"), [(29, 0, False), (30, 0, True), (3600, 1, False)])
def test_a_refusal_is_final_when_there_is_no_pod_for_a_while(seconds: int, pods: int, final: bool) -> None:
    condition = {
        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota",
        "lastTransitionTime": BEGAN.isoformat(),
    }  # fmt: skip
    given = {"status": {"conditions": [condition]}}
    found = reasons.of_creation(given, [pod()] * pods, BEGAN + timedelta(seconds=seconds))
    assert found == Trouble("FailedCreate", "exceeded quota", final)
    assert reasons.of_creation({"status": {}}, [], BEGAN) is None


def test_pods_that_fail_alike_are_told_once_and_the_most_frequent_first() -> None:
    troubles = [Trouble("Unhealthy", "503"), Trouble("Error", "one"), Trouble("Error", "other")]
    assert reasons.told(troubles) == "2x Error: one; Unhealthy: 503"
    assert reasons.told([]) == ""


@given(st.text(min_size=1), st.text())
def test_whatever_is_told_is_one_line_of_bearable_length(reason: str, detail: str) -> None:
    told = str(Trouble("Reason", detail * 50))
    assert "\n" not in told
    assert len(told) < 400


def test_a_digest_is_told_as_far_as_it_tells_and_the_cause_is_kept() -> None:
    image = f"registry.example.com/shop@sha256:{'a' * 64}"
    detail = f'failed to pull "{image}": failed to resolve "{image}": {"and so on, " * 40}manifest unknown'
    told = str(Trouble("ErrImagePull", detail))
    assert told.startswith('ErrImagePull: failed to pull "registry.example.com/shop@sha256:aaaaaaaaaaaa": ')
    assert told.endswith("manifest unknown")
