from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components import database_engines
from components.database_instance import RestoreFrom
from tests.components.databases import GIVEN, INSTANCE, KEY, SECRET, Build, args, database, tags
from tests.components.recorder import ACCOUNT

IDENTIFIER = "main-1a2b3c4d"


def test_the_instance_is_private_encrypted_backed_up_watched_and_hard_to_delete(build: Build) -> None:
    assert database(build).inputs("Instance") == {
        "Instance main": {
            "identifier": IDENTIFIER,
            "engine": "postgres",
            "engineVersion": "16.4",
            "instanceClass": "db.m7g.large",
            "dbName": "shop",
            "username": "steward",
            "manageMasterUserPassword": True,
            "masterUserSecretKmsKeyId": KEY,
            "iamDatabaseAuthenticationEnabled": True,
            "port": 5433,
            "publiclyAccessible": False,
            "dbSubnetGroupName": "main-name",
            "vpcSecurityGroupIds": ["main-id"],
            "parameterGroupName": "main-name",
            "multiAz": True,
            "storageType": "gp3",
            "storageEncrypted": True,
            "kmsKeyId": KEY,
            "allocatedStorage": 20,
            "maxAllocatedStorage": 100,
            "backupRetentionPeriod": 14,
            "deleteAutomatedBackups": False,
            "copyTagsToSnapshot": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": f"{IDENTIFIER}-final",
            "deletionProtection": True,
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "performanceInsightsEnabled": True,
            "performanceInsightsKmsKeyId": KEY,
            "performanceInsightsRetentionPeriod": 7,
            "monitoringInterval": 60,
            "monitoringRoleArn": "arn:role/main-monitoring",
            "autoMinorVersionUpgrade": True,
            "allowMajorVersionUpgrade": True,
            "applyImmediately": True,
            "tags": {**tags("main"), "immutable-engine-version": "16.4"},
        }
    }


@pytest.mark.parametrize(
    ("argument", "value", "name", "expected"),
    [
        ("admin_name", "keeper", "username", "keeper"),
        ("port", 6000, "port", 6000),
        ("running_version", "16.6", "engineVersion", "16.6"),
        ("multi_az", False, "multiAz", False),
        ("storage_gib", 50, "allocatedStorage", 50),
        ("max_storage_gib", 500, "maxAllocatedStorage", 500),
        ("backup_retention_days", 35, "backupRetentionPeriod", 35),
        ("backup_window", "01:00-01:30", "backupWindow", "01:00-01:30"),
        ("maintenance_window", "sun:03:00-sun:04:00", "maintenanceWindow", "sun:03:00-sun:04:00"),
        ("minor_upgrades", False, "autoMinorVersionUpgrade", False),
        ("apply_immediately", False, "applyImmediately", False),
        ("performance_insights", False, "performanceInsightsEnabled", False),
        ("performance_insights_days", 731, "performanceInsightsRetentionPeriod", 731),
        ("monitoring_interval_seconds", 5, "monitoringInterval", 5),
        ("deletion_protection", False, "deletionProtection", False),
        ("blue_green", True, "blueGreenUpdate", {"enabled": True}),
    ],
)
def test_its_settings_reach_it(build: Build, argument: str, value: Any, name: str, expected: Any) -> None:
    assert database(build, **{argument: value}).inputs()["Instance main"][name] == expected


def test_a_version_that_rds_brought_does_not_pass_for_the_pinned_one(build: Build) -> None:
    instance = database(build, running_version="16.6").inputs()["Instance main"]
    assert instance["tags"]["immutable-engine-version"] == "16.4"


def test_without_insights_no_key_and_no_time_of_them_are_given(build: Build) -> None:
    instance = database(build, performance_insights=False).inputs()["Instance main"]
    assert not {"performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod"} & instance.keys()


