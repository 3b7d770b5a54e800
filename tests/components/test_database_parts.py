"""What stands beside a database's instance: alarms, copies of backups, replicas, a proxy."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.database_alarms import CRITICAL_EVENTS, DatabaseThresholds
from tests.components.databases import INSTANCE, KEY, SECRET, Build, database, tags
from tests.components.recorder import ACCOUNT

IDENTIFIER = "main-1a2b3c4d"
GIB = 2**30


def metric(name: str, statistic: str, identifier: str = IDENTIFIER) -> dict[str, Any]:
    return {
        "namespace": "AWS/RDS",
        "metricName": name,
        "dimensions": {"DBInstanceIdentifier": identifier},
        "statistic": statistic,
        "period": 300,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 3,
        "treatMissingData": "missing",
    }


def told(name: str) -> dict[str, Any]:
    return {"alarmActions": ["arn:topic"], "okActions": ["arn:topic"], "tags": tags(name)}


def test_alarms_watch_processor_storage_connections_and_backups(build: Build) -> None:
    assert database(build).inputs("MetricAlarm") == {
        "MetricAlarm main-cpu": {
            "alarmDescription": "The processor of the database main is used by more than 80%",
            **metric("CPUUtilization", "Average"),
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 80,
            **told("main-cpu"),
        },
        "MetricAlarm main-free-storage": {
            "alarmDescription": "The database main has less than 2 GiB of free storage",
            **metric("FreeStorageSpace", "Minimum"),
            "comparisonOperator": "LessThanThreshold",
            "threshold": 2 * GIB,
            **told("main-free-storage"),
        },
        "MetricAlarm main-connections": {
            "alarmDescription": "720 or more connections to the database main are open",
            **metric("DatabaseConnections", "Maximum"),
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": 720,
            **told("main-connections"),
        },
        "MetricAlarm main-backups": {
            "alarmDescription": "No backup of the database main ended within 26 hours",
            "namespace": "AWS/Events",
            "metricName": "TriggeredRules",
            "dimensions": {"RuleName": "main-backups-rule"},
            "statistic": "Sum",
            "period": 3600,
            "evaluationPeriods": 26,
            "datapointsToAlarm": 26,
            "comparisonOperator": "LessThanThreshold",
            "threshold": 1,
            "treatMissingData": "breaching",
            **told("main-backups"),
        },
    }


def test_a_backup_that_ended_well_is_counted(build: Build) -> None:
    assert database(build).inputs("EventRule") == {
        "EventRule main-backups": {
            "namePrefix": "main-backups-",
            "description": "A backup of the database main ended well",
            "eventPattern": {
                "source": ["aws.rds"],
                "detail-type": ["RDS DB Instance Event"],
                "detail": {"SourceIdentifier": [IDENTIFIER], "EventID": ["RDS-EVENT-0002"]},
            },
            "tags": tags("main-backups"),
        }
    }


@pytest.mark.parametrize(
    ("threshold", "value", "alarm", "expected"),
    [
        ("cpu_percent", 60, "main-cpu", 60),
        ("free_storage_gib", 0.5, "main-free-storage", GIB / 2),
        ("connections", 10, "main-connections", 10),
        ("replica_lag_seconds", 30, "main-replica-1-lag", 30),
    ],
)
def test_thresholds_reach_their_alarms(
    build: Build, threshold: str, value: float, alarm: str, expected: float
) -> None:
    built = database(build, replicas=1, alarms=DatabaseThresholds(**{threshold: value}))
    assert built.inputs()[f"MetricAlarm {alarm}"]["threshold"] == expected


def test_a_database_that_sleeps_over_the_weekend_may_have_no_backup_for_longer(build: Build) -> None:
    built = database(build, alarms=DatabaseThresholds(backup_gap_hours=96))
    assert built.inputs()["MetricAlarm main-backups"]["evaluationPeriods"] == 96


@pytest.mark.parametrize(
    "wrong",
    [{"cpu_percent": 100}, {"free_storage_gib": 0}, {"connections": 0}, {"backup_gap_hours": 169}],
)
def test_what_is_no_threshold_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        DatabaseThresholds(**wrong)


def test_events_that_no_metric_tells_of_are_told(build: Build) -> None:
    built = database(build, replicas=1)
    assert built.inputs("EventSubscription") == {
        "EventSubscription main-events": {
            "namePrefix": "main-events-",
            "snsTopic": "arn:topic",
            "sourceType": "db-instance",
            "sourceIds": [IDENTIFIER, f"{IDENTIFIER}-replica-1"],
            "eventCategories": list(CRITICAL_EVENTS),
            "tags": tags("main-events"),
        },
        "EventSubscription main-parameters": {
            "namePrefix": "main-parameters-",
            "snsTopic": "arn:topic",
            "sourceType": "db-parameter-group",
            "sourceIds": ["main-name"],
            "eventCategories": ["configuration change"],
            "tags": tags("main-parameters"),
        },
    }
    assert {"configuration change", "failure", "maintenance"} <= set(CRITICAL_EVENTS)


def test_alarms_are_named_by_what_they_watch(build: Build) -> None:
    built = database(build, replicas=1)
    watched = ("cpu", "free-storage", "connections", "backups", "replica-1-lag")
    assert built.outputs["alarms"] == {name: f"main-{name}-alarm" for name in watched}
    assert built.types()["the DatabaseAlarms main"] == "immutable:databasealarms:DatabaseAlarms"
    assert built.parents()["MetricAlarm main-cpu"] == "the DatabaseAlarms main"


def test_backups_are_copied_to_another_region_under_a_key_of_that_region(build: Build) -> None:
    built = database(build, backup_copy_region="eu-west-1", backup_retention_days=7)
    assert built.inputs("InstanceAutomatedBackupsReplication") == {
        "InstanceAutomatedBackupsReplication main-eu-west-1": {
            "region": "eu-west-1",
            "sourceDbInstanceArn": INSTANCE,
            "kmsKeyId": f"{KEY}-eu-west-1",
            "retentionPeriod": 7,
        }
    }
    key = built.inputs()["Key main-eu-west-1"]
    assert key["region"] == "eu-west-1"
    assert [each["Sid"] for each in key["policy"]["Statement"]] == ["AdministerByIam"]
    assert database(build).inputs("InstanceAutomatedBackupsReplication") == {}


def test_a_replica_follows_the_instance_and_keeps_nothing_of_its_own(build: Build) -> None:
    built = database(build, replicas=2)
    assert built.inputs()["Instance main-replica-1"] == {
        "identifier": f"{IDENTIFIER}-replica-1",
        "replicateSourceDb": IDENTIFIER,
        "instanceClass": "db.m7g.large",
        "storageType": "gp3",
        "maxAllocatedStorage": 100,
        "port": 5433,
        "publiclyAccessible": False,
        "vpcSecurityGroupIds": ["main-id"],
        "parameterGroupName": "main-name",
        "iamDatabaseAuthenticationEnabled": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": KEY,
        "performanceInsightsRetentionPeriod": 7,
        "monitoringInterval": 60,
        "monitoringRoleArn": "arn:role/main-monitoring",
        "multiAz": False,
        "autoMinorVersionUpgrade": True,
        "applyImmediately": True,
        "copyTagsToSnapshot": True,
        "skipFinalSnapshot": True,
        "deletionProtection": False,
        "tags": tags("main-replica-1"),
    }
    assert "Instance main-replica-2" in built.resources
    assert built.options()["Instance main-replica-1"] == {"timeouts": ("6h", "4h", "3h")}
    assert built.outputs["replica_identifiers"] == [f"{IDENTIFIER}-replica-{n}" for n in (1, 2)]
    assert built.outputs["replica_addresses"] == [f"main-replica-{n}.rds.example" for n in (1, 2)]


def test_a_replica_is_watched_for_how_far_behind_it_is(build: Build) -> None:
    built = database(build, replicas=1)
    assert built.inputs()["MetricAlarm main-replica-1-lag"] == {
        "alarmDescription": "Replica 1 of the database main is over 300 s behind",
        **metric("ReplicaLag", "Average", f"{IDENTIFIER}-replica-1"),
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 300,
        **told("main-replica-1-lag"),
    }


def test_servers_go_through_the_proxy_over_tls(build: Build) -> None:
    built = database(build, proxy=True)
    assert built.inputs("Proxy") == {
        "Proxy main-proxy": {
            "engineFamily": "POSTGRESQL",
            "roleArn": "arn:role/main-proxy",
            "vpcSubnetIds": ["subnet-a", "subnet-b"],
            "vpcSecurityGroupIds": ["main-proxy-id"],
            "requireTls": True,
            "debugLogging": False,
            "idleClientTimeout": 1800,
            "auths": [
                {
                    "authScheme": "SECRETS",
                    "description": "The administrator of the database",
                    "iamAuth": "DISABLED",
                    "secretArn": SECRET,
                }
            ],
            "tags": tags("main-proxy"),
        }
    }
    assert built.inputs()["ProxyDefaultTargetGroup main-proxy"] == {
        "dbProxyName": "main-proxy-name",
        "connectionPoolConfig": {
            "connectionBorrowTimeout": 120,
            "maxConnectionsPercent": 90,
            "maxIdleConnectionsPercent": 50,
        },
    }
    assert built.inputs()["ProxyTarget main-proxy"] == {
        "dbProxyName": "main-proxy-name",
        "targetGroupName": "default",
        "dbInstanceIdentifier": IDENTIFIER,
    }
    access = built.outputs["access"]
    assert (access["host"], access["port"]) == ("main-proxy.proxy.example", 5432)
    assert access["security_group_id"] == "main-proxy-id"


def test_between_proxy_and_database_one_port_is_open(build: Build) -> None:
    built = database(build, proxy=True)
    port = {"ipProtocol": "tcp", "fromPort": 5433, "toPort": 5433}
    assert built.inputs("SecurityGroupEgressRule") == {
        "SecurityGroupEgressRule main-proxy-to-database": {
            "securityGroupId": "main-proxy-id",
            "description": "Connections to the database",
            "referencedSecurityGroupId": "main-id",
            "tags": tags("main-proxy-to-database"),
            **port,
        }
    }
    assert built.inputs("SecurityGroupIngressRule") == {
        "SecurityGroupIngressRule main-proxy-from-proxy": {
            "securityGroupId": "main-id",
            "description": "Connections from the proxy",
            "referencedSecurityGroupId": "main-proxy-id",
            "tags": tags("main-proxy-from-proxy"),
            **port,
        }
    }


def test_the_proxy_reads_this_secret_and_no_other(build: Build) -> None:
    built = database(build, proxy=True)
    role = built.inputs()["Role main-proxy"]
    assert (role["namePrefix"], role["tags"]) == ("main-proxy-", tags("main-proxy"))
    trust = role["assumeRolePolicy"]["Statement"][0]
    assert trust["Principal"] == {"Service": "rds.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    read, decrypt = built.inputs()["RolePolicy main-proxy"]["policy"]["Statement"]
    assert (read["Action"], read["Resource"]) == ("secretsmanager:GetSecretValue", [SECRET])
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", [KEY])
    assert built.after()["Proxy main-proxy"] == [
        "RolePolicy main-proxy",
        "SecurityGroupEgressRule main-proxy-to-database",
        "SecurityGroupIngressRule main-proxy-from-proxy",
    ]
