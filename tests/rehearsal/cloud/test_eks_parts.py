"""Add-ons, access entries and pod identities of the emulated EKS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.eks import access, identities
from rehearsal.cloud.eks.cluster import Cluster
from rehearsal.cloud.eks.models import eks_backends
from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.clusters import JOINED, NAME, POLICIES, Clusters

ADMIN, VIEW = f"{POLICIES}/AmazonEKSClusterAdminPolicy", f"{POLICIES}/AmazonEKSViewPolicy"
EVERYWHERE: dict[str, Any] = {"type": "cluster"}


@pytest.fixture
def clusters(cloud: Local) -> Clusters:
    made = Clusters(cloud)
    made.created()
    return made


def _cluster(clusters: Clusters) -> Cluster:
    found: Cluster = eks_backends[ACCOUNT][clusters.cloud.region].clusters[NAME]
    return found


def _add_on(clusters: Clusters, name: str) -> dict[str, Any]:
    found: dict[str, Any] = clusters.eks.describe_addon(clusterName=NAME, addonName=name)["addon"]
    return found


# Add-ons


def test_an_add_on_takes_its_time(clusters: Clusters) -> None:
    given = {"clusterName": NAME, "addonName": "vpc-cni", "addonVersion": "v1.20.4-eksbuild.2"}
    values = '{"enableNetworkPolicy": "true"}'
    made = clusters.eks.create_addon(**given, configurationValues=values)["addon"]
    assert made["status"] == "CREATING"
    clusters.cloud.step(30)
    found = _add_on(clusters, "vpc-cni")
    assert (found["status"], found["addonVersion"]) == ("ACTIVE", "v1.20.4-eksbuild.2")
    assert found["configurationValues"] == values
    with pytest.raises(ClientError, match=r"ResourceInUseException.*Addon already exists"):
        clusters.eks.create_addon(**given)


def test_an_add_on_that_needs_a_node_is_degraded_until_one_is_there(clusters: Clusters) -> None:
    for name in ("coredns", "kube-proxy"):
        clusters.eks.create_addon(clusterName=NAME, addonName=name)
    clusters.cloud.step(30)
    assert _add_on(clusters, "kube-proxy")["status"] == "ACTIVE"
    degraded = _add_on(clusters, "coredns")
    assert degraded["status"] == "DEGRADED"
    assert degraded["health"]["issues"][0]["code"] == "InsufficientNumberOfReplicas"
    clusters.create_nodes()
    clusters.cloud.step(JOINED)
    assert _add_on(clusters, "coredns")["status"] == "ACTIVE"


def test_an_add_on_of_the_cluster_is_one_of_its_kubernetes_api(clusters: Clusters) -> None:
    name = "aws-secrets-store-csi-driver-provider"
    opened = clusters.cloud.world.kubernetes.get("eu-central-1", NAME)
    assert opened is not None
    facts = opened.facts
    assert list(facts.add_ons()) == []
    clusters.eks.create_addon(clusterName=NAME, addonName=name)
    clusters.cloud.step(30)
    assert list(facts.add_ons()) == [name]


@pytest.mark.parametrize(
    ("name", "version", "why"),
    [
        ("vpc-cni", "v1.0.0-eksbuild.1", "InvalidParameterException.*version specified is not supported"),
        ("vpc-cni", "1.20.4", "InvalidParameterException.*version specified is not supported"),
        ("kube-proxy", "v1.36.0-eksbuild.1", "InvalidParameterException.*version specified is not supported"),
        ("other", None, "ResourceNotFoundException.*No addon with name other"),
    ],
)
def test_an_add_on_that_does_not_fit_the_cluster_is_refused(
    clusters: Clusters, name: str, version: str | None, why: str
) -> None:
    given = {"addonVersion": version} if version else {}
    with pytest.raises(ClientError, match=why):
        clusters.eks.create_addon(clusterName=NAME, addonName=name, **given)


def test_an_add_on_is_updated_and_deleted(clusters: Clusters) -> None:
    role = clusters.pod_role()
    given = {"clusterName": NAME, "addonName": "vpc-cni"}
    identity = [{"serviceAccount": "aws-node", "roleArn": role}]
    clusters.eks.create_addon(**given, addonVersion="v1.20.4-eksbuild.2", podIdentityAssociations=identity)
    assert identities.role_of(_cluster(clusters), "kube-system", "aws-node") == role
    with pytest.raises(ClientError, match="is CREATING"):
        clusters.eks.update_addon(**given, addonVersion="v1.21.1-eksbuild.3")
    clusters.cloud.step(30)
    update = clusters.eks.update_addon(**given, addonVersion="v1.21.1-eksbuild.3")["update"]
    assert _add_on(clusters, "vpc-cni")["status"] == "UPDATING"
    clusters.cloud.step(30)
    assert _add_on(clusters, "vpc-cni")["addonVersion"] == "v1.21.1-eksbuild.3"
    listed = clusters.eks.list_updates(name=NAME, addonName="vpc-cni")["updateIds"]
    assert listed == [update["id"]]
    [association] = clusters.eks.list_pod_identity_associations(clusterName=NAME)["associations"]
    with pytest.raises(ClientError, match="is owned by the add-on"):
        clusters.eks.delete_pod_identity_association(
            clusterName=NAME, associationId=association["associationId"]
        )
    clusters.eks.delete_addon(**given)
    assert _add_on(clusters, "vpc-cni")["status"] == "DELETING"
    clusters.cloud.step(30)
    assert clusters.eks.list_addons(clusterName=NAME)["addons"] == []
    assert clusters.eks.list_pod_identity_associations(clusterName=NAME)["associations"] == []


def test_settings_of_an_add_on_are_json(clusters: Clusters) -> None:
    with pytest.raises(ClientError, match="ConfigurationValue provided in request is not supported"):
        clusters.eks.create_addon(clusterName=NAME, addonName="vpc-cni", configurationValues="a: b")


def test_eks_tells_which_version_of_an_add_on_goes_with_a_cluster(clusters: Clusters) -> None:
    [found] = clusters.eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.35")["addons"]
    assert [each["addonVersion"] for each in found["addonVersions"]] == ["v1.35.0-eksbuild.2"]


# Access


def _admit(clusters: Clusters, name: str, policy: str | None, **scope: Any) -> str:
    arn = clusters.role(name, "ec2.amazonaws.com")
    clusters.eks.create_access_entry(clusterName=NAME, principalArn=arn)
    if policy:
        clusters.eks.associate_access_policy(
            clusterName=NAME, principalArn=arn, policyArn=policy, accessScope=scope or EVERYWHERE
        )
    return arn


def test_a_principal_may_do_what_the_policies_of_its_entry_say(clusters: Clusters) -> None:
    admin, viewer = _admit(clusters, "admin", ADMIN), _admit(clusters, "viewer", VIEW)
    nothing = _admit(clusters, "nothing", None)
    some = _admit(clusters, "some", ADMIN, type="namespace", namespaces=["shop"])
    cluster = _cluster(clusters)
    may = [access.may(cluster, arn) for arn in (admin, viewer, nothing, some, f"{admin}-other")]
    assert may == ["admin", "view", None, None, None]
    assert access.may(cluster, f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/somebody") == "admin"
    clusters.eks.disassociate_access_policy(clusterName=NAME, principalArn=admin, policyArn=ADMIN)
    assert access.may(cluster, admin) is None
    clusters.eks.delete_access_entry(clusterName=NAME, principalArn=viewer)
    assert access.may(cluster, viewer) is None


def test_who_makes_a_cluster_is_its_administrator_unless_told_otherwise(clusters: Clusters) -> None:
    clusters.create(name="other", accessConfig={"authenticationMode": "API"})
    clusters.cloud.step(500)
    [entry] = clusters.eks.list_access_entries(clusterName="other")["accessEntries"]
    policies = clusters.eks.list_associated_access_policies(clusterName="other", principalArn=entry)
    assert [each["policyArn"] for each in policies["associatedAccessPolicies"]] == [ADMIN]
    assert clusters.eks.list_access_entries(clusterName=NAME)["accessEntries"] == []


def test_entries_need_a_cluster_that_has_them(clusters: Clusters) -> None:
    clusters.create(name="other", accessConfig={"authenticationMode": "CONFIG_MAP"})
    clusters.cloud.step(500)
    with pytest.raises(ClientError, match="authentication mode must be set to one of"):
        clusters.eks.create_access_entry(clusterName="other", principalArn=clusters.role_arn)


def test_what_is_no_entry_or_no_policy_is_refused(clusters: Clusters) -> None:
    arn = _admit(clusters, "admin", None)
    entry = {"clusterName": NAME, "principalArn": arn}
    nobody = {"clusterName": NAME, "principalArn": f"{arn}-none"}
    with pytest.raises(ClientError, match=r"ResourceInUseException.*already in use"):
        clusters.eks.create_access_entry(**entry)
    with pytest.raises(ClientError, match=r"InvalidParameterException.*invalid principal"):
        clusters.eks.create_access_entry(**nobody)
    with pytest.raises(ClientError, match="format is not valid"):
        clusters.eks.create_access_entry(clusterName=NAME, principalArn="arn:aws:s3:::bucket")
    role = clusters.role_arn
    with pytest.raises(ClientError, match="reserved"):
        clusters.eks.create_access_entry(
            clusterName=NAME, principalArn=role, kubernetesGroups=["system:masters"]
        )
    with pytest.raises(ClientError, match="policyArn parameter format is not valid"):
        clusters.eks.associate_access_policy(**entry, policyArn=f"{POLICIES}/Other", accessScope=EVERYWHERE)
    with pytest.raises(ClientError, match="of type namespace names its namespaces"):
        clusters.eks.associate_access_policy(**entry, policyArn=VIEW, accessScope={"type": "namespace"})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        clusters.eks.disassociate_access_policy(**entry, policyArn=VIEW)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        clusters.eks.associate_access_policy(**nobody, policyArn=VIEW, accessScope=EVERYWHERE)


# Pod identity


def test_a_service_account_has_one_role(clusters: Clusters) -> None:
    role, other = clusters.pod_role(), clusters.pod_role("other")
    given = {"clusterName": NAME, "namespace": "workloads", "serviceAccount": "shop"}
    made = clusters.eks.create_pod_identity_association(**given, roleArn=role)["association"]
    cluster = _cluster(clusters)
    assert identities.role_of(cluster, "workloads", "shop") == role
    assert identities.role_of(cluster, "workloads", "other") is None
    with pytest.raises(ClientError, match=f"ResourceInUseException.*exists: {made['associationId']}"):
        clusters.eks.create_pod_identity_association(**given, roleArn=other)
    named = {"clusterName": NAME, "associationId": made["associationId"]}
    clusters.eks.update_pod_identity_association(**named, roleArn=other)
    assert identities.role_of(cluster, "workloads", "shop") == other
    for wanted, count in (("workloads", 1), ("other", 0)):
        found = clusters.eks.list_pod_identity_associations(clusterName=NAME, namespace=wanted)
        assert len(found["associations"]) == count
    clusters.eks.delete_pod_identity_association(**named)
    assert identities.role_of(cluster, "workloads", "shop") is None


def test_a_role_that_pods_cannot_take_is_refused(clusters: Clusters) -> None:
    given = {"clusterName": NAME, "namespace": "workloads", "serviceAccount": "shop"}
    service = "pods.eks.amazonaws.com"
    untrusted = "Trust policy of the role provided is invalid"
    wrong = [
        ("arn:aws:iam::123456789012:role/none", "does not exist"),
        (clusters.role("server", "ec2.amazonaws.com"), untrusted),
        (clusters.role("untagged", service, "sts:AssumeRole"), untrusted),
    ]
    for role, why in wrong:
        with pytest.raises(ClientError, match=why):
            clusters.eks.create_pod_identity_association(**given, roleArn=role)
