"""Databases of a stack file: what RDS is asked for, and who reaches them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.databases import (
    EXTERNAL,
    MAIN,
    MYSQL,
    RESTORED,
    SECRET,
    SLEEP,
    Rds,
    given,
    live,
    made,
)
from tests.stacks.given import SMALLEST


@pytest.mark.parametrize(
    ("named", "runs", "asked", "tagged"),
    [
        ("16.4", None, "16.4", "16.4"),
        ("16.6", live("16.4"), "16.6", "16.6"),
        # RDS has brought a minor version: it is not asked to go back.
        ("16.4", live("16.6", "16.4"), "16.6", "16.4"),
        ("16.5", live("16.6", "16.4"), "16.6", "16.5"),
    ],
)
def test_rds_is_asked_for_the_newer_of_what_is_named_and_what_runs(
    named: str, runs: dict[str, Any] | None, asked: str, tagged: str
) -> None:
    built = made(given(version=named), Rds(there=() if runs is None else (runs,)))
    instance = built.one("Instance", "main").inputs
    assert instance["engineVersion"] == asked
    assert instance["tags"]["immutable-engine-version"] == tagged


def test_a_password_that_was_taken_over_from_rds_is_not_given_back() -> None:
    """Its last replica is gone; the secret that RDS had went long before."""
    built = made(given(), Rds(there=(live(masterUserSecrets=[]),)))
    assert built.outputs["databases"]["main"]["secretArn"].endswith("secret/main-password")
    assert not [each for each in made(given(), Rds(there=(live(),))).resources if ":lambda/" in each.type]


def test_a_restored_database_is_asked_for_its_origin_again() -> None:
    there = live(tags={"immutable-restored-from": "old-final"}, dbName="shop", masterUsername="keeper")
    built = made(given(**RESTORED), Rds(there=(there,)))
    assert built.one("Instance", "main").inputs["snapshotIdentifier"] == "old-final"


def test_others_databases_are_not_looked_at() -> None:
    other = live("17.2", tags={"environment": "prod"})
    assert made(given(), Rds(there=(other,))).one("Instance", "main")


def test_an_environment_without_databases_asks_nothing_of_rds() -> None:
    built = made({})
    assert not {name for name in built.asked if "Instances" in name or "EngineVersion" in name}
    policy = built.one("TopicPolicy", "alerts").inputs["policy"]
    assert "PublishDatabaseEvents" not in policy
    assert "PublishDatabaseEvents" in made(given()).one("TopicPolicy", "alerts").inputs["policy"]


def test_a_service_reaches_the_database_that_it_names() -> None:
    built = made({**given(), "immutable:services.web.database": "main"})
    rules = [
        each.inputs
        for each in built.resources
        if each.type.endswith("IngressRule") and each.inputs["securityGroupId"] == "main-id"
    ]
    assert [(each["fromPort"], each["toPort"], each["referencedSecurityGroupId"]) for each in rules] == [
        (5433, 5433, "web-id")
    ]
    access = built.outputs["databases"]["main"]
    assert access["host"] == "main.rds.example"
    assert access["id"] == "main-1a2b3c4d"


def test_a_database_of_others_is_reached_and_not_made() -> None:
    built = made({MAIN: {"external": EXTERNAL}, "immutable:services.web.database": "main"})
    assert not [each for each in built.resources if ":rds/" in each.type]
    assert "getInstances" not in built.asked
    assert built.outputs["databases"] == {
        "main": {"host": "shared.example.com", "port": 5432, "name": "orders", "secretArn": SECRET}
    }
    (rule,) = [
        each.inputs
        for each in built.resources
        if each.type.endswith("IngressRule") and each.inputs["securityGroupId"] == EXTERNAL["securityGroupId"]
    ]
    assert (rule["fromPort"], rule["toPort"]) == (5432, 5432)


ARRIVE = {
    "instanceClass": ("instanceClass", "db.r7g.large", "db.r7g.large"),
    "databaseName": ("dbName", "shop", "shop"),
    "adminName": ("username", "keeper", "keeper"),
    "port": ("port", 6000, 6000),
    "storageGib": ("allocatedStorage", 30, 30),
    "maxStorageGib": ("maxAllocatedStorage", 300, 300),
    "multiAz": ("multiAz", False, False),
    "backupRetentionDays": ("backupRetentionPeriod", 30, 30),
    "backupWindow": ("backupWindow", "01:00-01:30", "01:00-01:30"),
    "maintenanceWindow": ("maintenanceWindow", "sun:03:00-sun:04:00", "sun:03:00-sun:04:00"),
    "blueGreen": ("blueGreenUpdate", True, {"enabled": True}),
    "minorUpgrades": ("autoMinorVersionUpgrade", False, False),
    "applyImmediately": ("applyImmediately", False, False),
    "performanceInsightsDays": ("performanceInsightsRetentionPeriod", 31, 31),
    "monitoringIntervalSeconds": ("monitoringInterval", 15, 15),
    "deletionProtection": ("deletionProtection", False, False),
}
"""Keys of the file with the instance's input, the value given and the value that arrives."""


