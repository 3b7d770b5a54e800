from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components import policies
from components.kubernetes.cluster import ClusterArgs
from components.kubernetes.roles import pod_trust
from tests.components.kubernetes.clusters import (
    ADD_ONS,
    ARN,
    DEPLOY,
    GIVEN,
    VIEW,
    Build,
    cluster,
    tags,
)
from tests.components.recorder import ACCOUNT, REGION

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/main"
NAME = "main-1a2b3c4d"


def test_it_is_private_encrypted_and_logged_and_nobody_is_let_in_for_having_made_it(build: Build) -> None:
    built = cluster(build)
    assert built.inputs()["Cluster main"] == {
        "name": NAME,
        "roleArn": "arn:role/main",
        "version": "1.36",
        "upgradePolicy": {"supportType": "STANDARD"},
        "accessConfig": {
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": False,
        },
        "bootstrapSelfManagedAddons": False,
        "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
        "kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"},
        "vpcConfig": {
            "subnetIds": ["subnet-a", "subnet-b"],
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
        },
        "deletionProtection": True,
        "tags": tags("main"),
    }


def test_it_is_reached_from_outside_only_where_that_is_asked_for(build: Build) -> None:
    made = cluster(build, public_access_cidrs=("203.0.113.0/24",)).inputs()["Cluster main"]
    assert made["vpcConfig"]["endpointPublicAccess"] is True
    assert made["vpcConfig"]["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_its_logs_have_a_group_before_it_makes_one_itself(build: Build) -> None:
    built = cluster(build, log_retention_days=30, log_kms_key_arn="arn:key")
    assert built.inputs("LogGroup")["LogGroup main"] == {
        "name": f"/aws/eks/{NAME}/cluster",
        "retentionInDays": 30,
        "kmsKeyId": "arn:key",
        "tags": tags("main"),
    }
    assert built.options()["LogGroup main"] == {"retain_on_delete": True}
    assert "LogGroup main" in built.after()["Cluster main"]
    assert "LogGroup main" not in cluster(build, retain_logs=False).options()


def test_its_role_may_run_it_and_use_the_key_of_its_secrets_before_it_is_there(build: Build) -> None:
    built = cluster(build)
    inputs = built.inputs()
    assert inputs["Role main"]["assumeRolePolicy"] == policies.trust("eks.amazonaws.com")
    assert inputs["RolePolicyAttachment main-AmazonEKSClusterPolicy"] == {
        "role": "main-role",
        "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    }
    assert inputs["RolePolicy main"]["policy"]["Statement"] == [
        {
            "Sid": "EncryptSecrets",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
            "Resource": KEY,
        }
    ]
    assert {"RolePolicy main", "RolePolicyAttachment main-AmazonEKSClusterPolicy"} <= set(
        built.after()["Cluster main"]
    )


def test_the_key_of_its_secrets_turns_over_and_can_be_had_back(build: Build) -> None:
    made = cluster(build, key_deletion_window_days=7).inputs()["Key main"]
    assert (made["enableKeyRotation"], made["deletionWindowInDays"]) == (True, 7)
    assert made["description"] == "Encrypts the secrets of the cluster main"
    assert made["tags"] == tags("main")
    (statement,) = made["policy"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_who_may_do_what_is_said_by_access_entries(build: Build) -> None:
    inputs = cluster(build).inputs()
    assert inputs["AccessEntry main-123456789012-ci-deploy"] == {
        "clusterName": NAME,
        "principalArn": DEPLOY,
        "type": "STANDARD",
        "tags": tags("main-123456789012-ci-deploy"),
    }
    policies_of = {
        key: (made["principalArn"], made["policyArn"].rsplit("/")[-1], made["accessScope"])
        for key, made in inputs.items()
        if key.startswith("AccessPolicyAssociation")
    }
    assert policies_of == {
        "AccessPolicyAssociation main-123456789012-ci-deploy": (
            DEPLOY, "AmazonEKSClusterAdminPolicy", {"type": "cluster"}
        ),
        "AccessPolicyAssociation main-123456789012-support": (
            VIEW, "AmazonEKSViewPolicy", {"type": "cluster"}
        ),
    }  # fmt: skip
    assert inputs["AccessPolicyAssociation main-123456789012-support"]["policyArn"] == (
        "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    )


@pytest.mark.parametrize("name", ADD_ONS)
def test_each_add_on_is_of_the_version_that_is_pinned(build: Build, name: str) -> None:
    made = cluster(build).inputs()[f"Addon main-{name}"]
    assert made.pop("configurationValues", None) == (
        '{"enableNetworkPolicy": "true"}' if name == "vpc-cni" else None
    )
    assert made.pop("podIdentityAssociations", None) == (
        [{"roleArn": "arn:role/main-vpc-cni", "serviceAccount": "aws-node"}] if name == "vpc-cni" else None
    )
    assert made == {
        "clusterName": NAME,
        "addonName": name,
        "addonVersion": ADD_ONS[name],
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
        "preserve": False,
        "tags": tags(f"main-{name}"),
    }


def test_pods_get_addresses_by_a_role_that_nodes_do_not_have(build: Build) -> None:
    built = cluster(build)
    inputs = built.inputs()
    assert inputs["Role main-vpc-cni"]["assumeRolePolicy"] == pod_trust(ARN, "kube-system", "aws-node")
    attached = inputs["RolePolicyAttachment main-vpc-cni-AmazonEKS_CNI_Policy"]
    assert attached == {
        "role": "main-vpc-cni-role",
        "policyArn": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
    }
    assert "RolePolicyAttachment main-vpc-cni-AmazonEKS_CNI_Policy" in built.after()["Addon main-vpc-cni"]


def test_what_a_node_needs_comes_before_nodes_and_what_needs_a_node_after_them(build: Build) -> None:
    after = cluster(build).after()
    early = {f"Addon main-{name}" for name in ("eks-pod-identity-agent", "kube-proxy", "vpc-cni")}
    assert set(after["the NodeGroup main-nodes"]) == early
    for name in ("aws-secrets-store-csi-driver-provider", "coredns", "metrics-server"):
        assert "NodeGroup main-nodes" in after[f"Addon main-{name}"]
    assert not any("NodeGroup main-nodes" in after[each] for each in early)


def test_objects_are_made_in_it_once_there_are_nodes_add_ons_and_rights(build: Build) -> None:
    built = cluster(build)
    waits = set(built.after()["kubernetes main"]) | set(built.resources["kubernetes main"].uses)
    assert {f"Addon main-{name}" for name in ADD_ONS} <= waits
    assert {"NodeGroup main-nodes", "AccessPolicyAssociation main-123456789012-ci-deploy"} <= waits


def test_its_kubeconfig_names_who_gets_a_token_and_holds_none(build: Build) -> None:
    built = cluster(build)
    text = built.outputs["kubeconfig"]
    assert built.inputs()["kubernetes main"] == {"kubeconfig": text}
    assert json.loads(text) == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": NAME,
                "cluster": {"server": "https://main.eks.example", "certificate-authority-data": "Q0E="},
            }
        ],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "current-context": NAME,
        "users": [
            {
                "name": NAME,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "aws",
                        "args": ["eks", "get-token", "--cluster-name", NAME, "--region", REGION],
                    }
                },
            }
        ],
    }


