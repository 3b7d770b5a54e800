"""A database for tests to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.database import Database, DatabaseArgs
from tests.components.recorder import ACCOUNT, REGION, Built

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
