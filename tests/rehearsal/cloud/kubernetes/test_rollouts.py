from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.cloud.kubernetes.api import (
    BETTER,
    DEPLOYMENTS,
    GOOD,
    MERGE,
    PODS,
    REPLICA_SETS,
    Api,
    condition,
    container,
    deployment,
)


def release(api: Api, image: str, seconds: float = 120, **more: Any) -> dict[str, Any]:
    given = deployment(image)
    given["spec"]["template"]["spec"]["containers"] = [container(image, **more)]
    api.apply(DEPLOYMENTS, given)
    api.cloud.step(seconds)
    found: dict[str, Any] = api.get(f"{DEPLOYMENTS}/web")
    return found


def serving(api: Api) -> dict[str, int]:
    """Ready pods that are to stay, by image."""
    found: dict[str, int] = {}
    for pod in api.items(PODS):
        image = pod["spec"]["containers"][0]["image"]
        if condition(pod, "Ready") == ("True", "") and not pod["metadata"].get("deletionTimestamp"):
            found[image] = found.get(image, 0) + 1
    return found


def waiting(api: Api) -> set[str]:
    states = [pod["status"]["containerStatuses"][0]["state"] for pod in api.items(PODS)]
    return {state["waiting"]["reason"] for state in states if "waiting" in state}


def test_a_deployment_makes_a_set_and_the_set_makes_pods(api: Api) -> None:
    made = release(api, GOOD)
    assert {key: made["status"][key] for key in ("replicas", "updatedReplicas", "availableReplicas")} == {
        "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3,
    }  # fmt: skip
    assert condition(made, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert condition(made, "Available") == ("True", "MinimumReplicasAvailable")
    (made_set,) = api.items(REPLICA_SETS)
    labels = made_set["spec"]["template"]["metadata"]["labels"]
    assert made_set["metadata"]["name"] == f"web-{labels['pod-template-hash']}"
    assert made_set["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert {pod["metadata"]["labels"]["pod-template-hash"] for pod in api.items(PODS)} == {
        labels["pod-template-hash"]
    }
    assert len({pod["spec"]["nodeName"] for pod in api.items(PODS)}) == 3


def test_a_release_never_has_fewer_pods_than_are_wanted_nor_more_than_it_may(api: Api) -> None:
    release(api, GOOD)
    api.apply(DEPLOYMENTS, deployment(BETTER))
    for _ in range(120):
        api.cloud.step(1)
        found = serving(api)
        assert sum(found.values()) >= 3
        staying = [pod for pod in api.items(PODS) if not pod["metadata"].get("deletionTimestamp")]
        assert len(staying) <= 4
    assert serving(api) == {BETTER: 3}
    revisions = [
        (each["metadata"]["annotations"]["deployment.kubernetes.io/revision"], each["spec"]["replicas"])
        for each in api.items(REPLICA_SETS)
    ]
    assert sorted(revisions) == [("1", 0), ("2", 3)]


@pytest.mark.parametrize(
    ("behaviour", "reasons", "event"),
    [
        ("missing", {"ErrImagePull", "ImagePullBackOff"}, ("Failed", f'Failed to pull image "{BETTER}": ')),
        (
            "crash-loop",
            {"CrashLoopBackOff"},
            ("BackOff", "Back-off restarting failed container app in pod web-"),
        ),
        (
            "never-ready",
            set(),
            ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
        ),
    ],
)
def test_a_bad_image_stops_with_the_old_pods_serving(
    api: Api, behaviour: str, reasons: set[str], event: tuple[str, str]
) -> None:
    release(api, GOOD)
    api.behaves(BETTER, behaviour)
    stopped = release(api, BETTER, 180)
    assert serving(api) == {GOOD: 3}
    assert condition(stopped, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert condition(stopped, "Available") == ("True", "MinimumReplicasAvailable")
    assert waiting(api) <= reasons
    assert any(reason == event[0] and text.startswith(event[1]) for reason, text in api.events())


def test_the_deadline_is_not_over_before_its_time(api: Api) -> None:
    release(api, GOOD)
    api.behaves(BETTER, "missing")
    assert condition(release(api, BETTER, 110), "Progressing") == ("True", "ReplicaSetUpdated")


def test_the_template_before_brings_its_set_back_with_a_new_revision(api: Api) -> None:
    release(api, GOOD)
    first = api.names(REPLICA_SETS)
    api.behaves(BETTER, "missing")
    release(api, BETTER, 30)
    back = release(api, GOOD, 30)
    assert serving(api) == {GOOD: 3}
    assert back["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert condition(back, "Progressing") == ("True", "NewReplicaSetAvailable")
    live = [each["metadata"]["name"] for each in api.items(REPLICA_SETS) if each["spec"]["replicas"]]
    assert live == first


def test_a_crashing_container_waits_longer_from_time_to_time_and_tells_its_last_words(api: Api) -> None:
    api.behaves(GOOD, "crash-loop")
    release(api, GOOD, 100)
    pod = api.items(PODS)[0]
    status = pod["status"]["containerStatuses"][0]
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert status["restartCount"] >= 3
    log = api.get(f"{PODS}/{pod['metadata']['name']}/log?previous=true&tailLines=1")
    assert log == "RuntimeError: the program failed\n"


def test_a_slow_start_is_waited_for_by_a_startup_probe_and_cut_short_by_a_hasty_one(api: Api) -> None:
    api.behaves(GOOD, "slow")
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    release(api, GOOD, 230, startupProbe=probe | {"failureThreshold": 30})
    assert serving(api) == {}
    api.cloud.step(60)
    assert serving(api) == {GOOD: 3}
    api.behaves(BETTER, "slow")
    release(api, BETTER, 100, startupProbe=probe | {"failureThreshold": 3})
    assert serving(api) == {GOOD: 3}
    assert ("Killing", "Container app failed startup probe, will be restarted") in api.events()


def test_a_pod_that_goes_takes_its_time(api: Api) -> None:
    release(api, GOOD, lifecycle={"preStop": {"sleep": {"seconds": 15}}})
    api.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}}, MERGE)
    api.cloud.step(14)
    going = [pod for pod in api.items(PODS) if pod["metadata"].get("deletionTimestamp")]
    assert [pod["metadata"]["deletionGracePeriodSeconds"] for pod in going] == [30]
    api.cloud.step(3)
    assert len(api.names(PODS)) == 2


