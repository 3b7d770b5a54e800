"""Clusters, nodes and what is in them, where it is more than one resource's life; images of containers."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloud.kubernetes import container_images
from rehearsal.plugin import UNKNOWN, PartialFailureError, ProviderError
from tests.rehearsal.provider import clustered
from tests.rehearsal.provider.world import IMAGES, World

BAD = "ami-0000000000000bad0"
ADD_ON = "aws:eks/addon:Addon"
GET_IMAGE = "aws:ecr/getImage:getImage"
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.fixture
def bad(world: World) -> str:
    """An image whose servers never get well."""
    if all(image.image_id != BAD for image in world.cloud.world.images):
        world.cloud.image(BAD, rehearsal_behaviour="never-healthy")
    return BAD


def test_a_cluster_tells_what_is_known_of_it_only_when_it_is_there(world: World) -> None:
    foreseen = world.preview(clustered.CLUSTER, **clustered.cluster_inputs(world))
    unknown = ("arn", "endpoint", "certificateAuthority", "identities")
    assert [foreseen[name] for name in unknown] == [UNKNOWN] * 4
    assert foreseen["vpcConfig"]["clusterSecurityGroupId"] == UNKNOWN
    assert foreseen["vpcConfig"]["subnetIds"] == world.subnet_ids
    made = clustered.cluster(world).outputs
    assert made["vpcConfig"]["clusterSecurityGroupId"].startswith("sg-")
    assert made["vpcConfig"]["vpcId"] == world.vpc.id
    assert made["identities"][0]["oidcs"][0]["issuer"].startswith("https://oidc.eks.")
    assert made["endpoint"].startswith(world.cloud.url)


def test_a_previewed_upgrade_leaves_what_clients_of_the_cluster_need_known(world: World) -> None:
    made = clustered.cluster(world)
    foreseen = made.update({"version": clustered.NEXT_VERSION}, preview=True)
    for name in ("endpoint", "certificateAuthority", "vpcConfig", "arn", "identities"):
        assert foreseen[name] == made.outputs[name], name
    assert (foreseen["version"], foreseen["platformVersion"]) == (clustered.NEXT_VERSION, UNKNOWN)


def test_what_eks_adds_to_the_network_of_a_cluster_is_no_input(world: World) -> None:
    made = clustered.cluster(world)
    state = made.read()
    assert state is not None and state.inputs is not None
    assert state.inputs["vpcConfig"] == made.inputs["vpcConfig"]
    imported = world.provider.read(made.urn, made.id, {}, {})
    assert imported is not None and imported.inputs is not None
    assert "clusterSecurityGroupId" not in imported.inputs["vpcConfig"]


def test_a_network_that_was_changed_by_hand_shows(world: World) -> None:
    made = clustered.cluster(world)
    open_ = {"endpointPublicAccess": True, "publicAccessCidrs": ["198.51.100.0/24"]}
    world.client("eks").update_cluster_config(name=made.id, resourcesVpcConfig=open_)
    _idle(world, made.id)
    state = made.read()
    assert state is not None and state.inputs is not None
    assert state.inputs["vpcConfig"]["endpointPublicAccess"] is True
    assert state.outputs["vpcConfig"]["publicAccessCidrs"] == ["198.51.100.0/24"]


def _idle(world: World, name: str) -> None:
    while world.client("eks").describe_cluster(name=name)["cluster"]["status"] != "ACTIVE":
        pass


def test_other_creator_rights_are_another_cluster_and_another_mode_is_not(world: World) -> None:
    made = clustered.cluster(world)
    access = made.inputs["accessConfig"]
    changed = access | {"bootstrapClusterCreatorAdminPermissions": True}
    assert made.diff({"accessConfig": changed}).replaces == ("accessConfig",)
    assert made.diff({"accessConfig": access | {"authenticationMode": "API_AND_CONFIG_MAP"}}).replaces == ()


def test_another_launch_template_is_another_node_group_and_another_version_is_not(world: World) -> None:
    made = clustered.node_group(world)
    template = made.inputs["launchTemplate"]
    assert made.diff({"launchTemplate": template | {"id": "lt-other"}}).replaces == ("launchTemplate",)
    assert made.diff({"launchTemplate": template | {"id": UNKNOWN}}).replaces == ("launchTemplate",)
    assert made.diff({"launchTemplate": template | {"version": "2"}}).replaces == ()


def test_nodes_that_do_not_come_fail_the_update_with_eks_s_own_reason(world: World, bad: str) -> None:
    made = clustered.node_group(world)
    clustered.new_version(world, bad)
    with pytest.raises(
        ProviderError, match=r"unexpected state 'Failed'.*NodeCreationFailure: Couldn't proceed"
    ):
        made.update({"launchTemplate": made.inputs["launchTemplate"] | {"version": "2"}})
    state = made.read()
    assert state is not None
    assert state.outputs["launchTemplate"]["version"] == "1"
    clustered.new_version(world, IMAGES[1])
    made.update({"launchTemplate": made.inputs["launchTemplate"] | {"version": "3"}})
    assert made.outputs["releaseVersion"] == IMAGES[1]


def test_nodes_that_never_come_leave_a_node_group_that_failed(world: World, bad: str) -> None:
    inputs = clustered.node_group_inputs(world)
    clustered.new_version(world, bad)
    wrong: dict[str, Any] = inputs | {"launchTemplate": inputs["launchTemplate"] | {"version": "2"}}
    with pytest.raises(PartialFailureError, match=r"'CREATE_FAILED'.*Instances failed to join") as failed:
        world.make(clustered.NODE_GROUP, **wrong)
    assert failed.value.resource_id.startswith(clustered.cluster(world).id)
    world.client("eks").delete_nodegroup(
        clusterName=inputs["clusterName"], nodegroupName=failed.value.resource_id.partition(":")[2]
    )


def test_an_add_on_that_has_no_node_to_run_on_is_waited_for_and_named(world: World) -> None:
    where = "urn:pulumi:test::immutable::aws:eks/addon:Addon::dns"
    given = {"clusterName": clustered.cluster(world).id, "addonName": "coredns"}
    inputs, _ = world.provider.check(where, {}, given, b"1")
    with pytest.raises(PartialFailureError, match="InsufficientNumberOfReplicas: The add-on is unhealthy"):
        world.provider.create(where, inputs, 0.2, False)


def test_a_target_group_stays_attached_to_its_node_group_alone(world: World) -> None:
    name = clustered.name_of_group(clustered.node_group(world))
    made = [
        world.make(
            "aws:autoscaling/attachment:Attachment",
            autoscalingGroupName=name,
            lbTargetGroupArn=target.id,
        )
        for target in world.targets
    ]
    made[0].delete()
    assert made[0].read() is None and made[1].read() is not None
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    assert found["AutoScalingGroups"][0]["TargetGroupARNs"] == [world.targets[1].id]


def test_an_image_of_a_registry_is_found_by_its_digest(world: World) -> None:
    repository = f"shop-{world.next()}"
    reference = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/{repository}@{DIGEST}"
    container_images.put(world.cloud.world, reference, "healthy")
    found, failures = world.provider.invoke(GET_IMAGE, {"repositoryName": repository, "imageDigest": DIGEST})
    assert failures == []
    assert (found["id"], found["imageUri"], found["registryId"]) == (DIGEST, reference, "123456789012")
    assert found["imagePushedAt"] > 0


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"imageDigest": OTHER}, "ImageNotFoundException"),
        ({"imageDigest": DIGEST, "repositoryName": "none"}, "RepositoryNotFoundException"),
        ({}, "exactly one of imageDigest, imageTag and mostRecent"),
    ],
)
def test_an_image_that_is_not_there_is_said_so(world: World, args: dict[str, Any], why: str) -> None:
    reference = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/there@{DIGEST}"
    container_images.put(world.cloud.world, reference, "healthy")
    with pytest.raises(ProviderError, match=f"invoking {GET_IMAGE}: .*{why}"):
        world.provider.invoke(GET_IMAGE, {"repositoryName": "there"} | args)
