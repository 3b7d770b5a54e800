"""The bucket of an environment's logs, its key, and the streams that lead to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.log_lifecycle import ObjectLock
from components.log_shipping import Archive, LogShipping, LogShippingArgs
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

BUCKET = "arn:aws:s3:::logs"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:logs-delivery-log"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs"
DESTINATION = f"arn:aws:logs:{REGION}:210987654321:destination:staging"
DATE = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"


def stream_arn(service: str) -> str:
    return f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/logs-{service}-stream"


def shipping(build: Build, **changed: Any) -> Built:
    given = {"services": ("web", "api"), "tags": {"owner": "platform"}, **changed}

    def program() -> Mapping[str, Any]:
        made = LogShipping("logs", LogShippingArgs(**given))
        return {
            "bucket": made.bucket,
            "bucket_arn": made.bucket_arn,
            "key": made.key_arn,
            "streams": made.streams,
            "deliveries": {service: dict(delivery) for service, delivery in made.deliveries.items()},
            "failures": made.delivery_log_group,
        }

    return build(program)


def tags(name: str, **more: str) -> dict[str, str]:
    return {"owner": "platform", "Name": name, **more}


def test_a_stream_writes_compressed_encrypted_files_by_service_and_date(build: Build) -> None:
    assert shipping(build).inputs()["FirehoseDeliveryStream logs-web"] == {
        "destination": "extended_s3",
        "serverSideEncryption": {"enabled": True, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": KEY},
        "extendedS3Configuration": {
            "roleArn": "arn:role/logs-delivery",
            "bucketArn": BUCKET,
            "prefix": f"services/service=web/{DATE}hour=!{{timestamp:HH}}/",
            "errorOutputPrefix": f"failures/service=web/!{{firehose:error-output-type}}/{DATE}",
            "bufferingInterval": 300,
            "bufferingSize": 64,
            "compressionFormat": "GZIP",
            "kmsKeyArn": KEY,
            "cloudwatchLoggingOptions": {
                "enabled": True,
                "logGroupName": "logs-delivery-log",
                "logStreamName": "delivery",
            },
            "processingConfiguration": {
                "enabled": True,
                "processors": [
                    {
                        "type": "Decompression",
                        "parameters": [{"parameterName": "CompressionFormat", "parameterValue": "GZIP"}],
                    },
                    {"type": "AppendDelimiterToRecord"},
                ],
            },
        },
        "tags": tags("logs-web", service="web"),
    }


def test_the_lines_alone_are_an_option(build: Build) -> None:
    built = shipping(build, archive=Archive(messages_only=True, buffer_seconds=60))
    made = built.inputs()["FirehoseDeliveryStream logs-api"]["extendedS3Configuration"]
    assert made["bufferingInterval"] == 60
    assert made["processingConfiguration"]["processors"][1] == {
        "type": "CloudWatchLogProcessing",
        "parameters": [{"parameterName": "DataMessageExtraction", "parameterValue": "true"}],
    }


def test_each_service_gets_the_way_to_its_own_stream(build: Build) -> None:
    outputs = shipping(build).outputs
    assert outputs["streams"] == {"web": "logs-web-stream", "api": "logs-api-stream"}
    assert outputs["deliveries"] == {
        service: {"destination_arn": stream_arn(service), "role_arn": "arn:role/logs-subscription"}
        for service in ("web", "api")
    }
    assert (outputs["bucket"], outputs["bucket_arn"]) == ("logs-id", BUCKET)
    assert (outputs["key"], outputs["failures"]) == (KEY, "logs-delivery-log")


def test_cloudwatch_logs_may_put_to_these_streams_and_no_other(build: Build) -> None:
    built = shipping(build)
    assert built.inputs()["RolePolicy logs-subscription"]["policy"]["Statement"] == [
        {
            "Sid": "PutRecords",
            "Effect": "Allow",
            "Action": ["firehose:PutRecord", "firehose:PutRecordBatch"],
            "Resource": [stream_arn("api"), stream_arn("web")],
        }
    ]
    (trust,) = built.inputs()["Role logs-subscription"]["assumeRolePolicy"]["Statement"]
    assert trust["Principal"] == {"Service": "logs.amazonaws.com"}
    assert trust["Condition"] == {"StringLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}}


def test_firehose_may_write_below_its_prefixes_with_the_key_and_nothing_else(build: Build) -> None:
    built = shipping(build)
    assert built.inputs()["RolePolicy logs-delivery"]["policy"]["Statement"] == [
        {
            "Sid": "FindBucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            "Resource": BUCKET,
        },
        {
            "Sid": "WriteObjects",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"{BUCKET}/services/*", f"{BUCKET}/failures/*"],
        },
        {
            "Sid": "EncryptObjects",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": KEY,
            "Condition": {
                "StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [BUCKET, f"{BUCKET}/*"]},
            },
        },
        {
            "Sid": "TellFailures",
            "Effect": "Allow",
            "Action": "logs:PutLogEvents",
            "Resource": f"{GROUP}:log-stream:*",
        },
    ]
    (trust,) = built.inputs()["Role logs-delivery"]["assumeRolePolicy"]["Statement"]
    assert trust["Principal"] == {"Service": "firehose.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/*"},
    }


def test_roles_and_bucket_are_found_by_name_and_tags(build: Build) -> None:
    built = shipping(build)
    for name, what in (
        ("logs-delivery", "Lets Firehose deliver the services' logs to their bucket"),
        ("logs-subscription", "Lets CloudWatch Logs put the services' logs to their streams"),
    ):
        role = built.inputs()[f"Role {name}"]
        assert (role["namePrefix"], role["description"]) == (f"{name}-", what)
        assert role["tags"] == tags(name)
        assert built.inputs()[f"RolePolicy {name}"]["role"] == f"{name}-role"
    assert built.inputs()["Bucket logs"]["tags"] == tags("logs")


def test_who_gets_a_role_waits_for_its_policy(build: Build) -> None:
    built = shipping(build)
    assert "RolePolicy logs-delivery" in built.resources["FirehoseDeliveryStream logs-web"].uses


def test_load_balancers_and_flow_logs_deliver_to_the_bucket_too(build: Build) -> None:
    statements = shipping(build).inputs()["BucketPolicy logs"]["policy"]["Statement"]
    assert {each["Sid"]: each["Resource"] for each in statements[:2]} == {
        "DeliverAccessLogs": f"{BUCKET}/load-balancer/AWSLogs/{ACCOUNT}/*",
        "AWSLogDeliveryWrite": f"{BUCKET}/flow-logs/AWSLogs/aws-account-id={ACCOUNT}/*",
    }


def test_the_key_encrypts_log_groups_of_this_account_and_rotates(build: Build) -> None:
    key = shipping(build).inputs()["Key logs"]
    assert (key["enableKeyRotation"], key["deletionWindowInDays"]) == (True, 30)
    assert key["tags"] == tags("logs")
    administer, groups = key["policy"]["Statement"]
    assert administer == {
        "Sid": "AdministerByIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    assert groups == {
        "Sid": "EncryptLogGroups",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"}
        },
    }


def test_what_logs_need_to_be_read_outlives_the_stack_unless_it_is_let_go(build: Build) -> None:
    def kept(built: Built) -> set[str]:
        return {key for key, options in built.options().items() if options.get("retain_on_delete")}

    assert {"Bucket logs", "BucketPolicy logs", "BucketVersioning logs", "Key logs"} <= kept(shipping(build))
    loosened = shipping(build, retain=False, key_deletion_window_days=7)
    assert kept(loosened) == set()
    assert loosened.inputs()["Key logs"]["deletionWindowInDays"] == 7
    assert loosened.inputs()["Bucket logs"]["forceDestroy"] is True


def test_failures_are_told_in_a_log_group_of_their_own(build: Build) -> None:
    built = shipping(build)
    assert built.inputs("LogGroup") == {
        "LogGroup logs-delivery": {"retentionInDays": 30, "tags": tags("logs-delivery")}
    }
    assert built.inputs("LogStream") == {
        "LogStream logs-delivery": {"name": "delivery", "logGroupName": "logs-delivery-log"}
    }


def test_another_account_that_keeps_the_logs_leaves_no_streams_here(build: Build) -> None:
    built = shipping(build, destination_arn=DESTINATION)
    assert built.outputs["deliveries"]["web"] == {"destination_arn": DESTINATION, "role_arn": None}
    assert built.outputs["streams"] == {}
    assert built.inputs("FirehoseDeliveryStream") == built.inputs("Role") == built.inputs("LogStream") == {}
    assert "Bucket logs" in built.inputs()


def test_everything_belongs_to_the_component(build: Build) -> None:
    built = shipping(build)
    assert built.types()["the LogShipping logs"] == "immutable:logshipping:LogShipping"
    assert built.parents()["the LogShipping logs"] == "Stack"
    for key, parent in built.parents().items():
        if key.startswith("Bucket"):
            assert parent == f"the LogBucket {key.split()[1]}"
        elif key == "the LogBucket logs-requests":
            assert parent == "the LogBucket logs"
        elif not key.startswith("the LogShipping"):
            assert parent == "the LogShipping logs"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"expire_after_days": 179, "cold_after_days": 90}, "keep it 180 days, or leave it warm"),
        ({"object_lock": ObjectLock(days=91)}, "locked for 91 days, and some logs expire after 90"),
        ({"buffer_seconds": 59}, "greater than or equal to 60"),
        ({"buffer_seconds": 901}, "less than or equal to 900"),
        ({"cold_after_days": 0}, "greater than or equal to 1"),
    ],
)
def test_an_archive_that_s3_would_refuse_or_charge_for_in_vain(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Archive(**given)
    assert said in str(caught.value)


def test_logs_grow_old_by_their_kind() -> None:
    kept = Archive(expire_after_days=400, cold_after_days=30, access_log_days=119).kept()
    assert [(each.prefix, each.days, each.cold_after_days) for each in kept] == [
        ("services/", 400, 30),
        ("failures/", 400, None),
        ("flow-logs/", 400, 30),
        ("load-balancer/", 119, None),
    ]
    assert Archive(cold_after_days=30, access_log_days=120).kept()[3].cold_after_days == 30
