"""Requests of RDS that moto lacks, or answers otherwise than AWS."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.rds.responses import RDSResponse as MotoRdsResponse

from rehearsal.cloud.rds import versions
from rehearsal.cloud.rds.models import RdsBackend, rds_backends


class RdsResponse(MotoRdsResponse):
    @property
    def backend(self) -> RdsBackend:
        backend: RdsBackend = rds_backends[self.current_account][self.region]
        return backend

    @property
    def global_backend(self) -> RdsBackend:
        backend: RdsBackend = rds_backends[self.current_account]["us-east-1"]
        return backend

    def describe_db_engine_versions(self) -> Any:
        given = self.params
        found = versions.described(
            given.get("Engine"), given.get("EngineVersion"), given.get("DBParameterGroupFamily")
        )
        if given.get("DefaultOnly"):
            found = found[-1:]
        return ActionResult({"DBEngineVersions": found})

    def describe_db_instance_automated_backups(self) -> Any:
        given = self.params
        found = self.backend.automated_backups(
            given.get("DBInstanceIdentifier"),
            given.get("DbiResourceId"),
            given.get("DBInstanceAutomatedBackupsArn"),
        )
        return ActionResult({"DBInstanceAutomatedBackups": [each.describe() for each in found]})

    def delete_db_instance_automated_backup(self) -> Any:
        given = self.params
        gone = self.backend.delete_automated_backup(
            given.get("DbiResourceId"), given.get("DBInstanceAutomatedBackupsArn")
        )
        return ActionResult({"DBInstanceAutomatedBackup": gone.describe()})

    def start_db_instance_automated_backups_replication(self) -> Any:
        given = self.params
        made = self.backend.start_replication(
            given["SourceDBInstanceArn"], given.get("BackupRetentionPeriod"), given.get("KmsKeyId")
        )
        return ActionResult({"DBInstanceAutomatedBackup": made.describe()})

    def stop_db_instance_automated_backups_replication(self) -> Any:
        stopped = self.backend.stop_replication(self.params["SourceDBInstanceArn"])
        return ActionResult({"DBInstanceAutomatedBackup": stopped.describe()})

    def reset_db_parameter_group(self) -> Any:
        given = self.params
        parameters = [each.original_dict() for each in given.get("Parameters", [])]
        name = self.backend.reset_parameters(
            given["DBParameterGroupName"], parameters, bool(given.get("ResetAllParameters"))
        )
        return ActionResult({"DBParameterGroupName": name})

    def modify_event_subscription(self) -> Any:
        given = self.params
        wanted = ("sns_topic_arn", "source_type", "event_categories", "enabled")
        changed = self.backend.modify_event_subscription(
            given["SubscriptionName"], {name: given.get(name) for name in wanted}
        )
        return ActionResult({"EventSubscription": changed})

    def add_source_identifier_to_subscription(self) -> Any:
        return self._sources(add=True)

    def remove_source_identifier_from_subscription(self) -> Any:
        return self._sources(add=False)

    def _sources(self, *, add: bool) -> Any:
        given = self.params
        changed = self.backend.change_sources(given["SubscriptionName"], given["SourceIdentifier"], add)
        return ActionResult({"EventSubscription": changed})

    def modify_db_proxy(self) -> Any:
        changes = {key: self.params[key] for key in self.params if key != "db_proxy_name"}
        return ActionResult({"DBProxy": self.backend.modify_db_proxy(self.params["DBProxyName"], changes)})

    def remove_tags_from_resource(self) -> Any:
        self.backend.remove_tags_from_resource(self.params["ResourceName"], self.params.get("TagKeys") or [])
        return EmptyResult()
