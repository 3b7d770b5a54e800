"""A cluster of EKS, its roles and its launch template, made once in a test's world when first asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from rehearsal.plugin import Properties
from tests.rehearsal.provider.world import IMAGES, TRUST, Made, World

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
VERSION, NEXT_VERSION = "1.35", "1.36"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def _once(world: World, name: str, make: Callable[[], Made]) -> Made:
    made: Made = world.__dict__.get(name) or make()
    world.__dict__[name] = made
    return made


def role(world: World, service: str, actions: tuple[str, ...] = ("sts:AssumeRole",)) -> Made:
    trust = json.loads(TRUST)
    trust["Statement"][0] |= {"Principal": {"Service": service}, "Action": list(actions)}
    return world.make("aws:iam/role:Role", assumeRolePolicy=json.dumps(trust))


def cluster_role(world: World) -> str:
    made = _once(world, "cluster_role", lambda: role(world, "eks.amazonaws.com"))
    return str(made.outputs["arn"])


def pod_role(world: World) -> str:
    actions = ("sts:AssumeRole", "sts:TagSession")
    made = _once(world, "pod_role", lambda: role(world, "pods.eks.amazonaws.com", actions))
    return str(made.outputs["arn"])


def cluster_inputs(world: World) -> Properties:
    return {
        "name": f"demo-{world.next()}",
        "roleArn": cluster_role(world),
        "version": VERSION,
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "bootstrapSelfManagedAddons": False,
        "enabledClusterLogTypes": ["audit", "api"],
        "encryptionConfig": {"provider": {"keyArn": world.key.outputs["arn"]}, "resources": ["secrets"]},
        "kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"},
        "upgradePolicy": {"supportType": "STANDARD"},
        "vpcConfig": {
            "subnetIds": world.subnet_ids, "endpointPrivateAccess": True, "endpointPublicAccess": False,
        },
        "tags": {"Name": "thing"},
    }  # fmt: skip


def cluster(world: World) -> Made:
    return _once(world, "cluster", lambda: world.make(CLUSTER, **cluster_inputs(world)))


def user_data(made: Made) -> str:
    """What a node of this cluster is told, as `nodeadm` reads it."""
    told = {
        "name": made.id,
        "apiServerEndpoint": made.outputs["endpoint"],
        "certificateAuthority": made.outputs["certificateAuthority"]["data"],
        "cidr": made.outputs["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
    }
    config = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": {"cluster": told}}
    lines = ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="//"', "", "--//"]
    lines += ["Content-Type: application/node.eks.aws", "", json.dumps(config), "--//--", ""]
    return base64.b64encode("\n".join(lines).encode()).decode()


def template(world: World) -> Made:
    def make() -> Made:
        return world.make(TEMPLATE, imageId=IMAGES[0], userData=user_data(cluster(world)))

    return _once(world, "node_template", make)


def node_group_inputs(world: World) -> Properties:
    return {
        "clusterName": cluster(world).id,
        "nodeRoleArn": world.role.outputs["arn"],
        "subnetIds": world.subnet_ids,
        "instanceTypes": ["m7g.large", "m6g.large"],
        "launchTemplate": {"id": template(world).id, "version": "1"},
        "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2},
        "updateConfig": {"maxUnavailable": 1},
        "tags": {"Name": "thing"},
    }


def node_group(world: World) -> Made:
    return _once(world, "node_group", lambda: world.make(NODE_GROUP, **node_group_inputs(world)))


def name_of_group(made: Made) -> str:
    """Of the Auto Scaling group that EKS made for a node group."""
    return str(made.outputs["resources"][0]["autoscalingGroups"][0]["name"])


def new_version(world: World, image: str) -> None:
    """Version 2 of the launch template."""
    template(world).update({"imageId": image})
