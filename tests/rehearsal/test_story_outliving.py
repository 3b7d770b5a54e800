"""The steps about what outlives servers fail when what they are there to show is not so."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import outliving_steps
from rehearsal.engines import Changed
from rehearsal.stage import Stage, StepFailedError
from tests.rehearsal.staged import NETWORK, OLD, client, engine, make_stage, record, release

DATABASE = Changed("aws:rds/instance:Instance", "restored", "create")
LAST = json.dumps({"body": {"MESSAGE": "Leaving: this is the last line."}})
FILE = "services/service=web/year=2026/one.gz"
STANDS = {
    "DBInstanceIdentifier": "main-1",
    "DbiResourceId": "db-1",
    "DBInstanceStatus": "available",
    "Engine": "postgres",
    "EngineVersion": "16.4",
    "Endpoint": {"Address": "main.example", "Port": 5433},
    "PubliclyAccessible": False,
    "StorageEncrypted": True,
    "BackupRetentionPeriod": 7,
}


def packed(server: str, *messages: str) -> bytes:
    events = [{"id": "1", "timestamp": 1, "message": message} for message in messages]
    return gzip.compress(json.dumps({"logStream": server, "logEvents": events}).encode() + b"\n")


class Aws:
    """AWS as someone without the project calls it: every client in one."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.calls: list[str] = []
        self.files = {FILE: packed("i-prod1", "{}", LAST)}
        self.backups = [{"DbiResourceId": "db-1"}]
        self.instances = {name: [{**STANDS, "TagList": tagged(name)}] for name in ("staging", "prod")}

    def terminate_instance_in_auto_scaling_group(self, **given: Any) -> None:
        self.calls.append(f"end of {given['InstanceId']}")
        client(self.stage).servers["prod"] = ["i-prod2", "i-prod3"]

    def list_buckets(self) -> dict[str, Any]:
        return {"Buckets": [{"Name": "logs-staging"}, {"Name": "logs-prod"}]}

    def get_bucket_tagging(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        return {"TagSet": tagged(Bucket.removeprefix("logs-"), Name="logs")}

    def get_paginator(self, _: str) -> Aws:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        assert (Bucket, Prefix) == ("logs-prod", "services/service=web/")
        return [{"Contents": [{"Key": key, "LastModified": key} for key in self.files]}, {}]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self.files[Key])}

    def describe_db_instances(self) -> dict[str, Any]:
        return {"DBInstances": [each for found in self.instances.values() for each in found]}

    def describe_db_instance_automated_backups(self, DbiResourceId: str) -> dict[str, Any]:  # noqa: N803
        return {"DBInstanceAutomatedBackups": self.backups}

    def create_db_snapshot(self, **given: str) -> None:
        self.calls.append(f"{given['DBSnapshotIdentifier']} of {given['DBInstanceIdentifier']}")

    def get_waiter(self, _: str) -> Aws:
        return self

    def wait(self, **_: Any) -> None:
        # What is restored from the snapshot comes with the up that follows.
        restored = {**STANDS, "DBInstanceIdentifier": "restored-1", "DbiResourceId": "db-2"}
        self.instances["restored"] = [{**restored, "TagList": tagged("staging")}]

    def delete_db_snapshot(self, **given: str) -> None:
        self.calls.append(f"end of {given['DBSnapshotIdentifier']}")


def tagged(environment: str, **more: str) -> list[dict[str, str]]:
    tags = {"environment": environment, **more}
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = make_stage(tmp_path, monkeypatch)
    monkeypatch.setattr(outliving_steps, "ARRIVAL_SECONDS", 0.1)
    client(made).fleets["prod"] = OLD
    client(made).servers.clear()
    release(made, "set-image", "prod", OLD)
    file = made.workspace.config_file("staging")
    main = {"engine": "postgres", "version": "16.4", "instanceClass": "db.t4g.micro", "storageGib": 50}
    databases = yaml.safe_dump({"immutable:databases": {"main": main}})
    file.write_text(file.read_text() + "".join(f"  {line}\n" for line in databases.splitlines()))
    engine(made).changes["up"] = [DATABASE]
    return made


