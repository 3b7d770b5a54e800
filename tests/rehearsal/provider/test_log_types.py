"""What carries logs, where it is more than one resource's life; and bad input for it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.plugin import ProviderError
from rehearsal.provider import aws_provider
from tests.rehearsal.provider.log_cases import delivery_stream, subscription
from tests.rehearsal.provider.world import World, urn

STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
SUBSCRIPTION = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
METRIC_FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


def _refusals(token: str, **inputs: Any) -> list[str]:
    failures = aws_provider().check(urn(token, "web"), {}, inputs, b"1")[1]
    return [failure.property for failure in failures]


@pytest.mark.parametrize(
    ("token", "inputs", "at"),
    [
        (STREAM, {"destination": "s3"}, "destination"),
        (
            STREAM,
            {"destination": "extended_s3", "extendedS3Configuration": {"bufferingSize": 129}},
            "extendedS3Configuration.bufferingSize",
        ),
        (
            STREAM,
            {"destination": "extended_s3", "extendedS3Configuration": {"bufferingInterval": 901}},
            "extendedS3Configuration.bufferingInterval",
        ),
        (
            STREAM,
            {"destination": "extended_s3", "serverSideEncryption": {"enabled": True, "keyType": "MINE"}},
            "serverSideEncryption.keyType",
        ),
        (STREAM, {"destination": "extended_s3", "name": "n" * 65}, "name"),
        (
            SUBSCRIPTION,
            {"logGroup": "g", "destinationArn": "a", "filterPattern": "", "distribution": "Even"},
            "distribution",
        ),
        (
            SUBSCRIPTION,
            {"logGroup": "g", "destinationArn": "a", "filterPattern": "x" * 1025},
            "filterPattern",
        ),
        (LOCK, {"bucket": "b", "rule": {"defaultRetention": {"mode": "NONE"}}}, "rule.defaultRetention.mode"),
        (
            LOCK,
            {"bucket": "b", "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 0}}},
            "rule.defaultRetention.days",
        ),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [{"transitions": [{"days": 1, "storageClass": "COLD"}]}]},
            "rules[0].transitions[0].storageClass",
        ),
        (
            FLOW_LOG,
            {"vpcId": "v", "destinationOptions": {"fileFormat": "json"}},
            "destinationOptions.fileFormat",
        ),
    ],
)
def test_a_value_that_aws_refuses_is_named(token: str, inputs: dict[str, Any], at: str) -> None:
    assert _refusals(token, **inputs) == [at]


@pytest.mark.parametrize(
    ("token", "missing"),
    [
        (STREAM, ["destination"]),
        (SUBSCRIPTION, ["logGroup", "destinationArn", "filterPattern"]),
        (METRIC_FILTER, ["logGroupName", "metricTransformation", "pattern"]),
        ("aws:cloudwatch/dashboard:Dashboard", ["dashboardName", "dashboardBody"]),
        ("aws:cloudwatch/queryDefinition:QueryDefinition", ["queryString"]),
        ("aws:cloudwatch/logStream:LogStream", ["logGroupName"]),
    ],
)
def test_what_must_be_said_is_asked_for(token: str, missing: list[str]) -> None:
    assert _refusals(token) == missing


def test_a_stream_to_another_destination_is_refused_in_one_line(world: World) -> None:
    with pytest.raises(ProviderError, match="destination 'splunk' is not emulated; use extended_s3"):
        world.make(STREAM, destination="splunk")


def test_what_a_program_does_not_say_of_a_stream_is_what_the_real_provider_fills_in(world: World) -> None:
    given = delivery_stream(world)["extendedS3Configuration"]
    least = {name: given[name] for name in ("roleArn", "bucketArn")}
    made = world.make(STREAM, destination="extended_s3", extendedS3Configuration=least)
    found = world.client("firehose").describe_delivery_stream(DeliveryStreamName=made.outputs["name"])
    destination = found["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert destination["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
    assert destination["CompressionFormat"] == "UNCOMPRESSED"
    assert destination["EncryptionConfiguration"] == {"NoEncryptionConfig": "NoEncryption"}
    assert "serverSideEncryption" not in made.outputs


def test_a_stream_that_changes_gets_its_next_version(world: World) -> None:
    made = world.make(STREAM, **delivery_stream(world))
    assert made.outputs["versionId"] == "1"
    other = {**made.inputs["extendedS3Configuration"], "bufferingInterval": 120}
    assert made.update({"extendedS3Configuration": other})["versionId"] == "2"
    assert made.update({"extendedS3Configuration": {**other, "bufferingInterval": 180}})["versionId"] == "3"


def test_a_subscription_without_a_way_is_refused_in_one_line(world: World) -> None:
    inputs = subscription(world) | {"roleArn": world.role.outputs["arn"]}
    with pytest.raises(ProviderError, match="permission to assume the provided role") as refused:
        world.make(SUBSCRIPTION, **inputs)
    assert "\n" not in str(refused.value)


def test_two_subscriptions_of_one_group_are_read_apart(world: World) -> None:
    inputs = subscription(world) | {"logGroup": world.make("aws:cloudwatch/logGroup:LogGroup").id}
    first = world.make(SUBSCRIPTION, **inputs)
    second = world.make(SUBSCRIPTION, **{**inputs, "filterPattern": "FATAL"})
    assert first.id == second.id
    states = [made.read() for made in (first, second)]
    assert [state.outputs["filterPattern"] for state in states if state] == ["ERROR", "FATAL"]
    first.delete()
    assert first.read() is None
    assert second.read() is not None


def test_a_network_has_one_flow_log_to_one_folder(world: World) -> None:
    inputs = {
        "vpcId": world.make("aws:ec2/vpc:Vpc", cidrBlock="10.8.0.0/16").id,
        "trafficType": "ALL",
        "logDestinationType": "s3",
    }
    folder = f"{world.bucket.outputs['arn']}/flow-logs/"
    made = world.make(FLOW_LOG, **inputs, logDestination=folder)
    assert made.outputs["logDestination"] == folder
    with pytest.raises(ProviderError, match="FlowLogAlreadyExists"):
        world.make(FLOW_LOG, **inputs, logDestination=folder)
    world.make(FLOW_LOG, **inputs, logDestination=f"{folder}other/")
    with pytest.raises(ProviderError, match="does not exist"):
        world.make(FLOW_LOG, **inputs, logDestination="arn:aws:s3:::no-such-bucket/flow-logs/")


def test_queries_that_were_deleted_are_gone_for_everybody(world: World) -> None:
    client = world.client("logs")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.delete_query_definition(queryDefinitionId="no")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.put_query_definition(queryDefinitionId="no", name="a", queryString="fields @message")


def test_saved_queries_come_in_pages(world: World) -> None:
    client = world.client("logs")
    for number in range(3):
        client.put_query_definition(name=f"paged/{number}", queryString="fields @message")
    asked: dict[str, Any] = {"queryDefinitionNamePrefix": "paged/", "maxResults": 2}
    first = client.describe_query_definitions(**asked)
    second = client.describe_query_definitions(**asked, nextToken=first["nextToken"])
    names = [each["name"] for page in (first, second) for each in page["queryDefinitions"]]
    assert names == ["paged/0", "paged/1", "paged/2"]
    assert "nextToken" not in second
