"""What is done with managed node groups: made, resized, brought to a new launch template version, deleted.

Source: the API reference of each operation; "Update a managed node group for your cluster"; "Troubleshoot
problems with Amazon EKS clusters and nodes".
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.eks import access, draining, exceptions, roles, scaling
from rehearsal.cloud.eks.cluster import Cluster
from rehearsal.cloud.eks.clusters import Clusters
from rehearsal.cloud.eks.node_group import (
    ACTIVE,
    CREATE_FAILED,
    CREATING,
    DELETING,
    UPDATING,
    NodeGroup,
)
from rehearsal.cloud.eks.rolling import RollingUpdate
from rehearsal.cloud.eks.updates import Update, now

LOOK_SECONDS = 10.0
#: EKS gives up on nodes that do not join.
CREATE_SECONDS = 1200.0
CONFIG_SECONDS = 15.0
#: "Amazon EKS service quotas": node groups of a cluster, and nodes of a group.
MOST_GROUPS, MOST_NODES = 100, 450
NODE_SERVICE = "ec2.amazonaws.com"
_NOT_EMULATED = ("warmPoolConfig",)

Given = dict[str, Any]


class NodeGroups(Clusters):
    def node_group(self, cluster_name: str, name: str) -> NodeGroup:
        """Raises NotFound."""
        found = self.cluster(cluster_name).node_groups.get(name)
        if found is None:
            raise exceptions.NotFound(f"No node group found for name: {name}.")
        return found

    def create_node_group(self, given: Given) -> NodeGroup:
        cluster, name = self.ready(given["clusterName"]), given["nodegroupName"]
        if name in cluster.node_groups:
            raise exceptions.InUse(
                f"NodeGroup already exists with name {name} and cluster name {cluster.name}"
            )
        if len(cluster.node_groups) >= MOST_GROUPS:
            raise exceptions.LimitExceeded(f"You have reached the limit of {MOST_GROUPS} node groups")
        template, version = self._check_group(cluster, given)
        said = {"id": template.id, "name": template.name, "version": str(version.number)}
        made = NodeGroup(cluster, given, said)
        made.image_id = version.image_id
        scaling.make(made, version.data)
        access.admit_nodes(cluster, made.role_arn)
        cluster.node_groups[name] = made
        draining.watch(made)
        since = self._now()
        self._later(LOOK_SECONDS, lambda: self._creating(made, since))
        return made

    def _check_group(self, cluster: Cluster, given: Given) -> tuple[Any, Any]:
        for name in _NOT_EMULATED:
            if given.get(name):
                raise exceptions.NotEmulated(name)
        sizes = given.setdefault("scalingConfig", {"minSize": 2, "maxSize": 2, "desiredSize": 2})
        sizes.setdefault("desiredSize", sizes.get("minSize", 0))
        _check_sizes(sizes)
        _check_update_config(given.get("updateConfig") or {})
        self._check_subnets(cluster, given["subnets"])
        role = roles.find(given["nodeRole"])
        if role is None:
            raise exceptions.InvalidParameter(f"The role with name {given['nodeRole']} cannot be found.")
        if not roles.trusts(role, NODE_SERVICE):
            raise exceptions.InvalidParameter(
                f"Following required service principals [{NODE_SERVICE}] were not found in the trust "
                f"relationships of nodeRole {given['nodeRole']}"
            )
        template, version = scaling.source(self.ec2_backend, given.get("launchTemplate"))
        scaling.check(version.data, given.get("instanceTypes") or [], given)
        scaling.check_image(self.ec2_backend, version.image_id)
        if given.get("amiType") not in (None, "CUSTOM"):
            raise exceptions.InvalidParameter(
                "You cannot specify an AMI Type other than CUSTOM, when specifying an image id in your "
                "launch template."
            )
        return template, version

    def _check_subnets(self, cluster: Cluster, subnets: list[str]) -> None:
        known = {each.id: each.vpc_id for zone in self.ec2_backend.subnets.values() for each in zone.values()}
        for each in subnets:
            if known.get(each) != cluster.placement["vpcId"]:
                raise exceptions.InvalidParameter(
                    f"Subnet {each} is not in the VPC of the cluster, {cluster.placement['vpcId']}"
                )

    def _creating(self, made: NodeGroup, since: float) -> None:
        if made.state != CREATING:
            return
        ready = sum(map(made.ready, made.servers))
        if ready >= made.scaling["desiredSize"]:
            made.state = ACTIVE
        elif self._now() - since >= CREATE_SECONDS:
            made.state, made.issues = CREATE_FAILED, [_why_no_nodes(made)]
        else:
            self._later(LOOK_SECONDS, lambda: self._creating(made, since))

    # Changes

    def update_node_group_config(self, given: Given) -> Update:
        """Sizes, labels, taints and how it is updated. Raises NotFound, InUse, InvalidParameter."""
        found = self._idle_group(given["clusterName"], given["nodegroupName"])
        if given.get("warmPoolConfig"):
            raise exceptions.NotEmulated("warmPoolConfig")
        sizes = found.scaling | (given.get("scalingConfig") or {})
        _check_sizes(sizes)
        _check_update_config(given.get("updateConfig") or {})
        params = {key[:1].upper() + key[1:]: str(value) for key, value in sizes.items()}
        update = found.cluster.keep(Update("ConfigUpdate", params, node_group=found.name))
        found.state = UPDATING

        def done() -> None:
            self._apply(found, given, sizes)
            found.state, found.modified_at = ACTIVE, now()
            update.succeed()

        self._later(CONFIG_SECONDS, done)
        return update

    def _apply(self, group: NodeGroup, given: Given, sizes: dict[str, int]) -> None:
        if given.get("scalingConfig"):
            group.scaling = sizes
            scaling.resize(group, sizes["minSize"], sizes["maxSize"], sizes["desiredSize"])
        labels, taints = given.get("labels") or {}, given.get("taints") or {}
        group.labels |= labels.get("addOrUpdateLabels") or {}
        for key in labels.get("removeLabels") or []:
            group.labels.pop(key, None)
        new = taints.get("addOrUpdateTaints") or []
        replaced = {(each["key"], each["effect"]) for each in new + (taints.get("removeTaints") or [])}
        kept = [each for each in group.taints if (each["key"], each["effect"]) not in replaced]
        group.taints = kept + new
        group.update_config = dict(given.get("updateConfig") or group.update_config)
        group.node_repair = dict(given.get("nodeRepairConfig") or group.node_repair)

    def update_node_group_version(self, given: Given) -> Update:
        found = self._idle_group(given["clusterName"], given["nodegroupName"])
        template, version = scaling.source(self.ec2_backend, given.get("launchTemplate"))
        if template.id != found.launch_template["id"]:
            raise exceptions.InvalidParameter(
                "Launch template id or name cannot be changed: a node group stays with its launch template."
            )
        types = [] if version.data.get("InstanceType") else found.instance_types
        scaling.check(version.data, types, given)
        scaling.check_image(self.ec2_backend, version.image_id)
        params = {
            "LaunchTemplateName": template.name,
            "LaunchTemplateVersion": str(version.number),
            "ReleaseVersion": version.image_id,
        }
        update = found.cluster.keep(Update("VersionUpdate", params, node_group=found.name))
        found.state = UPDATING
        RollingUpdate(found, update, version, bool(given.get("force"))).start()
        return update

    def _idle_group(self, cluster_name: str, name: str) -> NodeGroup:
        self.ready(cluster_name)
        found = self.node_group(cluster_name, name)
        update = found.active_update()
        if update:
            raise exceptions.InUse(
                f"Nodegroup cannot be updated as it is currently not in Active State: update {update.id} is "
                "in progress"
            )
        if found.state != ACTIVE:
            raise exceptions.InUse(
                f"Nodegroup cannot be updated as it is currently not in Active State: it is {found.state}"
            )
        return found

    # The end

    def delete_node_group(self, cluster_name: str, name: str) -> NodeGroup:
        found = self.node_group(cluster_name, name)
        if found.state == DELETING:
            return found
        if found.active_update():
            raise exceptions.InUse(f"Nodegroup {name} has an update in progress")
        found.state = DELETING
        scaling.resize(found, 0, 0, 0)
        self._later(LOOK_SECONDS, lambda: self._deleting(found))
        return found

    def _deleting(self, leaving: NodeGroup) -> None:
        """Its nodes are drained first."""
        if leaving.servers:
            self._later(LOOK_SECONDS, lambda: self._deleting(leaving))
            return
        scaling.remove(leaving)
        del leaving.cluster.node_groups[leaving.name]

    def _now(self) -> float:
        from rehearsal.cloud.world import World

        return World.current.timeline.now


def _why_no_nodes(group: NodeGroup) -> dict[str, Any]:
    """The issue of a node group whose nodes did not come."""
    found = group.group
    failed = [each.message for each in found.fleet.activities if each.status == "Failed"] if found else []
    ids = [server.id for server in group.servers]
    if failed and not ids:
        return {"code": "AsgInstanceLaunchFailures", "message": failed[-1], "resourceIds": [group.group_name]}
    message = "Instances failed to join the kubernetes cluster"
    return {"code": "NodeCreationFailure", "message": message, "resourceIds": ids}


def _check_sizes(sizes: dict[str, int]) -> None:
    low, high, desired = (int(sizes.get(name, 0)) for name in ("minSize", "maxSize", "desiredSize"))
    if low > high:
        raise exceptions.InvalidParameter(f"Minimum capacity {low} can't be greater than maximum size {high}")
    if desired > high:
        raise exceptions.InvalidParameter(f"desired capacity {desired} can't be greater than max size {high}")
    if desired < low:
        raise exceptions.InvalidParameter(
            f"Minimum capacity {low} can't be greater than desired size {desired}"
        )
    if high > MOST_NODES:
        raise exceptions.LimitExceeded(f"{high} nodes are more than {MOST_NODES} in a node group")


def _check_update_config(given: dict[str, Any]) -> None:
    if given.get("maxUnavailable") and given.get("maxUnavailablePercentage"):
        raise exceptions.InvalidParameter(
            "maxUnavailable and maxUnavailablePercentage cannot be specified together"
        )
