"""The way of one service's log group into the bucket: a Firehose stream."""

from __future__ import annotations

from pulumi import ResourceOptions
from pulumi_aws import kinesis

from .args import ComponentArgs, Late
from .names import named

SERVICES = "services"
FAILURES = "failures"

BUFFER_MIB = 64
"""Whichever comes first, this or the seconds, ends a file."""

_DATE = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
"""In UTC, of a record's arrival at Firehose (Custom prefixes for Amazon S3 objects)."""


class StreamArgs(ComponentArgs):
    """What all streams of an environment have in common."""

    role_arn: Late
    bucket_arn: Late
    key_arn: Late
    error_log_group: Late
    error_log_stream: Late
    buffer_seconds: int
    messages_only: bool


def prefix(service: str) -> str:
    """Partitions as Hive and Athena know them: by service, then by date and hour."""
    return f"{SERVICES}/service={service}/{_DATE}hour=!{{timestamp:HH}}/"


def error_prefix(service: str) -> str:
    """Apart from the good, so that a reader of those never meets them, by the kind of failure."""
    return f"{FAILURES}/service={service}/!{{firehose:error-output-type}}/{_DATE}"


def delivery_stream(
    name: str, service: str, args: StreamArgs, opts: ResourceOptions
) -> kinesis.FirehoseDeliveryStream:
    """Takes what CloudWatch Logs sends, compressed, and writes files of it, compressed once and not twice."""
    return kinesis.FirehoseDeliveryStream(
        name,
        destination="extended_s3",
        server_side_encryption=kinesis.FirehoseDeliveryStreamServerSideEncryptionArgs(
            enabled=True, key_type="CUSTOMER_MANAGED_CMK", key_arn=args.key_arn
        ),
        extended_s3_configuration=kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs(
            role_arn=args.role_arn,
            bucket_arn=args.bucket_arn,
            prefix=prefix(service),
            error_output_prefix=error_prefix(service),
            buffering_interval=args.buffer_seconds,
            buffering_size=BUFFER_MIB,
            compression_format="GZIP",
            kms_key_arn=args.key_arn,
            cloudwatch_logging_options=(
                kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptionsArgs(
                    enabled=True,
                    log_group_name=args.error_log_group,
                    log_stream_name=args.error_log_stream,
                )
            ),
            processing_configuration=(
                kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs(
                    enabled=True, processors=_processors(messages_only=args.messages_only)
                )
            ),
        ),
        tags={**named(args.tags, name), "service": service},
        opts=opts,
    )


def _processors(
    *, messages_only: bool
) -> list[kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs]:
    """A record of CloudWatch Logs unpacked, and as one line; or each message of it as a line."""
    unpacked = _processor("Decompression", CompressionFormat="GZIP")
    if messages_only:
        return [unpacked, _processor("CloudWatchLogProcessing", DataMessageExtraction="true")]
    return [unpacked, _processor("AppendDelimiterToRecord")]


def _processor(
    kind: str, **parameters: str
) -> kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs:
    given = [
        kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArgs(
            parameter_name=name, parameter_value=value
        )
        for name, value in parameters.items()
    ]
    return kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs(
        type=kind, parameters=given or None
    )
