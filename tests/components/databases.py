"""Databases for tests: what the engine answers about them, and one to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.database import Database, DatabaseArgs
from tests.components.recorder import ACCOUNT, OUTPUTS, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

VPC = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/main"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-main"
INSTANCE = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:main"

GIVEN: dict[str, Any] = {
    "owner_arn": VPC,
    "vpc_id": "vpc-1",
    "subnet_ids": ("subnet-a", "subnet-b"),
    "engine": "postgres",
    "version": "16.4",
    "instance_class": "db.m7g.large",
    "database_name": "shop",
    "alert_topic_arn": "arn:topic",
    "tags": {"owner": "platform"},
}


def _nothing(_: str) -> dict[str, Any]:
    return {}


def _named(name: str) -> dict[str, Any]:
    return {"name": f"{name}-name"}


OUTPUTS.update(
    {
        "aws:kms/key:Key": lambda name: {
            "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}",
            "keyId": "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d",
        },
        "aws:lambda/function:Function": lambda name: {
            "name": f"{name}-function",
            "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        },
        "aws:lambda/invocation:Invocation": lambda _: {"result": "{}"},
        "aws:lambda/permission:Permission": _nothing,
        "aws:rds/eventSubscription:EventSubscription": _nothing,
        "aws:rds/instance:Instance": lambda name: {
            "arn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
            "address": f"{name}.rds.example",
            "resourceId": f"db-{name.upper()}",
            "username": "steward",
            "masterUserSecrets": [
                {"secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-{name}"}
            ],
        },
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _nothing,
        "aws:rds/parameterGroup:ParameterGroup": _named,
        "aws:rds/proxy:Proxy": lambda name: {"name": f"{name}-name", "endpoint": f"{name}.proxy.example"},
        "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": lambda _: {"name": "default"},
        "aws:rds/proxyTarget:ProxyTarget": _nothing,
        "aws:rds/subnetGroup:SubnetGroup": _named,
        "aws:secretsmanager/secret:Secret": lambda name: {
            "arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"
        },
        "aws:secretsmanager/secretRotation:SecretRotation": _nothing,
    }
)


def args(**changed: Any) -> DatabaseArgs:
    return DatabaseArgs(**{**GIVEN, **changed})


def database(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = Database("main", args(**changed))
        return {
            "access": dict(made.access),
            "identifier": made.identifier,
            "arn": made.arn,
            "resource_id": made.resource_id,
            "address": made.address,
            "replica_identifiers": made.replica_identifiers,
            "replica_addresses": made.replica_addresses,
            "alarms": made.alarms.names,
        }

    return build(program)


def tags(name: str) -> dict[str, str]:
    return {"owner": "platform", "Name": name}
