"""Secrets and session keys of a stack file end in the servers' environment, their role, and nowhere else."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.stacks.declared import Environment, declared
from tests.stacks.given import ROOT, SMALLEST, with_changes

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/api-key-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
WEB = "immutable:services.web"
API = {
    "port": 9090,
    "instanceTypes": ["m7g.large"],
    "route": {"priority": 50, "paths": ["/api/*"]},
    "sessions": True,
}


@pytest.fixture(scope="module")
def built() -> Environment:
    changes: dict[str, Any] = {
        f"{WEB}.secrets": {"API_KEY": {"arn": SECRET, "keyArn": KEY}},
        f"{WEB}.sessions": True,
        "immutable:services.api": API,
        "immutable:services.plain": API | {"route": {"priority": 9, "paths": ["/p"]}, "sessions": False},
        "immutable:sessions": {"rotationDays": 45, "recoveryWindowDays": 8, "retainOnDestroy": False},
        "immutable:logs": {"retentionDays": 7},
    }
    return declared("staging", with_changes(changes))


def told(built: Environment, service: str) -> str:
    return base64.b64decode(built.one("LaunchTemplate", service).inputs["userData"]).decode()


def allowed(built: Environment, service: str) -> dict[str, Any]:
    policies = [each for each in built.resources if each.name == f"{service}-access"]
    statements = [each for one in policies for each in json.loads(one.inputs["policy"])["Statement"]]
    return {each["Sid"]: each["Resource"] for each in statements}


def sessions_arn(built: Environment) -> str:
    arn: str = built.one("SecretRotation", "sessions").inputs["secretId"]
    return arn


def test_a_service_is_told_its_own_secrets_and_the_session_keys_that_it_asked_for(built: Environment) -> None:
    keys = sessions_arn(built)
    assert f'IMMUTABLE_SECRETS=\\"API_KEY={SECRET} SESSION_KEYS={keys}\\"' in told(built, "web")
    assert f'IMMUTABLE_SECRETS=\\"SESSION_KEYS={keys}\\"' in told(built, "api")
    assert "IMMUTABLE_SECRETS" not in told(built, "plain")


def test_its_role_reads_these_and_no_others(built: Environment) -> None:
    assert sorted(allowed(built, "web")["ReadSecrets"]) == sorted([SECRET, sessions_arn(built)])
    assert allowed(built, "api")["ReadSecrets"] == [sessions_arn(built)]
    assert "ReadSecrets" not in allowed(built, "plain")
    assert KEY in allowed(built, "web")["DecryptSecrets"]
    assert KEY not in allowed(built, "api")["DecryptSecrets"]


def test_all_services_share_one_set_of_keys_with_the_times_of_the_file(built: Environment) -> None:
    assert len([each for each in built.resources if each.type.endswith(":SessionKeys")]) == 1
    rotation = built.one("SecretRotation", "sessions").inputs["rotationRules"]
    assert rotation == {"automaticallyAfterDays": 45}
    secret = built.one("Secret", "sessions")
    assert (secret.inputs["recoveryWindowInDays"], secret.kept) == (8, False)
    assert built.one("LogGroup", "sessions").inputs["retentionInDays"] == 7


def test_the_keys_stay_when_nothing_is_said() -> None:
    assert declared("staging", with_changes({f"{WEB}.sessions": True})).one("Secret", "sessions").kept


def test_without_a_service_that_wants_them_there_are_none() -> None:
    built = declared("staging", SMALLEST)
    assert not [each for each in built.resources if "secretsmanager" in each.type]


def test_what_an_environment_does_not_use_is_not_loaded() -> None:
    """Every preview pays for what it loads."""
    parts = ("session_keys", "internal_entry", "certificate", "database", "database_password")
    unused = [f"components.{part}" for part in parts]
    program = f"import sys, stacks.environment; print([each for each in {unused} if each in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