def test_its_kubeconfig_is_told_once_its_admins_may_use_it(build: Build) -> None:
    from pulumi_aws import ec2

    from components.kubernetes.cluster import Cluster

    def program() -> dict[str, Any]:
        made = Cluster("main", ClusterArgs(**GIVEN))
        return {"id": ec2.SecurityGroup("reader", description=made.kubeconfig).id}

    uses = build(program).resources["SecurityGroup reader"].uses
    assert "AccessPolicyAssociation main-123456789012-ci-deploy" in uses


def test_it_tells_what_others_need_of_it(build: Build) -> None:
    outputs = cluster(build).outputs
    del outputs["kubeconfig"]
    assert outputs == {
        "name": NAME,
        "arn": ARN,
        "endpoint": "https://main.eks.example",
        "version": "1.36",
        "issuer": "https://oidc.eks.example/main",
        "group": "sg-cluster",
        "nodes": "main-nodes-id",
        "node group": "main-nodes-group",
        "autoscaling": "eks-main-nodes-group",
    }


def test_it_is_waited_for_as_long_as_eks_may_take(build: Build) -> None:
    """Up a minor version takes it the longest: longer than Pulumi waits by itself."""
    options = cluster(build).options()
    assert options["Cluster main"] == {"timeouts": ("45m", "2h", "45m")}
    assert options["Addon main-coredns"] == {"timeouts": ("20m", "20m", "40m")}


def test_all_of_it_is_its_own(build: Build) -> None:
    built = cluster(build)
    parents = built.parents()
    assert parents.pop("the Cluster main") == "Stack"
    assert set(parents.values()) == {
        "the Cluster main",
        "the NodeGroup main-nodes",
        "the NodeRotation main-nodes",
    }
    assert built.types()["the Cluster main"] == "immutable:cluster:Cluster"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"version": "latest"}, "should match pattern"),
        ({"version": "1.36.2"}, "should match pattern"),
        (
            {"add_ons": {name: version for name, version in ADD_ONS.items() if name != "coredns"}},
            "the add-on coredns has no version",
        ),
        ({"add_ons": {**ADD_ONS, "coredns": "latest"}}, "should match pattern"),
        ({"admin_arns": ()}, "at least 1 item"),
        ({"admin_arns": ("arn:aws:sts::123456789012:assumed-role/deploy/me",)}, "should match pattern"),
        ({"admin_arns": ("*",)}, "should match pattern"),
        ({"viewer_arns": (DEPLOY,)}, f"{DEPLOY} is named twice"),
        ({"public_access_cidrs": ("0.0.0.0/0",)}, "0.0.0.0/0 lets everybody call the Kubernetes API"),
        ({"public_access_cidrs": ("203.0.113.7/24",)}, "has host bits set"),
        ({"service_cidr": "172.20.0.0/11"}, "has host bits set"),
        ({"service_cidr": "10.96.0.0/25"}, "EKS takes no 10.96.0.0/25 for Services"),
        ({"service_cidr": "100.64.0.0/16"}, "EKS takes no 100.64.0.0/16 for Services"),
        ({"key_name": "admin"}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_pinned_private_cluster_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ClusterArgs(**{**GIVEN, **changed})


def test_more_add_ons_may_be_pinned_than_are_needed(build: Build) -> None:
    more = {**ADD_ONS, "snapshot-controller": "v8.3.0-eksbuild.1"}
    built = cluster(build, add_ons=more)
    assert built.inputs()["Addon main-snapshot-controller"]["addonVersion"] == "v8.3.0-eksbuild.1"
    assert "NodeGroup main-nodes" in built.after()["Addon main-snapshot-controller"]


def test_it_may_be_deleted_only_when_it_was_said_before(build: Build) -> None:
    assert cluster(build, deletion_protection=False).inputs()["Cluster main"]["deletionProtection"] is False


def test_its_owner_may_be_known_late(build: Build) -> None:
    late = pulumi.Output.from_input(GIVEN["owner_arn"])
    assert cluster(build, owner_arn=late).inputs("Key") == cluster(build).inputs("Key")
