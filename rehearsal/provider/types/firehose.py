"""Firehose: streams that deliver to S3."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import from_api, pick, tag_dict, tag_list, to_api

_TYPE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
# Pulumi's names of an S3 destination's settings, where AWS's are not the same with a capital letter.
_RENAMES = {
    "roleArn": "RoleARN",
    "bucketArn": "BucketARN",
    "cloudwatchLoggingOptions": "CloudWatchLoggingOptions",
}
_BACK = {api: name for name, api in _RENAMES.items()}
_PLAIN = (
    "roleArn", "bucketArn", "prefix", "errorOutputPrefix", "compressionFormat", "fileExtension",
    "customTimeZone", "processingConfiguration", "cloudwatchLoggingOptions", "s3BackupMode",
)  # fmt: skip
# What the real provider fills in.
_S3_DEFAULTS = {
    "bufferingInterval": 300,
    "bufferingSize": 5,
    "compressionFormat": "UNCOMPRESSED",
    "customTimeZone": "UTC",
    "s3BackupMode": "Disabled",
}


def _destination(wanted: Properties) -> dict[str, Any]:
    """What CreateDeliveryStream and UpdateDestination take."""
    settings = {**_S3_DEFAULTS, **wanted}
    request: dict[str, Any] = to_api(pick(settings, _PLAIN), _RENAMES)
    request["BufferingHints"] = {
        "SizeInMBs": settings["bufferingSize"],
        "IntervalInSeconds": settings["bufferingInterval"],
    }
    key = settings.get("kmsKeyArn")
    request["EncryptionConfiguration"] = (
        {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}} if key else {"NoEncryptionConfig": "NoEncryption"}
    )
    return request


def _settings(found: dict[str, Any]) -> Properties:
    facts: Properties = from_api(
        pick(found, [_RENAMES.get(name, name[0].upper() + name[1:]) for name in _PLAIN]), _BACK
    )
    hints = found.get("BufferingHints") or {}
    facts["bufferingSize"] = hints.get("SizeInMBs", _S3_DEFAULTS["bufferingSize"])
    facts["bufferingInterval"] = hints.get("IntervalInSeconds", _S3_DEFAULTS["bufferingInterval"])
    key = ((found.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig") or {}).get("AWSKMSKeyARN")
    if key:
        facts["kmsKeyArn"] = key
    return facts


def _encryption(wanted: Properties | None) -> dict[str, Any] | None:
    """The request for encryption at rest within the stream; None where it is off."""
    if not wanted or not wanted.get("enabled"):
        return None
    request = {"KeyType": wanted.get("keyType") or "AWS_OWNED_CMK"}
    return {**request, "KeyARN": wanted["keyArn"]} if wanted.get("keyArn") else request


def _describe(call: Call, name: str) -> dict[str, Any]:
    found: dict[str, Any] = call.client("firehose").describe_delivery_stream(DeliveryStreamName=name)
    stream: dict[str, Any] = found["DeliveryStreamDescription"]
    return stream


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    if news["destination"] != "extended_s3":
        raise ProviderError(
            f"creating {_TYPE} '{call.name}': destination {news['destination']!r} is not emulated; "
            "use extended_s3"
        )
    name, encryption, tags = news["name"], _encryption(news.get("serverSideEncryption")), call.tags(news)
    arn = call.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration=_destination(news["extendedS3Configuration"]),
        **({"DeliveryStreamEncryptionConfigurationInput": encryption} if encryption else {}),
        **({"Tags": tag_list(tags)} if tags else {}),
    )["DeliveryStreamARN"]
    return arn, {"arn": arn}


def _complete(call: Call, arn: str, news: Properties) -> Properties:
    name, last = news["name"], {}

    def active() -> bool:
        last.update(_describe(call, name))
        if last["DeliveryStreamStatus"] == "CREATING_FAILED":
            why = (last.get("FailureDescription") or {}).get("Details") or "failed"
            raise ProviderError(f"creating {_TYPE} '{call.name}': {why}")
        return bool(last["DeliveryStreamStatus"] == "ACTIVE")

    call.wait(active, f"delivery stream {name} to become active")
    return _facts(last, news)


def _facts(found: dict[str, Any], known: Properties) -> Properties:
    """The outputs; encryption within the stream is named where it is on, or the program spoke of it."""
    destination = found["Destinations"][0]
    encryption = found.get("DeliveryStreamEncryptionConfiguration") or {}
    facts: Properties = {
        "arn": found["DeliveryStreamARN"],
        "name": found["DeliveryStreamName"],
        "destination": "extended_s3",
        "destinationId": destination["DestinationId"],
        "versionId": found["VersionId"],
        "extendedS3Configuration": _settings(destination["ExtendedS3DestinationDescription"]),
    }
    if encryption.get("Status") == "ENABLED":
        key = from_api(pick(encryption, ("KeyType", "KeyARN")), {"KeyARN": "keyArn"})
        facts["serverSideEncryption"] = {"enabled": True, **key}
    elif known.get("serverSideEncryption"):
        facts["serverSideEncryption"] = {"enabled": False}
    return facts


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _read(call: Call, arn: str, known: Properties) -> Properties | None:
    found = _facts(_describe(call, _name(arn)), known)
    client, tags = call.client("firehose"), []
    asked: dict[str, Any] = {"DeliveryStreamName": _name(arn)}
    while True:
        page = client.list_tags_for_delivery_stream(**asked)
        tags += page["Tags"]
        if not page.get("HasMoreTags"):
            return {**found, "tagsAll": tag_dict(tags)}
        asked["ExclusiveStartTagKey"] = page["Tags"][-1]["Key"]


def _update(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client, name = call.client("firehose"), _name(arn)
    if "extendedS3Configuration" in changed:
        client.update_destination(
            DeliveryStreamName=name,
            CurrentDeliveryStreamVersionId=old["versionId"],
            DestinationId=old["destinationId"],
            ExtendedS3DestinationUpdate=_destination(news["extendedS3Configuration"]),
        )
    if "serverSideEncryption" in changed:
        encryption = _encryption(news.get("serverSideEncryption"))
        if encryption:
            client.start_delivery_stream_encryption(
                DeliveryStreamName=name, DeliveryStreamEncryptionConfigurationInput=encryption
            )
        else:
            client.stop_delivery_stream_encryption(DeliveryStreamName=name)


def _retag(call: Call, arn: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client, name = call.client("firehose"), _name(arn)
    if wanted:
        client.tag_delivery_stream(DeliveryStreamName=name, Tags=tag_list(wanted))
    if removed:
        client.untag_delivery_stream(DeliveryStreamName=name, TagKeys=removed)


def _delete(call: Call, arn: str, outputs: Properties) -> None:
    client, name = call.client("firehose"), _name(arn)
    client.delete_delivery_stream(DeliveryStreamName=name)
    call.wait(lambda: _is_gone(client, name), f"deletion of delivery stream {name}")


def _is_gone(client: Any, name: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        client.describe_delivery_stream(DeliveryStreamName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return True
    return False


_S3 = "extendedS3Configuration"
DELIVERY_STREAM = ResourceType(
    type_name=_TYPE,
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=words("name destination extendedS3Configuration serverSideEncryption tags"),
    required=("destination",),
    enums={
        "destination": (
            "extended_s3", "redshift", "elasticsearch", "splunk", "http_endpoint", "opensearch",
            "opensearchserverless", "snowflake", "iceberg",
        ),
        "serverSideEncryption.keyType": ("AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK"),
        f"{_S3}.compressionFormat": ("UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"),
        f"{_S3}.s3BackupMode": ("Disabled", "Enabled"),
        f"{_S3}.processingConfiguration.processors[].type": (
            "RecordDeAggregation", "Decompression", "CloudWatchLogProcessing", "Lambda", "MetadataExtraction",
            "AppendDelimiterToRecord",
        ),
    },
    ranges={f"{_S3}.bufferingInterval": (0, 900), f"{_S3}.bufferingSize": (1, 128)},
    lengths={
        "name": 64, f"{_S3}.prefix": 1024, f"{_S3}.errorOutputPrefix": 1024, f"{_S3}.fileExtension": 128,
    },
    auto_name=AutoName(prefix_property=None, max_length=64),
    replaces=words("name destination"),
    computed=("arn", "destinationId", "versionId"),
    refreshed={"versionId": words("extendedS3Configuration")},
)  # fmt: skip

TYPES = (DELIVERY_STREAM,)
