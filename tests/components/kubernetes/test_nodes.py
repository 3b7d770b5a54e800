from __future__ import annotations

import base64
import email
import json
from typing import Any

import pytest
from pydantic import ValidationError

from components import policies
from components.kubernetes.node_group import NodesArgs
from components.kubernetes.node_user_data import node_config
from tests.components.kubernetes.clusters import IMAGE, NODES, Build, cluster, tags

NAME = "main-1a2b3c4d"


def test_a_node_is_pinned_closed_and_encrypted(build: Build) -> None:
    """And has nothing that EKS refuses in a template: no subnet, profile, type or shutdown behaviour."""
    made = cluster(build).inputs()["LaunchTemplate main-nodes"]
    assert made.pop("userData")
    assert made == {
        "namePrefix": "main-nodes-",
        "description": "Nodes of main-nodes",
        "imageId": IMAGE,
        "updateDefaultVersion": True,
        "monitoring": {"enabled": True},
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "httpProtocolIpv6": "disabled",
            "instanceMetadataTags": "disabled",
        },
        "networkInterfaces": [
            {
                "deviceIndex": 0,
                "associatePublicIpAddress": "false",
                "deleteOnTermination": "true",
                "securityGroups": ["main-nodes-id"],
            }
        ],
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "volumeType": "gp3",
                    "volumeSize": 40,
                    "encrypted": "true",
                    "deleteOnTermination": "true",
                },
            }
        ],
        "tagSpecifications": [
            {"resourceType": kind, "tags": tags("main-nodes")}
            for kind in ("instance", "volume", "network-interface")
        ],
        "tags": tags("main-nodes"),
    }


def test_a_node_is_told_its_cluster_and_nothing_else(build: Build) -> None:
    made = cluster(build).inputs()["LaunchTemplate main-nodes"]
    written = base64.b64decode(made["userData"]).decode()
    assert written == node_config(NAME, "https://main.eks.example", "Q0E=", "172.20.0.0/16")


def test_what_a_node_is_told_is_a_part_that_its_program_knows() -> None:
    message = email.message_from_string(node_config("main", "https://api", "Q0E=", "172.20.0.0/16"))
    assert message["MIME-Version"] == "1.0"
    whole, part = message.walk()
    assert whole.is_multipart()
    assert part.get_content_type() == "application/node.eks.aws"
    assert json.loads(str(part.get_payload())) == {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {
            "cluster": {
                "name": "main",
                "apiServerEndpoint": "https://api",
                "certificateAuthority": "Q0E=",
                "cidr": "172.20.0.0/16",
            }
        },
    }


def test_the_group_follows_the_templates_versions_and_says_nothing_that_the_template_says(
    build: Build,
) -> None:
    """With an image in the template, EKS takes no image type, no version and no disk size in the group."""
    built = cluster(build)
    assert built.inputs()["NodeGroup main-nodes"] == {
        "clusterName": NAME,
        "nodeGroupNamePrefix": "main-nodes-",
        "nodeRoleArn": "arn:role/main-nodes",
        "subnetIds": ["subnet-a", "subnet-b"],
        "instanceTypes": ["m7g.large", "m6g.large"],
        "capacityType": "ON_DEMAND",
        "launchTemplate": {"id": "main-nodes-id", "version": "7"},
        "scalingConfig": {"minSize": 2, "maxSize": 6, "desiredSize": 2},
        "updateConfig": {"maxUnavailable": 1, "updateStrategy": "DEFAULT"},
        "nodeRepairConfig": {"enabled": True},
        "tags": tags("main-nodes"),
    }


def test_how_many_nodes_there_are_is_left_to_who_scales_them(build: Build) -> None:
    assert cluster(build).options()["NodeGroup main-nodes"] == {
        "ignore_changes": ["scalingConfig.desiredSize"],
        "timeouts": ("30m", "3h", "1h"),
    }


def test_another_image_is_all_that_another_image_changes(build: Build) -> None:
    other = "ami-0123456789abcdef1"
    before, after = (cluster(build, nodes={**NODES, "image_id": image}).inputs() for image in (IMAGE, other))
    for found in (before, after):
        del found["Function main-nodes-rotation"]["code"]
    assert after["LaunchTemplate main-nodes"].pop("imageId") == other
    del before["LaunchTemplate main-nodes"]["imageId"]
    assert after == before


def test_numbers_sizes_and_keys_are_those_that_it_is_given(build: Build) -> None:
    nodes = {
        **NODES,
        "min_size": 3,
        "max_size": 9,
        "max_unavailable": 2,
        "volume_size_gib": 100,
        "root_device_name": "/dev/sda1",
        "kms_key_id": "arn:key",
    }
    inputs = cluster(build, nodes=nodes).inputs()
    group = inputs["NodeGroup main-nodes"]
    assert group["scalingConfig"] == {"minSize": 3, "maxSize": 9, "desiredSize": 3}
    assert group["updateConfig"]["maxUnavailable"] == 2
    (disk,) = inputs["LaunchTemplate main-nodes"]["blockDeviceMappings"]
    assert disk["deviceName"] == "/dev/sda1"
    assert (disk["ebs"]["volumeSize"], disk["ebs"]["kmsKeyId"]) == (100, "arn:key")


def test_a_nodes_role_pulls_images_joins_its_cluster_and_reports_itself(build: Build) -> None:
    built = cluster(build)
    inputs = built.inputs()
    assert inputs["Role main-nodes"]["assumeRolePolicy"] == policies.trust("ec2.amazonaws.com")
    attached = {
        made["policyArn"]
        for key, made in inputs.items()
        if key.startswith("RolePolicyAttachment main-nodes-")
    }
    assert attached == {
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    }
    assert inputs["RolePolicy main-nodes"]["policy"] == policies.document(policies.ssm_agent())


def test_nodes_start_when_they_may_do_what_they_do_and_are_let_through(build: Build) -> None:
    built = cluster(build)
    waits = set(built.after()["NodeGroup main-nodes"])
    kinds = ("RolePolicy ", "RolePolicyAttachment ", "SecurityGroupIngressRule ", "SecurityGroupEgressRule ")
    needed = {
        key
        for key, found in built.resources.items()
        if found.parent == "the NodeGroup main-nodes" and key.startswith(kinds)
    }
    assert needed <= waits
    assert len(needed) == 12


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"image_id": "latest"}, "should match pattern"),
        ({"image_id": "resolve:ssm:/aws/service/eks/recommended"}, "should match pattern"),
        ({"instance_types": ()}, "at least 1 item"),
        ({"instance_types": tuple(f"m{n}.large" for n in range(21))}, "at most 20 items"),
        ({"min_size": 7}, "7 nodes at least and 6 at most"),
        ({"min_size": 0}, "greater than or equal to 1"),
        ({"max_unavailable": 0}, "greater than or equal to 1"),
        ({"max_age_days": 0}, "greater than or equal to 1"),
        ({"ami_type": "AL2023"}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_pinned_nodes_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        NodesArgs(**{**NODES, **changed})
