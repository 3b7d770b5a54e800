"""What the emulated RDS refuses, as RDS does; whatever is refused changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.databases import Databases

KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:pool-AbCdEf"
COPY = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": "main"}
PIT = {"SourceDBInstanceIdentifier": "main", "TargetDBInstanceIdentifier": "back"}


@pytest.fixture
def databases(cloud: Local) -> Databases:
    made = Databases(cloud)
    made.make(AllocatedStorage=40)
    return made


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"KmsKeyId": KEY}, "can't be specified for a DB instance that isn't encrypted"),
        ({"KmsKeyId": KEY, "StorageEncrypted": True}, "KMSKeyNotAccessibleFault"),
        (
            {"ManageMasterUserPassword": True, "MasterUserPassword": "both"},
            "can't specify MasterUserPassword",
        ),
        ({"BackupRetentionPeriod": 36}, "Invalid backup retention period: 36"),
        ({"EngineVersion": "16.99"}, "Cannot find version 16.99 for postgres"),
        ({"DBInstanceClass": "t4g.micro"}, "Invalid DB Instance class: t4g.micro"),
        ({"AllocatedStorage": 19}, "Invalid storage size for engine name postgres"),
        ({"DBClusterIdentifier": "cluster"}, "UnsupportedOperation"),
    ],
)
def test_an_instance_that_is_not_made(settings: dict[str, Any], why: str, databases: Databases) -> None:
    with pytest.raises(ClientError, match=why):
        databases.make("other", **settings)
    assert len(databases.rds.describe_db_instances()["DBInstances"]) == 1


Call = Callable[[Any], Any]


@pytest.mark.parametrize(
    "call",
    [
        lambda rds: rds.create_db_instance_read_replica(**COPY),
        lambda rds: rds.modify_db_instance(DBInstanceIdentifier="main", MultiAZ=True),
        lambda rds: rds.create_blue_green_deployment(
            BlueGreenDeploymentName="b", Source="arn:aws:rds:eu-central-1:123456789012:db:main"
        ),
    ],
)
def test_an_instance_that_is_busy_is_left_alone(call: Call, databases: Databases) -> None:
    databases.rds.reboot_db_instance(DBInstanceIdentifier="main")
    with pytest.raises(ClientError, match=r"InvalidDBInstanceState.*is not in available state"):
        call(databases.rds)


def test_backups_of_another_region_are_not_copied_while_the_instance_is_busy(databases: Databases) -> None:
    databases.rds.reboot_db_instance(DBInstanceIdentifier="main")
    there = databases.cloud.client("rds", "eu-west-1")
    source = databases.found()["DBInstanceArn"]
    with pytest.raises(ClientError, match="is not in available state"):
        there.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source)


def test_backups_are_copied_once_and_only_where_there_are_any(databases: Databases) -> None:
    there, source = databases.cloud.client("rds", "eu-west-1"), databases.found()["DBInstanceArn"]
    there.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source)
    with pytest.raises(ClientError, match="already replicated"):
        there.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source)
    there.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source)
    with pytest.raises(ClientError, match="are not replicated"):
        there.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source)
    databases.modify(BackupRetentionPeriod=0)
    databases.cloud.step(600)
    with pytest.raises(ClientError, match="not enabled for the source DB instance"):
        there.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source)


def test_an_instance_that_was_never_there_has_no_final_snapshot(databases: Databases) -> None:
    databases.make("new", wait=False)
    with pytest.raises(ClientError, match=r"InvalidDBInstanceState.*because it is creating"):
        databases.rds.delete_db_instance(DBInstanceIdentifier="new", FinalDBSnapshotIdentifier="last")


def test_a_replica_has_no_final_snapshot_and_its_source_keeps_its_backups(databases: Databases) -> None:
    databases.rds.create_db_instance_read_replica(**COPY)
    databases.cloud.step(600)
    with pytest.raises(ClientError, match="can not be specified when deleting a replica"):
        databases.rds.delete_db_instance(DBInstanceIdentifier="copy", FinalDBSnapshotIdentifier="last")
    with pytest.raises(ClientError, match="Backups cannot be disabled"):
        databases.modify(BackupRetentionPeriod=0)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            {"UseLatestRestorableTime": True, "AllocatedStorage": 30},
            "storage size can't be less than the source",
        ),
        ({}, "either RestoreTime or UseLatestRestorableTime"),
        ({"UseLatestRestorableTime": True, "RestoreTime": "2030-01-01T00:00:00Z"}, "and not both"),
        ({"RestoreTime": "2090-01-01T00:00:00Z"}, "InvalidRestoreFault.*is not within the restore window"),
        ({"SourceDBInstanceIdentifier": "nothing", "UseLatestRestorableTime": True}, "DBInstanceNotFound"),
    ],
)
def test_a_point_in_time_that_is_not_restored(
    settings: dict[str, Any], why: str, databases: Databases
) -> None:
    with pytest.raises(ClientError, match=why):
        databases.rds.restore_db_instance_to_point_in_time(**{**PIT, **settings})


def test_an_instance_without_backups_is_not_restored_to_a_point_in_time(databases: Databases) -> None:
    databases.modify(BackupRetentionPeriod=0)
    databases.cloud.step(600)
    with pytest.raises(ClientError, match="the backup retention period is 0"):
        databases.rds.restore_db_instance_to_point_in_time(**PIT, UseLatestRestorableTime=True)


def subnets(databases: Databases) -> list[str]:
    ec2 = databases.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for number, zone in enumerate("ab")
    ]


def test_a_subnet_group_is_there_once(databases: Databases) -> None:
    asked = {"DBSubnetGroupName": "main", "DBSubnetGroupDescription": "d", "SubnetIds": subnets(databases)}
    databases.rds.create_db_subnet_group(**asked)
    with pytest.raises(ClientError, match="DBSubnetGroupAlreadyExists"):
        databases.rds.create_db_subnet_group(**asked)


def proxy(databases: Databases) -> dict[str, Any]:
    databases.rds.create_db_proxy(
        DBProxyName="pool", EngineFamily="POSTGRESQL", RoleArn="arn:aws:iam::123456789012:role/pool",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": SECRET}], VpcSubnetIds=subnets(databases),
    )  # fmt: skip
    target = {"DBProxyName": "pool", "TargetGroupName": "default", "DBInstanceIdentifiers": ["main"]}
    databases.rds.register_db_proxy_targets(**target)
    return target


def test_a_database_stands_behind_a_proxy_once_until_it_is_gone(databases: Databases) -> None:
    target = proxy(databases)
    with pytest.raises(ClientError, match="DBProxyTargetAlreadyRegisteredFault"):
        databases.rds.register_db_proxy_targets(**target)
    for wrong, why in (
        ({"DBProxyName": "nothing"}, "DBProxyNotFoundFault"),
        ({"TargetGroupName": "nothing"}, "DBProxyTargetGroupNotFoundFault"),
        ({"DBInstanceIdentifiers": ["nothing"]}, "DBInstanceNotFound"),
    ):
        with pytest.raises(ClientError, match=why):
            databases.rds.register_db_proxy_targets(**{**target, **wrong})
    databases.delete()
    databases.cloud.step(600)
    assert databases.rds.describe_db_proxy_targets(DBProxyName="pool")["Targets"] == []


def test_what_stands_behind_a_proxy_has_no_copy_that_takes_over(databases: Databases) -> None:
    proxy(databases)
    with pytest.raises(ClientError, match="SourceDatabaseNotSupportedFault"):
        databases.rds.create_blue_green_deployment(
            BlueGreenDeploymentName="b", Source=databases.found()["DBInstanceArn"]
        )


def test_a_copy_that_takes_over_has_the_settings_of_its_source(databases: Databases) -> None:
    databases.modify(EnableIAMDatabaseAuthentication=True, EnablePerformanceInsights=True)
    databases.cloud.step(600)
    made = databases.rds.create_blue_green_deployment(
        BlueGreenDeploymentName="b", Source=databases.found()["DBInstanceArn"], TargetEngineVersion="17.4"
    )["BlueGreenDeployment"]
    assert made["Status"] == "PROVISIONING"
    databases.cloud.step(1000)
    name = made["Target"].rsplit(":", 1)[-1]
    copy = databases.found(name)
    assert (copy["EngineVersion"], databases.found()["EngineVersion"]) == ("17.4", "16.4")
    assert copy["IAMDatabaseAuthenticationEnabled"] and copy["PerformanceInsightsEnabled"]
    databases.rds.delete_blue_green_deployment(
        BlueGreenDeploymentIdentifier=made["BlueGreenDeploymentIdentifier"], DeleteTarget=True
    )
    assert databases.status(name) == "deleting" and databases.status() == "available"
