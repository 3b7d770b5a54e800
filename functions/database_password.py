"""Rotates the password of a database that RDS cannot keep the password of. Runs in Lambda, by itself: it may
import nothing but boto3, which is there.

It sets the password by RDS's own interface and so needs no way into the database's network. Secrets Manager
calls it in four steps (AWS Secrets Manager, Rotation by Lambda function); the fifth, `takeOver`, is called
once when the database is made, and ends the management by RDS. Each step may be repeated.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from typing import Any

import boto3

ATTEMPTS = 80
PAUSE_SECONDS = 10


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Do one step. Raises for one that is unknown, and where the password does not arrive in time."""
    secrets, secret = boto3.client("secretsmanager"), event["SecretId"]
    step = event["Step"]
    if step == "takeOver":
        _set_password(_current(secrets, secret))
    elif step == "createSecret":
        _create(secrets, secret, event["ClientRequestToken"])
    elif step == "setSecret":
        token = event["ClientRequestToken"]
        _set_password(_value(secrets, secret, VersionId=token, VersionStage="AWSPENDING"))
    elif step == "testSecret":
        # RDS has told that the password is set; who logs in to try would need the network.
        _await_password(boto3.client("rds"))
    elif step == "finishSecret":
        _finish(secrets, secret, event["ClientRequestToken"])
    else:
        raise ValueError(f"{step} is no step of a rotation")
    return {"step": step, "status": "done"}


def _value(secrets: Any, secret: str, **which: str) -> str:
    found = secrets.get_secret_value(SecretId=secret, **which)["SecretString"]
    return str(json.loads(found)["password"])


def _current(secrets: Any, secret: str) -> str:
    """The password that counts, made now where there is none."""
    try:
        return _value(secrets, secret, VersionStage="AWSCURRENT")
    except secrets.exceptions.ResourceNotFoundException:
        _put(secrets, secret, str(uuid.uuid4()), "AWSCURRENT")
        return _value(secrets, secret, VersionStage="AWSCURRENT")


def _create(secrets: Any, secret: str, token: str) -> None:
    try:
        secrets.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
    except secrets.exceptions.ResourceNotFoundException:
        _put(secrets, secret, token, "AWSPENDING")


def _put(secrets: Any, secret: str, token: str, stage: str) -> None:
    # RDS refuses / @ " and spaces, and MySQL takes 41 characters (CreateDBInstance, MasterUserPassword).
    password = secrets.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]
    secrets.put_secret_value(
        SecretId=secret,
        ClientRequestToken=token,
        SecretString=json.dumps({"username": os.environ["ADMIN_NAME"], "password": password}),
        VersionStages=[stage],
    )


def _set_password(password: str) -> None:
    rds = boto3.client("rds")
    managed = {"ManageMasterUserPassword": False} if "MasterUserSecret" in _instance(rds) else {}
    rds.modify_db_instance(
        DBInstanceIdentifier=os.environ["IDENTIFIER"],
        MasterUserPassword=password,
        ApplyImmediately=True,
        **managed,
    )
    _await_password(rds)


def _instance(rds: Any) -> dict[str, Any]:
    found = rds.describe_db_instances(DBInstanceIdentifier=os.environ["IDENTIFIER"])
    return dict(found["DBInstances"][0])


def _await_password(rds: Any) -> None:
    """A password is pending for some seconds, and the instance is not available while it is set."""
    for _ in range(ATTEMPTS):
        instance = _instance(rds)
        pending = instance.get("PendingModifiedValues", {})
        if instance["DBInstanceStatus"] == "available" and "MasterUserPassword" not in pending:
            return
        time.sleep(PAUSE_SECONDS)
    raise TimeoutError(f"the password of {os.environ['IDENTIFIER']} is still pending")


def _finish(secrets: Any, secret: str, token: str) -> None:
    versions = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    current = next((version for version, stages in versions.items() if "AWSCURRENT" in stages), None)
    if current == token:
        return
    moved = {"RemoveFromVersionId": current} if current else {}
    secrets.update_secret_version_stage(
        SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, **moved
    )