@pytest.mark.parametrize(
    ("engine", "version", "family", "parameters", "logs", "port"),
    [
        ("postgres", "16.4", "postgres16", {"rds.force_ssl": "1"}, ["postgresql", "upgrade"], 5433),
        (
            "mysql",
            "8.4.3",
            "mysql8.4",
            {"log_output": "FILE", "require_secure_transport": "1", "slow_query_log": "1"},
            ["error", "slowquery"],
            3307,
        ),
        (
            "mariadb",
            "11.4.4",
            "mariadb11.4",
            {"log_output": "FILE", "require_secure_transport": "1", "slow_query_log": "1"},
            ["error", "slowquery"],
            3307,
        ),
    ],
)
def test_every_engine_forces_tls_in_its_own_words(
    build: Build,
    engine: str,
    version: str,
    family: str,
    parameters: dict[str, str],
    logs: list[str],
    port: int,
) -> None:
    built = database(build, engine=engine, version=version)
    group = built.inputs()["ParameterGroup main"]
    assert group["family"] == family
    assert {each["name"]: each["value"] for each in group["parameters"]} == parameters
    instance = built.inputs()["Instance main"]
    assert (instance["enabledCloudwatchLogsExports"], instance["port"]) == (logs, port)


def test_tls_counts_at_once_and_own_parameters_from_the_next_restart_on(build: Build) -> None:
    built = database(build, parameters={"log_min_duration_statement": "500"})
    assert built.inputs()["ParameterGroup main"] == {
        "namePrefix": "main-",
        "description": "Settings of the database main",
        "family": "postgres16",
        "parameters": [
            {"name": "log_min_duration_statement", "value": "500", "applyMethod": "pending-reboot"},
            {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
        ],
        "tags": tags("main"),
    }


def test_it_stands_in_the_given_subnets_and_nobody_reaches_it_yet(build: Build) -> None:
    built = database(build)
    assert built.inputs()["SubnetGroup main"] == {
        "namePrefix": "main-",
        "description": "Isolated subnets of the database main",
        "subnetIds": ["subnet-a", "subnet-b"],
        "tags": tags("main"),
    }
    assert built.inputs("SecurityGroup") == {
        "SecurityGroup main": {
            "namePrefix": "main-",
            "description": "The database main",
            "vpcId": "vpc-1",
            "tags": tags("main"),
        }
    }
    assert built.inputs("SecurityGroupIngressRule") == {}
    assert built.inputs("SecurityGroupEgressRule") == {}


def test_its_logs_have_an_end_and_its_key_before_it_writes_them(build: Build) -> None:
    built = database(build, log_retention_days=30)
    assert built.inputs("LogGroup") == {
        f"LogGroup main-{log}": {
            "name": f"/aws/rds/instance/{IDENTIFIER}/{log}",
            "retentionInDays": 30,
            "kmsKeyId": KEY,
            "tags": tags(f"main-{log}"),
        }
        for log in ("postgresql", "upgrade")
    }
    assert built.after()["Instance main"] == ["LogGroup main-postgresql", "LogGroup main-upgrade"]


def test_the_machine_reports_by_a_role_of_this_account(build: Build) -> None:
    built = database(build)
    assert built.inputs()["Role main-monitoring"] == {
        "namePrefix": "main-monitoring-",
        "description": "Lets RDS report on the machine of the database main",
        "assumeRolePolicy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "monitoring.rds.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                }
            ],
        },
        "tags": tags("main-monitoring"),
    }
    assert built.inputs()["RolePolicyAttachment main-monitoring"]["policyArn"] == (
        "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    )
    assert "RolePolicyAttachment main-monitoring" in built.resources["Instance main"].uses


def test_its_key_is_its_own_and_encrypts_its_logs_too(build: Build) -> None:
    assert database(build).inputs("Key") == {
        "Key main": {
            "description": "Encrypts the database main",
            "enableKeyRotation": True,
            "deletionWindowInDays": 30,
            "policy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "AdministerByIam",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Sid": "EncryptLogs",
                        "Effect": "Allow",
                        "Principal": {"Service": "logs.eu-central-1.amazonaws.com"},
                        "Action": [
                            "kms:Decrypt",
                            "kms:DescribeKey",
                            "kms:Encrypt",
                            "kms:GenerateDataKey*",
                            "kms:ReEncrypt*",
                        ],
                        "Resource": "*",
                        "Condition": {
                            "ArnLike": {
                                "kms:EncryptionContext:aws:logs:arn": (
                                    f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/rds/instance/main-*"
                                )
                            }
                        },
                    },
                ],
            },
            "tags": tags("main"),
        }
    }


KEPT = {"protect": True, "retain_on_delete": True}
TIMES = {"timeouts": ("6h", "4h", "3h")}


