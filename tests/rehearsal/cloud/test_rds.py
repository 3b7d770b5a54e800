"""The emulated RDS: what an instance goes through, what is refused meanwhile, and what outlives it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.databases import DAY_SECONDS, Databases


@pytest.fixture
def databases(cloud: Local) -> Databases:
    return Databases(cloud)


def test_an_instance_takes_its_time_and_has_an_endpoint_only_then(databases: Databases) -> None:
    made = databases.make(wait=False)
    assert made["DBInstanceStatus"] == "creating" and "Endpoint" not in made
    databases.cloud.step(299)
    assert databases.status() == "creating"
    databases.cloud.step(2)
    assert databases.status() == "available"
    assert databases.found()["Endpoint"]["Address"].startswith("main.")


def test_two_instances_are_never_the_same_one(databases: Databases) -> None:
    made = [databases.make(name) for name in ("main", "other")]
    assert made[0]["DbiResourceId"] != made[1]["DbiResourceId"]


def test_a_stopped_instance_is_started_after_a_week(databases: Databases) -> None:
    databases.make()
    databases.rds.stop_db_instance(DBInstanceIdentifier="main")
    assert databases.status() == "stopping"
    databases.cloud.step(130)
    assert databases.status() == "stopped"
    databases.cloud.step(6 * DAY_SECONDS)
    assert databases.status() == "stopped"
    databases.cloud.step(DAY_SECONDS + 300)
    assert databases.status() == "available"


def test_an_instance_started_by_hand_stays_as_it_is(databases: Databases) -> None:
    databases.make()
    databases.rds.stop_db_instance(DBInstanceIdentifier="main")
    databases.cloud.step(600)
    databases.rds.start_db_instance(DBInstanceIdentifier="main")
    databases.cloud.step(600)
    databases.rds.stop_db_instance(DBInstanceIdentifier="main")
    # The week of the first stop is over, that of the second is not.
    databases.cloud.step(7 * DAY_SECONDS - 300)
    assert databases.status() == "stopped"


def test_what_is_being_deleted_does_not_come_back_when_something_else_ends(databases: Databases) -> None:
    databases.make()
    databases.rds.reboot_db_instance(DBInstanceIdentifier="main")
    databases.delete()
    databases.cloud.step(31)
    assert databases.status() == "deleting"


@pytest.mark.parametrize(
    ("action", "request_"),
    [("modify_db_instance", {"DBInstanceClass": "db.t4g.small"}), ("stop_db_instance", {}),
     ("reboot_db_instance", {})],
)  # fmt: skip
def test_what_is_stopped_is_not_changed(action: str, request_: dict[str, Any], databases: Databases) -> None:
    databases.make()
    databases.rds.stop_db_instance(DBInstanceIdentifier="main")
    databases.cloud.step(600)
    with pytest.raises(ClientError, match="InvalidDBInstanceState"):
        getattr(databases.rds, action)(DBInstanceIdentifier="main", **request_)


def test_what_runs_is_not_started(databases: Databases) -> None:
    databases.make()
    with pytest.raises(ClientError, match="is not stopped, it cannot be started"):
        databases.rds.start_db_instance(DBInstanceIdentifier="main")


def test_neither_a_replica_nor_its_source_is_stopped(databases: Databases) -> None:
    databases.make()
    databases.rds.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="main"
    )
    databases.cloud.step(600)
    for name in ("main", "copy"):
        with pytest.raises(ClientError, match=r"InvalidDBInstanceState.*replica"):
            databases.rds.stop_db_instance(DBInstanceIdentifier=name)


def test_a_replica_outlives_its_source(databases: Databases) -> None:
    databases.make()
    databases.rds.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="main", DBInstanceClass="db.t4g.small"
    )
    databases.cloud.step(600)
    databases.delete()
    databases.cloud.step(600)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in databases.found("copy")
    assert databases.found("copy")["DBInstanceClass"] == "db.t4g.small"


def test_a_deletion_takes_its_time_and_is_not_begun_twice(databases: Databases) -> None:
    databases.make()
    databases.delete()
    assert databases.status() == "deleting"
    with pytest.raises(ClientError, match="is already being deleted"):
        databases.delete()
    databases.cloud.step(61)
    with pytest.raises(databases.rds.exceptions.DBInstanceNotFoundFault):
        databases.found()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"SkipFinalSnapshot": False}, "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot"),
        ({"FinalDBSnapshotIdentifier": "last"}, "can not be specified when deleting a DB Instance with"),
    ],
)
def test_a_deletion_says_clearly_whether_anything_is_left(
    how: dict[str, Any], why: str, databases: Databases
) -> None:
    databases.make()
    with pytest.raises(ClientError, match=f"InvalidParameterCombination.*{why}"):
        databases.delete(**how)
    assert databases.status() == "available"


def test_a_change_that_may_wait_waits_for_its_window(databases: Databases) -> None:
    databases.make()
    now = databases.cloud.world.clock.date(databases.cloud.world.timeline.now)
    start = now + timedelta(hours=2)
    window = f"{start:%a:%H:%M}-{start + timedelta(minutes=40):%a:%H:%M}".lower()
    databases.modify(PreferredMaintenanceWindow=window, PreferredBackupWindow=f"{now:%H:%M}-{start:%H}:00")
    databases.cloud.step(120)
    databases.rds.modify_db_instance(DBInstanceIdentifier="main", DBInstanceClass="db.t4g.large")
    found = databases.found()
    assert found["DBInstanceClass"] == "db.t4g.micro"
    assert found["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.large"}
    databases.cloud.step(3 * 3600)
    found = databases.found()
    assert (found["DBInstanceClass"], found["PendingModifiedValues"]) == ("db.t4g.large", {})


def test_a_window_that_is_over_comes_again_in_a_week(databases: Databases) -> None:
    databases.make()
    start = databases.cloud.world.clock.date(databases.cloud.world.timeline.now) - timedelta(hours=2)
    window = f"{start:%a:%H:%M}-{start + timedelta(minutes=40):%a:%H:%M}".lower()
    backups = start + timedelta(hours=6)
    away = f"{backups:%H:%M}-{backups + timedelta(minutes=40):%H:%M}"
    databases.modify(PreferredMaintenanceWindow=window, PreferredBackupWindow=away)
    databases.cloud.step(120)
    databases.rds.modify_db_instance(DBInstanceIdentifier="main", DBInstanceClass="db.t4g.large")
    databases.cloud.step(6 * DAY_SECONDS)
    assert databases.found()["DBInstanceClass"] == "db.t4g.micro"
    databases.cloud.step(DAY_SECONDS)
    assert databases.found()["DBInstanceClass"] == "db.t4g.large"


def test_storage_only_grows_and_not_twice_in_six_hours(databases: Databases) -> None:
    databases.make(AllocatedStorage=40)
    with pytest.raises(ClientError, match="must be greater than the present one"):
        databases.modify(AllocatedStorage=30)
    databases.modify(AllocatedStorage=50)
    databases.cloud.step(600)
    with pytest.raises(ClientError, match="previous storage change is being optimized"):
        databases.modify(AllocatedStorage=60)
    databases.cloud.step(6 * 3600)
    databases.modify(AllocatedStorage=60)
    assert databases.found()["AllocatedStorage"] == 60


def test_throughput_of_gp3_is_set_from_a_certain_size_on(databases: Databases) -> None:
    with pytest.raises(ClientError, match="storage size less than 400"):
        databases.make(StorageType="gp3", StorageThroughput=500, Iops=12000)
    made = databases.make(StorageType="gp3", StorageThroughput=500, Iops=12000, AllocatedStorage=400)
    assert made["StorageThroughput"] == 500


def test_a_managed_password_is_another_every_week(databases: Databases) -> None:
    databases.make(ManageMasterUserPassword=True)
    arn = databases.found()["MasterUserSecret"]["SecretArn"]
    client = databases.cloud.client("secretsmanager")

    def value() -> dict[str, str]:
        said: dict[str, str] = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
        return said

    before = value()
    databases.cloud.step(7 * DAY_SECONDS)
    after = value()
    assert before["username"] == after["username"] == "root"
    assert before["password"] != after["password"]
    databases.delete()
    databases.cloud.step(8 * DAY_SECONDS)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        value()


def test_a_password_that_is_no_longer_managed_leaves_no_secret(databases: Databases) -> None:
    databases.make(ManageMasterUserPassword=True)
    databases.modify(ManageMasterUserPassword=False, MasterUserPassword="another")
    assert "MasterUserSecret" not in databases.found()
    databases.cloud.step(600)
    databases.modify(ManageMasterUserPassword=True)
    assert databases.found()["MasterUserSecret"]["SecretStatus"] == "active"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"SourceDBInstanceArn": "same"}, "source Region and the destination Region are the same"),
        ({"SourceDBInstanceArn": "encrypted"}, "A KMS key of the destination Region is needed"),
    ],
)
def test_a_replication_of_backups_that_rds_refuses(
    request_: dict[str, str], why: str, databases: Databases
) -> None:
    encrypted = request_["SourceDBInstanceArn"] == "encrypted"
    source = databases.make(StorageEncrypted=encrypted)
    client = databases.cloud.client("rds", "eu-west-1" if encrypted else "eu-central-1")
    with pytest.raises(ClientError, match=why):
        client.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source["DBInstanceArn"])


def test_a_subnet_group_has_two_zones_and_keeps_them_when_it_is_changed(databases: Databases) -> None:
    ec2 = databases.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for number, zone in enumerate("aab")
    ]
    asked = {"DBSubnetGroupName": "main", "DBSubnetGroupDescription": "d"}
    with pytest.raises(ClientError, match="DBSubnetGroupDoesNotCoverEnoughAZs"):
        databases.rds.create_db_subnet_group(**asked, SubnetIds=subnets[:2])
    databases.rds.create_db_subnet_group(**asked, SubnetIds=subnets[1:])
    databases.rds.modify_db_subnet_group(**asked, SubnetIds=subnets)
    [found] = databases.rds.describe_db_subnet_groups(DBSubnetGroupName="main")["DBSubnetGroups"]
    assert len(found["Subnets"]) == 3
