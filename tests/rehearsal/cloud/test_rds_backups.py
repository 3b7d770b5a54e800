"""Backups of the emulated RDS: daily ones, copies in another region, and the events that tell of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.databases import DAY_SECONDS, Databases


@pytest.fixture
def databases(cloud: Local) -> Databases:
    return Databases(cloud)


def test_backups_in_another_region_outlive_the_instance(databases: Databases) -> None:
    source = databases.make()
    there = databases.cloud.client("rds", "eu-west-1")
    made = there.start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=source["DBInstanceArn"], BackupRetentionPeriod=14
    )["DBInstanceAutomatedBackup"]
    arn = made["DBInstanceAutomatedBackupsArn"]
    databases.cloud.step(DAY_SECONDS)
    databases.delete()
    databases.cloud.step(600)
    found = there.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=arn)
    assert found["DBInstanceAutomatedBackups"][0]["BackupRetentionPeriod"] == 14
    there.restore_db_instance_to_point_in_time(
        SourceDBInstanceAutomatedBackupsArn=arn, TargetDBInstanceIdentifier="back",
        UseLatestRestorableTime=True,
    )  # fmt: skip
    databases.cloud.step(600)
    assert there.describe_db_instances()["DBInstances"][0]["MasterUsername"] == "root"


def test_backups_of_a_deleted_instance_are_kept_if_asked_and_can_be_deleted(databases: Databases) -> None:
    databases.make()
    databases.delete(DeleteAutomatedBackups=False)
    databases.cloud.step(600)
    [kept] = databases.rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert kept["Status"] == "retained"
    databases.rds.delete_db_instance_automated_backup(DbiResourceId=kept["DbiResourceId"])
    assert databases.rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"] == []


def test_events_of_an_instance_are_told_to_the_topic_that_wants_them(databases: Databases) -> None:
    from moto.sns.models import sns_backends

    topic = databases.cloud.client("sns").create_topic(Name="alerts")["TopicArn"]
    wanted: dict[str, Any] = {
        "SourceType": "db-instance",
        "SourceIds": ["main"],
        "EventCategories": ["backup"],
        "Enabled": True,
    }
    others: tuple[dict[str, Any], ...] = (
        {},
        {"EventCategories": ["deletion"]},
        {"SourceIds": ["other"]},
        {"SourceType": "db-parameter-group"},
        {"Enabled": False},
    )
    for number, other in enumerate(others):
        databases.rds.create_event_subscription(
            SubscriptionName=f"s{number}", SnsTopicArn=topic, **{**wanted, **other}
        )
    databases.make()
    sent = sns_backends["123456789012"]["eu-central-1"].topics[topic].sent_notifications
    said = [json.loads(each[1])["Event Message"] for each in sent]
    assert said == ["Backing up DB instance", "Finished DB instance backup"]


def test_a_running_instance_is_backed_up_daily_and_old_backups_go(databases: Databases) -> None:
    databases.make(BackupRetentionPeriod=3)
    for _ in range(5):
        databases.cloud.step(DAY_SECONDS)
    found = databases.rds.describe_db_snapshots(DBInstanceIdentifier="main", SnapshotType="automated")
    assert len(found["DBSnapshots"]) == 3
    databases.rds.stop_db_instance(DBInstanceIdentifier="main")
    databases.cloud.step(3 * DAY_SECONDS)
    again = databases.rds.describe_db_snapshots(DBInstanceIdentifier="main", SnapshotType="automated")
    assert again["DBSnapshots"] == found["DBSnapshots"]


def test_a_backup_is_an_event_that_a_rule_finds(databases: Databases) -> None:
    events = databases.cloud.client("events")
    pattern = {
        "source": ["aws.rds"],
        "detail-type": ["RDS DB Instance Event"],
        "detail": {"SourceIdentifier": ["main"], "EventID": ["RDS-EVENT-0002"]},
    }
    events.put_rule(Name="backups", EventPattern=json.dumps(pattern))
    databases.make()
    now = databases.cloud.world.clock.date(databases.cloud.world.timeline.now)
    found = databases.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events", MetricName="TriggeredRules", Period=60, Statistics=["Sum"],
        Dimensions=[{"Name": "RuleName", "Value": "backups"}], StartTime=now - timedelta(hours=1),
        EndTime=now,
    )  # fmt: skip
    assert sum(each["Sum"] for each in found["Datapoints"]) == 1
