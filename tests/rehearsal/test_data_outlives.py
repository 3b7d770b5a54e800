"""No destroy and no failed update deletes data: tried on a whole environment in the emulated cloud.

The verdicts on every type that a stack declares stand in `tests/stacks/test_state_outlives.py`; here is what
they come to. What is asked is the account itself, with AWS's own calls, not the engine's state.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import yaml

from rehearsal import aws_client, bench
from rehearsal.engines import EmbeddedEngine, Operation, Outcome
from rehearsal.workspace import REPOSITORY

STACK = "prod"
REGION, COPIES = "eu-central-1", "eu-west-1"
ZONE = "Z0123456789PROD"
FOREIGN = "mail.example.com."
PLANTED = ("services/service=api/one.gz", "flow-logs/two.gz")
SERVICE = {
    "port": 9090,
    "instanceTypes": ["m7g.large"],
    "min": 2,
    "route": {"priority": 100, "paths": ["/*"]},
    "database": "main",
    "sessions": True,
}
DATABASE = {
    "engine": "postgres",
    "version": "16.4",
    "instanceClass": "db.m7g.large",
    "backupCopyRegion": COPIES,
}

Config = dict[str, Any]
Inventory = dict[str, set[str]]


class Act(NamedTuple):
    """Something that happens to the environment; `fault` is an operation of AWS's that fails meanwhile."""

    changes: Config
    operation: Operation = "up"
    ok: bool = False
    fault: str = ""


ACTS = {
    "an update that fails in its midst": Act(
        {"databases.main.instanceClass": "db.m7g.xlarge", "services.api.environment": {"LOG_LEVEL": "debug"}},
        fault="ModifyDBInstance",
    ),
    "another network, which replaces all that stands in it": Act({"network.cidr": "10.77.0.0/16"}),
    "database, sessions and service gone from the file, and another service in their place": Act(
        {"services": {"shop": {**SERVICE, "sessions": False, "database": None}}, "databases": None}
    ),
    "a destroy": Act({}, "destroy"),
    "the database's protection taken off, on a line of its own": Act(
        {"databases.main.deletionProtection": False}, ok=True
    ),
    # It keeps the database, and AWS keeps the network that a database stands in.
    "a destroy after that": Act({"databases.main.deletionProtection": False}, "destroy"),
}
"""In their order: each finds what the one before it has left."""


