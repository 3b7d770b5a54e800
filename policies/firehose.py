"""Amazon Data Firehose: what is on its way is encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rules import Resource, Rule, Severity, at, is_true, rule

STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"


@rule(
    id="datafirehose-1",
    types=(STREAM,),
    severity=Severity.MEDIUM,
    control="DataFirehose.1",
    reason="Firehose holds what it could not deliver yet for up to a day.",
    fix="set serverSideEncryption.enabled to true; a stream that reads from Kinesis is encrypted there",
)
def datafirehose_1(stream: Resource) -> Iterator[str]:
    source = at(stream, "kinesisSourceConfiguration")
    if source is None and not is_true(at(stream, "serverSideEncryption.enabled")):
        yield "serverSideEncryption.enabled is not true"


RULES: tuple[Rule, ...] = (datafirehose_1,)
