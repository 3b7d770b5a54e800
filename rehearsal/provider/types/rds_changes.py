"""Changes of a database instance in place: one ModifyDBInstance, a promotion, and the waiting for each."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import Call, words
from rehearsal.provider.types import rds

# A change of these alone is none of the instance's: they say how it is deleted or changed.
_OF_THE_PROGRAM = words(
    "allowMajorVersionUpgrade applyImmediately blueGreenUpdate deleteAutomatedBackups "
    "finalSnapshotIdentifier replicateSourceDb skipFinalSnapshot tags upgradeStorageConfig"
)
# Changes that need no copy, however others are made.
_PAST_THE_COPY = words("deletionProtection password")
# What is off when a program says nothing of it any more.
_SWITCHES = words("deletionProtection iamDatabaseAuthenticationEnabled manageMasterUserPassword multiAz")
_INSIGHTS = words("performanceInsightsEnabled performanceInsightsKmsKeyId performanceInsightsRetentionPeriod")


def instance(call: Call, name: str) -> dict[str, Any] | None:
    """The instance by its resource ID or its identifier; None when it is gone."""
    from botocore.exceptions import ClientError

    client, found = call.client("rds"), []
    if name.startswith("db-"):
        filters = [{"Name": "dbi-resource-id", "Values": [name]}]
        found = client.describe_db_instances(Filters=filters)["DBInstances"]
    try:
        # An identifier may look like a resource ID.
        found = found or client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "DBInstanceNotFound":
            raise
    return found[0] if found else None


def available(call: Call, name: str) -> None:
    """Wait until the instance is available. Raises ProviderError when it is gone or the time is up."""
    stages = ("available", "storage-optimization", "stopped")

    def there() -> bool:
        found = instance(call, name)
        if found is None:
            raise ProviderError(f"RDS DB Instance {name} is gone")
        return found["DBInstanceStatus"] in stages and bool(found.get("Endpoint"))

    call.wait(there, f"RDS DB Instance {name} to become available")


def modify(call: Call, name: str, settings: dict[str, Any]) -> None:
    """Change settings and wait until the instance is available again."""
    found = instance(call, name)
    if found is None:
        raise ProviderError(f"RDS DB Instance {name} is gone")
    call.client("rds").modify_db_instance(DBInstanceIdentifier=found["DBInstanceIdentifier"], **settings)
    available(call, found["DbiResourceId"])


def update(call: Call, resource_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    """As the real provider: settings first, then a promotion when there is no source any more."""
    from rehearsal.provider.types import rds_blue_green

    # After a blue/green deployment the instance has another resource ID, and the same name.
    name = resource_id if instance(call, resource_id) else old["identifier"]
    by_copy = bool((news.get("blueGreenUpdate") or {}).get("enabled"))
    if by_copy and changed - _OF_THE_PROGRAM - _PAST_THE_COPY:
        rds_blue_green.update(call, old["identifier"], old, news, changed - _OF_THE_PROGRAM)
    elif changed - _OF_THE_PROGRAM:
        settings = changes(old, news, changed)
        modify(call, name, {"ApplyImmediately": bool(news.get("applyImmediately")), **settings})
    if "replicateSourceDb" in changed and old.get("replicateSourceDb"):
        _promote(call, name, news)


def changes(old: Properties, news: Properties, changed: frozenset[str]) -> dict[str, Any]:
    """The settings that changed, as ModifyDBInstance takes them."""
    names = changed & (frozenset(rds.SETTINGS) - {"enabledCloudwatchLogsExports", "port"})
    if changed & {"allocatedStorage", "iops", "storageType"}:
        names |= {"allocatedStorage", "iops"} & news.keys()
    settings = rds.request(news, names)
    settings |= {rds.SETTINGS[name]: bool(news.get(name)) for name in _SWITCHES & changed}
    for name, api in (("port", "DBPortNumber"), ("identifier", "NewDBInstanceIdentifier")):
        if name in changed and news.get(name):
            settings[api] = news[name]
    if "engineVersion" in changed:
        settings["AllowMajorVersionUpgrade"] = bool(news.get("allowMajorVersionUpgrade"))
    if "maxAllocatedStorage" in changed and not news.get("maxAllocatedStorage"):
        settings["MaxAllocatedStorage"] = news.get("allocatedStorage") or old.get("allocatedStorage")
    if changed & _INSIGHTS:
        settings |= rds.request(news, _INSIGHTS)
        settings["EnablePerformanceInsights"] = bool(news.get("performanceInsightsEnabled"))
    if "enabledCloudwatchLogsExports" in changed:
        settings["CloudwatchLogsExportConfiguration"] = _log_changes(old, news)
    return settings


def _log_changes(old: Properties, news: Properties) -> dict[str, list[str]]:
    before, after = (set(side.get("enabledCloudwatchLogsExports") or []) for side in (old, news))
    return {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}


def _promote(call: Call, resource_id: str, news: Properties) -> None:
    found = instance(call, resource_id)
    if found is None or news.get("replicateSourceDb"):
        raise ProviderError("cannot elect new source database for replication")
    settings = rds.request(news, words("backupRetentionPeriod backupWindow"))
    call.client("rds").promote_read_replica(DBInstanceIdentifier=found["DBInstanceIdentifier"], **settings)
    available(call, resource_id)
