"""The way of a line: from its log group through a subscription and Firehose into the bucket."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.shipping import (
    BUCKET,
    GROUP,
    INTERVAL,
    MESSAGES,
    STREAM,
    UNPACKED,
    Shipping,
    allow,
)

OTHER = "210987654321"


@pytest.fixture
def shipping(cloud: Local) -> Shipping:
    made = Shipping(cloud)
    made.subscribe()
    return made


def test_a_line_arrives_as_the_record_of_cloudwatch_logs_when_the_buffer_is_old_enough(
    shipping: Shipping,
) -> None:
    shipping.write("one", "two")
    shipping.cloud.step(INTERVAL - 1)
    assert shipping.keys() == []
    shipping.cloud.step(1)
    (record,) = shipping.records()
    events = record.pop("logEvents")
    assert record == {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": GROUP,
        "logStream": STREAM,
        "subscriptionFilters": ["all"],
    }
    assert [event["message"] for event in events] == ["one", "two"]
    assert len({event["id"] for event in events}) == 2


def test_an_object_lies_where_the_prefix_says_and_is_named_as_firehose_names_it(shipping: Shipping) -> None:
    shipping.write("one")
    when = shipping.cloud.world.clock.date(0)
    shipping.cloud.step(INTERVAL)
    (key,) = shipping.keys()
    folder = f"services/service=web/year={when:%Y}/month={when:%m}/"
    # The oldest record is the one that tried the way when the subscription was made.
    assert key.startswith(f"{folder}web-1-{when:%Y-%m-%d-%H-%M-}")
    assert key.endswith(".gz")


def test_a_prefix_without_a_time_gets_one(cloud: Local) -> None:
    shipping = Shipping(cloud, Prefix="plain/", CompressionFormat="UNCOMPRESSED", FileExtension=".json")
    shipping.subscribe()
    shipping.write("one")
    when = cloud.world.clock.date(0)
    cloud.step(INTERVAL)
    (key,) = shipping.keys("plain/")
    assert key.startswith(f"plain/{when:%Y/%m/%d/%H}/web-1-")
    assert key.endswith(".json")
    assert b'"message":"one"' in shipping.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_a_full_buffer_is_written_at_once(cloud: Local) -> None:
    shipping = Shipping(cloud, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    shipping.subscribe()
    shipping.write("x" * 600_000)
    assert shipping.keys() == []
    shipping.write("x" * 600_000)
    assert len(shipping.keys()) == 1
    cloud.step(300)
    shipping.write("late")
    cloud.step(899)
    assert len(shipping.keys()) == 1
    cloud.step(1)
    assert "late" in shipping.lines()


def test_messages_alone_are_one_a_line_and_control_messages_are_dropped(cloud: Local) -> None:
    shipping = Shipping(cloud, MESSAGES)
    shipping.subscribe()
    cloud.step(INTERVAL)
    assert shipping.keys() == []
    shipping.write("one", "two")
    cloud.step(INTERVAL)
    assert shipping.text() == "one\ntwo\n"


def test_without_extraction_the_record_that_tried_the_way_arrives_too(shipping: Shipping) -> None:
    shipping.cloud.step(INTERVAL)
    (record,) = [json.loads(line) for line in shipping.text().splitlines()]
    assert (record["messageType"], record["owner"]) == ("CONTROL_MESSAGE", "CloudwatchLogs")


def test_a_stream_that_does_not_unpack_writes_what_was_sent(cloud: Local) -> None:
    shipping = Shipping(cloud, [])
    shipping.subscribe()
    shipping.write("one")
    cloud.step(INTERVAL)
    (key,) = shipping.keys()
    # Compressed by CloudWatch Logs and by Firehose once more, two members of gzip one after the other.
    import gzip

    packed = gzip.decompress(shipping.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    assert packed.count(b"\x1f\x8b\x08") >= 2
    assert '"message":"one"' in gzip.decompress(packed).decode()


def test_only_lines_that_match_are_sent(cloud: Local) -> None:
    shipping = Shipping(cloud)
    shipping.subscribe("ERROR -harmless")
    shipping.write("fine", "ERROR", "ERROR harmless")
    cloud.step(INTERVAL)
    assert shipping.lines() == ["ERROR"]


def test_a_line_of_before_the_subscription_is_not_sent(cloud: Local) -> None:
    shipping = Shipping(cloud)
    shipping.write("before")
    shipping.subscribe()
    shipping.write("after")
    cloud.step(INTERVAL)
    assert shipping.lines() == ["after"]


def test_what_cannot_be_unpacked_goes_to_the_error_prefix_and_the_rest_arrives(cloud: Local) -> None:
    """A stream takes anything until it is told to decompress."""
    shipping = Shipping(cloud, [])
    shipping.firehose.put_record(DeliveryStreamName="web", Record={"Data": b"no gzip"})
    unpacking = {"ProcessingConfiguration": {"Enabled": True, "Processors": UNPACKED}}
    shipping.firehose.update_destination(
        DeliveryStreamName="web",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate=unpacking,
    )
    shipping.subscribe()
    shipping.write("one")
    cloud.step(INTERVAL)
    assert shipping.lines() == ["one"]
    (failure,) = [json.loads(line) for line in shipping.text("failures/decompression-failed/").splitlines()]
    assert base64.b64decode(failure["rawData"]) == b"no gzip"
    with pytest.raises(ClientError, match="InvalidSourceException"):
        shipping.firehose.put_record(DeliveryStreamName="web", Record={"Data": b"no gzip"})


def test_what_s3_refuses_is_kept_until_it_does_not(shipping: Shipping) -> None:
    shipping.logs.create_log_group(logGroupName="delivery")
    shipping.cloud.step(INTERVAL)
    shipping.cloud.fault("PutObject", error="SlowDown")
    shipping.write("one")
    shipping.cloud.step(600)
    shipping.write("two")
    shipping.cloud.step(600)
    assert shipping.lines() == []
    shipping.cloud.clear_faults()
    shipping.cloud.step(INTERVAL)
    assert shipping.lines() == ["one", "two"]


def test_what_s3_refuses_for_a_day_is_lost(shipping: Shipping) -> None:
    shipping.cloud.step(INTERVAL)
    shipping.cloud.fault("PutObject", error="SlowDown")
    shipping.write("one")
    shipping.cloud.step(25 * 3600)
    shipping.cloud.clear_faults()
    shipping.cloud.step(3600)
    assert shipping.lines() == []


def test_an_answer_that_is_lost_doubles_lines_with_the_same_ids(shipping: Shipping) -> None:
    shipping.cloud.step(INTERVAL)
    shipping.write("one")
    shipping.cloud.fault("PutObject", drop="after", times=1)
    shipping.cloud.step(INTERVAL * 3)
    assert shipping.lines() == ["one", "one"]
    assert len({event["id"] for record in shipping.records() for event in record["logEvents"]}) == 1


def test_a_role_that_may_not_write_keeps_lines_from_the_bucket_and_says_so(cloud: Local) -> None:
    error_log = {"Enabled": True, "LogGroupName": "delivery", "LogStreamName": "delivery"}
    shipping = Shipping(cloud, CloudWatchLoggingOptions=error_log)
    shipping.logs.create_log_group(logGroupName="delivery")
    shipping.logs.create_log_stream(logGroupName="delivery", logStreamName="delivery")
    shipping.subscribe()
    shipping.may("writer", allow("logs:*"))
    shipping.write("one")
    cloud.step(INTERVAL)
    assert shipping.lines() == []
    found = shipping.logs.get_log_events(logGroupName="delivery", logStreamName="delivery")["events"]
    said = json.loads(found[0]["message"])
    assert (said["errorCode"], said["destination"]) == ("S3.AccessDenied", f"arn:aws:s3:::{BUCKET}")
    shipping.may("writer", allow("s3:PutObject"))
    cloud.step(INTERVAL)
    assert shipping.lines() == ["one"]


def test_a_role_that_firehose_may_not_assume_is_refused_and_later_keeps_lines_back(cloud: Local) -> None:
    shipping = Shipping(cloud)
    shipping.subscribe()
    with pytest.raises(ClientError, match="unable to assume role"):
        shipping.create_stream("other", RoleARN=shipping.sender, BucketARN=f"arn:aws:s3:::{BUCKET}")
    other = shipping.iam.get_role(RoleName="sender")["Role"]["AssumeRolePolicyDocument"]
    shipping.iam.update_assume_role_policy(RoleName="writer", PolicyDocument=json.dumps(other))
    shipping.write("one")
    cloud.step(INTERVAL)
    assert shipping.keys() == []


def test_a_stream_that_was_deleted_takes_nothing(shipping: Shipping) -> None:
    shipping.firehose.delete_delivery_stream(DeliveryStreamName="web")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        shipping.firehose.put_record(DeliveryStreamName="web", Record={"Data": b"x"})
    with pytest.raises(ClientError, match="Could not deliver test message"):
        shipping.subscribe()
    shipping.write("lost")
    shipping.cloud.step(INTERVAL)
    assert shipping.keys() == []


@pytest.mark.parametrize(
    "settings",
    [
        {"Prefix": "!{timestamp:yyyy}/", "ErrorOutputPrefix": "failures/"},
        {"Prefix": "!{firehose:error-output-type}/"},
        {"Prefix": "!{timestamp:QQQ}/"},
        {"Prefix": "!{partitionKeyFromQuery:customer}/"},
        {"ErrorOutputPrefix": "!{timestamp:yyyy"},
        {"CompressionFormat": "Snappy"},
        {"CustomTimeZone": "Europe/Berlin"},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda"}]}},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": MESSAGES[1:]}},
    ],
)
def test_settings_that_firehose_refuses_or_that_are_not_emulated_are_refused(
    shipping: Shipping, settings: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        shipping.create_stream("o", RoleARN=shipping.writer, BucketARN=f"arn:aws:s3:::{BUCKET}", **settings)
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        shipping.firehose.update_destination(
            DeliveryStreamName="web",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate=settings,
        )


def test_a_role_that_may_not_use_the_key_keeps_lines_from_the_bucket(cloud: Local) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    shipping = Shipping(cloud, EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": key}})
    shipping.subscribe()
    shipping.may("writer", allow("s3:*"))
    shipping.write("one")
    cloud.step(INTERVAL)
    assert shipping.keys() == []
    shipping.may("writer", allow("s3:*", "kms:GenerateDataKey"))
    cloud.step(INTERVAL)
    (name,) = shipping.keys()
    found = shipping.s3.head_object(Bucket=BUCKET, Key=name)
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)


def test_objects_are_locked_as_the_bucket_says(shipping: Shipping) -> None:
    shipping.s3.put_object(Bucket=BUCKET, Key="before", Body=b"a bucket that holds something takes it too")
    shipping.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
    lock: Any = {"ObjectLockEnabled": "Enabled", "Rule": retention}
    shipping.s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=lock)
    shipping.write("one")
    shipping.cloud.step(INTERVAL)
    (key,) = shipping.keys()
    assert shipping.s3.head_object(Bucket=BUCKET, Key=key)["ObjectLockMode"] == "COMPLIANCE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"destinationArn": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/no"}, "InvalidParam"),
        ({"roleArn": None}, "InvalidParameterException"),
        ({"roleArn": "arn:aws:iam::123456789012:role/writer"}, "ValidationException"),
        ({"roleArn": "arn:aws:iam::123456789012:role/no"}, "ValidationException"),
        ({"pattern": "{ $.a = "}, "InvalidParameterException"),
    ],
)
def test_a_subscription_that_leads_nowhere_is_refused(
    cloud: Local, changes: dict[str, Any], code: str
) -> None:
    shipping = Shipping(cloud)
    with pytest.raises(ClientError, match=code):
        shipping.subscribe(**changes)
    assert shipping.logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"] == []


def test_a_role_that_may_not_send_is_refused_at_once_and_later_skips_lines(shipping: Shipping) -> None:
    shipping.may("sender", allow("s3:*"))
    with pytest.raises(ClientError, match="Could not deliver test message"):
        shipping.subscribe()
    shipping.write("lost")
    shipping.may("sender", allow("firehose:PutRecordBatch"))
    shipping.write("lost too, as the filter is disabled")
    shipping.cloud.step(600)
    shipping.write("one")
    shipping.cloud.step(INTERVAL)
    assert shipping.lines() == ["one"]


def test_a_busy_firehose_gets_lines_later_and_in_order(shipping: Shipping) -> None:
    shipping.cloud.fault("PutRecordBatch", error="ServiceUnavailableException")
    shipping.write("one")
    shipping.write("two")
    shipping.cloud.step(3600)
    assert shipping.lines() == []
    shipping.cloud.clear_faults()
    shipping.cloud.step(10 + INTERVAL)
    assert shipping.lines() == ["one", "two"]


def test_what_firehose_is_too_busy_for_during_a_day_is_lost(shipping: Shipping) -> None:
    shipping.cloud.fault("PutRecordBatch", error="ServiceUnavailableException")
    shipping.write("lost")
    shipping.cloud.step(25 * 3600)
    shipping.cloud.clear_faults()
    shipping.write("one")
    shipping.cloud.step(INTERVAL)
    assert shipping.lines() == ["one"]


def test_a_log_group_has_two_subscriptions_and_no_third(shipping: Shipping) -> None:
    def put(name: str) -> None:
        shipping.logs.put_subscription_filter(
            logGroupName=GROUP,
            filterName=name,
            filterPattern="",
            destinationArn=shipping.stream,
            roleArn=shipping.sender,
        )

    put("second")
    put("second")
    with pytest.raises(ClientError, match="LimitExceededException"):
        put("third")


def test_a_destination_of_another_account_takes_lines_of_those_it_lets_in(cloud: Local) -> None:
    """Its stream writes with a role of the other account, into a bucket of that account."""
    shipping = Shipping(cloud)
    theirs = Theirs(cloud)
    arn = theirs.destination()
    with pytest.raises(ClientError, match="Could not deliver test message"):
        shipping.subscribe(destinationArn=theirs.stream, roleArn=theirs.role)
    with pytest.raises(ClientError, match="Could not deliver test message"):
        shipping.subscribe(destinationArn=arn, roleArn=None)
    theirs.let_in("123456789012")
    shipping.subscribe(destinationArn=arn, roleArn=None)
    shipping.write("one")
    cloud.step(INTERVAL)
    assert '"owner":"123456789012"' in theirs.text()
    assert '"message":"one"' in theirs.text()
    assert shipping.keys() == []


class Theirs:
    """The other account's side."""

    def __init__(self, cloud: Local) -> None:
        self.s3, self.logs, iam, firehose = (
            cloud.client(name, account=OTHER) for name in ("s3", "logs", "iam", "firehose")
        )
        self.s3.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": cloud.region})
        roles = {}
        for service in ("firehose", "logs"):
            principal = {"Service": f"{service}.amazonaws.com"}
            trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            made = iam.create_role(RoleName=service, AssumeRolePolicyDocument=document)
            iam.put_role_policy(
                RoleName=service, PolicyName="may", PolicyDocument=allow("s3:*", "firehose:*")
            )
            roles[service] = made["Role"]["Arn"]
        self.role = roles["logs"]
        self.stream = firehose.create_delivery_stream(
            DeliveryStreamName="theirs",
            ExtendedS3DestinationConfiguration={
                "RoleARN": roles["firehose"],
                "BucketARN": "arn:aws:s3:::theirs",
                "BufferingHints": {"SizeInMBs": 16, "IntervalInSeconds": INTERVAL},
                "ProcessingConfiguration": {"Enabled": True, "Processors": UNPACKED},
            },
        )["DeliveryStreamARN"]

    def destination(self) -> str:
        made = self.logs.put_destination(destinationName="central", targetArn=self.stream, roleArn=self.role)
        return str(made["destination"]["arn"])

    def let_in(self, account: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": account},
            "Action": "logs:PutSubscriptionFilter",
            "Resource": "*",
        }
        self.logs.put_destination_policy(
            destinationName="central",
            accessPolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def text(self) -> str:
        found = self.s3.list_objects_v2(Bucket="theirs").get("Contents", [])
        bodies = [self.s3.get_object(Bucket="theirs", Key=item["Key"])["Body"].read() for item in found]
        return b"".join(bodies).decode()
