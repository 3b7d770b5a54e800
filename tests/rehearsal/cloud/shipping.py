"""A log group whose lines Firehose brings into a bucket, made with boto3, and what arrived there."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

from rehearsal.cloud.local import Local

GROUP, STREAM, BUCKET = "web", "i-0123456789abcdef0", "archive"
PREFIX = "services/service=web/year=!{timestamp:yyyy}/month=!{timestamp:MM}/"
ERRORS = "failures/!{firehose:error-output-type}/"
INTERVAL = 60
UNPACKED: list[dict[str, Any]] = [{"Type": "Decompression"}, {"Type": "AppendDelimiterToRecord"}]
MESSAGES: list[dict[str, Any]] = [
    {"Type": "Decompression"},
    {
        "Type": "CloudWatchLogProcessing",
        "Parameters": [{"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}],
    },
]


def allow(*actions: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Shipping:
    """All is there from the start but the subscription."""

    def __init__(
        self, cloud: Local, processors: Iterable[dict[str, Any]] = UNPACKED, **settings: Any
    ) -> None:
        self.cloud = cloud
        self.iam, self.s3 = cloud.client("iam"), cloud.client("s3")
        self.logs, self.firehose = cloud.client("logs"), cloud.client("firehose")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": cloud.region})
        self.logs.create_log_group(logGroupName=GROUP)
        self.logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        self.writer = self.role("writer", "firehose.amazonaws.com", allow("s3:*", "logs:*", "kms:*"))
        self.sender = self.role("sender", "logs.amazonaws.com", allow("firehose:*"))
        given = {
            "RoleARN": self.writer,
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "Prefix": PREFIX,
            "ErrorOutputPrefix": ERRORS,
            "BufferingHints": {"SizeInMBs": 16, "IntervalInSeconds": INTERVAL},
            "CompressionFormat": "GZIP",
            "ProcessingConfiguration": {"Enabled": True, "Processors": list(processors)},
        }
        self.stream = self.create_stream("web", **(given | settings))

    def role(self, name: str, service: str, policy: str) -> str:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        self.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def may(self, name: str, policy: str) -> None:
        """What a role may do from now on."""
        self.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)

    def create_stream(self, name: str, **settings: Any) -> str:
        made = self.firehose.create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=settings
        )
        return str(made["DeliveryStreamARN"])

    def subscribe(self, pattern: str = "", **changes: Any) -> None:
        given = {"destinationArn": self.stream, "roleArn": self.sender} | changes
        kept = {key: value for key, value in given.items() if value is not None}
        self.logs.put_subscription_filter(logGroupName=GROUP, filterName="all", filterPattern=pattern, **kept)

    def write(self, *messages: str, stream: str = STREAM) -> None:
        world = self.cloud.world
        now = int(world.clock.date(world.timeline.now).timestamp() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        self.logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)

    def keys(self, prefix: str = "services/") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def text(self, prefix: str = "services/") -> str:
        """All objects below the prefix, unpacked, one after the other."""
        bodies = [self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in self.keys(prefix)]
        return "".join(gzip.decompress(body).decode() for body in bodies)

    def records(self, prefix: str = "services/") -> list[dict[str, Any]]:
        """What CloudWatch Logs sent: one record a line, but for those that only tried the way."""
        found = [json.loads(line) for line in self.text(prefix).splitlines()]
        return [record for record in found if record["messageType"] == "DATA_MESSAGE"]

    def lines(self, prefix: str = "services/") -> list[str]:
        return [event["message"] for record in self.records(prefix) for event in record["logEvents"]]
