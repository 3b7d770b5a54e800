"""The function that rotates a database's password, against Secrets Manager and RDS as moto has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions import database_password as function

REGION = "eu-central-1"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Secrets Manager and RDS with a managed password, as the function finds them."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": REGION,
        "ADMIN_NAME": "steward",
        "IDENTIFIER": "main",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(function, "PAUSE_SECONDS", 0)
    with mock_aws():
        rds = boto3.client("rds")
        rds.create_db_instance(
            DBInstanceIdentifier="main",
            Engine="postgres",
            DBInstanceClass="db.m7g.large",
            AllocatedStorage=20,
            MasterUsername="steward",
            ManageMasterUserPassword=True,
        )
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="password")
        yield secrets, rds


def step(name: str, token: str = "") -> None:
    function.handler({"SecretId": "password", "Step": name, "ClientRequestToken": token}, None)


def current(secrets: Any) -> dict[str, str]:
    found = secrets.get_secret_value(SecretId="password", VersionStage="AWSCURRENT")
    return dict(json.loads(found["SecretString"]))


def test_taking_over_ends_the_management_by_rds(clients: tuple[Any, Any]) -> None:
    secrets, rds = clients
    step("takeOver")
    found = current(secrets)
    assert found["username"] == "steward"
    assert len(found["password"]) == 40
    assert "MasterUserSecret" not in rds.describe_db_instances()["DBInstances"][0]


def test_taking_over_again_keeps_the_password(clients: tuple[Any, Any]) -> None:
    step("takeOver")
    before = current(clients[0])
    step("takeOver")
    assert current(clients[0]) == before


TOKEN = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"


def test_a_rotation_sets_another_password_before_it_counts(
    clients: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets, _ = clients
    given: list[str] = []
    monkeypatch.setattr(function, "_set_password", given.append)
    step("takeOver")
    before = current(secrets)
    for _ in range(2):
        # Secrets Manager may repeat any step.
        step("createSecret", TOKEN)
        step("setSecret", TOKEN)
    assert current(secrets) == before
    step("testSecret", TOKEN)
    step("finishSecret", TOKEN)
    step("finishSecret", TOKEN)
    after = current(secrets)
    assert after["password"] != before["password"]
    assert given == [before["password"], after["password"], after["password"]]


def test_a_password_that_does_not_arrive_fails_the_rotation(
    clients: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = {"DBInstanceStatus": "available", "PendingModifiedValues": {"MasterUserPassword": "****"}}
    monkeypatch.setattr(function, "_instance", lambda _: pending)
    with pytest.raises(TimeoutError, match="the password of main is still pending"):
        step("testSecret", TOKEN)


def test_an_unknown_step_is_refused(clients: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match="undo is no step of a rotation"):
        step("undo")
