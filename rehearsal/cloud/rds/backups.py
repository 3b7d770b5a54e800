"""Automated backups: of instances that are there, of those that went and left theirs, and copies in another
region; and what is restored from them.

Source: "Replicating automated backups to another AWS Region", "Restoring a DB instance to a specified time".
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.rds.exceptions import DBInstanceNotFoundError
from moto.rds.models import DBInstance

from rehearsal.cloud.rds import exceptions
from rehearsal.cloud.rds.instance import Instance
from rehearsal.cloud.rds.instances import NOT_AVAILABLE, Instances
from rehearsal.cloud.world import World

#: How long a replication is pending before it replicates, in emulated seconds.
PENDING_SECONDS = 120.0
#: Between two automated backups.
BACKUP_SECONDS = 86_400.0


@dataclass
class Backup:
    """`since` is when its first backup was; `until` when an instance that went was last backed up."""

    source: Instance
    arn: str
    status: str
    region: str
    retention_days: int
    kms_key_id: str | None
    since: datetime
    until: datetime | None = None

    def describe(self) -> dict[str, Any]:
        latest = self.until or _now()
        return {
            "DBInstanceArn": self.source.db_instance_arn,
            "DbiResourceId": self.source.dbi_resource_id,
            "Region": self.source.region,
            "DBInstanceIdentifier": self.source.db_instance_identifier,
            "RestoreWindow": {"EarliestTime": self.since, "LatestTime": latest},
            "AllocatedStorage": self.source.allocated_storage,
            "Status": self.status,
            "Engine": self.source.engine,
            "EngineVersion": self.source.engine_version,
            "Encrypted": bool(self.kms_key_id),
            "StorageType": self.source.storage_type,
            "KmsKeyId": self.kms_key_id,
            "BackupRetentionPeriod": self.retention_days,
            "DBInstanceAutomatedBackupsArn": self.arn,
        }


class Backups(Instances):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        #: By ARN: of instances that are gone, and of instances of other regions.
        self.kept_backups: dict[str, Backup] = {}

    def automated_backups(
        self, name: str | None = None, resource_id: str | None = None, arn: str | None = None
    ) -> list[Backup]:
        """Those that fit; raises DBInstanceAutomatedBackupNotFound for an ARN that there is not."""
        live = [
            Backup(each, _arn_of(each), "active", each.region, each.backup_retention_period, each.kms_key_id,
                   each.created.replace(tzinfo=UTC))
            for each in self.databases.values()
            if each.backup_retention_period
        ]  # fmt: skip
        found = [
            each
            for each in (*live, *self.kept_backups.values())
            if name in (None, each.source.db_instance_identifier)
            and resource_id in (None, each.source.dbi_resource_id)
            and arn in (None, each.arn)
        ]
        if arn is not None and not found:
            raise exceptions.AutomatedBackupNotFound(arn)
        return found

    def back_up(self, instance: Instance) -> None:
        """Daily, while it runs and has a retention; what is older than that goes."""
        if self.databases.get(instance.db_instance_identifier) is not instance:
            return
        if instance.backup_retention_period and instance.status == "available":
            instance.save_automated_backup()
            old = self.describe_db_snapshots(instance.db_instance_identifier, snapshot_type="automated")
            for snapshot in old[: -instance.backup_retention_period]:
                self.delete_db_snapshot(snapshot.db_snapshot_identifier)
        World.current.timeline.after(BACKUP_SECONDS, lambda: self.back_up(instance))

    def retain_backups(self, gone: Instance) -> None:
        if gone.backup_retention_period:
            days, key = gone.backup_retention_period, gone.kms_key_id
            arn = _arn_of(gone)
            self.kept_backups[arn] = Backup(
                gone, arn, "retained", gone.region, days, key, gone.created.replace(tzinfo=UTC), _now()
            )

    def delete_automated_backup(self, resource_id: str | None, arn: str | None) -> Backup:
        found = [
            each
            for each in self.kept_backups.values()
            if each.status == "retained" and (each.arn == arn or each.source.dbi_resource_id == resource_id)
        ]
        if not found:
            raise exceptions.AutomatedBackupNotFound(str(arn or resource_id))
        return self.kept_backups.pop(found[0].arn)

    def start_replication(self, source_arn: str, retention_days: int | None, key: str | None) -> Backup:
        """Copy the automated backups of an instance of another region here."""
        source: Instance = self.find_db_from_id(source_arn)
        if source.region == self.region_name:
            raise exceptions.InvalidParameterValue(
                "The source Region and the destination Region are the same."
            )
        if source.status != "available":
            raise exceptions.InvalidInstanceState(NOT_AVAILABLE)
        if not source.backup_retention_period:
            raise exceptions.InvalidInstanceState(
                "Automated backups are not enabled for the source DB instance."
            )
        if self._replication(source_arn):
            raise exceptions.InvalidInstanceState(
                "Automated backups of the DB instance are already replicated."
            )
        if source.storage_encrypted and not key:
            raise exceptions.InvalidParameterCombination(
                "A KMS key of the destination Region is needed for backups of an encrypted DB instance."
            )
        key = self._validate_kms_key(key) if key else None
        name = "ab-" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(26))
        arn = f"arn:aws:rds:{self.region_name}:{self.account_id}:auto-backup:{name}"
        made = Backup(source, arn, "pending", self.region_name, retention_days or 7, key, _now())
        self.kept_backups[arn] = made

        def replicate() -> None:
            if made.status == "pending":
                made.status = "replicating"

        World.current.timeline.after(PENDING_SECONDS, replicate)
        return made

    def stop_replication(self, source_arn: str) -> Backup:
        """What was copied so far stays for its retention, as of an instance that is gone."""
        found = self._replication(source_arn)
        if found is None:
            raise exceptions.InvalidInstanceState("Automated backups of the DB instance are not replicated.")
        found.status, found.until = "retained", _now()
        return found

    def _replication(self, source_arn: str) -> Backup | None:
        wanted = ("pending", "replicating")
        return next(
            (
                each
                for each in self.kept_backups.values()
                if each.source.db_instance_arn == source_arn and each.status in wanted
            ),
            None,
        )

    def restore_db_instance_from_db_snapshot(self, from_snapshot_id: str, overrides: Any) -> DBInstance:
        if from_snapshot_id.startswith("arn:aws:rds:"):
            from_snapshot_id = self.extract_snapshot_name_from_arn(from_snapshot_id)
        snapshot = self.get_db_snapshot(from_snapshot_id)
        return self._restored(
            snapshot.database, snapshot.kms_key_id, overrides["db_instance_identifier"], overrides
        )

    def restore_db_instance_to_point_in_time(
        self, source_db_identifier: str | None, target_db_identifier: str, overrides: Any
    ) -> DBInstance:
        arn = overrides.get("source_db_instance_automated_backups_arn")
        resource_id = overrides.get("source_dbi_resource_id")
        if source_db_identifier and source_db_identifier not in self.databases:
            raise DBInstanceNotFoundError(source_db_identifier)
        found = self.automated_backups(source_db_identifier, resource_id, arn)
        if not found:
            raise exceptions.InvalidRestore(
                "There are no automated backups to restore from: the backup retention period is 0."
                if source_db_identifier
                else f"There are no automated backups of {resource_id}."
            )
        _check_time(found[0], overrides)
        return self._restored(found[0].source, found[0].kms_key_id, target_db_identifier, overrides)

    def _restored(self, source: Any, key: str | None, name: str, overrides: Any) -> DBInstance:
        """A new instance of its own with the source's data and settings, but for groups and protection."""
        inherited = (
            "allocated_storage", "auto_minor_version_upgrade", "backup_retention_period",
            "copy_tags_to_snapshot", "db_instance_class", "db_name", "engine", "engine_version", "iops",
            "license_model", "master_username", "port", "preferred_backup_window",
            "preferred_maintenance_window", "storage_encrypted", "storage_throughput", "storage_type",
        )  # fmt: skip
        settings = {each: getattr(source, each) for each in inherited}
        settings |= {"kms_key_id": key, "storage_encrypted": bool(key)}
        settings |= {each: overrides[each] for each in overrides if overrides[each] not in (None, [])}
        settings["db_instance_identifier"] = name
        if settings["allocated_storage"] < source.allocated_storage:
            raise exceptions.InvalidParameterValue(
                "The allocated storage size can't be less than the source snapshot or backup size."
            )
        for asked in ("manage_master_user_password", "master_user_password"):
            if asked not in overrides:
                settings.pop(asked, None)
        return self.create_db_instance(settings)


def _check_time(backup: Backup, overrides: Any) -> None:
    wanted, latest = overrides.get("restore_time"), overrides.get("use_latest_restorable_time")
    if bool(wanted) == bool(latest):
        raise exceptions.InvalidParameterCombination(
            "Specify either RestoreTime or UseLatestRestorableTime, and not both."
        )
    if wanted:
        window = backup.describe()["RestoreWindow"]
        moment = wanted if isinstance(wanted, datetime) else datetime.fromisoformat(str(wanted))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        if not window["EarliestTime"] <= moment <= window["LatestTime"]:
            raise exceptions.InvalidRestore(
                f"The specified time {moment.isoformat()} is not within the restore window "
                f"{window['EarliestTime'].isoformat()} to {window['LatestTime'].isoformat()}."
            )


def _arn_of(instance: Instance) -> str:
    """The same for an instance as long as it is there."""
    name = instance.dbi_resource_id.removeprefix("db-").lower()
    return f"arn:aws:rds:{instance.region}:{instance.account_id}:auto-backup:ab-{name}"


def _now() -> datetime:
    return World.current.clock.date(World.current.timeline.now)
