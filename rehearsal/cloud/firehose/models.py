"""Firehose of one region: moto's backend, whose streams buffer, process and deliver over emulated time."""

from __future__ import annotations

from typing import Any

from moto.firehose.exceptions import InvalidArgumentException, ResourceNotFoundException
from moto.firehose.models import FirehoseBackend as MotoFirehoseBackend
from moto.firehose.models import firehose_backends as firehose_backends

from rehearsal.cloud.firehose import prefixes, processors
from rehearsal.cloud.firehose.delivery import Delivery
from rehearsal.cloud.firehose.exceptions import InvalidSource
from rehearsal.cloud.firehose.processors import Record
from rehearsal.cloud.iam import permissions
from rehearsal.cloud.world import World

_S3 = "extended_s3_destination"


class FirehoseBackend(MotoFirehoseBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        #: By the stream's name.
        self.deliveries: dict[str, Delivery] = {}

    def create_delivery_stream(self, region: str, delivery_stream_name: str, *args: Any, **more: Any) -> str:
        """Raises InvalidArgumentException also for a role that Firehose may not assume."""
        settings = args[4] if len(args) > 4 else more.get(f"{_S3}_configuration")
        if not settings:
            raise InvalidArgumentException("no other destination than ExtendedS3 is emulated")
        self._check(settings)
        arn: str = super().create_delivery_stream(region, delivery_stream_name, *args, **more)
        stream = self.delivery_streams[delivery_stream_name]
        if stream.delivery_stream_encryption_configuration:
            stream.delivery_stream_encryption_configuration["Status"] = "ENABLED"
        self.deliveries[delivery_stream_name] = Delivery(stream, self.account_id, self._tell)
        return arn

    def update_destination(self, *args: Any, **more: Any) -> None:
        settings = args[4] if len(args) > 4 else more.get(f"{_S3}_update")
        if settings:
            known = self.delivery(args[0] if args else more["delivery_stream_name"]).settings
            self._check({**known, **settings})
        super().update_destination(*args, **more)

    def delete_delivery_stream(self, delivery_stream_name: str) -> None:
        """What it had not delivered is lost."""
        super().delete_delivery_stream(delivery_stream_name)
        self.deliveries.pop(delivery_stream_name).discard()

    def stop_delivery_stream_encryption(self, stream_name: str) -> None:
        """Also of a stream that never was encrypted, as AWS takes it."""
        stream = self.delivery_streams.get(stream_name)
        if stream and not stream.delivery_stream_encryption_configuration:
            return
        super().stop_delivery_stream_encryption(stream_name)

    def delivery(self, name: str) -> Delivery:
        """Raises ResourceNotFoundException."""
        if name not in self.deliveries:
            raise ResourceNotFoundException(f"Firehose {name} under account {self.account_id} not found.")
        return self.deliveries[name]

    def put_record_batch(self, delivery_stream_name: str, records: list[dict[str, Any]]) -> dict[str, Any]:
        """Records of anybody; a stream that decompresses takes those of CloudWatch Logs alone."""
        delivery = self.delivery(delivery_stream_name)
        if processors.of(delivery.settings.get("ProcessingConfiguration")).decompress:
            raise InvalidSource
        now = World.current.timeline.now
        delivery.take([Record(record["Data"], now) for record in records])
        answers = [{"RecordId": f"{now:.6f}-{number}"} for number in range(len(records))]
        encrypted = delivery.stream.delivery_stream_encryption_configuration or {}
        return {
            "FailedPutCount": 0,
            "Encrypted": encrypted.get("Status") == "ENABLED",
            "RequestResponses": answers,
        }

    def _check(self, settings: dict[str, Any]) -> None:
        """Raises InvalidArgumentException for what AWS refuses, and for what is not emulated."""
        role = settings["RoleARN"]
        if not permissions.assumable(role, "firehose.amazonaws.com"):
            raise InvalidArgumentException(
                f"Firehose is unable to assume role {role}. Please check the role provided."
            )
        if settings.get("CompressionFormat", "UNCOMPRESSED") not in ("UNCOMPRESSED", "GZIP"):
            raise InvalidArgumentException(f"{settings['CompressionFormat']} is not emulated; use GZIP")
        if settings.get("CustomTimeZone", "UTC") != "UTC":
            raise InvalidArgumentException("another CustomTimeZone than UTC is not emulated")
        prefixes.check(settings.get("Prefix") or "", settings.get("ErrorOutputPrefix") or "")
        processors.of(settings.get("ProcessingConfiguration"))

    def _tell(self, settings: dict[str, Any], line: str) -> None:
        """Write a line to the stream's error log, where it has one that is there and its role may."""
        from rehearsal.cloud.logs.models import logs_backends

        options = settings.get("CloudWatchLoggingOptions") or {}
        group, stream = options.get("LogGroupName") or "", options.get("LogStreamName") or ""
        logs = logs_backends[self.account_id][self.region_name]
        if not options.get("Enabled") or group not in logs.groups or stream not in logs.groups[group].streams:
            return
        arn = f"{logs.groups[group].arn}:log-stream:{stream}"
        if permissions.allowed(settings["RoleARN"], "logs:PutLogEvents", arn):
            at = World.current.clock.date(World.current.timeline.now)
            event = {"timestamp": int(at.timestamp() * 1000), "message": line}
            logs.groups[group].put_log_events(stream, [event])


# moto's CloudWatch Logs looks up streams in moto's own dictionary: it holds our backend.
firehose_backends.backend = FirehoseBackend
