"""The control plane of the tests is a real one: what it refuses, and what becomes of pods on its nodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import ApiException

from tests.kubernetes import images
from tests.kubernetes.control_plane import VIEWER, ControlPlane


def pod(image: str, name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "main", "image": image}]}}


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def status_of(plane: ControlPlane, image: str, name: str) -> Any:
    """The first container's, of a pod that is made for it."""
    core = client.CoreV1Api(plane.client())
    core.create_namespaced_pod("default", pod(image, name))
    found = until(lambda: core.read_namespaced_pod(name, "default").status.container_statuses)
    core.delete_namespaced_pod(name, "default")
    return found[0]


def test_a_good_image_becomes_ready(control_plane: ControlPlane) -> None:
    assert status_of(control_plane, images.GOOD, "good").ready


@pytest.mark.parametrize(
    ("image", "reason"), [(images.MISSING, "ImagePullBackOff"), (images.CRASHING, "CrashLoopBackOff")]
)
def test_a_bad_image_waits_with_its_reason(control_plane: ControlPlane, image: str, reason: str) -> None:
    status = status_of(control_plane, image, reason.lower())
    assert not status.ready
    assert status.state.waiting.reason == reason


def test_an_image_that_never_answers_runs_and_is_not_ready(control_plane: ControlPlane) -> None:
    status = status_of(control_plane, images.NEVER_READY, "mute")
    assert status.state.running and not status.ready


def test_a_job_ends_and_one_of_a_failing_image_fails(control_plane: ControlPlane) -> None:
    batch = client.BatchV1Api(control_plane.client())

    def conditions(name: str) -> set[str]:
        status = batch.read_namespaced_job(name, "default").status
        return {each.type for each in status.conditions or () if each.status == "True"}

    for name, image, end in (("ends", images.GOOD, "Complete"), ("fails", images.FAILING, "Failed")):
        template = pod(image, name)
        template["spec"]["restartPolicy"] = "Never"
        batch.create_namespaced_job(
            "default", {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": template}}
        )
        assert until(lambda name=name, end=end: end in conditions(name))  # type: ignore[misc]


def test_the_restricted_level_is_enforced(control_plane: ControlPlane) -> None:
    core = client.CoreV1Api(control_plane.client())
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace({"metadata": {"name": "restricted", "labels": labels}})
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod("restricted", pod(images.GOOD, "loose"))
    assert refused.value.status == 403
    assert "violates PodSecurity" in str(refused.value.body)


def test_who_may_nothing_is_refused(control_plane: ControlPlane) -> None:
    with pytest.raises(ApiException) as refused:
        client.CoreV1Api(control_plane.client(VIEWER)).list_namespaced_pod("default")
    assert refused.value.status == 403