def test_the_keys_of_the_file_reach_the_instance() -> None:
    values = {key: value for key, (_, value, _) in ARRIVE.items()}
    inputs = made(given(**values)).one("Instance", "main").inputs
    expected = {name: value for name, _, value in ARRIVE.values()}
    assert {name: inputs.get(name) for name in expected} == expected


def test_what_goes_with_no_other_key_reaches_it_too() -> None:
    mysql = made(given(**MYSQL, performanceInsights=False)).one("Instance", "main").inputs
    assert (mysql["engine"], mysql["performanceInsightsEnabled"]) == ("mysql", False)
    restored = made(given(**RESTORED)).one("Instance", "main").inputs
    assert restored["snapshotIdentifier"] == "old-final"


def test_the_others_reach_what_they_are_of() -> None:
    built = made(
        given(
            replicas=1,
            sleep=False,
            iamUser="app",
            backupCopyRegion="eu-west-1",
            parameters={"work_mem": "8192"},
            alarms={"cpuPercent": 60, "backupGapHours": 30},
        )
    )
    assert built.one("Instance", "main-replica-1").inputs["replicateSourceDb"] == "main-1a2b3c4d"
    assert built.outputs["databases"]["main"]["replicas"] == ["main-replica-1.rds.example"]
    assert built.one("InstanceAutomatedBackupsReplication", "main-eu-west-1")
    parameters = built.one("ParameterGroup", "main").inputs["parameters"]
    assert {each["name"]: each["value"] for each in parameters}["work_mem"] == "8192"
    assert built.one("MetricAlarm", "main-cpu").inputs["threshold"] == 60
    assert built.one("MetricAlarm", "main-backups").inputs["evaluationPeriods"] == 30
    assert made(given(proxy=True)).one("Proxy", "main-proxy")


def test_it_stands_in_the_isolated_subnets() -> None:
    subnets = made(given()).one("SubnetGroup", "main").inputs["subnetIds"]
    assert subnets == [f"network-isolated-eu-central-1{zone}-id" for zone in "abc"]


@pytest.mark.parametrize(
    ("changes", "hours"),
    [({}, 26), ({"immutable:sleep": SLEEP}, 96), ({"immutable:sleep": SLEEP, f"{MAIN}.sleep": False}, 26)],
)
def test_a_database_that_sleeps_may_go_without_a_backup_over_the_weekend(
    changes: dict[str, Any], hours: int
) -> None:
    alarm = made({**given(), **changes}).one("MetricAlarm", "main-backups").inputs
    assert alarm["evaluationPeriods"] == hours


def test_it_is_kept_unless_told_otherwise() -> None:
    assert made(given()).one("Instance", "main").kept
    loose = given(deletionProtection=False, retainOnDestroy=False)
    assert not made(loose).one("Instance", "main").kept
    assert made(loose).one("Key", "main").kept
    assert (
        not made(given(finalSnapshot=False, deletionProtection=False, retainOnDestroy=False))
        .one("Key", "main")
        .kept
    )


def test_the_smallest_environment_has_no_database() -> None:
    assert "immutable:databases" not in SMALLEST
    assert made({}).outputs["databases"] == {}
