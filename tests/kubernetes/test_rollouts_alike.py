"""Deployments, Jobs and DaemonSets fare on the emulated control plane as on the real one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.kubernetes import images, requests
from tests.kubernetes.requests import DEPLOYMENTS, JOBS, deployment, job
from tests.kubernetes.sides import APPLY, MERGE, Request, Side, without

SPACE = "rollouts"


def here(path: str) -> str:
    return path.replace(f"/{requests.SPACE}/", f"/{SPACE}/")


@pytest.fixture(scope="module", params=["real", "emulated"])
def side(request: pytest.FixtureRequest) -> Side:
    found: Side = request.getfixturevalue(request.param)
    found.make("/api/v1/namespaces", {**requests.NAMESPACE, "metadata": {**_labelled(), "name": SPACE}})
    return found


def _labelled() -> Mapping[str, Any]:
    return dict(requests.NAMESPACE["metadata"])


def deployed(side: Side, name: str, image: str = images.GOOD, **spec: Any) -> None:
    body = deployment(name, image)
    body["spec"] |= spec
    side.make(here(DEPLOYMENTS), body)


def released(side: Side, name: str, image: str) -> None:
    containers = [{"name": "main", "image": image}]
    body = {"spec": {"template": {"spec": {"containers": containers}}}}
    strategic = "application/strategic-merge-patch+json"
    assert side.ask(Request("release", "PATCH", here(f"{DEPLOYMENTS}/{name}"), body, strategic)).status == 200


def live(side: Side, name: str) -> Any:
    return side.get(here(f"{DEPLOYMENTS}/{name}"))


def conditions(found: Any) -> dict[str, tuple[str, str]]:
    return {
        each["type"]: (each["status"], each.get("reason", ""))
        for each in found["status"].get("conditions", ())
    }


def is_complete(side: Side, name: str) -> bool:
    found = live(side, name)
    status, wanted = found["status"], found["spec"]["replicas"]
    numbers = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == found["metadata"]["generation"] and numbers == [wanted] * 3


def sets_of(side: Side, name: str) -> dict[str, tuple[str, int]]:
    """The image and size of each ReplicaSet, by revision."""
    path = here(f"{DEPLOYMENTS}").replace("deployments", "replicasets")
    found = side.get(path, labelSelector=f"app.kubernetes.io/name={name}")["items"]
    return {
        each["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: (
            each["spec"]["template"]["spec"]["containers"][0]["image"],
            each["spec"]["replicas"],
        )
        for each in found
    }


def pods_of(side: Side, name: str) -> list[Any]:
    items: list[Any] = side.get(
        here(f"{requests.CORE}/pods"), labelSelector=f"app.kubernetes.io/name={name}"
    )["items"]
    return [each for each in items if "deletionTimestamp" not in each["metadata"]]


def waiting(side: Side, name: str) -> set[str]:
    found = {
        status.get("state", {}).get("waiting", {}).get("reason")
        for pod in pods_of(side, name)
        for status in pod["status"].get("containerStatuses", ())
    }
    return found - {None, "ContainerCreating"}


def test_a_release_replaces_every_pod_and_keeps_the_set_before(side: Side) -> None:
    deployed(side, "shop")
    side.until(lambda: is_complete(side, "shop"))
    released(side, "shop", images.BETTER)
    side.until(lambda: is_complete(side, "shop"))
    assert sets_of(side, "shop") == {"1": (images.GOOD, 0), "2": (images.BETTER, 2)}
    assert conditions(live(side, "shop")) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    side.until(lambda: len(pods_of(side, "shop")) == 2)


@pytest.mark.parametrize(
    ("image", "reason"), [(images.MISSING, "ImagePullBackOff"), (images.CRASHING, "CrashLoopBackOff")]
)
def test_a_bad_image_stops_with_the_old_pods_serving(side: Side, image: str, reason: str) -> None:
    name = f"bad-{reason.lower()}"
    limits = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    deployed(side, name, strategy=limits, progressDeadlineSeconds=5)
    side.until(lambda: is_complete(side, name))
    released(side, name, image)
    side.until(
        lambda: conditions(live(side, name)).get("Progressing") == ("False", "ProgressDeadlineExceeded")
    )
    side.until(lambda: waiting(side, name) == {reason})
    assert sets_of(side, name) == {"1": (images.GOOD, 2), "2": (image, 1)}
    status = live(side, name)["status"]
    numbers = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    assert [status.get(key) for key in numbers] == [3, 1, 2, 2, 1]


def test_the_template_before_brings_its_own_set_back(side: Side) -> None:
    deployed(side, "back")
    side.until(lambda: is_complete(side, "back"))
    released(side, "back", images.NEVER_READY)
    side.until(lambda: len(sets_of(side, "back")) == 2)
    released(side, "back", images.GOOD)
    side.until(lambda: is_complete(side, "back"))
    assert sets_of(side, "back") == {"2": (images.NEVER_READY, 0), "3": (images.GOOD, 2)}


def test_pods_that_the_namespace_does_not_admit_are_told_by_the_deployment(side: Side) -> None:
    body = deployment("loose")
    del body["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    side.make(here(DEPLOYMENTS), body)
    found = side.until(lambda: conditions(live(side, "loose")).get("ReplicaFailure"))
    assert found == ("True", "FailedCreate")
    messages = [each["message"] for each in live(side, "loose")["status"]["conditions"]]
    assert any('violates PodSecurity "restricted:latest"' in each for each in messages)


def test_old_sets_go_when_there_are_more_than_are_kept(side: Side) -> None:
    deployed(side, "kept", revisionHistoryLimit=1)
    for image in (images.BETTER, images.GOOD, images.BETTER, images.GOOD.replace("a" * 64, "c" * 64)):
        side.until(lambda: is_complete(side, "kept"))
        released(side, "kept", image)
    side.until(lambda: is_complete(side, "kept"))
    side.until(lambda: len(sets_of(side, "kept")) == 2)


@pytest.mark.parametrize(("image", "end"), [(images.GOOD, "Complete"), (images.FAILING, "Failed")])
def test_a_job_ends(side: Side, image: str, end: str) -> None:
    name = end.lower()
    side.make(here(JOBS), job(name, image))
    found = side.until(lambda: conditions(side.get(here(f"{JOBS}/{name}"))).get(end))
    assert found[0] == "True"


def test_an_applied_field_that_is_left_out_goes_and_others_stay(side: Side) -> None:
    path = here(f"{requests.CORE}/services/applied")
    body = requests.service("applied")
    body["metadata"]["labels"] = {"mine": "one", "gone": "soon"}

    def applied() -> Any:
        return side.ask(
            Request("apply", "PATCH", path, body, APPLY, {"fieldManager": "first", "force": "true"})
        )

    assert applied().status == 201
    theirs = {"metadata": {"labels": {"theirs": "two"}}}
    assert side.ask(Request("patch", "PATCH", path, theirs, MERGE, {"fieldManager": "second"})).status == 200
    del body["metadata"]["labels"]["gone"]
    assert applied().status == 200
    assert side.get(path)["metadata"]["labels"] == {"mine": "one", "theirs": "two"}


def test_a_deleted_deployment_takes_its_pods_along(side: Side) -> None:
    deployed(side, "gone")
    side.until(lambda: is_complete(side, "gone"))
    done = side.ask(
        Request("delete", "DELETE", here(f"{DEPLOYMENTS}/gone"), {"propagationPolicy": "Foreground"})
    )
    assert done.status == 200
    side.until(lambda: not pods_of(side, "gone") and not sets_of(side, "gone"))
    assert side.ask(Request("read", "GET", here(f"{DEPLOYMENTS}/gone"))).status == 404


def test_a_pod_runs_on_every_node_of_a_daemon_set(side: Side) -> None:
    body = deployment("agent")
    body["kind"] = "DaemonSet"
    del body["spec"]["replicas"]
    path = here(DEPLOYMENTS).replace("deployments", "daemonsets")
    side.make(path, body)
    wanted = len(side.get("/api/v1/nodes")["items"])
    side.until(lambda: side.get(f"{path}/agent")["status"].get("numberReady") == wanted)
    assert len({pod["spec"]["nodeName"] for pod in pods_of(side, "agent")}) == wanted


def test_a_finished_deployment_has_the_same_words_on_both(real: Side, emulated: Side) -> None:
    """What clients read of a status, beside times and the names of sets."""
    real_status, emulated_status = (_finished(side, "same") for side in (real, emulated))
    assert emulated_status == real_status


def _finished(side: Side, name: str) -> Any:
    """The status of a new Deployment of the default namespace, when it is complete."""
    path = "/apis/apps/v1/namespaces/default/deployments"
    side.make(path, deployment(name))

    def complete() -> Any:
        status = side.get(f"{path}/{name}")["status"]
        reasons = [each["reason"] for each in status.get("conditions", ())]
        return (
            status
            if status.get("availableReplicas") == 2 and reasons[-1] == "NewReplicaSetAvailable"
            else None
        )

    ignored = {"lastTransitionTime", "lastUpdateTime", "message", "observedGeneration"}
    return without(side.until(complete), ignored)
