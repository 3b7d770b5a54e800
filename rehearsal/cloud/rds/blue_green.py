"""Blue/green deployments: a copy that is changed, catches up, and takes over the name.

Source: "Using Amazon RDS blue/green deployments", "Limitations and considerations". moto makes the copy and
changes the names; here both take time, and what RDS cannot is refused.
"""

from __future__ import annotations

from typing import Any

from moto.rds.exceptions import BlueGreenDeploymentNotFoundFault, SourceDatabaseNotSupportedFault
from moto.rds.models import BlueGreenDeployment

from rehearsal.cloud.rds import exceptions, versions
from rehearsal.cloud.rds.instance import Instance
from rehearsal.cloud.rds.instances import NOT_AVAILABLE
from rehearsal.cloud.rds.proxies import DEFAULT_GROUP, Proxies
from rehearsal.cloud.world import World

#: Until the copy has caught up, and until it has taken over.
PROVISIONING_SECONDS = 900.0
SWITCHOVER_SECONDS = 60.0
# Settings of the source that moto's copy lacks.
_COPIED = (
    "enable_iam_database_authentication", "monitoring_interval", "monitoring_role_arn",
    "performance_insights_enabled", "performance_insights_kms_key_id",
    "performance_insights_retention_period",
)  # fmt: skip
_States = BlueGreenDeployment.SupportedStates


class BlueGreen(Proxies):
    def create_blue_green_deployment(self, bg_kwargs: Any) -> BlueGreenDeployment:
        source: Instance = self.find_db_from_id(bg_kwargs["source"])
        self._check_source(source)
        wanted = bg_kwargs.get("target_engine_version")
        if wanted:
            whole = versions.resolve(source.engine, wanted)
            versions.check_upgrade(source.engine, source.engine_version, whole, major_allowed=True)
        answer: BlueGreenDeployment = super().create_blue_green_deployment(bg_kwargs)
        made = self.blue_green_deployments[answer.blue_green_deployment_identifier]
        copy = self.find_db_from_id(made.target)
        for name in _COPIED:
            setattr(copy, name, getattr(source, name))
        # hashicorp/terraform-provider-aws#29887: the copy is not protected, whatever its source is.
        copy.deletion_protection = False
        self._later(made, _States.PROVISIONING, PROVISIONING_SECONDS, _States.AVAILABLE)
        return answer

    def _check_source(self, source: Instance) -> None:
        behind = any(
            target.rds_resource_id == source.db_instance_identifier
            for proxy in self.db_proxies.values()
            for target in proxy.proxy_target_groups[DEFAULT_GROUP].targets
        )
        if source.manage_master_user_password or source.replicas or source.is_replica or behind:
            raise SourceDatabaseNotSupportedFault(source.db_instance_arn)
        if source.status != "available":
            raise exceptions.InvalidInstanceState(NOT_AVAILABLE)
        if not source.backup_retention_period:
            raise exceptions.InvalidInstanceState(
                "Automated backups must be enabled on the source of a blue/green deployment."
            )

    def _later(self, deployment: BlueGreenDeployment, now: Any, seconds: float, then: Any) -> None:
        deployment.set_status(now)
        World.current.timeline.after(seconds, lambda: deployment.set_status(then))

    def switchover_blue_green_deployment(
        self, blue_green_deployment_identifier: str, switchover_timeout: int | None = 300
    ) -> BlueGreenDeployment:
        answer: BlueGreenDeployment = super().switchover_blue_green_deployment(
            blue_green_deployment_identifier, switchover_timeout
        )
        deployment = self.blue_green_deployments[blue_green_deployment_identifier]
        in_progress, completed = _States.SWITCHOVER_IN_PROGRESS, _States.SWITCHOVER_COMPLETED
        self._later(deployment, in_progress, SWITCHOVER_SECONDS, completed)
        return answer

    def delete_blue_green_deployment(
        self, blue_green_deployment_identifier: str, delete_target: bool = False
    ) -> BlueGreenDeployment:
        """The copy goes with it if asked, unless it took over."""
        found = self.blue_green_deployments.get(blue_green_deployment_identifier)
        if found is None:
            raise BlueGreenDeploymentNotFoundFault(blue_green_deployment_identifier)
        if delete_target and not found.status.startswith("SWITCHOVER"):
            name = self.find_db_from_id(found.target).db_instance_identifier
            self.delete_db_instance(name, None, True)
        gone: BlueGreenDeployment = super().delete_blue_green_deployment(blue_green_deployment_identifier)
        return gone
