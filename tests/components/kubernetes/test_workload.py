"""A workload's objects: exactly which, and what each of them says."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import kubernetes_validate
import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.output import UNKNOWN

from components.kubernetes import workload
from components.kubernetes.labels import fingerprint, uid_of
from components.kubernetes.workload import Workload
from tests.components.kubernetes.rendered import (
    IMAGE,
    OTHER,
    SECRET,
    WHOLE,
    arguments,
    built,
    manifests,
    named,
)

VERSION = "1.36"


def test_a_small_workload_is_these_objects_and_no_others() -> None:
    assert {f"{each['kind']} {each['metadata']['name']}" for each in manifests()} == {
        "ServiceAccount shop",
        "NetworkPolicy shop",
        "Deployment shop",
        "PodDisruptionBudget shop",
        "HorizontalPodAutoscaler shop",
        "Service shop",
    }


def test_a_workload_with_everything_is_these_objects_and_no_others() -> None:
    objects = manifests(**WHOLE)
    config, secrets = named(objects, "ConfigMap"), named(objects, "SecretProviderClass")
    job = named(objects, "Job")
    assert {f"{each['kind']} {each['metadata']['name']}" for each in objects} == {
        "ServiceAccount shop",
        f"ConfigMap shop-{fingerprint(config['data'])}",
        f"SecretProviderClass shop-{fingerprint(secrets['spec']['parameters'])}",
        "NetworkPolicy shop",
        "NetworkPolicy shop.database",
        "NetworkPolicy shop.to.billing",
        "NetworkPolicy billing.from.shop",
        "NetworkPolicy shop.nodes",
        "NetworkPolicy shop.ingress",
        f"Job shop-migrate-{fingerprint(job['spec'])}",
        "Deployment shop",
        "PodDisruptionBudget shop",
        "HorizontalPodAutoscaler shop",
        "Service shop",
        "Ingress shop",
    }


@pytest.mark.parametrize("given", [{}, WHOLE, {"port": None}], ids=["small", "whole", "worker"])
def test_kubernetes_takes_every_object(given: dict[str, Any]) -> None:
    for each in manifests(**given):
        if each["kind"] != "SecretProviderClass":
            kubernetes_validate.validate(each, VERSION, strict=True)


ports = st.integers(1024, 65535)


# Few cases: the schemas are read for each object.
@settings(max_examples=max(5, settings().max_examples // 20))
@given(
    port=st.none() | ports,
    further=st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True), ports, max_size=2),
    sizes=st.tuples(st.integers(1, 5), st.integers(0, 5)),
    drain=st.integers(0, 30),
    surge=st.integers(1, 5) | st.sampled_from(["1%", "25%", "100%"]),
    variables=st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,10}", fullmatch=True), st.text(), max_size=3),
    token=st.booleans(),
    user=st.none() | st.integers(1, 2**31 - 1),
)
def test_kubernetes_takes_whatever_the_model_takes(
    port: int | None,
    further: dict[str, int],
    sizes: tuple[int, int],
    drain: int,
    surge: int | str,
    variables: dict[str, str],
    token: bool,
    user: int | None,
) -> None:
    given: dict[str, Any] = {
        "port": port, "ports": further, "min_size": sizes[0], "max_size": sum(sizes), "drain_seconds": drain,
        "max_surge": surge, "environment": variables, "service_account_token": token, "user_id": user,
    }  # fmt: skip
    try:
        arguments(**given)
    except ValueError:
        return
    for each in manifests(**given):
        kubernetes_validate.validate(each, VERSION, strict=True)


def test_every_object_says_whose_it_is_and_is_a_child_of_the_workload() -> None:
    found = built(**WHOLE, labels={"team": "shop"})
    for resource in found.resources.values():
        if resource.type.startswith("kubernetes:"):
            assert resource.parent == "the Workload shop"
            labels = resource.inputs["metadata"]["labels"]
            assert (labels["app.kubernetes.io/name"], labels["team"]) == ("shop", "shop")
            assert labels["app.kubernetes.io/part-of"] == "workloads"
            assert labels["app.kubernetes.io/managed-by"] == "pulumi"
            assert resource.inputs["metadata"]["namespace"] == "workloads"
            assert resource.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"


def test_the_same_workload_is_the_same_objects_in_whatever_order_it_is_said() -> None:
    given: dict[str, Any] = {"environment": {"A": "1", "B": "2"}, "secrets": {"X": SECRET, "Y": SECRET}}
    turned = {key: dict(reversed(value.items())) for key, value in given.items()}
    assert manifests(**given) == manifests(**turned)


def test_two_environments_differ_in_what_they_were_given_and_in_nothing_else() -> None:
    staging, prod = manifests(**WHOLE), manifests(**WHOLE, image=OTHER, min_size=3, max_size=9)
    assert [each["kind"] for each in staging] == [each["kind"] for each in prod]
    changed = {each["kind"] for each, other in zip(staging, prod, strict=True) if each != other}
    assert changed == {"HorizontalPodAutoscaler", "Job", "Deployment"}


def test_the_rollout_gets_the_manifest_that_was_applied_and_comes_after_all_else() -> None:
    found = built(**WHOLE)
    given = found.inputs()["DeploymentRollout shop"]
    deployment = found.inputs()["Deployment shop"]
    assert (given["metadata"], given["spec"]) == (deployment["metadata"], deployment["spec"])
    assert (given["image"], given["deployment_uid"], given["min_size"]) == (IMAGE, "uid-shop", 2)
    assert (given["namespace"], given["deployment"], given["kubeconfig"]) == ("workloads", "shop", "{}")
    resource = found.resources["DeploymentRollout shop"]
    assert resource.after == [
        "HorizontalPodAutoscaler shop", "Ingress shop", "PodDisruptionBudget shop", "Service shop",
    ]  # fmt: skip
    assert "Deployment shop" in resource.uses
    assert found.outputs["image"] == IMAGE


def test_pulumi_and_the_rollout_apply_in_one_name() -> None:
    annotations = named(manifests(), "Deployment")["metadata"]["annotations"]
    assert annotations["pulumi.com/patchFieldManager"] == "pulumi-kubernetes-immutable"


@pytest.mark.parametrize("name", ["Shop", "1shop", "shop-", "a" * 47, "sh.op"])
def test_a_name_that_kubernetes_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="string_"):
        Workload(name, arguments(port=None))
    built("a" * 46, migrate=("m",))


def test_what_the_cluster_chooses_is_unknown_in_a_preview_of_what_is_not_there() -> None:
    """And neither nothing nor a failure: others are told it."""
    service = SimpleNamespace(ports=[SimpleNamespace(node_port=None)])
    account: Any = SimpleNamespace(metadata=pulumi.Output.from_input(SimpleNamespace(uid=None)))
    assert workload._node_port(service) is UNKNOWN
    known = asyncio.get_event_loop().run_until_complete(uid_of(account).is_known())
    assert not known
