"""What RDS's types share: tags, and how a program's words for an instance's settings are RDS's."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call
from rehearsal.provider.values import pick, tag_dict, tag_list

# A program's word for a setting of an instance, and RDS's.
SETTINGS = {
    "allocatedStorage": "AllocatedStorage",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "availabilityZone": "AvailabilityZone",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "databaseInsightsMode": "DatabaseInsightsMode",
    "dbName": "DBName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "deletionProtection": "DeletionProtection",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "engine": "Engine",
    "engineLifecycleSupport": "EngineLifecycleSupport",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "manageMasterUserPassword": "ManageMasterUserPassword",
    "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "multiAz": "MultiAZ",
    "networkType": "NetworkType",
    "optionGroupName": "OptionGroupName",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "port": "Port",
    "publiclyAccessible": "PubliclyAccessible",
    "storageEncrypted": "StorageEncrypted",
    "storageThroughput": "StorageThroughput",
    "storageType": "StorageType",
    "username": "MasterUsername",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}


def request(news: Properties, names: frozenset[str] | set[str]) -> dict[str, Any]:
    """The named settings in RDS's words; what is empty is not said."""
    said = pick(news, [name for name in SETTINGS if name in names])
    return {SETTINGS[name]: value for name, value in said.items() if value not in ("", [])}


def tagged(call: Call, news: Properties) -> dict[str, Any]:
    """The request's tags."""
    tags = call.tags(news)
    return {"Tags": tag_list(tags)} if tags else {}


def tags_of(call: Call, arn: str) -> dict[str, str]:
    """The tags that a resource has."""
    return tag_dict(call.client("rds").list_tags_for_resource(ResourceName=arn).get("TagList"))


def retag(
    call: Call, resource_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]
) -> None:
    """Change the tags of any of the service's resources."""
    client = call.client("rds")
    if wanted:
        client.add_tags_to_resource(ResourceName=outputs["arn"], Tags=tag_list(wanted))
    if removed:
        client.remove_tags_from_resource(ResourceName=outputs["arn"], TagKeys=removed)
