"""A change of an instance by a blue/green deployment, as the real provider does one: a copy is made with the
new version and parameter group, changed, switched to; and then the old instance is deleted, unprotected and
without a final snapshot.
"""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import Call
from rehearsal.provider.types.rds_changes import available, changes, instance, modify


def update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    """Raises ProviderError when the deployment fails; the copy is deleted then, and the old one stays."""
    client = call.client("rds")
    _prepare(call, name, old, news, changed)
    request = {"BlueGreenDeploymentName": name, "Source": old["arn"]}
    if "engineVersion" in changed:
        request["TargetEngineVersion"] = news["engineVersion"]
    if news.get("parameterGroupName"):
        request["TargetDBParameterGroupName"] = news["parameterGroupName"]
    made = client.create_blue_green_deployment(**request)["BlueGreenDeployment"]
    identifier, switched = made["BlueGreenDeploymentIdentifier"], False
    try:
        target = _until(call, identifier, "AVAILABLE")["Target"].rsplit(":", 1)[-1]
        available(call, target)
        settings = changes(old, news, changed - {"deletionProtection"})
        modify(call, target, {**settings, "ApplyImmediately": True})
        client.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=identifier)
        source = _until(call, identifier, "SWITCHOVER_COMPLETED")["Source"].rsplit(":", 1)[-1]
        switched = True
        available(call, name)
    finally:
        more = {} if switched else {"DeleteTarget": True}
        client.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=identifier, **more)
    _delete_source(call, source, news)


def _prepare(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    """Backups must be on before; protection is changed on the old instance."""
    settings: dict[str, Any] = {}
    if not old.get("backupRetentionPeriod") and news.get("backupRetentionPeriod"):
        settings["BackupRetentionPeriod"] = news["backupRetentionPeriod"]
    if "deletionProtection" in changed:
        settings["DeletionProtection"] = bool(news.get("deletionProtection"))
    if settings:
        modify(call, name, {**settings, "ApplyImmediately": True})


def _until(call: Call, identifier: str, status: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def there() -> bool:
        answer = call.client("rds").describe_blue_green_deployments(BlueGreenDeploymentIdentifier=identifier)
        found.update(answer["BlueGreenDeployments"][0])
        if found["Status"] in ("INVALID_CONFIGURATION", "PROVISIONING_FAILED", "SWITCHOVER_FAILED"):
            raise ProviderError(f"Blue/Green Deployment {identifier}: {found['Status']}")
        return bool(found["Status"] == status)

    call.wait(there, f"Blue/Green Deployment {identifier} to become {status}")
    return found


def _delete_source(call: Call, source: str, news: Properties) -> None:
    available(call, source)
    if news.get("deletionProtection"):
        modify(call, source, {"ApplyImmediately": True, "DeletionProtection": False})
    call.client("rds").delete_db_instance(DBInstanceIdentifier=source, SkipFinalSnapshot=True)
    call.wait(lambda: instance(call, source) is None, f"deletion of RDS DB Instance {source}")
