from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from components.kubernetes.cluster import Cluster
from components.kubernetes.cluster_reference import ClusterReference, ClusterReferenceArgs
from components.kubernetes.kubeconfig import kubeconfig
from tests.components.kubernetes.clusters import ARN, Build
from tests.components.recorder import REGION, Built

GIVEN: dict[str, Any] = {
    "cluster_name": "shared",
    "cluster_arn": ARN,
    "endpoint": "https://shared.example",
    "kubeconfig": "{}",
    "version": "1.36",
}


def reference(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = ClusterReference("theirs", ClusterReferenceArgs(**{**GIVEN, **changed}))
        return {
            "name": made.name,
            "arn": made.arn,
            "endpoint": made.endpoint,
            "version": made.version,
            "kubeconfig": made.kubeconfig,
            "group": made.node_security_group_id,
            "autoscaling": made.node_group_autoscaling_name,
        }

    return build(program)


def test_a_cluster_of_others_stands_where_one_of_ours_would() -> None:
    """What workloads take of the one, they find at the other; what is EKS's own stays with the cluster."""
    ours, theirs = (inspect.get_annotations(each) for each in (Cluster, ClusterReference))
    assert set(ours) - set(theirs) == {"oidc_issuer", "security_group_id", "node_group_name"}
    assert set(theirs) <= set(ours)


def test_it_makes_the_way_to_the_cluster_and_nothing_else(build: Build) -> None:
    built = reference(build)
    assert built.inputs() == {"kubernetes theirs": {"kubeconfig": "{}"}}
    assert built.parents() == {
        "the ClusterReference theirs": "Stack",
        "kubernetes theirs": "the ClusterReference theirs",
    }


def test_it_tells_what_it_was_told(build: Build) -> None:
    told = reference(build, node_security_group_id="sg-theirs", autoscaling_name="their-nodes").outputs
    assert told == {
        "name": "shared",
        "arn": ARN,
        "endpoint": "https://shared.example",
        "version": "1.36",
        "kubeconfig": "{}",
        "group": "sg-theirs",
        "autoscaling": "their-nodes",
    }
    without = reference(build).outputs
    assert (without["group"], without["autoscaling"]) == (None, None)


def test_its_kubeconfig_may_be_made_as_ours_is(build: Build) -> None:
    def program() -> Mapping[str, Any]:
        written = kubeconfig("shared", "https://shared.example", "Q0E=", REGION)
        made = ClusterReference("theirs", ClusterReferenceArgs(**{**GIVEN, "kubeconfig": written}))
        return {"kubeconfig": made.kubeconfig}

    assert '"--cluster-name", "shared", "--region", "eu-central-1"' in build(program).outputs["kubeconfig"]
