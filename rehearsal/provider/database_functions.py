"""The functions that look at databases: which there are, what one is, which versions an engine has.

Asked in every preview, so they load no SDK; names and the words of errors are those of the real provider.
"""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.call import AwsCall
from rehearsal.provider.query import QueryError, answered

_TEXTS = {
    "address": ("Endpoint", "Address"),
    "availabilityZone": ("AvailabilityZone",),
    "caCertIdentifier": ("CACertificateIdentifier",),
    "dbInstanceArn": ("DBInstanceArn",),
    "dbInstanceClass": ("DBInstanceClass",),
    "dbInstanceIdentifier": ("DBInstanceIdentifier",),
    "dbName": ("DBName",),
    "dbSubnetGroup": ("DBSubnetGroup", "DBSubnetGroupName"),
    "engine": ("Engine",),
    "engineVersion": ("EngineVersion",),
    "hostedZoneId": ("Endpoint", "HostedZoneId"),
    "kmsKeyId": ("KmsKeyId",),
    "licenseModel": ("LicenseModel",),
    "masterUsername": ("MasterUsername",),
    "monitoringRoleArn": ("MonitoringRoleArn",),
    "networkType": ("NetworkType",),
    "preferredBackupWindow": ("PreferredBackupWindow",),
    "preferredMaintenanceWindow": ("PreferredMaintenanceWindow",),
    "replicateSourceDb": ("ReadReplicaSourceDBInstanceIdentifier",),
    "resourceId": ("DbiResourceId",),
    "status": ("DBInstanceStatus",),
    "storageType": ("StorageType",),
}
_NUMBERS = {
    "allocatedStorage": "AllocatedStorage",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "iops": "Iops",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "storageThroughput": "StorageThroughput",
}
_SWITCHES = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "multiAz": "MultiAZ",
    "publiclyAccessible": "PubliclyAccessible",
    "storageEncrypted": "StorageEncrypted",
}


def get_instance(call: AwsCall, args: Properties) -> Properties:
    """`aws:rds/getInstance:getInstance`: one instance by its identifier, or by its tags."""
    found = _instances(call, args.get("dbInstanceIdentifier"), args.get("tags") or {})
    if len(found) != 1:
        what = "couldn't find resource" if not found else f"too many results: wanted 1, got {len(found)}"
        raise ProviderError(f"invoking aws:rds/getInstance:getInstance: reading RDS DB Instance: {what}")
    instance = found[0]
    secret = instance.get("MasterUserSecret") or None
    port = int(instance.get("DbInstancePort") or 0) or int((instance.get("Endpoint") or {}).get("Port") or 0)
    texts = {name: _text(instance, path) for name, path in _TEXTS.items()}
    return {
        **texts,
        **{name: int(instance.get(key) or 0) for name, key in _NUMBERS.items()},
        **{name: instance.get(key) == "true" for name, key in _SWITCHES.items()},
        "id": texts["dbInstanceIdentifier"],
        "endpoint": f"{texts['address']}:{port}" if texts["address"] else "",
        "port": port,
        "masterUserSecrets": [
            {"kmsKeyId": secret["KmsKeyId"], "secretArn": secret["SecretArn"],
             "secretStatus": secret["SecretStatus"]}
        ] if secret else [],
        "enabledCloudwatchLogsExports": instance.get("EnabledCloudwatchLogsExports") or [],
        "dbParameterGroups": _each(instance, "DBParameterGroups", "DBParameterGroupName"),
        "vpcSecurityGroups": _each(instance, "VpcSecurityGroups", "VpcSecurityGroupId"),
        "tags": _tags(instance),
    }  # fmt: skip


def get_instances(call: AwsCall, args: Properties) -> Properties:
    """`aws:rds/getInstances:getInstances`: the names and ARNs of those that have the tags; maybe none."""
    found = _instances(call, None, args.get("tags") or {})
    for item in args.get("filters") or []:
        keys = {
            "db-instance-id": "DBInstanceIdentifier",
            "engine": "Engine",
            "dbi-resource-id": "DbiResourceId",
        }
        if item["name"] not in keys:
            raise ProviderError(f"getInstances: the emulated cloud has no filter {item['name']!r}")
        found = [each for each in found if each.get(keys[item["name"]]) in item["values"]]
    return {
        **args,
        "id": call.region,
        "instanceArns": [each["DBInstanceArn"] for each in found],
        "instanceIdentifiers": [each["DBInstanceIdentifier"] for each in found],
    }


