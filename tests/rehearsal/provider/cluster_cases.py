"""The cases of EKS: clusters, node groups, add-ons, access entries and their policies, pod identities."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider import clustered
from tests.rehearsal.provider.cases import NEW_TAGS, TAGS, Case
from tests.rehearsal.provider.world import IMAGES, Made, World

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def _cluster(world: World, made: Made) -> Any:
    found = world.client("eks").describe_cluster(name=made.id)["cluster"]
    enabled = [each["types"] for each in found["logging"]["clusterLogging"] if each["enabled"]]
    return found["version"], enabled, found["deletionProtection"], found["upgradePolicy"]["supportType"]


def _node_group(world: World, made: Made) -> Any:
    cluster, _, name = made.id.partition(":")
    found = world.client("eks").describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    kept = ("launchTemplate", "scalingConfig", "labels", "taints", "updateConfig", "tags")
    version = found["launchTemplate"]["version"], found["releaseVersion"]
    return version, [found[key] for key in kept[1:]]


def _next_nodes(world: World) -> Properties:
    clustered.new_version(world, IMAGES[1])
    return {
        "launchTemplate": {"id": clustered.template(world).id, "version": "2"},
        "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 3},
        "labels": {"pool": "other"},
        "taints": [{"key": "only", "value": "some", "effect": "NO_SCHEDULE"}],
        "updateConfig": {"maxUnavailable": 2},
        "tags": NEW_TAGS,
    }


def _add_on(world: World, made: Made) -> Any:
    cluster, _, name = made.id.partition(":")
    found = world.client("eks").describe_addon(clusterName=cluster, addonName=name)["addon"]
    return found["addonVersion"], found["configurationValues"], len(found["podIdentityAssociations"])


def _add_on_inputs(world: World) -> Properties:
    return {
        "clusterName": clustered.cluster(world).id,
        "addonName": "vpc-cni",
        "addonVersion": "v1.20.4-eksbuild.2",
        "configurationValues": '{"enableNetworkPolicy": "true"}',
        "podIdentityAssociations": [{"roleArn": clustered.pod_role(world), "serviceAccount": "aws-node"}],
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
        "preserve": False,
        "tags": TAGS,
    }


def _entry(world: World, made: Made) -> Any:
    cluster, _, principal = made.id.partition(":")
    found = world.client("eks").describe_access_entry(clusterName=cluster, principalArn=principal)
    return found["accessEntry"]["kubernetesGroups"], found["accessEntry"]["tags"]


def _entry_inputs(world: World) -> Properties:
    return {
        "clusterName": clustered.cluster(world).id,
        "principalArn": world.other_role.outputs["arn"],
        "kubernetesGroups": ["readers"],
        "tags": TAGS,
    }


def _policy_inputs(world: World) -> Properties:
    entry = world.make("aws:eks/accessEntry:AccessEntry", **_entry_inputs(world))
    return {
        "clusterName": entry.outputs["clusterName"],
        "principalArn": entry.outputs["principalArn"],
        "policyArn": VIEW,
        "accessScope": {"type": "cluster"},
    }


def _identity(world: World, made: Made) -> Any:
    found = world.client("eks").describe_pod_identity_association(
        clusterName=clustered.cluster(world).id, associationId=made.id
    )["association"]
    return found["disableSessionTags"], found["tags"]


def _attached(world: World) -> Properties:
    group = clustered.name_of_group(clustered.node_group(world))
    return {"autoscalingGroupName": group, "lbTargetGroupArn": world.targets[0].id}


CLUSTERS = (
    Case(
        clustered.CLUSTER,
        clustered.cluster_inputs,
        change=lambda _: {
            "version": clustered.NEXT_VERSION,
            "enabledClusterLogTypes": ["api"],
            "deletionProtection": False,
            "upgradePolicy": {"supportType": "EXTENDED"},
            "tags": NEW_TAGS,
        },
        seen=_cluster,
        expected=("1.36", [["api"]], False, "EXTENDED"),
        replace=lambda w: {"name": "other", "roleArn": w.role.outputs["arn"]},
    ),
    Case(
        clustered.NODE_GROUP,
        clustered.node_group_inputs,
        change=_next_nodes,
        seen=_node_group,
        expected=(
            ("2", IMAGES[1]),
            [
                {"minSize": 1, "maxSize": 4, "desiredSize": 3},
                {"pool": "other"},
                [{"key": "only", "value": "some", "effect": "NO_SCHEDULE"}],
                {"maxUnavailable": 2},
                NEW_TAGS,
            ],
        ),
        replace=lambda _: {"instanceTypes": ["c7g.large"], "launchTemplate": {"id": "lt-1", "version": "1"}},
    ),
    Case(
        "aws:eks/addon:Addon",
        _add_on_inputs,
        change=lambda _: {
            "addonVersion": "v1.21.1-eksbuild.3",
            "configurationValues": '{"enableNetworkPolicy": "false"}',
            "podIdentityAssociations": None,
        },
        seen=_add_on,
        expected=("v1.21.1-eksbuild.3", '{"enableNetworkPolicy": "false"}', 0),
        replace=lambda _: {"addonName": "kube-proxy", "clusterName": "other"},
    ),
    Case(
        "aws:eks/accessEntry:AccessEntry",
        _entry_inputs,
        change=lambda _: {"kubernetesGroups": ["writers"], "tags": NEW_TAGS},
        seen=_entry,
        expected=(["writers"], NEW_TAGS),
        replace=lambda w: {"principalArn": w.role.outputs["arn"], "type": "EC2_LINUX"},
    ),
    Case(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        _policy_inputs,
        replace=lambda _: {"accessScope": {"type": "namespace", "namespaces": ["a"]}},
    ),
    Case(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda w: {
            "clusterName": clustered.cluster(w).id,
            "namespace": "workloads",
            "serviceAccount": f"shop-{w.next()}",
            "roleArn": clustered.pod_role(w),
            "tags": TAGS,
        },
        change=lambda _: {"disableSessionTags": True, "tags": NEW_TAGS},
        seen=_identity,
        expected=(True, NEW_TAGS),
        replace=lambda _: {"namespace": "other", "serviceAccount": "other"},
        import_id=lambda made: f"{made.outputs['clusterName']},{made.id}",
    ),
    Case(
        "aws:autoscaling/attachment:Attachment",
        _attached,
        replace=lambda w: {"lbTargetGroupArn": w.targets[1].id},
    ),
)  # fmt: skip
