"""From a stream's buffer into its bucket: when, as what, and again when S3 refuses.

Firehose writes when the buffer is large enough or old enough, whichever comes first, and tries for a day to
write what is refused (Amazon Data Firehose, "Handle data delivery failures"). How often it tries is not said;
here it is once a minute.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from rehearsal.cloud.firehose import prefixes, processors
from rehearsal.cloud.firehose.freshness import Freshness
from rehearsal.cloud.firehose.processors import Failure, Record
from rehearsal.cloud.iam import permissions
from rehearsal.cloud.world import World

MIB = 2**20
RETRY_SECONDS, KEPT_SECONDS = 60.0, 24 * 3600.0
#: What Firehose writes to its error log, by the code.
_MESSAGES = {
    "S3.AccessDenied": "Access was denied. Ensure that the trust policy for the provided IAM role allows "
    "Firehose to assume the role, and the access policy allows access to the S3 bucket.",
    "S3.NoSuchBucket": "The specified S3 bucket does not exist. Create the bucket or use a different bucket "
    "that does exist.",
    "S3.KMS.AccessDenied": "Access was denied to the KMS key. Ensure that the access policy of the provided "
    "IAM role allows it.",
}


@dataclass(frozen=True)
class Waiting:
    """An object that is still to be written. `oldest`, `since`: emulated seconds of its oldest record's
    arrival and of the first attempt.
    """

    prefix: str
    extension: str
    body: bytes
    oldest: float
    since: float


class Delivery:
    """What one stream holds. `stream` is moto's: its settings are read anew at every flush."""

    def __init__(self, stream: Any, account: str, tell: Callable[[dict[str, Any], str], None]) -> None:
        """`tell` writes a line to the error log that CloudWatchLoggingOptions name."""
        self.stream, self._account, self._tell = stream, account, tell
        self.freshness = Freshness()
        self._records: list[Record] = []
        self._size = 0
        self._waiting: list[Waiting] = []
        self._turn = 0
        self._retrying = False

    @property
    def settings(self) -> dict[str, Any]:
        """The S3 destination as CreateDeliveryStream and UpdateDestination gave it."""
        settings: dict[str, Any] = self.stream.destinations[0]["ExtendedS3"]
        return settings

    def take(self, records: list[Record]) -> None:
        """Into the buffer; what is full is written at once."""
        hints = self.settings.get("BufferingHints") or {}
        limit = hints.get("SizeInMBs", 5) * MIB
        for record in records:
            if not self._records:
                self._turn += 1
                World.current.timeline.after(hints.get("IntervalInSeconds", 300), self._timer(self._turn))
            self._records.append(record)
            self._size += len(record.data)
            if self._size >= limit:
                self.flush()
        self._measure()

    def flush(self) -> None:
        """Make objects of the buffer and write them."""
        records, self._records, self._size = self._records, [], 0
        self._turn += 1
        if not records:
            return
        done, failed = processors.of(self.settings.get("ProcessingConfiguration")).run(records)
        oldest, prefix = records[0].at, self.settings.get("Prefix") or ""
        if done:
            self._add(prefixes.evaluated(prefix, _date(oldest)), b"".join(done), oldest)
        for kind in dict.fromkeys(failure.kind for failure in failed):
            self._add_failures(kind, [failure for failure in failed if failure.kind == kind])
        self._write()

    def discard(self) -> None:
        """Let go of all that is not delivered."""
        self._records, self._waiting = [], []

    def _add_failures(self, kind: str, failures: list[Failure]) -> None:
        now, oldest = _milliseconds(World.current.timeline.now), failures[0].record.at
        lines = [failure.describe(_milliseconds(failure.record.at), now) for failure in failures]
        prefix = prefixes.evaluated(self.settings.get("ErrorOutputPrefix") or "", _date(oldest), kind)
        self._add(prefix, b"".join(lines), oldest)

    def _add(self, prefix: str, body: bytes, oldest: float) -> None:
        packed = self.settings.get("CompressionFormat", "UNCOMPRESSED") == "GZIP"
        extension = self.settings.get("FileExtension") or (".gz" if packed else "")
        body = gzip.compress(body, 6, mtime=0) if packed else body
        self._waiting.append(Waiting(prefix, extension, body, oldest, World.current.timeline.now))

    def _timer(self, turn: int) -> Callable[[], None]:
        def due() -> None:
            if turn == self._turn:
                self.flush()

        return due

    def _retry(self) -> None:
        self._retrying = False
        self._write()

    def _write(self) -> None:
        """Write what waits; what is refused stays for a day."""
        now, left = World.current.timeline.now, []
        for waiting in self._waiting:
            code = self._put(waiting)
            if not code:
                self.freshness.delivered(now, now - waiting.oldest)
                continue
            self._tell(self.settings, self._error(code))
            if now - waiting.since < KEPT_SECONDS:
                left.append(waiting)
        self._waiting = left
        if left and not self._retrying:
            self._retrying = True
            World.current.timeline.after(RETRY_SECONDS, self._retry)
        self._measure()

    def _put(self, waiting: Waiting) -> str:
        """Write one object; the error's code when S3 refuses, or its answer does not come back."""
        settings, stream = self.settings, self.stream
        role, bucket_arn = settings["RoleARN"], settings["BucketARN"]
        name = prefixes.object_name(
            stream.delivery_stream_name, stream.version_id, _date(waiting.oldest), waiting.extension
        )
        key = f"{waiting.prefix}{name}"
        may = permissions.assumable(role, "firehose.amazonaws.com")
        if not may or not permissions.allowed(role, "s3:PutObject", f"{bucket_arn}/{key}"):
            return "S3.AccessDenied"
        key_arn = _key(settings)
        if key_arn and not permissions.allowed(role, "kms:GenerateDataKey", key_arn):
            return "S3.KMS.AccessDenied"
        fault = World.current.faults.between("PutObject")
        if fault and (fault.error or fault.drop == "before"):
            return f"S3.{fault.error or 'InternalError'}"
        try:
            self._store(bucket_arn.rpartition(":")[2], key, waiting.body, key_arn)
        except MissingBucket:
            return "S3.NoSuchBucket"
        return "S3.InternalError" if fault and fault.drop == "after" else ""

    def _store(self, bucket_name: str, key: str, body: bytes, key_arn: str) -> None:
        """Raises MissingBucket."""
        s3 = s3_backends[self._account]["aws"]
        bucket, more = s3.get_bucket(bucket_name), {}
        if bucket.has_default_lock:
            more = {"lock_mode": bucket.default_lock_mode, "lock_until": bucket.default_retention()}
        if key_arn:
            more |= {"encryption": "aws:kms", "kms_key_id": key_arn}
        s3.put_object(bucket_name, key, body, **more)

    def _error(self, code: str) -> str:
        """As Firehose tells it."""
        said = {
            "deliveryStreamARN": self.stream.delivery_stream_arn,
            "destination": self.settings["BucketARN"],
            "deliveryStreamVersionId": int(self.stream.version_id),
            "message": _MESSAGES.get(code, f"{code} (emulated cloud)"),
            "errorCode": code,
        }
        return json.dumps(said)

    def _measure(self) -> None:
        held = [waiting.oldest for waiting in self._waiting] + [record.at for record in self._records[:1]]
        self.freshness.holding(World.current.timeline.now, min(held, default=None))


def _key(settings: dict[str, Any]) -> str:
    encryption = (settings.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig") or {}
    return str(encryption.get("AWSKMSKeyARN") or "")


def _date(at: float) -> datetime:
    return World.current.clock.date(at)


def _milliseconds(at: float) -> int:
    return int(_date(at).timestamp() * 1000)
