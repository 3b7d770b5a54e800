"""Where a cluster's object is not as it was declared, and whose hand was on it."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.releases import object_differences
from scripts.releases.backend import SECRET


def paths(declared: dict[str, Any], live: dict[str, Any]) -> list[str]:
    return [each.path for each in object_differences.differences({"spec": declared}, {"spec": live})]


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({"a": 3.0}, {"a": 3}),
        ({"a": "0.5"}, {"a": "500m"}),
        ({"a": "1024Mi"}, {"a": "1Gi"}),
        ({"a": 1}, {"a": "1"}),
        ({"a": []}, {}),
        ({"a": {}}, {"a": None}),
        ({"a": False}, {}),
        ({"a": SECRET}, {"a": "what it is"}),
        ({}, {"a": "added by a controller"}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": "a default"}}),
        (
            {"a": [{"name": "x", "v": 1}, {"name": "y"}]},
            {"a": [{"name": "y"}, {"name": "x", "v": 1, "w": 2}]},
        ),
        ({"a": ["x", "y"]}, {"a": ["x", "y"]}),
        ({"a": {"pulumi.com/patchForce": "true"}}, {"a": {}}),
    ],
)
def test_what_is_the_same_to_kubernetes_is_no_difference(
    declared: dict[str, Any], live: dict[str, Any]
) -> None:
    assert paths(declared, live) == []


@pytest.mark.parametrize(
    ("declared", "live", "path"),
    [
        ({"a": 3}, {"a": 4}, "spec.a"),
        ({"a": "250m"}, {"a": "500m"}, "spec.a"),
        ({"a": "x"}, {}, "spec.a"),
        ({"a": True}, {"a": False}, "spec.a"),
        ({"a": True}, {"a": "true"}, "spec.a"),
        ({"a": {"b": "x"}}, {"a": {}}, "spec.a.b"),
        ({"a": ["x"]}, {"a": ["x", "y"]}, "spec.a"),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, "spec.a[0]"),
        ({"a": [{"name": "x", "v": 1}]}, {"a": [{"name": "x", "v": 2}]}, "spec.a[x].v"),
        ({"a": [{"name": "x"}]}, {"a": [{"name": "x"}, {"name": "sidecar"}]}, "spec.a[sidecar]"),
        ({"a": [{"name": "x"}]}, {"a": [{"name": "y"}]}, "spec.a[x]"),
    ],
)
def test_what_is_not_as_declared_is_named_by_its_path(
    declared: dict[str, Any], live: dict[str, Any], path: str
) -> None:
    assert paths(declared, live)[0] == path


def test_what_an_object_tells_is_not_compared() -> None:
    declared = {"apiVersion": "v1", "kind": "ConfigMap", "status": {"a": 1}, "data": {"a": "1"}}
    assert list(object_differences.differences(declared, {"data": {"a": "1"}})) == []


def managed(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    entry = {"manager": manager, "operation": "Update", "fieldsV1": fields, "time": "2026-11-20T10:00:00Z"}
    return {"metadata": {"managedFields": [{**entry, **more}]}}


FIELDS = {
    "f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:template": {"f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}, "f:image": {}}}}},
        "f:finalizers": {'v:"x"': {}},
    },
}


def test_a_hand_is_named_with_its_fields_and_its_time() -> None:
    (hand,) = object_differences.hands(managed("kubectl-edit", FIELDS), frozenset())
    assert hand.manager == "kubectl-edit"
    assert hand.at is not None
    assert hand.at.isoformat() == "2026-11-20T10:00:00+00:00"
    expected = ("spec.replicas", "spec.template.spec.containers[main].image", "spec.finalizers[x]")
    assert hand.paths == expected


@pytest.mark.parametrize(
    ("manager", "more"),
    [
        ("pulumi-kubernetes-0a1b2c3d", {}),
        ("pulumi-kubernetes", {}),
        ("immutable", {}),
        ("ours", {}),
        ("kube-controller-manager", {}),
        ("kubectl-edit", {"subresource": "status"}),
    ],
)
def test_we_and_the_controllers_are_no_hand(manager: str, more: dict[str, str]) -> None:
    assert list(object_differences.hands(managed(manager, FIELDS, **more), frozenset({"ours"}))) == []


def test_a_number_set_by_kubectl_scale_is_a_hand() -> None:
    scaled = managed("kubectl", {"f:spec": {"f:replicas": {}}}, subresource="scale")
    (hand,) = object_differences.hands(scaled, frozenset())
    assert hand.paths == ("spec.replicas",)


def test_what_a_controller_notes_on_an_object_is_no_hand() -> None:
    fields: dict[str, Any] = {
        "f:metadata": {"f:annotations": {".": {}, "f:deployment.kubernetes.io/revision": {}}}
    }
    assert list(object_differences.hands(managed("kubectl", fields), frozenset())) == []
    assert list(object_differences.hands({"metadata": {}}, frozenset())) == []