@dataclass
class Environment:
    """A whole one, in a cloud of its own, with data in everything that keeps any."""

    workspace: Any
    cloud: Any

    def __post_init__(self) -> None:
        self.engine = EmbeddedEngine(self.workspace, self.workspace.variables(self.cloud.url))

    def aws(self, service: str, region: str = REGION) -> Any:
        return aws_client.client(service, self.cloud.url, region)

    def happens(self, act: Act) -> Outcome:
        self.configure(act.changes)
        if act.fault:
            fault = {"action": act.fault, "error": "AccessDeniedException"}
            self.cloud.client.call("faults", fault)
        try:
            return self.engine.run(act.operation, STACK)
        finally:
            clear = urllib.request.Request(f"{self.cloud.url}/rehearsal/faults", method="DELETE")  # noqa: S310
            urllib.request.urlopen(clear).close()  # noqa: S310

    def configure(self, changes: Config) -> None:
        """The stack's file as it is in this test, with these changes by path; None takes a key away."""
        path = self.workspace.config_file(STACK)
        given = yaml.safe_load((REPOSITORY / path.name).read_text())["config"]
        config = {key: given[key] for key in ("aws:region", "immutable:imageId")}
        config |= {
            "immutable:network": {"cidr": "10.30.0.0/16", "zones": 2, "egress": "single-nat"},
            "immutable:names": {"zoneId": ZONE, "domain": "example.com"},
            "immutable:loadBalancer": {"scheme": "internet-facing", "deletionProtection": False},
            "immutable:services": {"api": dict(SERVICE)},
            "immutable:databases": {"main": dict(DATABASE)},
        }
        for key, value in changes.items():
            *parents, last = f"immutable:{key}".split(".")
            place = config
            for parent in parents:
                place = place[parent]
            if value is None:
                del place[last]
            else:
                place[last] = value
        path.write_text(yaml.safe_dump({"config": config}))

    def fill(self) -> None:
        """Data of every kind, but what makes itself: the database's backups and the session keys."""
        # Beside it stands the one that takes who asked it for what.
        bucket, _ = sorted(self.aws("s3").list_buckets()["Buckets"], key=lambda each: len(each["Name"]))
        for key in PLANTED:
            self.aws("s3").put_object(Bucket=bucket["Name"], Key=key, Body=b"lines")
        for group in self.aws("logs").describe_log_groups()["logGroups"]:
            if group["logGroupName"].startswith(("api", "/aws/rds/")):
                name = {"logGroupName": group["logGroupName"], "logStreamName": "planted"}
                self.aws("logs").create_log_stream(**name)
                event = {"timestamp": group["creationTime"] + 1000, "message": "planted"}
                self.aws("logs").put_log_events(**name, logEvents=[event])
        record = {
            "Name": FOREIGN,
            "Type": "MX",
            "TTL": 300,
            "ResourceRecords": [{"Value": "10 mx.example.com"}],
        }
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        self.aws("route53").change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=batch)

    def data(self) -> Inventory:
        """All that nobody could make again, and the keys without which it could not be read."""
        found: Inventory = {"line": set(), "object": set(), "database": set(), "backups": set()}
        keys: dict[str, set[str]] = {REGION: set(), COPIES: set()}
        for group in self.aws("logs").describe_log_groups()["logGroups"]:
            keys[REGION].add(group.get("kmsKeyId", ""))
            events = self.aws("logs").filter_log_events(logGroupName=group["logGroupName"])["events"]
            found["line"] |= {group["logGroupName"] for each in events if each["message"] == "planted"}
        for bucket in self.aws("s3").list_buckets()["Buckets"]:
            objects = self.aws("s3").list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())
            found["object"] |= {each["Key"] for each in objects if each["Key"] in PLANTED}
        self._databases(found, keys)
        secrets = self.aws("secretsmanager")
        found["secret"] = set()
        for each in secrets.list_secrets()["SecretList"]:
            assert secrets.get_secret_value(SecretId=each["ARN"], VersionStage="AWSCURRENT")["SecretString"]
            found["secret"].add(each["ARN"])
            keys[REGION].add(each.get("KmsKeyId", ""))
        found["key"] = {key for region in keys for key in keys[region] if key and self._usable(key, region)}
        records = self.aws("route53").list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
        found["record of others"] = {each["Name"] for each in records if each["Name"] == FOREIGN}
        return found

    def _databases(self, found: Inventory, keys: dict[str, set[str]]) -> None:
        for each in self.aws("rds").describe_db_instances()["DBInstances"]:
            found["database"].add(each["DbiResourceId"])
            keys[REGION].add(each["KmsKeyId"])
        for region in keys:
            rds = self.aws("rds", region)
            for each in rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]:
                found["backups"].add(f"{region} {each['DbiResourceId']}")
                keys[region].add(each.get("KmsKeyId", ""))

    def _usable(self, key: str, region: str) -> bool:
        return bool(self.aws("kms", region).describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled")


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with bench.bench() as (workspace, cloud):
        # Time goes on, but not so fast that retention would end what was just put there.
        cloud.client.speed(5000)
        bench.register(workspace, cloud)
        made = Environment(workspace, cloud)
        made.happens(Act({})).must()
        made.fill()
        yield made


@pytest.fixture(scope="module")
def before(environment: Environment) -> Inventory:
    found = environment.data()
    assert {kind for kind, each in found.items() if not each} == set(), "each kind has data to lose"
    # Of session keys, of the database's administrator; of both the database's regions, logs and sessions.
    assert len(found["secret"]) == 2
    assert len(found["key"]) == 4
    assert len(found["line"]) == 3
    return found


@pytest.mark.parametrize("what", ACTS)
def test_no_data_is_lost_by(what: str, environment: Environment, before: Inventory) -> None:
    act = ACTS[what]
    outcome = environment.happens(act)
    assert outcome.ok == act.ok, outcome.reason
    after = environment.data()
    assert {kind: each - after[kind] for kind, each in before.items() if each - after[kind]} == {}
