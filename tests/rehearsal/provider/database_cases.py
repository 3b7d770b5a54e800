"""The cases of databases and of what stands around them."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider.cases import TAGS, Case
from tests.rehearsal.provider.world import PLAIN_DATABASE, Made, World

INSTANCE = "aws:rds/instance:Instance"


def database(world: World, **more: Any) -> Properties:
    """What a program says of a database that it means to keep."""
    return {
        "engine": "postgres",
        "engineVersion": "16.4",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": world.key.outputs["arn"],
        "dbName": "main",
        "username": "root",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": world.key.outputs["arn"],
        "iamDatabaseAuthenticationEnabled": True,
        "multiAz": True,
        "dbSubnetGroupName": world.subnet_group.id,
        "vpcSecurityGroupIds": [world.groups[0].id],
        "backupRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": world.key.outputs["arn"],
        "monitoringInterval": 60,
        "monitoringRoleArn": world.role.outputs["arn"],
        "applyImmediately": True,
        "skipFinalSnapshot": True,
        "tags": TAGS,
        **more,
    }


def instance_now(world: World, made: Made) -> dict[str, Any]:
    found = world.client("rds").describe_db_instances(DBInstanceIdentifier=made.outputs["identifier"])
    instance: dict[str, Any] = found["DBInstances"][0]
    return instance


CHANGED = {
    "instanceClass": ("DBInstanceClass", "db.t4g.large"),
    "allocatedStorage": ("AllocatedStorage", 40),
    "backupRetentionPeriod": ("BackupRetentionPeriod", 14),
    "deletionProtection": ("DeletionProtection", True),
    "engineVersion": ("EngineVersion", "16.6"),
    "enabledCloudwatchLogsExports": ("EnabledCloudwatchLogsExports", ["postgresql"]),
    "iamDatabaseAuthenticationEnabled": ("IAMDatabaseAuthenticationEnabled", False),
    "multiAz": ("MultiAZ", False),
    "maxAllocatedStorage": ("MaxAllocatedStorage", 200),
    "port": ("DbInstancePort", 6432),
    "performanceInsightsRetentionPeriod": ("PerformanceInsightsRetentionPeriod", 31),
}
"""Settings that the case below changes in place: AWS's word for each, and the value."""


def _parameter(name: str, value: str) -> Properties:
    return {"name": name, "value": value, "applyMethod": "immediate"}


def _parameters_now(world: World, made: Made) -> dict[str, str]:
    found = world.client("rds").describe_db_parameters(DBParameterGroupName=made.id)["Parameters"]
    return {each["ParameterName"]: each["ParameterValue"] for each in found}


def _subscription_now(world: World, made: Made) -> tuple[list[str], list[str]]:
    [found] = world.client("rds").describe_event_subscriptions(SubscriptionName=made.id)[
        "EventSubscriptionsList"
    ]
    return found["EventCategoriesList"], found["SourceIdsList"]


def proxy(world: World) -> Properties:
    secret = {"authScheme": "SECRETS", "iamAuth": "REQUIRED", "secretArn": world.secret.id}
    return {
        "engineFamily": "POSTGRESQL",
        "roleArn": world.role.outputs["arn"],
        "auths": [secret],
        "vpcSubnetIds": world.subnet_ids,
        "vpcSecurityGroupIds": [world.groups[0].id],
        "requireTls": True,
        "idleClientTimeout": 600,
        "tags": TAGS,
    }


def _proxy_now(world: World, made: Made) -> tuple[int, list[str]]:
    found = world.client("rds").describe_db_proxies(DBProxyName=made.id)["DBProxies"][0]
    return found["IdleClientTimeout"], found["VpcSecurityGroupIds"]


