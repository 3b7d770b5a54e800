"""The namespace of workloads: what it admits, and that nothing in it is open by itself."""

from __future__ import annotations

import kubernetes_validate
import pytest
from pydantic import ValidationError

from components.kubernetes.rollout_provider import whole
from components.kubernetes.workload_namespace import WorkloadNamespace, WorkloadNamespaceArgs
from tests.components.recorder import Built, run


def built() -> Built:
    args = WorkloadNamespaceArgs(kubeconfig="{}", version="1.36", labels={"team": "shop"})
    return run(lambda: {"name": WorkloadNamespace("apps", args).name})


def test_the_keeper_alone_takes_over_what_is_there() -> None:
    """As the engine writes a provider's inputs: each as JSON."""
    keeper = built().resources["kubernetes apps-keeper"]
    assert keeper.inputs == {"kubeconfig": "{}", "upsertExistingObjects": "true"}
    assert keeper.parent == "the WorkloadNamespace apps"


def test_only_pods_of_the_restricted_standard_of_the_clusters_version_are_admitted() -> None:
    found = built()
    assert found.outputs["name"] == "workloads"
    metadata = found.inputs()["Namespace apps"]["metadata"]
    assert metadata == {
        "name": "workloads",
        "labels": {
            "team": "shop",
            **{f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")},
            **{
                f"pod-security.kubernetes.io/{mode}-version": "v1.36" for mode in ("enforce", "audit", "warn")
            },
        },
    }


def test_every_way_of_every_pod_is_closed_until_a_policy_opens_it() -> None:
    policy = built().inputs()["NetworkPolicy apps"]
    assert policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policy["metadata"] == {"name": "closed", "namespace": "workloads", "labels": {"team": "shop"}}


def test_kubernetes_takes_both_and_both_are_the_components() -> None:
    found = built()
    for key, inputs in found.inputs().items():
        assert found.parents()[key] == "the WorkloadNamespace apps"
        if key.startswith("kubernetes "):
            continue
        kubernetes_validate.validate(whole(inputs), "1.36", strict=True)


@pytest.mark.parametrize("given", [{"namespace": "Apps"}, {"namespace": "a" * 64}, {"version": "v1.36"}])
def test_what_kubernetes_would_refuse_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WorkloadNamespaceArgs(**{"kubeconfig": "{}", "version": "1.36", **given})
