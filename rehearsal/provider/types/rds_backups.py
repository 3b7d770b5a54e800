"""Snapshots of databases, and copies of their automated backups in another region."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import rds
from rehearsal.provider.values import pick, to_api


def _create_copy(call: Call, news: Properties) -> tuple[str, Properties]:
    renames = {"sourceDbInstanceArn": "SourceDBInstanceArn", "retentionPeriod": "BackupRetentionPeriod"}
    request = to_api(pick(news, ("sourceDbInstanceArn", "retentionPeriod", "kmsKeyId")), renames)
    made = call.client("rds").start_db_instance_automated_backups_replication(**request)
    return made["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"], {}


def _copy(call: Call, arn: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found = call.client("rds").describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] != "DBInstanceAutomatedBackupNotFound":
            raise
        return None
    copies = found["DBInstanceAutomatedBackups"]
    return copies[0] if copies and copies[0]["Status"] != "retained" else None


def _complete_copy(call: Call, arn: str, news: Properties) -> Properties:
    call.wait(
        lambda: (_copy(call, arn) or {}).get("Status") == "replicating",
        f"replication of automated backups {arn}",
    )
    return _read_copy(call, arn, news) or {}


def _read_copy(call: Call, arn: str, known: Properties) -> Properties | None:
    found = _copy(call, arn)
    if found is None:
        return None
    return {
        "kmsKeyId": found.get("KmsKeyId"),
        "retentionPeriod": found["BackupRetentionPeriod"],
        "sourceDbInstanceArn": found["DBInstanceArn"],
    }


def _delete_copy(call: Call, arn: str, outputs: Properties) -> None:
    """What was copied so far is retained, as AWS does."""
    if _copy(call, arn) is not None:
        call.client("rds").stop_db_instance_automated_backups_replication(
            SourceDBInstanceArn=outputs["sourceDbInstanceArn"]
        )


BACKUPS_REPLICATION = ResourceType(
    type_name="aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    create=_create_copy,
    complete=_complete_copy,
    read=_read_copy,
    delete=_delete_copy,
    inputs=words("kmsKeyId retentionPeriod sourceDbInstanceArn"),
    required=("sourceDbInstanceArn",),
    ranges={"retentionPeriod": (1, 35)},
    defaults={"retentionPeriod": 7},
    replaces=words("kmsKeyId preSignedUrl retentionPeriod sourceDbInstanceArn"),
    computed=("kmsKeyId",),
)


def _snapshot_facts(found: dict[str, Any]) -> Properties:
    return {
        "dbSnapshotArn": found["DBSnapshotArn"],
        "arn": found["DBSnapshotArn"],
        "dbSnapshotIdentifier": found["DBSnapshotIdentifier"],
        "dbInstanceIdentifier": found["DBInstanceIdentifier"],
        "allocatedStorage": found["AllocatedStorage"],
        "availabilityZone": found.get("AvailabilityZone"),
        "encrypted": bool(found.get("Encrypted")),
        "engine": found["Engine"],
        "engineVersion": found["EngineVersion"],
        "kmsKeyId": found.get("KmsKeyId"),
        "port": found.get("Port"),
        "snapshotType": found.get("SnapshotType"),
        "status": found["Status"],
    }


def _create_snapshot(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("rds").create_db_snapshot(
        DBInstanceIdentifier=news["dbInstanceIdentifier"],
        DBSnapshotIdentifier=news["dbSnapshotIdentifier"],
        **rds.tagged(call, news),
    )["DBSnapshot"]
    return found["DBSnapshotIdentifier"], _snapshot_facts(found)


def _read_snapshot(call: Call, name: str, known: Properties) -> Properties | None:
    found = call.client("rds").describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
    return {**_snapshot_facts(found), "tagsAll": rds.tags_of(call, found["DBSnapshotArn"])}


def _delete_snapshot(call: Call, name: str, outputs: Properties) -> None:
    call.client("rds").delete_db_snapshot(DBSnapshotIdentifier=name)


SNAPSHOT = ResourceType(
    type_name="aws:rds/snapshot:Snapshot",
    create=_create_snapshot,
    read=_read_snapshot,
    delete=_delete_snapshot,
    retag=rds.retag,
    inputs=words("dbInstanceIdentifier dbSnapshotIdentifier tags"),
    required=("dbInstanceIdentifier", "dbSnapshotIdentifier"),
    replaces=words("dbInstanceIdentifier dbSnapshotIdentifier"),
    computed=(
        "arn", "dbSnapshotArn", "allocatedStorage", "availabilityZone", "encrypted", "engine",
        "engineVersion", "kmsKeyId", "port", "snapshotType", "status",
    ),
)  # fmt: skip

TYPES = (BACKUPS_REPLICATION, SNAPSHOT)