DATABASES = (
    Case(
        INSTANCE,
        database,
        change=lambda _: {name: value for name, (_, value) in CHANGED.items()},
        seen=lambda w, made: [instance_now(w, made)[api] for api, _ in CHANGED.values()],
        expected=[value for _, value in CHANGED.values()],
        replace=lambda _: {"storageEncrypted": False, "kmsKeyId": None},
    ),
    Case(
        "aws:rds/subnetGroup:SubnetGroup",
        lambda w: {"namePrefix": "main-", "description": "d", "subnetIds": w.subnet_ids, "tags": TAGS},
        change=lambda _: {"description": "e"},
        seen=lambda w, made: w.client("rds").describe_db_subnet_groups(DBSubnetGroupName=made.id)[
            "DBSubnetGroups"
        ][0]["DBSubnetGroupDescription"],
        expected="e",
        replace=lambda _: {"namePrefix": "other-"},
    ),
    Case(
        "aws:rds/parameterGroup:ParameterGroup",
        lambda _: {
            "namePrefix": "main-",
            "family": "postgres16",
            "parameters": [_parameter("rds.force_ssl", "1"), _parameter("log_statement", "ddl")],
            "tags": TAGS,
        },
        change=lambda _: {
            "parameters": [_parameter("rds.force_ssl", "1"), _parameter("log_lock_waits", "1")]
        },
        seen=_parameters_now,
        expected={"rds.force_ssl": "1", "log_lock_waits": "1"},
        replace=lambda _: {"family": "postgres17"},
    ),
    Case(
        "aws:rds/eventSubscription:EventSubscription",
        lambda w: {
            "namePrefix": "main-",
            "snsTopic": w.topic.id,
            "sourceType": "db-instance",
            "sourceIds": [w.database.outputs["identifier"]],
            "eventCategories": ["backup", "failure"],
            "tags": TAGS,
        },
        change=lambda w: {
            "eventCategories": ["failure"], "sourceIds": [w.replicated.outputs["identifier"]],
        },
        seen=lambda w, made: _subscription_now(w, made)
        == (["failure"], [w.replicated.outputs["identifier"]]),
        expected=True,
        replace=lambda _: {"namePrefix": "other-"},
    ),
    Case(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        lambda w: {
            "sourceDbInstanceArn": w.make(INSTANCE, region="eu-west-1", **PLAIN_DATABASE).outputs["arn"],
            "kmsKeyId": w.key.outputs["arn"],
            "retentionPeriod": 14,
        },
        replace=lambda _: {"retentionPeriod": 21},
    ),
    Case(
        "aws:rds/snapshot:Snapshot",
        lambda w: {
            "dbInstanceIdentifier": w.database.outputs["identifier"],
            "dbSnapshotIdentifier": f"snap-{w.next()}",
            "tags": TAGS,
        },
        replace=lambda _: {"dbSnapshotIdentifier": "other"},
    ),
    Case(
        "aws:rds/proxy:Proxy",
        proxy,
        change=lambda w: {"idleClientTimeout": 900, "vpcSecurityGroupIds": [w.groups[1].id]},
        seen=lambda w, made: _proxy_now(w, made) == (900, [w.groups[1].id]),
        expected=True,
        replace=lambda _: {"engineFamily": "MYSQL"},
    ),
    Case(
        "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
        lambda w: {
            "dbProxyName": w.proxy.id,
            "connectionPoolConfig": {
                "connectionBorrowTimeout": 30, "maxConnectionsPercent": 80, "maxIdleConnectionsPercent": 40,
            },
        },
        change=lambda _: {
            "connectionPoolConfig": {
                "connectionBorrowTimeout": 30, "maxConnectionsPercent": 90, "maxIdleConnectionsPercent": 45,
            }
        },
        seen=lambda w, made: w.client("rds").describe_db_proxy_target_groups(DBProxyName=made.id)[
            "TargetGroups"
        ][0]["ConnectionPoolConfig"]["MaxConnectionsPercent"],
        expected=90,
        replace=lambda _: {"dbProxyName": "other"},
        stays=True,
    ),
    Case(
        "aws:rds/proxyTarget:ProxyTarget",
        lambda w: {
            "dbProxyName": w.make("aws:rds/proxy:Proxy", **proxy(w)).id,
            "targetGroupName": "default",
            "dbInstanceIdentifier": w.database.outputs["identifier"],
        },
        replace=lambda _: {"dbInstanceIdentifier": "other"},
    ),
)  # fmt: skip
