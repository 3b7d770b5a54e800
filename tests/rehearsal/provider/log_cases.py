"""The cases of what carries logs: streams, filters, Firehose, saved queries, and where they end up."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider.cases import TAGS, Case
from tests.rehearsal.provider.world import POLICY, TRUST, Made, World

_numbers = count(1)
PROCESSORS = [
    {
        "type": "Decompression",
        "parameters": [{"parameterName": "CompressionFormat", "parameterValue": "GZIP"}],
    },
    {"type": "AppendDelimiterToRecord"},
]


def delivery_stream(world: World, **changes: Any) -> Properties:
    """Inputs of a stream that delivers to the world's bucket."""
    return {
        "destination": "extended_s3",
        "extendedS3Configuration": {
            "roleArn": _role(world, "firehose"),
            "bucketArn": world.bucket.outputs["arn"],
            "prefix": "services/service=web/year=!{timestamp:yyyy}/",
            "errorOutputPrefix": "failures/!{firehose:error-output-type}/",
            "bufferingInterval": 60,
            "bufferingSize": 16,
            "compressionFormat": "GZIP",
            "kmsKeyArn": world.key.outputs["arn"],
            "cloudwatchLoggingOptions": {"enabled": True, "logGroupName": "g", "logStreamName": "delivery"},
            "processingConfiguration": {"enabled": True, "processors": PROCESSORS},
            **changes,
        },
        "serverSideEncryption": {
            "enabled": True,
            "keyType": "CUSTOMER_MANAGED_CMK",
            "keyArn": world.key.outputs["arn"],
        },
        "tags": TAGS,
    }


