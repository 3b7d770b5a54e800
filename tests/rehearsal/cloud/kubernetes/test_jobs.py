from __future__ import annotations

import pytest

from tests.rehearsal.cloud.kubernetes.api import GOOD, JOBS, PODS, Api, Refusal, condition, job


def test_a_job_runs_its_pod_to_the_end(api: Api) -> None:
    api.post(JOBS, job())
    api.cloud.step(5)
    assert api.get(f"{JOBS}/migrate")["status"]["active"] == 1
    api.cloud.step(20)
    done = api.get(f"{JOBS}/migrate")
    assert condition(done, "Complete") == ("True", "CompletionsReached")
    assert (done["status"]["succeeded"], "active" in done["status"]) == (1, False)
    assert done["status"]["completionTime"] > done["status"]["startTime"]
    assert [pod["status"]["phase"] for pod in api.items(PODS)] == ["Succeeded"]


def test_a_migration_that_fails_is_tried_again_as_often_as_it_may(api: Api) -> None:
    api.behaves(GOOD, "migration-fails")
    api.post(JOBS, job(backoffLimit=1))
    api.cloud.step(10)
    assert condition(api.get(f"{JOBS}/migrate"), "Failed") is None
    api.cloud.step(60)
    failed = api.get(f"{JOBS}/migrate")
    assert condition(failed, "Failed") == ("True", "BackoffLimitExceeded")
    assert failed["status"]["failed"] == 2
    pods = api.items(PODS)
    assert [pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] for pod in pods] == [
        1,
        1,
    ]
    log = api.get(f"{PODS}/{pods[0]['metadata']['name']}/log")
    assert log.endswith("RuntimeError: the migration failed\n")


def test_a_job_in_place_counts_restarts(api: Api) -> None:
    api.behaves(GOOD, "migration-fails")
    given = job(backoffLimit=2)
    given["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    api.post(JOBS, given)
    api.cloud.step(120)
    assert condition(api.get(f"{JOBS}/migrate"), "Failed") == ("True", "BackoffLimitExceeded")


def test_a_job_without_its_image_ends_at_its_deadline(api: Api) -> None:
    api.behaves(GOOD, "missing")
    api.post(JOBS, job(activeDeadlineSeconds=60))
    api.cloud.step(55)
    assert condition(api.get(f"{JOBS}/migrate"), "Failed") is None
    api.cloud.step(10)
    assert condition(api.get(f"{JOBS}/migrate"), "Failed") == ("True", "DeadlineExceeded")


def test_a_finished_job_is_forgotten_when_it_says_so(api: Api) -> None:
    api.post(JOBS, job(ttlSecondsAfterFinished=100))
    api.cloud.step(60)
    assert api.names(JOBS) == ["migrate"]
    api.cloud.step(100)
    assert (api.names(JOBS), api.names(PODS)) == ([], [])


def test_pods_outlive_a_job_unless_they_are_to_go_with_it(api: Api) -> None:
    api.post(JOBS, job())
    api.cloud.step(30)
    api.ask("DELETE", f"{JOBS}/migrate")
    assert "child pods are preserved by default" in api.warnings
    assert len(api.names(PODS)) == 1
    api.post(JOBS, job())
    api.cloud.step(30)
    api.ask("DELETE", f"{JOBS}/migrate?propagationPolicy=Background")
    assert len(api.names(PODS)) == 1


def test_a_job_must_say_what_is_done_with_a_failed_container(api: Api) -> None:
    given = job()
    del given["spec"]["template"]["spec"]["restartPolicy"]
    with pytest.raises(Refusal, match='Required value: valid values: "OnFailure", "Never"'):
        api.post(JOBS, given)
