"""A cluster of the emulated EKS with what it needs around it, made with boto3."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from rehearsal.cloud.eks import nodes
from rehearsal.cloud.eks.models import eks_backends
from rehearsal.cloud.kubernetes.testing import TestCluster
from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.kubernetes.api import Api

GOOD, BETTER, BAD = "ami-00000000000000001", "ami-00000000000000002", "ami-0000000000000bad0"
NAME, NODES, VERSION = "demo", "workers", "1.35"
#: Emulated seconds until a cluster answers; until nodes are ready.
CREATED, JOINED = 490, 120
POLICIES = "arn:aws:eks::aws:cluster-access-policy"


class Clusters:
    """Version 1 of the nodes' template has the GOOD image, 2 the BETTER one, 3 the BAD one."""

    def __init__(self, cloud: Local) -> None:
        self.cloud, self.eks = cloud, cloud.client("eks")
        self.ec2, self.autoscaling = cloud.client("ec2"), cloud.client("autoscaling")
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.vpc_id = vpc
        self.subnet_ids = [
            self.ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{cloud.region}{z}"
            )["Subnet"]["SubnetId"]
            for n, z in enumerate("ab")
        ]
        self.role_arn = self.role("cluster", "eks.amazonaws.com")
        self.template_id = ""

    def kubernetes(self) -> Api:
        """What answers behind the cluster's endpoint, with the namespace of the tests in it."""
        cluster = self.cloud.world.kubernetes.get("eu-central-1", NAME)
        assert cluster is not None
        cluster.tokens["test"] = "admin"
        facts: Any = cluster.facts
        asked = Api(self.cloud, TestCluster(cluster, facts, "test", self.cloud.url))
        asked.namespace()
        return asked

    def role(self, name: str, service: str, *actions: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}}
        statement["Action"] = list(actions or ("sts:AssumeRole",))
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = self.cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        return str(made["Role"]["Arn"])

    def pod_role(self, name: str = "pod") -> str:
        return self.role(name, "pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")

    # Clusters

    def create(self, **more: Any) -> dict[str, Any]:
        given = {
            "name": NAME,
            "version": VERSION,
            "roleArn": self.role_arn,
            "resourcesVpcConfig": {"subnetIds": self.subnet_ids, "endpointPrivateAccess": True},
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        }
        made: dict[str, Any] = self.eks.create_cluster(**(given | more))["cluster"]
        return made

    def created(self, **more: Any) -> dict[str, Any]:
        self.create(**more)
        self.cloud.step(CREATED)
        return self.found()

    def found(self) -> dict[str, Any]:
        found: dict[str, Any] = self.eks.describe_cluster(name=NAME)["cluster"]
        return found

    # Nodes

    def user_data(self, **otherwise: str) -> str:
        found = self.found()
        told = {
            "name": NAME,
            "apiServerEndpoint": found["endpoint"],
            "certificateAuthority": found["certificateAuthority"]["data"],
            "cidr": found["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
        } | otherwise
        config = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": {"cluster": told}}
        head = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n--//\n'
        part = f"Content-Type: application/node.eks.aws\n\n{json.dumps(config)}\n--//--\n"
        return base64.b64encode((head + part).encode()).decode()

    def template(self, **more: Any) -> str:
        for image, tags in ((GOOD, {}), (BETTER, {}), (BAD, {"rehearsal_behaviour": "never-healthy"})):
            if all(known.image_id != image for known in self.cloud.world.images):
                self.cloud.image(image, **tags)
        data = {"UserData": self.user_data()} | more
        made = self.ec2.create_launch_template(
            LaunchTemplateName="nodes", LaunchTemplateData={"ImageId": GOOD} | data
        )
        self.template_id = str(made["LaunchTemplate"]["LaunchTemplateId"])
        for image in (BETTER, BAD):
            self.ec2.create_launch_template_version(
                LaunchTemplateId=self.template_id, LaunchTemplateData=data | {"ImageId": image}
            )
        return self.template_id

    def create_nodes(self, **more: Any) -> dict[str, Any]:
        given = {
            "clusterName": NAME,
            "nodegroupName": NODES,
            "nodeRole": self.node_role_arn,
            "subnets": self.subnet_ids,
            "instanceTypes": ["m7g.large", "m6g.large"],
            "launchTemplate": {"id": self.template_id or self.template(), "version": "1"},
            "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 2},
        }
        made: dict[str, Any] = self.eks.create_nodegroup(**(given | more))["nodegroup"]
        return made

    @property
    def node_role_arn(self) -> str:
        from rehearsal.cloud.eks import roles

        arn = f"arn:aws:iam::{ACCOUNT}:role/node"
        return arn if roles.find(arn) else self.role("node", "ec2.amazonaws.com")

    def with_nodes(self, **more: Any) -> None:
        """A cluster that answers, and its nodes."""
        self.created()
        self.create_nodes(**more)
        self.cloud.step(JOINED)

    def found_nodes(self) -> dict[str, Any]:
        found: dict[str, Any] = self.eks.describe_nodegroup(clusterName=NAME, nodegroupName=NODES)[
            "nodegroup"
        ]
        return found

    def nodes(self) -> list[Any]:
        """As the Kubernetes API is told."""
        return list(nodes.of(eks_backends[ACCOUNT][self.cloud.region].clusters[NAME]))

    def group(self) -> dict[str, Any]:
        """The Auto Scaling group of the node group."""
        found = self.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        return dict(found[0])

    def roll(self, version: str, **more: Any) -> str:
        template = {"id": self.template_id, "version": version}
        made = self.eks.update_nodegroup_version(
            clusterName=NAME, nodegroupName=NODES, launchTemplate=template, **more
        )
        return str(made["update"]["id"])

    def update(self, update_id: str) -> dict[str, Any]:
        given = {"name": NAME, "nodegroupName": NODES, "updateId": update_id}
        found: dict[str, Any] = self.eks.describe_update(**given)["update"]
        return found

    def until(self, done: Callable[[], bool], step: float = 10, limit: float = 5_000) -> None:
        for _ in range(int(limit / step)):
            if done():
                return
            self.cloud.step(step)
        raise AssertionError(f"not within {limit} emulated seconds")
