"""What is done with instances: made, changed, stopped, deleted, with the states and the refusals of AWS.

Source: the API reference of each operation, "Modifying an Amazon RDS DB instance", "Stopping an Amazon RDS DB
instance temporarily", "Deleting a DB instance".
"""

from __future__ import annotations

from typing import Any

from moto.rds.exceptions import DBInstanceAlreadyExists
from moto.rds.models import RDSBackend as MotoRdsBackend

from rehearsal.cloud.rds import exceptions, versions
from rehearsal.cloud.rds.changes import check, later
from rehearsal.cloud.rds.instance import Instance
from rehearsal.cloud.world import World

#: A stopped instance is started again after this long, so that it misses no maintenance.
STOPPED_SECONDS = 7 * 86400.0
NOT_AVAILABLE = "Database instance is not in available state."


class Instances(MotoRdsBackend):
    def instance(self, name: str) -> Instance:
        """Raises DBInstanceNotFound."""
        found: Instance = self.describe_db_instances(name)[0]
        return found

    def create_db_instance(self, db_kwargs: Any) -> Instance:
        settings = {key: db_kwargs[key] for key in db_kwargs}
        settings.pop("backend", None)
        name = settings["db_instance_identifier"]
        if name in self.databases:
            raise DBInstanceAlreadyExists
        self._validate_db_identifier(name)
        if settings.get("db_cluster_identifier"):
            raise NotImplementedError("an instance of a cluster is not emulated")
        check(settings)
        settings["engine_version"] = versions.resolve(settings["engine"], settings.get("engine_version"))
        if settings.get("manage_master_user_password") and settings.get("master_user_password"):
            raise exceptions.InvalidParameterCombination(
                "You can't specify MasterUserPassword when you manage the master user password in AWS "
                "Secrets Manager."
            )
        self._encrypt(settings)
        made = Instance(self, **settings)
        self.databases[name] = made
        made.add_event("DB_INSTANCE_CREATE")
        made.enter("creating", lambda: self.back_up(made))
        return made

    def _encrypt(self, settings: dict[str, Any]) -> None:
        key = settings.get("kms_key_id")
        if key and not settings.get("storage_encrypted"):
            raise exceptions.InvalidParameterCombination(
                "A KMS key can't be specified for a DB instance that isn't encrypted."
            )
        if key:
            settings["kms_key_id"] = self._validate_kms_key(key) if "alias/aws/" not in key else key
        elif settings.get("storage_encrypted"):
            settings["kms_key_id"] = f"arn:aws:kms:{self.region_name}:{self.account_id}:alias/aws/rds"

    def create_db_instance_read_replica(self, db_kwargs: Any) -> Instance:
        source: Instance = self.find_db_from_id(db_kwargs["source_db_instance_identifier"])
        if not source.backup_retention_period:
            raise exceptions.InvalidInstanceState(
                "Automated backups are not enabled for this database instance. To enable automated backups, "
                "use ModifyDBInstance to set the backup retention period to a non-zero value."
            )
        if source.status != "available":
            raise exceptions.InvalidInstanceState(NOT_AVAILABLE)
        if source.manage_master_user_password:
            raise exceptions.InvalidParameterCombination(
                "You can't create a read replica of a DB instance whose master user password is managed in "
                "AWS Secrets Manager."
            )
        inherited = (
            "allocated_storage", "auto_minor_version_upgrade", "db_instance_class", "db_name",
            "db_parameter_group_name",
            "engine", "engine_version", "iops", "kms_key_id", "master_username", "port", "storage_encrypted",
            "storage_type", "vpc_security_group_ids",
        )  # fmt: skip
        settings = {name: getattr(source, name) for name in inherited}
        if source.region == self.region_name:
            settings["db_subnet_group_name"] = source._db_subnet_group_name
        else:
            settings["kms_key_id"] = None
        settings |= {"backup_retention_period": 0, "multi_az": False}
        settings |= {key: db_kwargs[key] for key in db_kwargs}
        replica = self.create_db_instance(settings)
        replica.set_as_replica()
        replica.source_db_instance_identifier = (
            source.db_instance_identifier if source.region == self.region_name else source.db_instance_arn
        )
        source.add_replica(replica)
        return replica

    def promote_read_replica(self, db_kwargs: Any) -> Instance:
        replica = self.instance(db_kwargs["db_instance_identifier"])
        if not replica.is_replica:
            raise exceptions.InvalidInstanceState("DB Instance is not a read replica.")
        self._free(replica)
        replica.update(**db_kwargs)
        replica.enter("modifying")
        return replica

    def _free(self, replica: Instance) -> None:
        """Let it be a database of its own."""
        source = self.find_db_from_id(str(replica.source_db_instance_identifier))
        source.replicas = [each for each in source.replicas if each.rsplit(":", 1)[-1] != replica.resource_id]
        replica.is_replica, replica.source_db_instance_identifier = False, None

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: Any) -> Instance:
        changed = self.instance(db_instance_identifier)
        if changed.status != "available":
            raise exceptions.InvalidInstanceState(NOT_AVAILABLE)
        settings = {key: db_kwargs[key] for key in db_kwargs}
        check(settings, changed)
        wait = {} if settings.get("apply_immediately") else later(changed, settings)
        upgrade = settings.get("engine_version") not in (None, changed.engine_version)
        super().modify_db_instance(db_instance_identifier, settings)
        if not wait:
            changed.enter("upgrading" if upgrade else "modifying")
        return changed

    def reboot_db_instance(self, db_instance_identifier: str) -> Instance:
        found = self.instance(db_instance_identifier)
        if found.status != "available":
            raise exceptions.InvalidInstanceState(NOT_AVAILABLE)
        found.enter("rebooting")
        return found

    def stop_db_instance(
        self, db_instance_identifier: str, db_snapshot_identifier: str | None = None
    ) -> Instance:
        found = self.instance(db_instance_identifier)
        if found.is_replica or found.replicas:
            what = "a read replica" if found.is_replica else "a DB instance with read replicas"
            raise exceptions.InvalidInstanceState(f"Cannot stop {what}: {db_instance_identifier}.")
        if found.status != "available":
            raise exceptions.InvalidInstanceState(
                f"Instance {db_instance_identifier} is not in available state."
            )
        if db_snapshot_identifier:
            self.create_db_snapshot(db_instance_identifier, db_snapshot_identifier)
        found.enter("stopping", lambda: self._start_in_a_week(found), after="stopped")
        return found

    def _start_in_a_week(self, stopped: Instance) -> None:
        mark = stopped.restart

        def start() -> None:
            if stopped.restart is mark:
                stopped.enter("starting")

        World.current.timeline.after(STOPPED_SECONDS, start)

    def start_db_instance(self, db_instance_identifier: str) -> Instance:
        found = self.instance(db_instance_identifier)
        if found.status != "stopped":
            raise exceptions.InvalidInstanceState(
                f"Instance {db_instance_identifier} is not stopped, it cannot be started."
            )
        found.enter("starting")
        return found

    def delete_db_instance(
        self,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> Instance:
        leaving = self.instance(db_instance_identifier)
        if leaving.status == "deleting":
            raise exceptions.InvalidInstanceState(
                f"Instance {db_instance_identifier} is already being deleted."
            )
        if leaving.deletion_protection:
            raise exceptions.InvalidParameterCombination(
                "Cannot delete protected DB Instance, please disable deletion protection and try again."
            )
        _check_final_snapshot(leaving, final_db_snapshot_identifier, bool(skip_final_snapshot))
        if final_db_snapshot_identifier:
            self.create_db_snapshot(db_instance_identifier, final_db_snapshot_identifier)
        for name in list(leaving.replicas):
            self._free(self.find_db_from_id(name))
        keep = delete_automated_backups is False
        leaving.enter("deleting", lambda: self._gone(leaving, keep), after="deleted")
        return leaving

    def _gone(self, leaving: Instance, keep_backups: bool) -> None:
        if leaving.is_replica:
            self._free(leaving)
        leaving.deletion_protection = False
        if keep_backups:
            self.retain_backups(leaving)
        super().delete_db_instance(leaving.db_instance_identifier, None, True, not keep_backups)

    def back_up(self, instance: Instance) -> None:
        """A first time, and from then on every day; see `backups`."""
        raise NotImplementedError

    def retain_backups(self, gone: Instance) -> None:
        """Keep what is needed to restore it; see `backups`."""
        raise NotImplementedError


def _check_final_snapshot(leaving: Instance, name: str | None, skip: bool) -> None:
    if name and skip:
        raise exceptions.InvalidParameterCombination(
            "FinalDBSnapshotIdentifier can not be specified when deleting a DB Instance with "
            "SkipFinalSnapshot."
        )
    if leaving.is_replica:
        if name:
            raise exceptions.InvalidParameterCombination(
                "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance"
            )
    elif not skip and not name:
        raise exceptions.InvalidParameterCombination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )
    elif name and leaving.status in ("creating", "failed", "incompatible-restore", "incompatible-network"):
        raise exceptions.InvalidInstanceState(
            f"Cannot create a final snapshot of {leaving.resource_id} because it is {leaving.status}."
        )
