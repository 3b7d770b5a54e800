"""Clusters of the emulated EKS: made, changed, brought to the next version, deleted, and what EKS refuses."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.clusters import CREATED, NAME, Clusters

DAY_SECONDS = 86_400


@pytest.fixture
def clusters(cloud: Local) -> Clusters:
    return Clusters(cloud)


def test_a_cluster_is_there_after_minutes_and_answers_at_an_address_of_this_cloud(clusters: Clusters) -> None:
    made = clusters.create()
    assert made["status"] == "CREATING"
    assert "endpoint" not in made and "certificateAuthority" not in made
    clusters.cloud.step(CREATED)
    found = clusters.found()
    assert found["status"] == "ACTIVE"
    assert found["endpoint"] == f"{clusters.cloud.url}/kubernetes/eu-central-1/{NAME}"
    assert base64.b64decode(found["certificateAuthority"]["data"]).startswith(b"-----BEGIN CERTIFICATE")
    assert found["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.eu-central-1.amazonaws.com/id/")
    assert clusters.cloud.world.kubernetes.get("eu-central-1", NAME) is not None


def test_a_cluster_is_dated_by_the_emulated_clock(clusters: Clusters) -> None:
    clusters.cloud.step(DAY_SECONDS)
    assert clusters.create()["createdAt"] > clusters.cloud.world.clock.date(DAY_SECONDS - 1)


def test_a_cluster_has_a_security_group_of_its_own_that_goes_with_it(clusters: Clusters) -> None:
    group_id = clusters.created()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    [group] = clusters.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    [rule] = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["UserIdGroupPairs"][0]["GroupId"]) == ("-1", group_id)
    for _ in range(2):
        clusters.eks.delete_cluster(name=NAME)
        assert clusters.found()["status"] == "DELETING"
    clusters.cloud.step(200)
    assert clusters.eks.list_clusters()["clusters"] == []
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        clusters.ec2.describe_security_groups(GroupIds=[group_id])
    assert clusters.cloud.world.kubernetes.get("eu-central-1", NAME) is None


def test_the_same_request_sent_twice_makes_one_cluster(clusters: Clusters) -> None:
    first = clusters.create(clientRequestToken="one")
    assert clusters.create(clientRequestToken="one")["arn"] == first["arn"]
    with pytest.raises(ClientError, match=r"ResourceInUseException.*already exists"):
        clusters.create(clientRequestToken="two")


def _logging(*types: str) -> dict[str, Any]:
    return {"clusterLogging": [{"types": list(types), "enabled": True}]}


def test_logs_of_the_control_plane_go_to_the_group_that_is_there(clusters: Clusters) -> None:
    logs = clusters.cloud.client("logs")
    logs.create_log_group(logGroupName=f"/aws/eks/{NAME}/cluster")
    logs.put_retention_policy(logGroupName=f"/aws/eks/{NAME}/cluster", retentionInDays=365)
    clusters.created(logging=_logging("audit", "api"))
    [group] = logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 365
    streams = logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
    begun = {stream["logStreamName"].rpartition("-")[0] for stream in streams}
    assert begun == {"kube-apiserver", "kube-apiserver-audit"}


def test_without_a_log_group_eks_makes_one_that_keeps_everything_for_ever(clusters: Clusters) -> None:
    clusters.created(logging=_logging("api"))
    [group] = clusters.cloud.client("logs").describe_log_groups()["logGroups"]
    assert group["logGroupName"] == f"/aws/eks/{NAME}/cluster"
    assert "retentionInDays" not in group


def test_a_cluster_without_logs_has_no_log_group(clusters: Clusters) -> None:
    clusters.created()
    assert clusters.cloud.client("logs").describe_log_groups()["logGroups"] == []


def test_a_version_comes_one_at_a_time_and_takes_its_time(clusters: Clusters) -> None:
    clusters.created(version="1.34")
    for wanted, why in (("1.36", "Unsupported Kubernetes minor version update from 1.34 to 1.36"),
                        ("1.33", "from 1.34 to 1.33"), ("1.99", "unsupported Kubernetes version"),
                        ("1.34", "already at the desired")):  # fmt: skip
        with pytest.raises(ClientError, match=f"InvalidParameterException.*{why}"):
            clusters.eks.update_cluster_version(name=NAME, version=wanted)
    update = clusters.eks.update_cluster_version(name=NAME, version="1.35")["update"]
    assert (clusters.found()["status"], clusters.found()["version"]) == ("UPDATING", "1.34")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        clusters.eks.update_cluster_config(name=NAME, deletionProtection=True)
    clusters.cloud.step(700)
    assert (clusters.found()["status"], clusters.found()["version"]) == ("ACTIVE", "1.35")
    found = clusters.eks.describe_update(name=NAME, updateId=update["id"])["update"]
    assert (found["type"], found["status"]) == ("VersionUpdate", "Successful")
    assert clusters.eks.list_updates(name=NAME)["updateIds"] == [update["id"]]


def test_a_protected_cluster_is_not_deleted(clusters: Clusters) -> None:
    clusters.created(deletionProtection=True)
    with pytest.raises(ClientError, match=r"InvalidRequestException.*deletion protection"):
        clusters.eks.delete_cluster(name=NAME)
    clusters.eks.update_cluster_config(name=NAME, deletionProtection=False)
    clusters.cloud.step(100)
    assert clusters.eks.delete_cluster(name=NAME)["cluster"]["status"] == "DELETING"


CHANGES: list[tuple[dict[str, Any], str, Any]] = [
    ({"logging": _logging("api", "audit")}, "LoggingUpdate", ["api", "audit"]),
    ({"upgradePolicy": {"supportType": "STANDARD"}}, "UpgradePolicyUpdate", "STANDARD"),
    ({"resourcesVpcConfig": {"endpointPublicAccess": False}}, "EndpointAccessUpdate", (False, [])),
    ({"zonalShiftConfig": {"enabled": True}}, "ZonalShiftConfigUpdate", True),
]


@pytest.mark.parametrize(("change", "kind", "expected"), CHANGES, ids=[each[1] for each in CHANGES])
def test_a_setting_is_changed_by_an_update_of_its_kind(
    clusters: Clusters, change: dict[str, Any], kind: str, expected: Any
) -> None:
    clusters.created()
    assert clusters.eks.update_cluster_config(name=NAME, **change)["update"]["type"] == kind
    clusters.cloud.step(100)
    found = clusters.found()
    network = found["resourcesVpcConfig"]
    [enabled] = [e["types"] for e in found["logging"]["clusterLogging"] if e["enabled"]] or [[]]
    now = {
        "LoggingUpdate": enabled,
        "UpgradePolicyUpdate": found["upgradePolicy"]["supportType"],
        "EndpointAccessUpdate": (network["endpointPublicAccess"], network["publicAccessCidrs"]),
        "ZonalShiftConfigUpdate": found["zonalShiftConfig"]["enabled"],
    }
    assert now[kind] == expected


def test_settings_are_changed_one_at_a_time_and_only_when_they_change(clusters: Clusters) -> None:
    clusters.created()
    change = {"deletionProtection": True, "upgradePolicy": {"supportType": "STANDARD"}}
    with pytest.raises(ClientError, match="Only one type of update"):
        clusters.eks.update_cluster_config(name=NAME, **change)
    with pytest.raises(ClientError, match="No changes needed"):
        clusters.eks.update_cluster_config(
            name=NAME, logging={"clusterLogging": [{"types": ["api"], "enabled": False}]}
        )


def test_access_entries_cannot_be_left_again(clusters: Clusters) -> None:
    clusters.created()
    with pytest.raises(ClientError, match="Unsupported authentication mode update from API to CONFIG_MAP"):
        clusters.eks.update_cluster_config(name=NAME, accessConfig={"authenticationMode": "CONFIG_MAP"})


def test_what_eks_cannot_make_a_cluster_of_is_refused(clusters: Clusters) -> None:
    network = {"subnetIds": clusters.subnet_ids}
    one_zone = {"subnetIds": clusters.subnet_ids[:1]}
    unreachable = network | {"endpointPublicAccess": False}
    key = {"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-central-1:123456789012:key/none"}}
    refused: list[tuple[dict[str, Any], str]] = [
        ({"version": "1.12"}, "unsupported Kubernetes version"),
        ({"name": "not a name"}, "must match pattern"),
        ({"roleArn": "arn:aws:iam::123456789012:role/none"}, "could not be assumed"),
        ({"roleArn": clusters.role("other", "ec2.amazonaws.com")}, "trusted entity is not correct"),
        ({"resourcesVpcConfig": one_zone}, "at least two different AZs"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-1"]}}, "'subnet-1' does not exist"),
        ({"resourcesVpcConfig": network | {"securityGroupIds": ["sg-1"]}}, "not in the same VPC"),
        ({"resourcesVpcConfig": unreachable}, "at least one must be enabled"),
        ({"encryptionConfig": [key]}, "does not exist or is not enabled"),
    ]
    for given, why in refused:
        with pytest.raises(ClientError, match=why) as wrong:
            clusters.create(**given)
        assert wrong.value.response["Error"]["Code"] == "InvalidParameterException"
    assert clusters.eks.list_clusters()["clusters"] == []


def test_what_is_not_emulated_is_refused_and_not_left_out(clusters: Clusters) -> None:
    with pytest.raises(ClientError, match="computeConfig is not emulated"):
        clusters.create(computeConfig={"enabled": True})


def test_tags_of_all_parts_are_kept_by_their_arns(clusters: Clusters) -> None:
    arn = clusters.created(tags={"a": "1"})["arn"]
    clusters.eks.tag_resource(resourceArn=arn, tags={"b": "2"})
    clusters.eks.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert (
        clusters.found()["tags"] == clusters.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    )
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        clusters.eks.list_tags_for_resource(resourceArn=f"{arn}-other")


def test_a_cluster_that_is_not_there_is_not_found(clusters: Clusters) -> None:
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*No cluster found for name: demo"):
        clusters.found()
    clusters.create()
    with pytest.raises(ClientError, match=r"InvalidRequestException.*is not in ACTIVE status"):
        clusters.eks.create_addon(clusterName=NAME, addonName="vpc-cni")
