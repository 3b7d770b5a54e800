from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
from pydantic import ValidationError

from components.kubernetes import cluster_autoscaler_rights as rights
from components.kubernetes.cluster_autoscaler import ClusterAutoscaler, ClusterAutoscalerArgs
from components.kubernetes.roles import pod_trust
from components.kubernetes.system_objects import ways
from tests.components.kubernetes.clusters import ARN, Build
from tests.components.recorder import ACCOUNT, REGION, Built

NAME = "cluster-autoscaler"
IMAGE = f"registry.k8s.io/autoscaling/cluster-autoscaler@sha256:{'b' * 64}"
GIVEN: dict[str, Any] = {
    "image": IMAGE,
    "version": "1.36",
    "cluster_name": "main-1a2b3c4d",
    "cluster_arn": ARN,
    "region": REGION,
    "autoscaling_name": "eks-main-nodes-group",
}
HERE: dict[str, Any] = {
    "name": NAME,
    "namespace": NAME,
    "labels": {
        "app.kubernetes.io/name": NAME,
        "app.kubernetes.io/part-of": NAME,
        "app.kubernetes.io/managed-by": "pulumi",
    },
    "annotations": {"pulumi.com/patchForce": "true"},
}


def autoscaler(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        provider = pulumi_kubernetes.Provider("main", kubeconfig="{}")
        args = ClusterAutoscalerArgs(**{**GIVEN, **changed})
        made = ClusterAutoscaler(NAME, args, pulumi.ResourceOptions(provider=provider))
        return {"namespace": made.namespace, "role": made.role_arn}

    return build(program)


def pod(build: Build, **changed: Any) -> dict[str, Any]:
    spec = autoscaler(build, **changed).inputs()[f"Deployment {NAME}"]["spec"]
    found: dict[str, Any] = spec["template"]["spec"]
    return found


def container(build: Build, **changed: Any) -> dict[str, Any]:
    (found,) = pod(build, **changed)["containers"]
    assert isinstance(found, dict)
    return found


def test_it_finds_the_groups_of_its_cluster_and_reads_their_sizes_there(build: Build) -> None:
    command = container(build)["command"]
    assert command[0] == "./cluster-autoscaler"
    assert "--cloud-provider=aws" in command
    assert f"--namespace={NAME}" in command
    tags = "k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/main-1a2b3c4d"
    assert f"--node-group-auto-discovery=asg:tag={tags}" in command
    assert container(build)["env"] == [{"name": "AWS_REGION", "value": REGION}]


def test_it_ends_a_node_whose_pods_have_room_elsewhere_whatever_they_are(build: Build) -> None:
    command = container(build)["command"]
    assert "--skip-nodes-with-local-storage=false" in command
    assert "--skip-nodes-with-system-pods=false" in command


def test_it_sets_the_size_of_its_own_group_and_of_no_other(build: Build) -> None:
    inputs = autoscaler(build).inputs()
    scale, look = inputs[f"RolePolicy {NAME}"]["policy"]["Statement"]
    groups = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*"
    assert scale == {
        "Sid": "ScaleNodes",
        "Effect": "Allow",
        "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        "Resource": f"{groups}:autoScalingGroupName/eks-main-nodes-group",
    }
    assert look == rights.LOOK
    assert inputs[f"Role {NAME}"]["assumeRolePolicy"] == pod_trust(ARN, NAME, NAME)


def test_looking_changes_nothing() -> None:
    verbs = {action.split(":")[1] for action in rights.LOOK["Action"]}
    assert all(verb.startswith(("Describe", "Get")) for verb in verbs)


def test_its_pod_is_as_restricted_as_a_workloads(build: Build) -> None:
    assert container(build)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    found = pod(build)
    assert found["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert "volumes" not in found
    assert found["enableServiceLinks"] is False


def test_its_namespace_takes_restricted_pods_alone(build: Build) -> None:
    space = autoscaler(build).inputs()[f"Namespace {NAME}"]["metadata"]
    levels = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("audit", "enforce", "warn")
        for suffix, value in (("", "restricted"), ("-version", "v1.36"))
    }
    assert space == {
        "name": NAME,
        "labels": {**HERE["labels"], **levels},
        "annotations": HERE["annotations"],
    }


def test_its_image_is_a_digest_with_what_it_may_take(build: Build) -> None:
    found = container(build)
    assert found["image"] == IMAGE
    assert found["resources"] == {
        "requests": {"cpu": "100m", "memory": "512Mi"},
        "limits": {"cpu": "500m", "memory": "512Mi"},
    }


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_it_is_asked_whether_it_works(build: Build, probe: str) -> None:
    found = container(build)
    assert found[probe]["httpGet"] == {"path": "/health-check", "port": 8085, "scheme": "HTTP"}
    assert found["ports"] == [{"name": "health", "containerPort": 8085}]


def test_there_is_one_and_a_new_one_before_the_old_one_goes(build: Build) -> None:
    inputs = autoscaler(build).inputs()
    spec = inputs[f"Deployment {NAME}"]["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }
    selected = spec["selector"]["matchLabels"]
    assert selected.items() <= spec["template"]["metadata"]["labels"].items()
    budget = inputs[f"PodDisruptionBudget {NAME}"]["spec"]
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": selected}}
    assert pod(build)["priorityClassName"] == "system-cluster-critical"


def test_it_does_in_the_cluster_what_its_authors_say_that_it_needs(build: Build) -> None:
    inputs = autoscaler(build).inputs()
    assert inputs[f"ClusterRole {NAME}"]["rules"] == rights.CLUSTER_RULES
    assert inputs[f"Role {NAME}-own"]["rules"] == rights.OWN_RULES
    assert inputs[f"Role {NAME}-own"]["metadata"] == HERE
    binding = inputs[f"RoleBinding {NAME}-own"]
    assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == ("Role", NAME)
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": NAME}]
    assert pod(build)["serviceAccountName"] == NAME
    assert pod(build)["automountServiceAccountToken"] is True


def test_it_reads_no_secret_and_gives_itself_no_rights() -> None:
    for rule in (*rights.CLUSTER_RULES, *rights.OWN_RULES):
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
        assert "secrets" not in rule["resources"]
        assert "rbac.authorization.k8s.io" not in rule["apiGroups"]


def test_its_objects_are_in_its_own_namespace(build: Build) -> None:
    inputs = autoscaler(build).inputs()
    for kind in ("Deployment", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount"):
        assert inputs[f"{kind} {NAME}"]["metadata"] == HERE
    assert inputs[f"NetworkPolicy {NAME}"]["spec"] == ways(("0.0.0.0/0",))


def test_its_pod_starts_when_it_has_its_identity_rights_and_ways(build: Build) -> None:
    built = autoscaler(build)
    assert {
        f"PodIdentityAssociation {NAME}",
        f"NetworkPolicy {NAME}",
        f"ClusterRoleBinding {NAME}",
        f"RoleBinding {NAME}-own",
        f"ServiceAccount {NAME}",
    } <= set(built.after()[f"Deployment {NAME}"])
    assert built.outputs == {"namespace": NAME, "role": f"arn:role/{NAME}"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"image": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.0"}, "should match pattern"),
        ({"memory": {"request": "1Gi", "limit": "512Mi"}}, "limit 512Mi is below request 1Gi"),
        ({"max_nodes": 9}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_pinned_autoscaler_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ClusterAutoscalerArgs(**{**GIVEN, **changed})
