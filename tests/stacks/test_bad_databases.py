"""Databases that are refused in one line: by the file alone, or by what runs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.stacks.databases import (
    EXTERNAL,
    GIVEN,
    HERE,
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
from tests.stacks.declared import Environment
from tests.stacks.given import complaint, complaints


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"engine": None}, "engine: is missing; set it to postgres, mysql or mariadb"),
        ({"version": None}, 'version: is missing; set it to the pinned version, such as "16.4"'),
        ({"instanceClass": None}, "instanceClass: is missing; set it to such as db.t4g.medium"),
        ({"engine": "oracle"}, "engine: 'oracle' is not a choice; write postgres, mysql or mariadb"),
        ({"version": "16"}, "version: '16' is not a pinned version of postgres; write one such as '16.4'"),
        ({"version": "latest"}, "version: 'latest' is not a pinned version of postgres"),
        ({"version": 16.4}, "version: 16.4 is a number, not text; put quotes around it"),
        ({"instanceClass": "m7g.large"}, "instanceClass: 'm7g.large' is not an instance class of RDS"),
        ({"replicas": 1, "blueGreen": True}, "blueGreen: true and replicas: 1 do not go together"),
        ({"proxy": True, "blueGreen": True}, "blueGreen: true and proxy: true do not go together"),
        ({"replicas": 16}, "replicas: 16 is too high; the most is 15"),
        ({"backupRetentionDays": 0}, "backupRetentionDays: 0 is too low; the least is 1"),
        ({"backupRetentionDays": 36}, "backupRetentionDays: 36 is too high; the most is 35"),
        ({"backupCopyRegion": "europe"}, "backupCopyRegion: 'europe' is not a region"),
        ({"backupCopyRegion": "eu-central-1"}, "backupCopyRegion: eu-central-1 is where the database is"),
        ({"storageGib": 19}, "storageGib: 19 is too low; the least is 20"),
        ({"storageGib": 65_537}, "storageGib: 65537 is too high; the most is 65536"),
        ({"storageGib": 200}, "maxStorageGib: 100 is less than a tenth above storageGib 200; write 220"),
        ({"port": 5432}, "port: 5432 is where everyone looks for postgres first; write another"),
        ({"port": 80}, "port: 80 is too low; the least is 1150"),
        ({"databaseName": "template1"}, "databaseName: 'template1' is a name of postgres's own"),
        ({"databaseName": "My-App"}, "databaseName: 'My-App' is not a name of up to 63"),
        ({"adminName": "root"}, "adminName: 'root' is reserved, or what everyone tries first"),
        ({"iamUser": "app", "proxy": True}, "iamUser: 'app' cannot pass the proxy"),
        ({"parameters": {"rds.force_ssl": "0"}}, "parameters: has rds.force_ssl, which is always 1"),
        ({"backupWindow": "noon"}, "backupWindow: 'noon' is not half an hour or more of a day in UTC"),
        ({"maintenanceWindow": "sunday"}, "maintenanceWindow: 'sunday' is not half an hour to a day"),
        (
            {**MYSQL, "instanceClass": "db.t4g.micro"},
            "performanceInsights: mysql on db.t4g.micro has none; write false, or take db.t4g.medium or more",
        ),
        ({"finalSnapshot": False}, "finalSnapshot: false leaves nothing of a deleted database; write"),
        (
            {"finalSnapshot": False, "deletionProtection": False},
            "finalSnapshot: false leaves nothing of a deleted database; write",
        ),
        ({"restoreFrom": {}}, "restoreFrom: has neither snapshot nor database; name what is to be restored"),
        (
            {"restoreFrom": {"snapshot": "a", "database": "b"}},
            "restoreFrom: has both snapshot and database",
        ),
        (
            {"restoreFrom": {"snapshot": "a", "time": "2020-03-01T12:30:00Z"}},
            "restoreFrom.time: '2020-03-01T12:30:00Z' stands beside a snapshot",
        ),
        (
            {"restoreFrom": {"database": "b", "time": "yesterday"}},
            "restoreFrom.time: 'yesterday' is not a time in UTC; write one such as",
        ),
        (
            {"restoreFrom": {"database": "b", "time": "2999-03-01T12:30:00Z"}},
            "restoreFrom.time: '2999-03-01T12:30:00Z' is still to come",
        ),
        ({"restoreFrom": {"snapshot": "a snapshot"}}, "restoreFrom.snapshot: 'a snapshot' is not a"),
        ({"alarms": {"cpuPercent": 100}}, "alarms.cpuPercent: 100 is too high; it must be less than 100"),
        ({"monitoringIntervalSeconds": 7}, "monitoringIntervalSeconds: 7 is not a choice"),
        ({"multiAZ": False}, "multiAZ: is not a known key; did you mean multiAz?"),
        ({"external": EXTERNAL}, "engine: stands beside external, whose owner decides that; remove it"),
    ],
)
def test_what_is_no_database_is_one_line(changed: dict[str, Any], line: str) -> None:
    wanted = f"Pulumi.staging.yaml: {MAIN}.{line}"
    assert [said for said in complaints(given(**changed)) if said.startswith(wanted)]


def test_one_mistake_is_one_line() -> None:
    assert len(complaints(given(replicas=1, blueGreen=True))) == 1
    assert len(complaints(given(version="latest", port=5432))) == 2


def test_a_name_that_is_none_is_refused() -> None:
    line = complaint({"immutable:databases": {"Main_DB": GIVEN}})
    assert "'Main_DB' is not a database's name of up to 24 lower-case letters and digits" in line


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"host": "a b"}, "host: 'a b' is not a host name"),
        ({"port": 0}, "port: 0 is too low"),
        ({"securityGroupId": "sg-1"}, "securityGroupId: 'sg-1' is not a security group's ID"),
        ({"secretKeyArn": "alias/key"}, "secretKeyArn: is not the ARN that it needs; write arn:aws:kms:"),
        ({"connectArn": "app"}, "connectArn: is not the ARN that it needs; write arn:aws:rds-db:"),
        (
            {"secretArn": SECRET.replace("eu-central-1", "us-east-1")},
            "secretArn: is of us-east-1, the stack of eu-central-1; name one in eu-central-1",
        ),
    ],
)
def test_a_reference_that_is_none_is_one_line(changed: dict[str, Any], line: str) -> None:
    assert complaint({MAIN: {"external": {**EXTERNAL, **changed}}}).startswith(f"{MAIN}.external.{line}")


def test_a_password_in_the_place_of_its_reference_is_not_shown() -> None:
    line = complaint({MAIN: {"external": {**EXTERNAL, "secretArn": "hunter2"}}})
    assert line.startswith(f"{MAIN}.external.secretArn: is not the ARN that it needs")
    assert "hunter2" not in line


def test_a_service_names_a_database_that_is_there() -> None:
    wanted = {"immutable:services.web.database": "mian"}
    line = "immutable:services.web.database: 'mian' is no database of this file; "
    assert complaint(wanted) == f"{line}add it under databases"
    assert complaint({**wanted, **given()}) == f"{line}did you mean main?"


def test_a_database_with_replicas_does_not_sleep() -> None:
    asleep = {"immutable:sleep": SLEEP, **given(replicas=2)}
    assert complaint(asleep) == (
        f"{MAIN}.replicas: 2 keeps it from sleeping with the environment; write sleep: false, or 0"
    )
    assert made({"immutable:sleep": SLEEP, **given(replicas=2, sleep=False)})


@pytest.mark.parametrize(
    ("changed", "there", "line"),
    [
        (
            {"version": "16.3"},
            live(),
            "version: '16.3' goes back from 16.4, which RDS cannot; write '16.4', or restore a snapshot into",
        ),
        ({"version": "15.9"}, live("16.6", "16.4"), "version: '15.9' goes back from 16.6"),
        ({"version": "16.3"}, live("16.6", "16.4"), "version: '16.3' goes back from 16.4"),
        (
            MYSQL,
            live(),
            f"engine: 'mysql' is not what {HERE} is, postgres; add another database",
        ),
        (
            {"databaseName": "shop"},
            live(),
            f"databaseName: 'shop' is not what {HERE} has, 'app'; put that back, or add another database",
        ),
        ({"adminName": "keeper"}, live(), f"adminName: 'keeper' is not what {HERE} has, 'steward'"),
        (
            RESTORED,
            live(),
            f"restoreFrom: 'old-final' cannot become {HERE}, which is there already; restore under another",
        ),
        (
            {},
            live(tags={"immutable-restored-from": "old-final"}),
            f"restoreFrom: is missing: {HERE} was restored from old-final; put it back",
        ),
    ],
)
def test_a_database_never_becomes_another_one(
    changed: dict[str, Any], there: dict[str, Any], line: str
) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        made(given(**changed), Rds(there=(there,)))
    (said,) = str(refused.value).splitlines()
    assert said.startswith(f"Pulumi.staging.yaml: {MAIN}.{line}")


@pytest.mark.parametrize(
    ("version", "there", "line"),
    [
        ("16.99", (), "'16.99' is no version that RDS has of postgres; aws rds describe-db-engine-versions"),
        ("16.99", (live(),), "'16.99' is no version that RDS has of postgres"),
        ("18.1", (live(),), "'18.1' cannot be reached from 16.4 in one step; write one of 16.6, 17.2"),
    ],
)
def test_a_version_that_is_unknown_or_too_far_is_refused(version: str, there: Any, line: str) -> None:
    known = {"16.4": ["16.6", "17.2"], "16.6": [], "17.2": [], "18.1": []}
    with pytest.raises(pulumi.RunError) as refused:
        made(given(version=version), Rds(there=there, versions=known))
    assert str(refused.value).startswith(f"Pulumi.staging.yaml: {MAIN}.version: {line}")


def test_nothing_is_declared_before_rds_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Environment] = []
    plain = Environment.__init__

    def keep(environment: Environment, *values: Any, **more: Any) -> None:
        plain(environment, *values, **more)
        kept.append(environment)

    monkeypatch.setattr(Environment, "__init__", keep)
    with pytest.raises(pulumi.RunError, match="goes back"):
        made(given(version="16.3"), Rds(there=(live(),)))
    assert [each.resources for each in kept] == [[]]


def test_silence_of_rds_is_one_line() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        made(given(), Rds(there="AccessDenied: you may\nnot"))
    (said,) = str(refused.value).splitlines()
    assert said.startswith(
        "Pulumi.staging.yaml: immutable:databases: eu-central-1 does not tell of databases"
    )
    assert "AccessDenied: you may not" in said


def test_of_two_databases_by_one_name_the_newer_one_counts() -> None:
    left = {**live("15.2"), "dbInstanceIdentifier": "main-00000000"}
    with pytest.raises(pulumi.RunError, match="goes back from 16"):
        made(given(version="16.3"), Rds(there=(live("16.6"), left)))
