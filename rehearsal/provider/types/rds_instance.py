"""Database instances: made anew, as a replica, from a snapshot or from a point in time."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import rds
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.types.rds_changes import available, instance, modify, update
from rehearsal.provider.values import to_api

# What each way to make an instance takes. What it does not take is set afterwards, as the real provider does.
_MODIFIED_LATER = words(
    "allocatedStorage backupRetentionPeriod backupWindow maintenanceWindow manageMasterUserPassword "
    "masterUserSecretKmsKeyId maxAllocatedStorage monitoringInterval monitoringRoleArn password "
    "performanceInsightsEnabled performanceInsightsKmsKeyId performanceInsightsRetentionPeriod"
)
_NEW = frozenset(rds.SETTINGS)
_REPLICA = _NEW - words(
    "allocatedStorage backupRetentionPeriod backupWindow dbName engine engineLifecycleSupport engineVersion "
    "licenseModel maintenanceWindow manageMasterUserPassword masterUserSecretKmsKeyId password "
    "storageEncrypted username"
)
_RESTORED = _NEW - _MODIFIED_LATER - words("engineVersion kmsKeyId storageEncrypted username")


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news, "identifier", "identifierPrefix", max_length=63)
    client, tags = call.client("rds"), rds.tagged(call, news)
    if news.get("replicateSourceDb"):
        source = {"SourceDBInstanceIdentifier": news["replicateSourceDb"]}
        made = client.create_db_instance_read_replica(
            DBInstanceIdentifier=name, **source, **rds.request(news, _REPLICA), **tags
        )
    elif news.get("snapshotIdentifier"):
        source = {"DBSnapshotIdentifier": news["snapshotIdentifier"]}
        made = client.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=name, **source, **rds.request(news, _RESTORED), **tags
        )
    elif news.get("restoreToPointInTime"):
        renames = {
            "sourceDbInstanceIdentifier": "SourceDBInstanceIdentifier",
            "sourceDbInstanceAutomatedBackupsArn": "SourceDBInstanceAutomatedBackupsArn",
        }
        source = to_api(news["restoreToPointInTime"], renames)
        made = client.restore_db_instance_to_point_in_time(
            TargetDBInstanceIdentifier=name, **source, **rds.request(news, _RESTORED), **tags
        )
    else:
        for needed in ("allocatedStorage", "engine", "username"):
            if not news.get(needed):
                raise ProviderError(
                    f"creating RDS DB Instance ({name}): {needed!r}: required field is not set"
                )
        made = client.create_db_instance(DBInstanceIdentifier=name, **rds.request(news, _NEW), **tags)
    return made["DBInstance"]["DbiResourceId"], _facts(made["DBInstance"], news)


def _complete(call: Call, resource_id: str, news: Properties) -> Properties:
    available(call, resource_id)
    left: frozenset[str] = frozenset()
    if news.get("replicateSourceDb"):
        left = words("backupRetentionPeriod backupWindow maintenanceWindow")
    elif news.get("snapshotIdentifier") or news.get("restoreToPointInTime"):
        left = _MODIFIED_LATER
    settings = rds.request(news, left)
    if not settings.get("MonitoringInterval"):
        settings.pop("MonitoringInterval", None)
    if not settings.get("EnablePerformanceInsights"):
        settings.pop("EnablePerformanceInsights", None)
    if settings:
        modify(call, resource_id, {**settings, "ApplyImmediately": True})
    return _read(call, resource_id, news) or {}


def _facts(found: dict[str, Any], known: Properties) -> Properties:
    endpoint, secret = found.get("Endpoint") or {}, found.get("MasterUserSecret")
    groups = found.get("DBParameterGroups") or [{}]
    options = found.get("OptionGroupMemberships") or [{}]
    where = {} if not endpoint else {
        "address": endpoint["Address"],
        "endpoint": f"{endpoint['Address']}:{endpoint['Port']}",
        "hostedZoneId": endpoint.get("HostedZoneId"),
    }  # fmt: skip
    return {
        **where,
        **{
            name: found.get(api)
            for name, api in rds.SETTINGS.items()
            if name not in _OTHERWISE and found.get(api) is not None
        },
        "allocatedStorage": _storage(found, known),
        "arn": found["DBInstanceArn"],
        "dbSubnetGroupName": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
        "enabledCloudwatchLogsExports": found.get("EnabledCloudwatchLogsExports") or [],
        "engineVersion": _version(found, known),
        "engineVersionActual": found["EngineVersion"],
        "iamDatabaseAuthenticationEnabled": bool(found.get("IAMDatabaseAuthenticationEnabled")),
        "identifier": found["DBInstanceIdentifier"],
        "iops": found.get("Iops") or 0,
        "manageMasterUserPassword": True if secret else None,
        "masterUserSecrets": [
            {"kmsKeyId": secret["KmsKeyId"], "secretArn": secret["SecretArn"], "secretStatus": "active"}
        ] if secret else [],
        "maxAllocatedStorage": found.get("MaxAllocatedStorage") or 0,
        "optionGroupName": options[0].get("OptionGroupName"),
        "parameterGroupName": groups[0].get("DBParameterGroupName"),
        "performanceInsightsEnabled": bool(found.get("PerformanceInsightsEnabled")),
        "performanceInsightsRetentionPeriod": found.get("PerformanceInsightsRetentionPeriod") or 0,
        "port": found.get("DbInstancePort") or endpoint.get("Port"),
        "publiclyAccessible": bool(found.get("PubliclyAccessible")),
        "replicas": found.get("ReadReplicaDBInstanceIdentifiers") or [],
        "replicateSourceDb": _source(found, known),
        "resourceId": found["DbiResourceId"],
        "status": found["DBInstanceStatus"],
        "storageThroughput": found.get("StorageThroughput") or 0,
        "vpcSecurityGroupIds": [each["VpcSecurityGroupId"] for each in found.get("VpcSecurityGroups") or []],
    }  # fmt: skip


# Settings that are told of otherwise than they are asked for, or not at all.
_OTHERWISE = words(
    "manageMasterUserPassword masterUserSecretKmsKeyId password port vpcSecurityGroupIds dbSubnetGroupName"
)


def _storage(found: dict[str, Any], known: Properties) -> int:
    """Storage that RDS itself enlarged is no difference, as long as it may."""
    present = int(found["AllocatedStorage"])
    wanted, most = int(known.get("allocatedStorage") or 0), int(known.get("maxAllocatedStorage") or 0)
    return wanted if wanted and wanted < present and most > wanted else present


def _version(found: dict[str, Any], known: Properties) -> str:
    """A program that says `16` has what it said while the database runs some 16.x."""
    present, wanted = str(found["EngineVersion"]), str(known.get("engineVersion") or "")
    return wanted if wanted and present.startswith(f"{wanted}.") else present


def _source(found: dict[str, Any], known: Properties) -> str | None:
    """The source is told by its name within a region, however the program names it."""
    present, wanted = found.get("ReadReplicaSourceDBInstanceIdentifier"), known.get("replicateSourceDb")
    if present and wanted and wanted.rsplit(":", 1)[-1] == present.rsplit(":", 1)[-1]:
        return str(wanted)
    return present


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    found = instance(call, resource_id) or (
        instance(call, known["identifier"]) if known.get("identifier") else None
    )
    if found is None:
        return None
    return {**_facts(found, known), "tagsAll": rds.tags_of(call, found["DBInstanceArn"])}


def _delete(call: Call, resource_id: str, outputs: Properties) -> None:
    from botocore.exceptions import ClientError

    name = outputs["identifier"]
    request: dict[str, Any] = {
        "DBInstanceIdentifier": name,
        "SkipFinalSnapshot": bool(outputs.get("skipFinalSnapshot")),
        "DeleteAutomatedBackups": outputs.get("deleteAutomatedBackups", True),
    }
    if not request["SkipFinalSnapshot"]:
        if not outputs.get("finalSnapshotIdentifier"):
            raise ProviderError(
                f"deleting RDS DB Instance ({name}): finalSnapshotIdentifier is required when "
                "skipFinalSnapshot is false"
            )
        request["FinalDBSnapshotIdentifier"] = outputs["finalSnapshotIdentifier"]
    client = call.client("rds")
    try:
        client.delete_db_instance(**request)
    except ClientError as error:
        # As the real provider: an instance whose program takes the protection away with it.
        protected = "disable deletion pro" in str(error)
        if not protected or outputs.get("deletionProtection") or not outputs.get("applyImmediately"):
            raise
        modify(call, name, {"ApplyImmediately": True, "DeletionProtection": False})
        client.delete_db_instance(**request)
    call.wait(lambda: instance(call, name) is None, f"deletion of RDS DB Instance {name}")


_NOT_IN_PLACE = (
    "availabilityZone backupTarget characterSetName customIamInstanceProfile dbName engine kmsKeyId "
    "ncharCharacterSetName restoreToPointInTime s3Import snapshotIdentifier storageEncrypted timezone "
    "username"
)

INSTANCE = ResourceType(
    type_name="aws:rds/instance:Instance",
    create=_create,
    complete=_complete,
    read=_read,
    update=update,
    delete=_delete,
    retag=rds.retag,
    inputs=frozenset(rds.SETTINGS) - {"password"}
    | words("identifier replicateSourceDb tags deleteAutomatedBackups skipFinalSnapshot"),
    required=("instanceClass",),
    enums={
        "databaseInsightsMode": ("standard", "advanced"),
        "engineLifecycleSupport": (
            "open-source-rds-extended-support", "open-source-rds-extended-support-disabled",
        ),
        "monitoringInterval": ("0", "1", "5", "10", "15", "30", "60"),
        "networkType": ("IPV4", "DUAL"),
        "storageType": ("standard", "gp2", "gp3", "io1", "io2"),
    },
    ranges={"backupRetentionPeriod": (0, 35), "port": (1150, 65535)},
    lengths={"identifier": 63, "finalSnapshotIdentifier": 255},
    defaults={
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": False,
        "deleteAutomatedBackups": True,
        "monitoringInterval": 0,
        "performanceInsightsEnabled": False,
        "publiclyAccessible": False,
        "skipFinalSnapshot": False,
    },
    auto_name=AutoName("identifier", "identifierPrefix", max_length=63, lower=True),
    replaces=words(_NOT_IN_PLACE),
    sets=words("enabledCloudwatchLogsExports vpcSecurityGroupIds"),
    computed=(
        "address", "arn", "allocatedStorage", "availabilityZone", "backupRetentionPeriod", "backupWindow",
        "caCertIdentifier", "databaseInsightsMode", "dbName", "dbSubnetGroupName", "deletionProtection",
        "enabledCloudwatchLogsExports", "endpoint", "engine", "engineLifecycleSupport", "engineVersion",
        "engineVersionActual", "hostedZoneId", "iamDatabaseAuthenticationEnabled", "identifier", "iops",
        "kmsKeyId", "licenseModel", "maintenanceWindow", "masterUserSecrets", "maxAllocatedStorage",
        "monitoringRoleArn", "multiAz", "networkType", "optionGroupName", "parameterGroupName",
        "performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod", "port", "replicas",
        "replicateSourceDb", "resourceId", "status", "storageEncrypted", "storageThroughput", "storageType",
        "username", "vpcSecurityGroupIds",
    ),
    refreshed={
        "address": words("identifier"),
        "endpoint": words("identifier port"),
        "engineVersionActual": words("engineVersion"),
        "masterUserSecrets": words("manageMasterUserPassword masterUserSecretKmsKeyId"),
    },
)  # fmt: skip

TYPES = (INSTANCE,)
