"""What Firehose makes of records before it writes them: CloudWatch Logs' ones unpacked, one a line.

Source: "Decompress CloudWatch Logs", "Message extraction after decompression", "Troubleshoot decompression"
and "AppendDelimiterToRecord" in the documentation of Amazon Data Firehose.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Any

from moto.firehose.exceptions import InvalidArgumentException

DECOMPRESSION, EXTRACTION, DELIMITER = "Decompression", "CloudWatchLogProcessing", "AppendDelimiterToRecord"
#: What "error-output-type" stands for.
DECOMPRESSION_FAILED, PROCESSING_FAILED = "decompression-failed", "processing-failed"
_CODES = {DECOMPRESSION_FAILED: "DecompressionFailed", PROCESSING_FAILED: "DataMessageExtractionFailed"}


@dataclass(frozen=True)
class Record:
    """One record as it arrived, at an emulated second.

    `gzipped`: its sender compressed it. It is kept as it was before: only who does not unpack it pays for
    the compression.
    """

    data: bytes
    at: float
    gzipped: bool = False

    @property
    def wire(self) -> bytes:
        """What was sent."""
        return gzip.compress(self.data, 6, mtime=0) if self.gzipped else self.data


@dataclass(frozen=True)
class Failure:
    """A record that could not be processed. `kind`: one of the error output types."""

    record: Record
    kind: str
    message: str

    def describe(self, arrived: int, now: int) -> bytes:
        """The line of an object under the error prefix; times in milliseconds since 1970."""
        line = {
            "attemptsMade": 1,
            "arrivalTimestamp": arrived,
            "errorCode": _CODES[self.kind],
            "errorMessage": self.message,
            "attemptEndingTimestamp": now,
            "rawData": base64.b64encode(self.record.wire).decode(),
        }
        return json.dumps(line).encode() + b"\n"


@dataclass(frozen=True)
class Processing:
    """What a stream's processors do, in the order in which Firehose runs them."""

    decompress: bool = False
    extract: bool = False
    delimiter: bytes = b""

    def run(self, records: list[Record]) -> tuple[list[bytes], list[Failure]]:
        """The data of each record that is left, and those that failed. Raises nothing."""
        done, failed = [], []
        for record in records:
            try:
                data = self._unpacked(record)
                if self.extract:
                    messages = _messages(data)
                    if messages:
                        done.append(messages)
                    continue
                done.append(data + self.delimiter)
            except (OSError, EOFError, zlib.error) as wrong:
                failed.append(Failure(record, DECOMPRESSION_FAILED, str(wrong)))
            except (ValueError, KeyError, TypeError) as wrong:
                failed.append(Failure(record, PROCESSING_FAILED, str(wrong)))
        return done, failed

    def _unpacked(self, record: Record) -> bytes:
        if not self.decompress:
            return record.wire
        return record.data if record.gzipped else gzip.decompress(record.data)


def of(configuration: dict[str, Any] | None) -> Processing:
    """A stream's ProcessingConfiguration. Raises InvalidArgumentException for what is not emulated."""
    if not configuration or not configuration.get("Enabled"):
        return Processing()
    found = {each["Type"]: _parameters(each) for each in configuration.get("Processors") or []}
    for unknown in set(found) - {DECOMPRESSION, EXTRACTION, DELIMITER}:
        raise InvalidArgumentException(f"the processor {unknown} is not emulated")
    if EXTRACTION in found and DECOMPRESSION not in found:
        raise InvalidArgumentException(f"{EXTRACTION} must be used with {DECOMPRESSION}")
    if DECOMPRESSION in found and found[DECOMPRESSION].get("CompressionFormat", "GZIP") != "GZIP":
        raise InvalidArgumentException(f"{DECOMPRESSION} knows the CompressionFormat GZIP alone")
    extract = found.get(EXTRACTION, {}).get("DataMessageExtraction", "").lower() == "true"
    if EXTRACTION in found and not extract:
        raise InvalidArgumentException(f"{EXTRACTION} needs DataMessageExtraction=true")
    delimiter = found.get(DELIMITER, {}).get("Delimiter", "\\n") if DELIMITER in found else ""
    return Processing(DECOMPRESSION in found, extract, delimiter.replace("\\n", "\n").encode())


def _parameters(processor: dict[str, Any]) -> dict[str, str]:
    return {each["ParameterName"]: each["ParameterValue"] for each in processor.get("Parameters") or []}


def _messages(data: bytes) -> bytes:
    """The messages of a record of CloudWatch Logs, one a line; none of a control message."""
    found = json.loads(data)
    if found["messageType"] != "DATA_MESSAGE":
        return b""
    return "".join(f"{event['message']}\n" for event in found["logEvents"]).encode()