def _role(world: World, service: str) -> str:
    """The ARN of a role that a service may assume, and that may do everything."""
    trust = TRUST.replace("ec2.amazonaws.com", f"{service}.amazonaws.com")
    role = world.make("aws:iam/role:Role", assumeRolePolicy=trust)
    policy = POLICY.replace("logs:*", "*")
    world.make("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=policy)
    return str(role.outputs["arn"])


def _stream_now(world: World, made: Made) -> tuple[Any, ...]:
    name = made.outputs["name"]
    found = world.client("firehose").describe_delivery_stream(DeliveryStreamName=name)
    stream = found["DeliveryStreamDescription"]
    destination = stream["Destinations"][0]["ExtendedS3DestinationDescription"]
    status = stream["DeliveryStreamEncryptionConfiguration"]["Status"]
    hints = destination["BufferingHints"]
    return hints["SizeInMBs"], hints["IntervalInSeconds"], destination["CompressionFormat"], status


def _delivery_stream_of(world: World) -> Made:
    """Made once for a world."""
    made: Made | None = vars(world).get("delivery_stream")
    if made is None:
        token = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
        made = vars(world)["delivery_stream"] = world.make(token, **delivery_stream(world))
    return made


def _versioned(world: World) -> str:
    """The name of a bucket with versions, which Object Lock needs."""
    bucket = world.make("aws:s3/bucket:Bucket", forceDestroy=True).id
    world.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def subscription(world: World) -> Properties:
    return {
        "logGroup": world.log_group.id,
        "destinationArn": _delivery_stream_of(world).id,
        "roleArn": _role(world, "logs"),
        "filterPattern": "ERROR",
    }


def _subscription_now(world: World, made: Made) -> Any:
    found = world.client("logs").describe_subscription_filters(logGroupName=made.inputs["logGroup"])
    return [
        (each["filterPattern"], each["distribution"])
        for each in found["subscriptionFilters"]
        if each["filterName"] == made.inputs["name"]
    ]


def _errors(pattern: str) -> Properties:
    transformation = {"name": "errors", "namespace": "web", "value": "1", "defaultValue": "0"}
    return {"pattern": pattern, "metricTransformation": transformation}


def _metric_now(world: World, made: Made) -> Any:
    found = world.client("logs").describe_metric_filters(logGroupName=made.inputs["logGroupName"])
    return [each["filterPattern"] for each in found["metricFilters"] if each["filterName"] == made.id]


def _query_now(world: World, made: Made) -> Any:
    found = world.client("logs").describe_query_definitions(queryDefinitionNamePrefix="web/")
    return [each["queryString"] for each in found["queryDefinitions"] if each["queryDefinitionId"] == made.id]


def _dashboard(title: str) -> str:
    return json.dumps({"widgets": [{"type": "text", "properties": {"markdown": title}}]})


LOGS = (
    Case(
        "aws:cloudwatch/logStream:LogStream",
        lambda w: {"logGroupName": w.log_group.id, "name": f"delivery{next(_numbers)}"},
        replace=lambda _: {"name": "other"},
        import_id=lambda made: f"{made.inputs['logGroupName']}:{made.id}",
    ),
    Case(
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        lambda w: subscription(w),
        change=lambda _: {"filterPattern": "", "distribution": "Random"},
        seen=_subscription_now,
        expected=[("", "Random")],
        replace=lambda _: {"destinationArn": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/b"},
        import_id=lambda made: f"{made.inputs['logGroup']}|{made.inputs['name']}",
    ),
    Case(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        lambda w: {"logGroupName": w.log_group.id, **_errors("ERROR")},
        change=lambda _: {"pattern": "FATAL"},
        seen=_metric_now,
        expected=["FATAL"],
        replace=lambda _: {"logGroupName": "other"},
        import_id=lambda made: f"{made.inputs['logGroupName']}:{made.id}",
    ),
    Case(
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        lambda w: {"name": "web/errors", "queryString": "fields @message", "logGroupNames": [w.log_group.id]},
        change=lambda _: {"queryString": "fields @timestamp"},
        seen=_query_now,
        expected=["fields @timestamp"],
    ),
    Case(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _: {"dashboardName": "web", "dashboardBody": _dashboard("a")},
        change=lambda _: {"dashboardBody": _dashboard("b")},
        seen=lambda w, made: w.client("cloudwatch").get_dashboard(DashboardName=made.id)["DashboardBody"],
        expected=_dashboard("b"),
        replace=lambda _: {"dashboardName": "other"},
    ),
    Case(
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        lambda w: delivery_stream(w),
        change=lambda w: {
            "extendedS3Configuration": {
                **delivery_stream(w)["extendedS3Configuration"],
                "bufferingSize": 64,
                "bufferingInterval": 300,
                "compressionFormat": "UNCOMPRESSED",
            },
            "serverSideEncryption": {"enabled": False},
        },
        seen=_stream_now,
        expected=(64, 300, "UNCOMPRESSED", "DISABLED"),
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.make("aws:ec2/vpc:Vpc", cidrBlock="10.7.0.0/16").id,
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": f"{w.bucket.outputs['arn']}/flow-logs/",
            "maxAggregationInterval": 60,
            "destinationOptions": {
                "fileFormat": "plain-text",
                "hiveCompatiblePartitions": True,
                "perHourPartition": True,
            },
        },
        replace=lambda _: {"destinationOptions": {"fileFormat": "parquet"}},
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {"bucket": w.bucket.id, "rules": _rules(90)},
        change=lambda _: {"rules": _rules(30)},
        seen=lambda w, made: [
            [(each["Days"], each["StorageClass"]) for each in rule["Transitions"]]
            for rule in w.client("s3").get_bucket_lifecycle_configuration(Bucket=made.id)["Rules"]
        ],
        expected=[[(30, "GLACIER"), (120, "DEEP_ARCHIVE")], [(30, "GLACIER")]],
        replace=lambda _: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        lambda w: {
            "bucket": _versioned(w),
            "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}},
        },
        change=lambda _: {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "years": 1}}},
        seen=lambda w, made: w.client("s3").get_object_lock_configuration(Bucket=made.id)[
            "ObjectLockConfiguration"
        ]["Rule"]["DefaultRetention"]["Mode"],
        expected="COMPLIANCE",
        replace=lambda _: {"bucket": "other"},
        stays=True,
    ),
)


def _rules(days: int) -> list[Properties]:
    """Two folders, each with its own way to colder storage."""
    rest: Properties = {
        "status": "Enabled",
        "expiration": {"days": 400},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    to_glacier = {"days": days, "storageClass": "GLACIER"}
    deeper = {"days": days + 90, "storageClass": "DEEP_ARCHIVE"}
    return [
        {"id": "services", "filter": {"prefix": "services/"}, "transitions": [to_glacier, deeper], **rest},
        {"id": "flow-logs", "filter": {"prefix": "flow-logs/"}, "transitions": [to_glacier], **rest},
    ]
