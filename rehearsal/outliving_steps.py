"""What outlives the servers: their last lines in the bucket, and a database with what it had before."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

from rehearsal.stage import Stage, StepFailedError, StepRecord, shown, unexpected

STAGING, PROD = "staging", "prod"
DATABASES = "immutable:databases"
RESTORED = "restored"
LAST_LINE = "this is the last line"
# Firehose waits some emulated minutes for more lines before it writes a file.
ARRIVAL_SECONDS = 20.0
#: What a restored database has of its own: whoever tries it out does not keep it.
PASSING = {"deletionProtection": False, "retainOnDestroy": False, "finalSnapshot": False}
#: Settings that a restored database takes over from the one that it is a copy of.
LIKE = ("engine", "version", "instanceClass", "multiAz")


def last_line(stage: Stage, step: StepRecord) -> None:
    """A server of prod is terminated; what it said last, while its hook held it, is in the bucket."""
    group = stage.expect_whole(PROD)[0]
    going = min(group.serving)
    stage.aws(PROD, "autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=going, ShouldDecrementDesiredCapacity=False
    )
    stage.expect_whole(PROD, without={going})
    step.notes.append(f"{going} of {group.service} is gone, and another one in its place")
    bucket = _bucket(stage)
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while (found := _file_with(stage, bucket, group.service, going)) is None:
        if time.monotonic() > deadline:
            raise StepFailedError(f"the last line of {going} ({group.service}) should be in {bucket}")
        time.sleep(0.2)
    file, line = found
    step.notes.append(f"its last line, {line!r}, is in the bucket: {file}")


def _bucket(stage: Stage) -> str:
    s3 = stage.aws(PROD, "s3")
    for each in s3.list_buckets()["Buckets"]:
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=each["Name"])["TagSet"]}
        if (tags.get("environment"), tags.get("Name")) == (PROD, "logs"):
            return str(each["Name"])
    raise StepFailedError(f"{PROD} should have a bucket for its logs")


def _file_with(stage: Stage, bucket: str, service: str, server: str) -> tuple[str, str] | None:
    """The file with the last line of a server, and that; the newest files are looked at first."""
    s3 = stage.aws(PROD, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"services/service={service}/")
    files = [each for page in pages for each in page.get("Contents", ())]
    for file in sorted(files, key=lambda each: str(each["LastModified"]), reverse=True):
        content = gzip.decompress(s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read())
        for message in _messages(content, server):
            if LAST_LINE in message:
                return str(file["Key"]), str(json.loads(message)["body"]["MESSAGE"])
    return None


def _messages(content: bytes, server: str) -> Iterator[str]:
    """What a server said, in a file of CloudWatch Logs' own records: one a line, the server as the stream."""
    for line in content.splitlines():
        record = json.loads(line)
        if record["logStream"] == server:
            yield from (event["message"] for event in record["logEvents"])


def database(stage: Stage, step: StepRecord) -> None:
    """Both databases stand, backed up; staging's is restored from a snapshot, by some lines of its file."""
    for name in (PROD, STAGING):
        for instance in _instances(stage, name):
            step.notes.append(_told(stage, name, instance))
    (source,) = _instances(stage, STAGING)
    snapshot = f"{source['DBInstanceIdentifier']}-by-hand"
    rds = stage.aws(STAGING, "rds")
    rds.create_db_snapshot(DBInstanceIdentifier=source["DBInstanceIdentifier"], DBSnapshotIdentifier=snapshot)
    rds.get_waiter("db_snapshot_available").wait(
        DBSnapshotIdentifier=snapshot, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    step.notes += [f"Pulumi.{STAGING}.yaml: + {line}" for line in _restore(stage, snapshot)]
    outcome = stage.run("up", STAGING, step)
    if odd := unexpected(outcome, lambda changed: changed.op == "create"):
        raise StepFailedError(f"a restored database should only be created; up would also: {shown(odd)}")
    restored = [
        each for each in _instances(stage, STAGING) if each["DbiResourceId"] != source["DbiResourceId"]
    ]
    if len(restored) != 1 or restored[0]["DBInstanceStatus"] != "available":
        raise StepFailedError(
            f"one more database should be there, from {snapshot}; there are {len(restored)}"
        )
    step.notes.append(_told(stage, STAGING, restored[0]))
    rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot)
    step.notes.append(f"{snapshot} is deleted by hand; what came of it stays")


def _restore(stage: Stage, snapshot: str) -> list[str]:
    """Put a restored database into staging's file, beside the one that it is a copy of; returns its lines."""
    yaml_of_people = YAML()
    path = stage.workspace.config_file(STAGING)
    document = yaml_of_people.load(path.read_text())
    databases = document["config"][DATABASES]
    given = next(iter(databases.values()))
    like = {key: given[key] for key in LIKE if key in given}
    databases[RESTORED] = {**like, "restoreFrom": {"snapshot": snapshot}, **PASSING}
    with path.open("w") as file:
        yaml_of_people.dump(document, file)
    return [f"databases.{RESTORED}.{key}: {_shown(value)}" for key, value in databases[RESTORED].items()]


def _shown(value: Any) -> str:
    return json.dumps(value).replace('"', "")


def cost(stage: Stage, step: StepRecord) -> None:
    """What prod costs a month: said part by part, with a price or without one."""
    told = stage.ask("cost", PROD)
    parts = {each["part"].split(" ")[0] for each in told["parts"]}
    if missing := {"servers", "volumes", "load", "database", "storage", "keys"} - parts:
        raise StepFailedError(f"cost {PROD} should tell of {shown(sorted(missing))}")
    step.notes += [
        f"{each['part']}: {each['what']}"
        + ("" if each["least"] is None else f": {each['least']:.2f} to {each['most']:.2f} {told['currency']}")
        for each in told["parts"]
    ]
    without = f", without {shown(told['unknown'])}" if told["unknown"] else ""
    step.notes.append(
        f"in all {told['least']:.0f} to {told['most']:.0f} {told['currency']} a month{without}, by prices of "
        f"{', '.join(told['pricesOf'])}"
    )


def _instances(stage: Stage, environment: str) -> list[dict[str, Any]]:
    found = stage.aws(environment, "rds").describe_db_instances()["DBInstances"]
    wanted = {"Key": "environment", "Value": environment}
    return [each for each in found if wanted in each["TagList"]]


def _told(stage: Stage, environment: str, instance: dict[str, Any]) -> str:
    """A database in a sentence. Raises StepFailedError for one that is not as it should be."""
    address, name = instance["Endpoint"], instance["DBInstanceIdentifier"]
    if instance["PubliclyAccessible"] or not instance["StorageEncrypted"]:
        raise StepFailedError(f"{name} should be private and encrypted")
    backups = stage.aws(environment, "rds").describe_db_instance_automated_backups(
        DbiResourceId=instance["DbiResourceId"]
    )["DBInstanceAutomatedBackups"]
    if not backups:
        raise StepFailedError(f"{name} should have automated backups")
    days = instance["BackupRetentionPeriod"]
    return (
        f"{environment}: {name} ({instance['Engine']} {instance['EngineVersion']}) answers at "
        f"{address['Address']}:{address['Port']}, backups of {days} days"
    )
