"""Databases of stack files for tests, and accounts in which some are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stacks.declared import Account, Answer, Environment, declared
from tests.stacks.given import with_changes

MAIN = "immutable:databases.main"
GIVEN = {"engine": "postgres", "version": "16.4", "instanceClass": "db.m7g.large"}
SLEEP = {"timeZone": "Europe/Berlin", "from": "20:00", "until": "07:00"}
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shared-AbCdEf"
EXTERNAL = {
    "host": "shared.example.com",
    "port": 5432,
    "name": "orders",
    "securityGroupId": "sg-0123456789abcdef0",
    "secretArn": SECRET,
}
MYSQL = {"engine": "mysql", "version": "8.4.3"}


def given(**changed: Any) -> dict[str, Any]:
    return {MAIN: {name: value for name, value in {**GIVEN, **changed}.items() if value is not None}}


@dataclass(frozen=True)
class Rds(Account):
    """An account with these databases, and these versions with what each can become."""

    there: tuple[Mapping[str, Any], ...] | str = ()
    versions: Mapping[str, Sequence[str]] | None = None

    def answers(self) -> dict[str, Any]:
        known = {each["dbInstanceIdentifier"]: each for each in self.there if not isinstance(each, str)}
        return {
            **super().answers(),
            "getInstances": self._instances,
            "getInstance": lambda args: dict(known[args["dbInstanceIdentifier"]]),
            "getEngineVersion": self._version,
        }

    def _instances(self, args: Mapping[str, Any]) -> Answer:
        if isinstance(self.there, str):
            return self.there
        wanted = args["tags"].items()
        found = [each["dbInstanceIdentifier"] for each in self.there if wanted <= each["tags"].items()]
        return {"instanceIdentifiers": found, "instanceArns": []}

    def _version(self, args: Mapping[str, Any]) -> Answer:
        if self.versions is None:
            return {"version": args["version"], "validUpgradeTargets": []}
        if args["version"] not in self.versions:
            return "reading RDS engine versions: couldn't find resource"
        return {"version": args["version"], "validUpgradeTargets": list(self.versions[args["version"]])}


def made(changes: dict[str, Any], account: Account = Rds()) -> Environment:
    return declared("staging", with_changes(changes), account=account)


def live(version: str = "16.4", named: str | None = None, **changed: Any) -> dict[str, Any]:
    tags = {
        "project": "immutable",
        "environment": "staging",
        "Name": "main",
        "immutable-engine-version": named or version,
        **changed.pop("tags", {}),
    }
    return {
        "dbInstanceIdentifier": "main-1a2b3c4d",
        "engine": "postgres",
        "engineVersion": version,
        "dbName": "app",
        "masterUsername": "steward",
        "masterUserSecrets": [{"secretArn": SECRET}],
        "tags": tags,
        **changed,
    }


RESTORED = {"restoreFrom": {"snapshot": "old-final"}}
HERE = "main-1a2b3c4d"