def test_old_sets_beyond_the_limit_are_forgotten(api: Api) -> None:
    for number in range(5):
        api.apply(DEPLOYMENTS, deployment(f"web:{number}", revisionHistoryLimit=2))
        api.cloud.step(120)
    assert len(api.names(REPLICA_SETS)) == 3


def test_recreate_ends_the_old_pods_first(api: Api) -> None:
    api.apply(DEPLOYMENTS, deployment(strategy={"type": "Recreate"}))
    api.cloud.step(60)
    api.apply(DEPLOYMENTS, deployment(BETTER, strategy={"type": "Recreate"}))
    api.cloud.step(0.5)
    assert {pod["spec"]["containers"][0]["image"] for pod in api.items(PODS)} == {GOOD}
    api.cloud.step(60)
    assert serving(api) == {BETTER: 3}


def test_a_scaled_deployment_follows_while_a_rollout_is_under_way(api: Api) -> None:
    release(api, GOOD)
    api.behaves(BETTER, "never-ready")
    release(api, BETTER, 20)
    api.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, MERGE)
    api.cloud.step(60)
    assert serving(api) == {GOOD: 1}


def test_pods_that_the_namespace_refuses_are_told_by_set_and_deployment(api: Api) -> None:
    api.namespace("safe", enforce="restricted")
    where = "/apis/apps/v1/namespaces/safe/deployments"
    api.post(where, deployment())
    found = api.get(f"{where}/web")
    assert condition(found, "ReplicaFailure") == ("True", "FailedCreate")
    told = [text for reason, text in api.events("safe") if reason == "FailedCreate"]
    assert 'is forbidden: violates PodSecurity "restricted:latest"' in told[0]


def test_missing_settings_keep_a_pod_from_starting_until_they_are_there(api: Api) -> None:
    source = [{"configMapRef": {"name": "settings"}}]
    release(api, GOOD, 10, envFrom=source)
    assert waiting(api) == {"CreateContainerConfigError"}
    api.post(PODS.replace("pods", "configmaps"), {"metadata": {"name": "settings"}})
    api.cloud.step(60)
    assert serving(api) == {GOOD: 3}


def test_an_image_of_ecr_must_be_in_the_registry(api: Api) -> None:
    ecr = api.cloud.client("ecr")
    ecr.create_repository(repositoryName="web")
    manifest = '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}'
    digest = ecr.put_image(repositoryName="web", imageManifest=manifest, imageTag="1")["image"]["imageId"][
        "imageDigest"
    ]
    registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/web@"
    release(api, f"{registry}{digest}")
    assert serving(api) == {f"{registry}{digest}": 3}
    release(api, f"{registry}sha256:{'0' * 64}")
    assert serving(api) == {f"{registry}{digest}": 3}
    assert waiting(api) <= {"ErrImagePull", "ImagePullBackOff"}


def test_a_paused_deployment_keeps_its_pods_until_it_goes_on(api: Api) -> None:
    release(api, GOOD)
    api.apply(DEPLOYMENTS, deployment(BETTER, paused=True))
    api.cloud.step(60)
    assert condition(api.get(f"{DEPLOYMENTS}/web"), "Progressing") == ("Unknown", "DeploymentPaused")
    assert serving(api) == {GOOD: 3}
    api.apply(DEPLOYMENTS, deployment(BETTER))
    api.cloud.step(120)
    assert serving(api) == {BETTER: 3}