def test_what_keeps_data_is_protected_and_outlives_the_stack(build: Build) -> None:
    built = database(build, backup_copy_region="eu-west-1")
    assert built.options() == {
        "Key main": KEPT,
        "Key main-eu-west-1": KEPT,
        "Instance main": KEPT | TIMES,
        "InstanceAutomatedBackupsReplication main-eu-west-1": {"retain_on_delete": True, "protect": True},
        "LogGroup main-postgresql": {"retain_on_delete": True},
        "LogGroup main-upgrade": {"retain_on_delete": True},
    }


def test_loosened_it_can_go_and_its_final_snapshot_stays_readable(build: Build) -> None:
    built = database(build, deletion_protection=False, retain=False, retain_logs=False)
    assert built.options() == {"Key main": {"retain_on_delete": True}, "Instance main": TIMES}
    instance = built.inputs()["Instance main"]
    assert instance["finalSnapshotIdentifier"] == f"{IDENTIFIER}-final"
    assert instance["deleteAutomatedBackups"] is False


def test_nothing_is_left_of_it_when_that_is_asked_for_three_times(build: Build) -> None:
    built = database(build, deletion_protection=False, retain=False, retain_logs=False, final_snapshot=False)
    assert built.options() == {"Instance main": TIMES}
    instance = built.inputs()["Instance main"]
    assert instance["skipFinalSnapshot"] is True
    assert instance["deleteAutomatedBackups"] is True
    assert "finalSnapshotIdentifier" not in instance


def test_a_service_gets_its_address_its_secret_and_its_key(build: Build) -> None:
    built = database(build)
    assert built.outputs["access"] == {
        "host": "main.rds.example",
        "port": 5433,
        "name": "shop",
        "security_group_id": "main-id",
        "secret_arn": SECRET,
        "secret_key_arn": KEY,
        "connect_arn": None,
        "user": None,
    }
    assert built.outputs["identifier"] == IDENTIFIER
    assert built.outputs["arn"] == INSTANCE
    assert built.outputs["resource_id"] == "db-MAIN"
    assert built.outputs["address"] == "main.rds.example"


def test_a_service_may_be_a_user_without_a_password(build: Build) -> None:
    access = database(build, iam_user="app").outputs["access"]
    assert access["connect_arn"] == f"arn:aws:rds-db:eu-central-1:{ACCOUNT}:dbuser:db-MAIN/app"
    assert access["user"] == "app"


FROM_DATA = {"dbName", "username", "allocatedStorage", "storageEncrypted", "kmsKeyId"}


