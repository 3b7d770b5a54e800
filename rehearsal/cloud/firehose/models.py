"""Firehose of one region: moto's backend with encryption that has a state."""

from __future__ import annotations

from typing import Any

from moto.firehose.models import FirehoseBackend as MotoFirehoseBackend
from moto.firehose.models import firehose_backends as firehose_backends


class FirehoseBackend(MotoFirehoseBackend):
    def create_delivery_stream(self, region: str, delivery_stream_name: str, *args: Any, **more: Any) -> str:
        arn: str = super().create_delivery_stream(region, delivery_stream_name, *args, **more)
        encryption = self.delivery_streams[delivery_stream_name].delivery_stream_encryption_configuration
        if encryption:
            encryption["Status"] = "ENABLED"
        return arn

    def stop_delivery_stream_encryption(self, stream_name: str) -> None:
        """Also of a stream that never was encrypted, as AWS takes it."""
        stream = self.delivery_streams.get(stream_name)
        if stream and not stream.delivery_stream_encryption_configuration:
            return
        super().stop_delivery_stream_encryption(stream_name)


# moto's CloudWatch Logs looks up streams in moto's own dictionary: it holds our backend.
firehose_backends.backend = FirehoseBackend