def get_engine_version(call: AwsCall, args: Properties) -> Properties:
    """`aws:rds/getEngineVersion:getEngineVersion`: one version of an engine, the default one unless told."""
    token = "aws:rds/getEngineVersion:getEngineVersion"  # noqa: S105 - a type's name
    wanted = [*([args["version"]] if args.get("version") else []), *(args.get("preferredVersions") or [])]
    request = {"Engine": args["engine"]}
    if args.get("parameterGroupFamily"):
        request["DBParameterGroupFamily"] = args["parameterGroupFamily"]
    found = _listed(call, "DescribeDBEngineVersions", request, "DBEngineVersions")
    chosen = found[-1:] if args.get("latest") or not wanted else []
    for version in wanted:
        fitting = [each for each in found if _is_version(each["EngineVersion"], version)]
        if fitting:
            chosen = fitting if args.get("latest") or len(fitting) == 1 else fitting[-1:]
            chosen = chosen[-1:]
            break
    if not chosen:
        said = f" {', '.join(wanted)}" if wanted else ""
        raise ProviderError(
            f"invoking {token}: no RDS engine versions match the criteria: {args['engine']}{said}"
        )
    version = chosen[0]
    targets = version.get("ValidUpgradeTarget") or []
    names = {major: [each["EngineVersion"] for each in targets if each["IsMajorVersionUpgrade"] == major]
             for major in ("true", "false")}  # fmt: skip
    return {
        **args,
        "id": version["EngineVersion"],
        "version": version["EngineVersion"],
        "versionActual": version["EngineVersion"],
        "versionDescription": version.get("DBEngineVersionDescription") or "",
        "engineDescription": version.get("DBEngineDescription") or "",
        "parameterGroupFamily": version["DBParameterGroupFamily"],
        "exportableLogTypes": version.get("ExportableLogTypes") or [],
        "status": version.get("Status") or "",
        "supportsLogExportsToCloudwatch": version.get("SupportsLogExportsToCloudwatchLogs") == "true",
        "supportsReadReplica": version.get("SupportsReadReplica") == "true",
        "validMajorTargets": names["true"],
        "validMinorTargets": names["false"],
        "validUpgradeTargets": [each["EngineVersion"] for each in targets],
    }


def _is_version(whole: str, wanted: str) -> bool:
    return whole == wanted or whole.startswith(f"{wanted}.")


def _instances(call: AwsCall, name: str | None, tags: dict[str, str]) -> list[dict[str, Any]]:
    """Those of the name that have all of the tags."""
    request = {"DBInstanceIdentifier": name} if name else {}
    try:
        found = _listed(call, "DescribeDBInstances", request, "DBInstances")
    except QueryError as error:
        if error.code != "DBInstanceNotFound":
            raise
        found = []
    return [each for each in found if tags.items() <= _tags(each).items()]


def _listed(call: AwsCall, action: str, request: dict[str, str], key: str) -> list[dict[str, Any]]:
    """Every page of a list."""
    found: list[dict[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        page = answered("rds", call.region, action, {**request, **marker})
        found += page.get(key) or []
        if not page.get("Marker"):
            return found
        marker = {"Marker": page["Marker"]}


def _text(instance: dict[str, Any], path: tuple[str, ...]) -> str:
    found: Any = instance
    for name in path:
        found = (found or {}).get(name)
    return str(found or "")


def _each(instance: dict[str, Any], key: str, name: str) -> list[str]:
    return [each[name] for each in instance.get(key) or []]


def _tags(instance: dict[str, Any]) -> dict[str, str]:
    pairs = {each["Key"]: each.get("Value") or "" for each in instance.get("TagList") or []}
    return {key: value for key, value in pairs.items() if not key.startswith("aws:")}
