"""Managed node groups of the emulated EKS: a real Auto Scaling group, nodes that join, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.clusters import BETTER, GOOD, JOINED, NAME, NODES, Clusters


@pytest.fixture
def clusters(cloud: Local) -> Clusters:
    return Clusters(cloud)


def test_a_node_group_is_active_when_its_nodes_have_joined(clusters: Clusters) -> None:
    clusters.created()
    made = clusters.create_nodes()
    assert made["status"] == "CREATING"
    assert clusters.nodes() == []
    clusters.cloud.step(JOINED)
    found = clusters.found_nodes()
    assert (found["status"], found["amiType"], found["releaseVersion"]) == ("ACTIVE", "CUSTOM", GOOD)
    assert found["launchTemplate"] == {"id": clusters.template_id, "name": "nodes", "version": "1"}
    one, two = clusters.nodes()
    assert {one.zone, two.zone} == {"eu-central-1a", "eu-central-1b"}
    assert (one.ready, one.unschedulable, one.image_id, one.node_group) == (True, False, GOOD, NODES)
    assert one.name == f"ip-{one.internal_ip.replace('.', '-')}.eu-central-1.compute.internal"


def test_its_auto_scaling_group_is_named_tagged_and_made_as_eks_does(clusters: Clusters) -> None:
    clusters.with_nodes(tags={"team": "a"})
    group, found = clusters.group(), clusters.found_nodes()
    assert found["resources"]["autoScalingGroups"] == [{"name": group["AutoScalingGroupName"]}]
    assert group["AutoScalingGroupName"].startswith(f"eks-{NODES}-")
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    assert tags["eks:cluster-name"] == NAME and tags["eks:nodegroup-name"] == NODES
    assert tags[f"kubernetes.io/cluster/{NAME}"] == "owned"
    assert "team" not in tags
    hooks = clusters.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group["AutoScalingGroupName"])
    assert [hook["LifecycleHookName"] for hook in hooks["LifecycleHooks"]] == ["Terminate-LC-Hook"]
    instances = [each["InstanceId"] for each in group["Instances"]]
    [reservation, *_] = clusters.ec2.describe_instances(InstanceIds=instances)["Reservations"]
    instance = reservation["Instances"][0]
    own = clusters.found()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert [each["GroupId"] for each in instance["SecurityGroups"]] == [own]


def test_the_launch_template_of_its_servers_is_eks_s_own_copy(clusters: Clusters) -> None:
    clusters.with_nodes()
    template = clusters.group()["Instances"][0]["LaunchTemplate"]
    assert template["LaunchTemplateName"].startswith("eks-") and template["Version"] == "1"
    [copy] = clusters.ec2.describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=["1"]
    )["LaunchTemplateVersions"]
    profile = copy["LaunchTemplateData"]["IamInstanceProfile"]["Name"]
    assert profile == template["LaunchTemplateName"]
    [made] = clusters.cloud.client("iam").list_instance_profiles()["InstanceProfiles"]
    assert (made["InstanceProfileName"], made["Roles"][0]["RoleName"]) == (profile, "node")
    assert copy["LaunchTemplateData"]["UserData"] == clusters.user_data()


def test_an_image_that_nodes_run_is_named_by_what_may_not_lose_it(clusters: Clusters) -> None:
    """Servers and launch templates: whoever retires images sees the nodes as he sees any server."""
    clusters.with_nodes()
    clusters.ec2.delete_launch_template(LaunchTemplateId=clusters.template_id)
    asked = {"ImageIds": [GOOD], "IncludeAllResourceTypes": True}
    found = clusters.ec2.describe_image_references(**asked)["ImageReferences"]
    assert sorted(each["ResourceType"] for each in found) == ["ec2:Instance"] * 2 + ["ec2:LaunchTemplate"]


def test_the_fleet_of_services_does_not_count_nodes(clusters: Clusters) -> None:
    from rehearsal.cloud.autoscaling.models import autoscaling_backends
    from rehearsal.fleet import counts_of, groups_of

    clusters.with_nodes()
    [(_, backend)] = clusters.cloud.world.backends(autoscaling_backends)
    picture = {"groups": [group.picture() for group in backend.autoscaling_groups.values()]}
    assert len(picture["groups"][0]["instances"]) == 2
    assert (groups_of(picture), counts_of(picture)) == ([], {})


WRONG_CLUSTER = {"name": "other", "apiServerEndpoint": "http://127.0.0.1:1", "cidr": "10.0.0.0/16"}


@pytest.mark.parametrize("wrong", [{key: value} for key, value in WRONG_CLUSTER.items()], ids=WRONG_CLUSTER)
def test_servers_that_are_told_of_another_cluster_do_not_join(
    clusters: Clusters, wrong: dict[str, str]
) -> None:
    clusters.created()
    clusters.template(UserData=clusters.user_data(**wrong))
    clusters.create_nodes()
    clusters.cloud.step(JOINED)
    assert clusters.nodes() == []
    clusters.cloud.step(1200)
    found = clusters.found_nodes()
    assert found["status"] == "CREATE_FAILED"
    [issue] = found["health"]["issues"]
    assert (issue["code"], len(issue["resourceIds"])) == ("NodeCreationFailure", 2)
    assert issue["message"] == "Instances failed to join the kubernetes cluster"


def test_servers_whose_image_never_gets_well_do_not_join(clusters: Clusters) -> None:
    clusters.created()
    clusters.create_nodes(launchTemplate={"id": clusters.template(), "version": "3"})
    clusters.cloud.step(1300)
    assert (clusters.found_nodes()["status"], clusters.nodes()) == ("CREATE_FAILED", [])


def test_nodes_whose_role_has_no_access_entry_any_more_are_none(clusters: Clusters) -> None:
    clusters.with_nodes()
    role = clusters.node_role_arn
    entry = clusters.eks.describe_access_entry(clusterName=NAME, principalArn=role)["accessEntry"]
    assert (entry["type"], entry["username"]) == ("EC2_LINUX", "system:node:{{EC2PrivateDNSName}}")
    clusters.eks.delete_access_entry(clusterName=NAME, principalArn=role)
    assert clusters.nodes() == []


def test_a_node_is_emptied_before_its_server_goes_and_another_comes(clusters: Clusters) -> None:
    """As the function does it that replaces nodes that grew old."""
    clusters.with_nodes()
    old = clusters.nodes()[0]
    clusters.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=old.instance_id, ShouldDecrementDesiredCapacity=False
    )
    clusters.cloud.step(3)
    [leaving] = [node for node in clusters.nodes() if node.instance_id == old.instance_id]
    assert (leaving.unschedulable, leaving.draining) == (True, True)
    clusters.cloud.step(JOINED)
    after = clusters.nodes()
    assert len(after) == 2 and old.instance_id not in {node.instance_id for node in after}
    assert not any(node.unschedulable for node in after)


def test_sizes_labels_and_taints_are_changed_in_place(clusters: Clusters) -> None:
    clusters.with_nodes(labels={"pool": "a", "old": "1"})
    taint = {"key": "only", "value": "some", "effect": "NO_SCHEDULE"}
    update = clusters.eks.update_nodegroup_config(
        clusterName=NAME,
        nodegroupName=NODES,
        labels={"addOrUpdateLabels": {"pool": "b"}, "removeLabels": ["old"]},
        taints={"addOrUpdateTaints": [taint]},
        scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 1},
    )["update"]
    assert (update["type"], clusters.found_nodes()["status"]) == ("ConfigUpdate", "UPDATING")
    clusters.cloud.step(60)
    found, group = clusters.found_nodes(), clusters.group()
    assert (found["status"], found["labels"], found["taints"]) == ("ACTIVE", {"pool": "b"}, [taint])
    assert [group[size] for size in ("MinSize", "MaxSize", "DesiredCapacity")] == [1, 3, 1]
    [node] = clusters.nodes()
    assert node.labels["pool"] == "b"
    assert node.taints == ({"key": "only", "value": "some", "effect": "NoSchedule"},)


def test_a_node_group_goes_with_its_servers_template_and_profile(clusters: Clusters) -> None:
    clusters.with_nodes()
    with pytest.raises(ClientError, match=r"ResourceInUseException.*Cluster has nodegroups attached"):
        clusters.eks.delete_cluster(name=NAME)
    for _ in range(2):
        clusters.eks.delete_nodegroup(clusterName=NAME, nodegroupName=NODES)
        assert clusters.found_nodes()["status"] == "DELETING"
    clusters.until(lambda: not clusters.eks.list_nodegroups(clusterName=NAME)["nodegroups"])
    assert clusters.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    templates = clusters.ec2.describe_launch_templates()["LaunchTemplates"]
    assert [each["LaunchTemplateName"] for each in templates] == ["nodes"]
    assert clusters.cloud.client("iam").list_instance_profiles()["InstanceProfiles"] == []


def test_a_node_group_without_its_auto_scaling_group_is_degraded(clusters: Clusters) -> None:
    clusters.with_nodes()
    name = clusters.group()["AutoScalingGroupName"]
    clusters.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    found = clusters.found_nodes()
    assert (found["status"], found["health"]["issues"][0]["code"]) == ("DEGRADED", "AutoScalingGroupNotFound")


def test_what_eks_cannot_make_nodes_of_is_refused(clusters: Clusters) -> None:
    clusters.created()
    clusters.template()
    profile = clusters.ec2.create_launch_template_version(
        LaunchTemplateId=clusters.template_id,
        LaunchTemplateData={"ImageId": BETTER, "IamInstanceProfile": {"Name": "mine"}},
    )["LaunchTemplateVersion"]["VersionNumber"]
    typed = clusters.ec2.create_launch_template_version(
        LaunchTemplateId=clusters.template_id,
        LaunchTemplateData={"ImageId": BETTER, "InstanceType": "m7g.large"},
    )["LaunchTemplateVersion"]["VersionNumber"]
    gone = clusters.ec2.create_launch_template_version(
        LaunchTemplateId=clusters.template_id, LaunchTemplateData={"ImageId": "ami-000000000000dead0"}
    )["LaunchTemplateVersion"]["VersionNumber"]

    def version(number: object) -> dict[str, Any]:
        return {"launchTemplate": {"id": clusters.template_id, "version": str(number)}}

    both = {"launchTemplate": {"id": clusters.template_id, "name": "nodes"}}
    sizes = {"minSize": 2, "maxSize": 1, "desiredSize": 1}
    refused: list[tuple[dict[str, Any], str, str]] = [
        (version(profile), "InvalidParameterException", "should not specify an instance profile"),
        (version(typed), "InvalidParameterException", "in launch template and API request"),
        (version(gone), "InvalidRequestException", "ami-000000000000dead0"),
        (version(99), "InvalidParameterException", "version"),
        (both, "InvalidParameterException", "Either provide launch template ID or launch template name"),
        ({"diskSize": 50}, "InvalidParameterException", "Disk size must be specified within"),
        ({"amiType": "AL2023_ARM_64_STANDARD"}, "InvalidParameterException", "AMI Type other than CUSTOM"),
        ({"version": "1.35"}, "InvalidRequestException", "custom AMI"),
        ({"scalingConfig": sizes}, "InvalidParameterException", "can't be greater than maximum size 1"),
        ({"subnets": ["subnet-1"]}, "InvalidParameterException", "subnet-1 is not in the VPC"),
        ({"nodeRole": clusters.role_arn}, "InvalidParameterException", r"\[ec2.amazonaws.com\] were not"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 50}},
         "InvalidParameterException", "cannot be specified together"),
    ]  # fmt: skip
    for given, code, why in refused:
        with pytest.raises(ClientError, match=why) as wrong:
            clusters.create_nodes(**given)
        assert wrong.value.response["Error"]["Code"] == code, given
    assert clusters.eks.list_nodegroups(clusterName=NAME)["nodegroups"] == []
    assert clusters.cloud.client("iam").list_instance_profiles()["InstanceProfiles"] == []


def test_no_image_of_eks_itself_is_emulated(clusters: Clusters) -> None:
    clusters.created()
    with pytest.raises(ClientError, match="without a launch template is not emulated"):
        clusters.eks.create_nodegroup(
            clusterName=NAME,
            nodegroupName=NODES,
            nodeRole=clusters.node_role_arn,
            subnets=clusters.subnet_ids,
        )