@pytest.fixture
def aws(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Aws:
    made = Aws(stage)
    monkeypatch.setattr(Stage, "aws", lambda *_: made)
    return made


def test_what_a_terminated_server_said_last_is_found_in_the_bucket(stage: Stage, aws: Aws) -> None:
    step = record()
    outliving_steps.last_line(stage, step)
    assert aws.calls == ["end of i-prod1"]
    assert step.notes == [
        "i-prod1 of web is gone, and another one in its place",
        f"its last line, 'Leaving: this is the last line.', is in the bucket: {FILE}",
    ]


@pytest.mark.parametrize(
    "files",
    [{}, {FILE: packed("i-prod1", "{}")}, {FILE: packed("i-prod2", LAST)}],
    ids=["no file", "other lines of it", "the last line of another"],
)
def test_a_last_line_that_is_lost_fails_the_step(stage: Stage, aws: Aws, files: dict[str, bytes]) -> None:
    aws.files = files
    with pytest.raises(StepFailedError, match=r"last line of i-prod1 \(web\) should be in logs-prod"):
        outliving_steps.last_line(stage, record())


def test_a_database_is_restored_by_lines_of_the_file_and_nothing_else_changes(stage: Stage, aws: Aws) -> None:
    step = record()
    outliving_steps.database(stage, step)
    assert engine(stage).ran == ["up staging"]
    assert aws.calls == ["main-1-by-hand of main-1", "end of main-1-by-hand"]
    config = yaml.safe_load(stage.workspace.config_file("staging").read_text())["config"]
    assert config["immutable:databases"]["restored"] == {
        "engine": "postgres",
        "version": "16.4",
        "instanceClass": "db.t4g.micro",
        "restoreFrom": {"snapshot": "main-1-by-hand"},
        "deletionProtection": False,
        "retainOnDestroy": False,
        "finalSnapshot": False,
    }
    assert "prod: main-1 (postgres 16.4) answers at main.example:5433, backups of 7 days" in step.notes
    assert "Pulumi.staging.yaml: + databases.restored.restoreFrom: {snapshot: main-1-by-hand}" in step.notes


def test_a_restore_that_changes_something_else_fails_the_step(stage: Stage, aws: Aws) -> None:
    engine(stage).changes["up"] = [DATABASE, NETWORK]
    with pytest.raises(StepFailedError, match="should only be created; up would also: update"):
        outliving_steps.database(stage, record())


def test_a_restore_that_makes_no_database_fails_the_step(stage: Stage, aws: Aws) -> None:
    aws.wait = lambda **_: None  # type: ignore[method-assign]
    with pytest.raises(StepFailedError, match="one more database should be there, from main-1-by-hand"):
        outliving_steps.database(stage, record())


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"PubliclyAccessible": True}, "main-1 should be private and encrypted"),
        ({"StorageEncrypted": False}, "main-1 should be private and encrypted"),
    ],
)
def test_a_database_that_is_open_fails_the_step(
    stage: Stage, aws: Aws, changed: dict[str, Any], says: str
) -> None:
    aws.instances["prod"][0].update(changed)
    with pytest.raises(StepFailedError, match=says):
        outliving_steps.database(stage, record())


def test_a_database_without_backups_fails_the_step(stage: Stage, aws: Aws) -> None:
    aws.backups = []
    with pytest.raises(StepFailedError, match="main-1 should have automated backups"):
        outliving_steps.database(stage, record())


def told(*parts: str, unknown: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "parts": [{"part": part, "what": "two", "least": 1.0, "most": 2.5} for part in parts],
        "least": 10.2, "most": 20.4, "currency": "USD", "unknown": list(unknown), "pricesOf": ["2026-01-01"],
    }  # fmt: skip


ALL = ("servers web", "volumes web", "load balancers", "database main", "storage of main", "keys")


def test_the_cost_of_prod_is_told_part_by_part(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = told(*ALL, unknown=("alarmMonth",))
    answer["parts"].append({"part": "alarms", "what": "18 alarms", "least": None, "most": None})
    monkeypatch.setattr(Stage, "ask", lambda _, *arguments: {("cost", "prod"): answer}[arguments])
    step = record()
    outliving_steps.cost(stage, step)
    assert step.notes[0] == "servers web: two: 1.00 to 2.50 USD"
    assert step.notes[-2] == "alarms: 18 alarms"
    assert step.notes[-1] == "in all 10 to 20 USD a month, without alarmMonth, by prices of 2026-01-01"


def test_a_cost_without_a_part_fails_the_step(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "ask", lambda *_: told(*ALL[:-3]))
    with pytest.raises(StepFailedError, match="cost prod should tell of database, keys, storage"):
        outliving_steps.cost(stage, record())