@pytest.mark.parametrize(
    ("origin", "name", "expected", "text"),
    [
        ({"snapshot": "main-final"}, "snapshotIdentifier", "main-final", "main-final"),
        (
            {"database": "old-1a2b3c4d", "time": "2026-03-01T12:30:00Z"},
            "restoreToPointInTime",
            {"sourceDbInstanceIdentifier": "old-1a2b3c4d", "restoreTime": "2026-03-01T12:30:00Z"},
            "old-1a2b3c4d at 2026-03-01T12:30:00Z",
        ),
        (
            {"database": "db-ABCDEFGHIJKL"},
            "restoreToPointInTime",
            {"sourceDbiResourceId": "db-ABCDEFGHIJKL", "useLatestRestorableTime": True},
            "db-ABCDEFGHIJKL at latest",
        ),
        (
            {"database": "arn:aws:rds:eu-west-1:1:auto-backup:ab-1"},
            "restoreToPointInTime",
            {
                "sourceDbInstanceAutomatedBackupsArn": "arn:aws:rds:eu-west-1:1:auto-backup:ab-1",
                "useLatestRestorableTime": True,
            },
            "arn:aws:rds:eu-west-1:1:auto-backup:ab-1 at latest",
        ),
    ],
)
def test_a_restored_one_takes_from_its_origin_what_only_that_knows(
    build: Build, origin: dict[str, Any], name: str, expected: Any, text: str
) -> None:
    instance = database(build, restore_from=RestoreFrom(**origin)).inputs()["Instance main"]
    assert instance[name] == expected
    assert not FROM_DATA & instance.keys()
    assert instance["manageMasterUserPassword"] is True
    assert instance["tags"]["immutable-restored-from"] == text


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        ({}, "either snapshot or database"),
        ({"snapshot": "s", "database": "d"}, "either snapshot or database"),
        ({"snapshot": "s", "time": "2026-03-01T12:30:00Z"}, "a snapshot has one time only"),
    ],
)
def test_what_is_no_origin_is_refused(origin: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        RestoreFrom(**origin)


def test_a_blue_green_update_may_take_a_day(build: Build) -> None:
    built = database(build, blue_green=True)
    assert built.options()["Instance main"]["timeouts"] == ("6h", "24h", "3h")


@pytest.mark.parametrize(
    ("engine", "instance_class", "expected"),
    [
        ("postgres", "db.t4g.micro", 112),
        ("postgres", "db.t4g.medium", 450),
        ("mysql", "db.m7g.large", 682),
        ("postgres", "db.r7g.2xlarge", 5000),
        ("mysql", "db.r7g.xlarge", 2730),
        ("mariadb", "db.m7g.16xlarge", 10922),
    ],
)
def test_connections_follow_from_the_memory(engine: str, instance_class: str, expected: int) -> None:
    assert database_engines.connections(engine, instance_class) == expected


def test_versions_are_compared_by_number() -> None:
    ordered = sorted(["16.10", "16.9", "16.9-R2", "9.6"], key=database_engines.order)
    assert ordered == ["9.6", "16.9", "16.9-R2", "16.10"]


def test_its_parts_belong_to_it(build: Build) -> None:
    built = database(build)
    assert built.types()["the Database main"] == "immutable:database:Database"
    assert {parent for key, parent in built.parents().items() if "Alarm" not in key} == {
        "Stack",
        "the Database main",
        "the DatabaseAlarms main",
    }


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"engine": "oracle"}, "'postgres', 'mysql' or 'mariadb'"),
        ({"version": "16"}, "version: '16' is not a pinned version of postgres; write one such as '16.4'"),
        ({"instance_class": "m7g.large"}, "should match pattern"),
        ({"subnet_ids": ("subnet-a",)}, "at least 2 items"),
        ({"backup_retention_days": 0}, "greater than or equal to 1"),
        ({"backup_retention_days": 36}, "less than or equal to 35"),
        ({"storage_gib": 19}, "greater than or equal to 20"),
        ({"storage_gib": 65_536, "max_storage_gib": 65_536}, "leaves no tenth to grow"),
        ({"storage_gib": 100}, "100 is less than a tenth above storageGib 100; write 110 or more"),
        ({"port": 5432}, "where everyone looks for postgres first"),
        ({"port": 1149}, "greater than or equal to 1150"),
        ({"database_name": "postgres"}, "a name of postgres's own"),
        ({"admin_name": "admin"}, "reserved, or what everyone tries first"),
        ({"admin_name": "pg_keeper"}, "reserved"),
        ({"admin_name": "k" * 33, "engine": "mysql", "version": "8.4.3"}, "mysql takes 32 characters"),
        ({"iam_user": "steward"}, "is the administrator, who has a password"),
        ({"iam_user": "app", "proxy": True}, "cannot pass the proxy"),
        ({"parameters": {"rds.force_ssl": "0"}}, "always 1: TLS is forced; remove it"),
        ({"backup_window": "01:00-01:20"}, "not half an hour or more"),
        ({"backup_window": "1:00-2:00"}, "write one such as 01:00-01:30"),
        ({"maintenance_window": "sun:03:00-sun:03:10"}, "not half an hour to a day"),
        (
            {"backup_window": "23:30-00:30", "maintenance_window": "sat:00:15-sat:01:00"},
            "overlaps the backup window 23:30-00:30",
        ),
        (
            {"backup_window": "00:10-00:40", "maintenance_window": "sat:23:45-sun:00:15"},
            "overlaps the backup window",
        ),
        ({"blue_green": True, "replicas": 1}, "blue_green: true and replicas: 1 do not go together"),
        ({"blue_green": True, "proxy": True}, "true and proxy: true do not go together"),
        ({"replicas": 16}, "less than or equal to 15"),
        (
            {"engine": "mysql", "version": "8.4.3", "instance_class": "db.t4g.small"},
            "mysql on db.t4g.small has none; write false, or take db.t4g.medium or more",
        ),
        ({"monitoring_interval_seconds": 0}, "Input should be 1, 5"),
    ],
)
def test_what_rds_would_refuse_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        args(**changed)


def test_windows_beside_each_other_are_fine() -> None:
    assert args(backup_window="02:00-03:00", maintenance_window="sun:03:00-sun:04:00")


def test_the_given_ones_are_fine() -> None:
    assert args() == args(**GIVEN)
