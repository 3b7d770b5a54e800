"""What is read out of a Deployment and its ReplicaSets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from components.kubernetes import rollout_view as view
from components.kubernetes.labels import FIELD_MANAGER

NOW = datetime(2026, 11, 21, 10, 20, 30, tzinfo=UTC)


def replica_set(
    name: str, revision: int, available: int = 1, image: str = "a", made: str = ""
) -> dict[str, Any]:
    labels = {"app": "shop", view.HASH: name}
    return {
        "metadata": {
            "name": name, "annotations": {view.REVISION: str(revision)}, "creationTimestamp": made,
            "ownerReferences": [{"uid": "mine"}],
        },
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": [{"image": image}]}}},
        "status": {"availableReplicas": available},
    }  # fmt: skip


def deployment(image: str = "a", **status: Any) -> dict[str, Any]:
    template = {
        "metadata": {"creationTimestamp": None, "labels": {"app": "shop"}},
        "spec": {"containers": [{"image": image}]},
    }
    return {
        "metadata": {"generation": 2, "uid": "mine"},
        "spec": {"replicas": 2, "template": template},
        "status": {
            "observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2, **status,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "complete"),
    [
        ({}, True),
        ({"observedGeneration": 1}, False),
        ({"updatedReplicas": 1}, False),
        ({"replicas": 3}, False),
        ({"availableReplicas": 1}, False),
    ],
)
def test_a_rollout_is_complete_when_every_count_says_so_of_the_present_spec(
    status: dict[str, Any], complete: bool
) -> None:
    assert view.is_complete(deployment(**status)) is complete


def test_what_is_put_back_is_the_remembered_one_or_the_newest_that_serves() -> None:
    sets = [replica_set("a", 1), replica_set("b", 2), replica_set("c", 3, available=0), replica_set("d", 4)]
    chosen = {given: view.good_before(sets, sets[3], given) for given in ("a", "c", "d", "", "gone")}
    names = {given: view.name(found or {}) for given, found in chosen.items()}
    assert names == {"a": "a", "c": "c", "d": "b", "": "b", "gone": "b"}
    assert view.good_before([sets[2], sets[3]], sets[3], "") is None
    assert view.good_before(sets[:1], None, "") == sets[0]


def test_the_replica_set_of_a_template_is_the_one_that_says_the_same_and_of_two_the_older() -> None:
    old, new = replica_set("a", 1, made="2026-01-02"), replica_set("b", 3, made="2026-01-01")
    other = replica_set("c", 2, image="b")
    assert view.new_replica_set(deployment(), [old, other, new]) == new
    assert view.new_replica_set(deployment("b"), [old, other]) == other
    assert view.new_replica_set(deployment("c"), [old, other]) is None


def test_only_what_is_owned_counts_whatever_its_labels_are() -> None:
    mine, other = replica_set("a", 1), replica_set("b", 2)
    other["metadata"]["ownerReferences"] = [{"uid": "another"}]
    assert view.of(deployment(), [mine, other, {"metadata": {}}]) == [mine]


def test_the_end_is_when_the_controller_says_so_and_else_now() -> None:
    ended = {
        "type": "Progressing",
        "reason": "NewReplicaSetAvailable",
        "lastUpdateTime": "2026-11-21T09:00:00Z",
    }
    assert view.finished_at(deployment(conditions=[ended]), NOW) == "2026-11-21T09:00:00Z"
    going = {**ended, "reason": "ReplicaSetUpdated"}
    assert view.finished_at(deployment(conditions=[going]), NOW) == "2026-11-21T10:20:30Z"


def test_the_last_writer_of_a_field_is_told_and_of_two_in_one_second_the_other() -> None:
    def wrote(who: str, at: str, field: str = "template", **more: str) -> dict[str, Any]:
        return {"manager": who, "time": at, "fieldsV1": {"f:spec": {f"f:{field}": {}}}, **more}

    given = deployment()
    assert view.last_writer(given, "spec", "template") == ""
    given["metadata"]["managedFields"] = [
        wrote("kubectl-set", "2026-11-21T10:00:00Z"),
        wrote(FIELD_MANAGER, "2026-11-21T10:00:00Z"),
        wrote("kubectl-scale", "2026-11-21T11:00:00Z", "replicas"),
        wrote("kube-controller-manager", "2026-11-21T12:00:00Z", subresource="status"),
    ]
    assert view.last_writer(given, "spec", "template") == "kubectl-set at 2026-11-21T10:00:00Z"
    given["metadata"]["managedFields"][1]["time"] = "2026-11-21T10:00:01Z"
    assert view.last_writer(given, "spec", "template").startswith(FIELD_MANAGER)


def test_an_image_is_told_by_its_name_and_the_beginning_of_its_digest() -> None:
    assert view.short(f"registry.example.com/team/shop@sha256:{'0a' * 32}") == "shop@0a0a0a0a0a0a"
    assert view.short("shop:1.0") == "shop:1.0"
