"""Errors of Firehose that moto does not have, with AWS's codes for names."""

from __future__ import annotations

from moto.firehose.exceptions import FirehoseException


class InvalidSource(FirehoseException):
    def __init__(self) -> None:
        super().__init__(
            "InvalidSourceException",
            "Only requests from CloudWatch Logs are supported when CloudWatch Logs decompression is enabled.",
        )
