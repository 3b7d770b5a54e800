"""What is done with control planes: made, changed, brought to the next version, deleted.

Source: the API reference of each operation; "Update existing cluster to new Kubernetes version"; "Protect EKS
clusters from accidental deletion"; "Send control plane logs to CloudWatch Logs".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BaseBackend

from rehearsal.cloud.eks import access, control_plane_logs, exceptions, placement, roles, versions
from rehearsal.cloud.eks.cluster import ACTIVE, CREATING, DELETING, UPDATING, Cluster, enabled_logs
from rehearsal.cloud.eks.updates import Update
from rehearsal.cloud.world import World

#: How long it takes, in emulated seconds; on AWS it is minutes.
SECONDS = {CREATING: 480.0, DELETING: 120.0, "VersionUpdate": 600.0}
CONFIG_SECONDS = 60.0
#: "Amazon EKS service quotas": clusters in a region.
MOST_CLUSTERS = 100
SERVICE = "eks.amazonaws.com"
_NOT_EMULATED = (
    "outpostConfig", "remoteNetworkConfig", "computeConfig", "storageConfig", "controlPlaneScalingConfig",
    "kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig",
)  # fmt: skip

Given = dict[str, Any]


class Clusters(BaseBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.clusters: dict[str, Cluster] = {}
        self._made: dict[str, Cluster] = {}

    def cluster(self, name: str) -> Cluster:
        """Raises NotFound."""
        if name not in self.clusters:
            raise exceptions.NotFound(f"No cluster found for name: {name}.")
        return self.clusters[name]

    def ready(self, name: str) -> Cluster:
        """One that may be worked with. Raises NotFound, InvalidRequest."""
        found = self.cluster(name)
        if found.status not in (ACTIVE, UPDATING):
            raise exceptions.InvalidRequest(f"Cluster '{name}' is not in ACTIVE status")
        return found

    def create_cluster(self, given: Given, caller: str) -> Cluster:
        """`caller`: the ARN of who asks; unless told otherwise he may do all in the cluster."""
        before = self._made.get(given["clientRequestToken"])
        if before is not None:
            return before
        name = given["name"]
        if name in self.clusters:
            raise exceptions.InUse(f"Cluster already exists with name: {name}")
        if len(self.clusters) >= MOST_CLUSTERS:
            raise exceptions.LimitExceeded(f"You have reached the limit of {MOST_CLUSTERS} clusters")
        self._check(given)
        place = placement.place(self.ec2_backend, given["resourcesVpcConfig"])
        made = Cluster(self.region_name, self.account_id, given, place)
        place["clusterSecurityGroupId"] = placement.cluster_security_group(self.ec2_backend, made)
        if made.creator_is_admin and made.authentication_mode != "CONFIG_MAP":
            access.admit_creator(made, caller)
        self.clusters[name] = self._made[given["clientRequestToken"]] = made
        self._later(SECONDS[CREATING], lambda: self._created(made))
        return made

    def _check(self, given: Given) -> None:
        for name in _NOT_EMULATED:
            if given.get(name):
                raise exceptions.NotEmulated(name)
        versions.kubernetes(given.get("version"))
        role = roles.find(given["roleArn"])
        if role is None or not roles.trusts(role, SERVICE):
            raise exceptions.InvalidParameter(
                f"Role with arn: {given['roleArn']}, could not be assumed because it does not exist or the "
                "trusted entity is not correct"
            )
        for each in given.get("encryptionConfig") or []:
            self._check_key(each)

    def _check_key(self, config: dict[str, Any]) -> None:
        from moto.kms.models import kms_backends

        if config.get("resources") != ["secrets"]:
            raise exceptions.InvalidParameter("Resources must be set to secrets")
        arn = str((config.get("provider") or {}).get("keyArn"))
        key = kms_backends[self.account_id][self.region_name].keys.get(arn.rpartition("/")[2])
        if key is None or key.key_state != "Enabled":
            raise exceptions.InvalidParameter(f"KMS key {arn} does not exist or is not enabled")

    def _created(self, made: Cluster) -> None:
        if made.status == CREATING:
            made.status = ACTIVE
            control_plane_logs.ship(made)
            self.opened(made)

    # Changes

    def update_cluster_version(self, name: str, version: str) -> Update:
        found = self._idle(name)
        versions.check_upgrade(found.version, version)
        behind = [
            each.name
            for each in found.node_groups.values()
            if versions.minor(version) - versions.minor(each.version) > versions.MOST_SKEW
        ]
        if behind:
            raise exceptions.InvalidRequest(
                f"Nodegroups {', '.join(behind)} must be updated to match cluster version {found.version} "
                "before updating cluster version"
            )

        def done() -> None:
            found.version = version

        return self._update(found, "VersionUpdate", {"Version": version, "PlatformVersion": "eks.1"}, done)

    def update_cluster_config(self, name: str, given: Given) -> Update:
        """One kind of setting at a time, as AWS wants it."""
        found = self._idle(name)
        for each in _NOT_EMULATED:
            if given.get(each):
                raise exceptions.NotEmulated(each)
        kinds = [key for key in _CHANGES if given.get(key) is not None]
        if len(kinds) != 1:
            raise exceptions.InvalidParameter(
                "Only one type of update can be allowed." if kinds else "No changes needed for the cluster"
            )
        kind, params, done = _CHANGES[kinds[0]](self, found, given[kinds[0]])
        return self._update(found, kind, params, done)

    def _idle(self, name: str) -> Cluster:
        found = self.ready(name)
        update = found.active_update()
        if update:
            raise exceptions.InUse(
                f"Cannot update because cluster {name} currently has update {update.id} in progress"
            )
        return found

    def _update(
        self, cluster: Cluster, kind: str, params: dict[str, str], done: Callable[[], None]
    ) -> Update:
        update = cluster.keep(Update(kind, params))
        cluster.status = UPDATING

        def finish() -> None:
            done()
            cluster.status = ACTIVE
            update.succeed()
            control_plane_logs.ship(cluster)

        self._later(SECONDS.get(kind, CONFIG_SECONDS), finish)
        return update

    def _change_network(self, cluster: Cluster, wanted: dict[str, Any]) -> tuple[str, dict[str, str], Any]:
        network = placement.changed(self.ec2_backend, cluster, wanted)
        access_only = not {"subnetIds", "securityGroupIds"} & wanted.keys()
        kind = "EndpointAccessUpdate" if access_only else "VpcConfigUpdate"
        params = {key[:1].upper() + key[1:]: str(value) for key, value in wanted.items()}
        renames = {"SubnetIds": "Subnets", "SecurityGroupIds": "SecurityGroups"}
        params = {renames.get(key, key): value for key, value in params.items()}
        return kind, params, lambda: cluster.placement.update(network)

    def _change_logging(self, cluster: Cluster, wanted: dict[str, Any]) -> tuple[str, dict[str, str], Any]:
        types = enabled_logs(wanted, cluster.log_types)
        if types == cluster.log_types:
            raise exceptions.InvalidParameter("No changes needed for the logging config provided")
        return "LoggingUpdate", {"ClusterLogging": str(types)}, lambda: setattr(cluster, "log_types", types)

    def _change_access(self, cluster: Cluster, wanted: dict[str, Any]) -> tuple[str, dict[str, str], Any]:
        mode, ways = str(wanted.get("authenticationMode")), ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
        if ways.index(mode) < ways.index(cluster.authentication_mode):
            raise exceptions.InvalidParameter(
                f"Unsupported authentication mode update from {cluster.authentication_mode} to {mode}"
            )
        params = {"AuthenticationMode": mode}
        return "AccessConfigUpdate", params, lambda: setattr(cluster, "authentication_mode", mode)

    def _change_support(self, cluster: Cluster, wanted: dict[str, Any]) -> tuple[str, dict[str, str], Any]:
        kind = str(wanted["supportType"])
        return "UpgradePolicyUpdate", {"UpgradePolicy": kind}, lambda: setattr(cluster, "support_type", kind)

    def _change_zonal_shift(self, cluster: Cluster, wanted: Any) -> tuple[str, dict[str, str], Any]:
        shift = bool(wanted["enabled"])
        params = {"ZonalShiftConfig": str(shift)}
        return "ZonalShiftConfigUpdate", params, lambda: setattr(cluster, "zonal_shift", shift)

    def _change_protection(self, cluster: Cluster, wanted: Any) -> tuple[str, dict[str, str], Any]:
        params = {"DeletionProtection": str(bool(wanted)).lower()}
        return (
            "DeletionProtectionUpdate", params, lambda: setattr(cluster, "deletion_protection", bool(wanted))
        )  # fmt: skip

    # The end

    def delete_cluster(self, name: str) -> Cluster:
        found = self.cluster(name)
        if found.status == DELETING:
            return found
        if found.node_groups:
            raise exceptions.InUse("Cluster has nodegroups attached")
        if found.status == CREATING:
            raise exceptions.InUse(f"Cannot delete because cluster {name} currently is being created")
        if found.active_update():
            raise exceptions.InUse(
                f"Cannot delete because cluster {name} currently has an update in progress"
            )
        if found.deletion_protection:
            raise exceptions.InvalidRequest(
                f"Cannot delete cluster {name} because deletion protection is enabled. Disable deletion "
                "protection and try again."
            )
        found.status = DELETING
        self.closed(found)
        self._later(SECONDS[DELETING], lambda: self._gone(found))
        return found

    def _gone(self, cluster: Cluster) -> None:
        placement.remove_security_group(self.ec2_backend, cluster)
        del self.clusters[cluster.name]

    # Others

    @property
    def ec2_backend(self) -> Any:
        from moto.ec2.models import ec2_backends

        return ec2_backends[self.account_id][self.region_name]

    def _later(self, seconds: float, event: Callable[[], None]) -> None:
        World.current.timeline.after(seconds, event)

    def opened(self, cluster: Cluster) -> None:
        """It answers from now on; see `models`."""
        raise NotImplementedError

    def closed(self, cluster: Cluster) -> None:
        """It answers no more; see `models`."""
        raise NotImplementedError


_CHANGES: dict[str, Callable[[Clusters, Cluster, Any], tuple[str, dict[str, str], Any]]] = {
    "resourcesVpcConfig": Clusters._change_network,
    "logging": Clusters._change_logging,
    "accessConfig": Clusters._change_access,
    "upgradePolicy": Clusters._change_support,
    "zonalShiftConfig": Clusters._change_zonal_shift,
    "deletionProtection": Clusters._change_protection,
}
