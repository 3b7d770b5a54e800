"""A hundred thousand lines on their way into the bucket: none is lost, none comes twice, and it is quick."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local, running
from tests.rehearsal.cloud.shipping import GROUP, INTERVAL, MESSAGES, STREAM, Shipping

LINES, BATCH, SERVERS = 100_000, 5_000, 20


def _shipping(cloud: Local) -> Shipping:
    shipping = Shipping(cloud, MESSAGES, BufferingHints={"SizeInMBs": 4, "IntervalInSeconds": INTERVAL})
    for number in range(SERVERS):
        shipping.logs.create_log_stream(logGroupName=GROUP, logStreamName=f"server-{number}")
    shipping.subscribe()
    return shipping


def _line(number: int) -> str:
    return f'{{"body":{{"MESSAGE":"GET /orders/{number} 200","PRIORITY":"6"}}}}'


def _write(shipping: Shipping, lines: int) -> Iterator[int]:
    """Batch by batch, each to another server's stream; gives how many lines are written."""
    for batch, first in enumerate(range(0, lines, BATCH)):
        shipping.write(
            *[_line(number) for number in range(first, first + BATCH)], stream=f"server-{batch % SERVERS}"
        )
        yield first + BATCH


def _cpu_seconds(lines: int) -> float:
    """What it takes to write so many lines and to have each of them in the bucket once."""
    with running() as cloud:
        shipping = _shipping(cloud)
        began = time.process_time()
        for _ in _write(shipping, lines):
            cloud.step(1)
        cloud.step(INTERVAL)
        taken = time.process_time() - began
        found = shipping.text().splitlines()
    assert len(found) == lines
    assert set(found) == {_line(number) for number in range(lines)}
    return taken


def test_a_hundred_thousand_lines_arrive_once_each_and_ten_times_the_lines_take_ten_times_as_long() -> None:
    few = _cpu_seconds(LINES // 10)
    # Whatever else the machine does meanwhile can only add to it.
    many = min(_cpu_seconds(LINES) for _ in range(3))
    assert many < 15 * few + 1, f"{LINES} lines: {many:.2f} s of CPU, a tenth of them: {few:.2f} s"


def test_none_is_lost_or_doubled_while_s3_and_firehose_are_refused_for_a_while(cloud: Local) -> None:
    shipping = _shipping(cloud)
    for written in _write(shipping, LINES):
        cloud.step(1)
        if written == LINES // 4:
            cloud.fault("PutObject", error="SlowDown")
        if written == LINES // 2:
            cloud.fault("PutRecordBatch", error="ServiceUnavailableException", every=2)
    cloud.step(600)
    assert len(shipping.text().splitlines()) < LINES
    cloud.clear_faults()
    cloud.step(600)
    found = shipping.text().splitlines()
    assert len(found) == LINES
    assert set(found) == {_line(number) for number in range(LINES)}


def test_a_batch_is_as_large_as_aws_takes_it_and_no_larger(cloud: Local) -> None:
    shipping = Shipping(cloud)
    shipping.write(*["x"] * 10_000)
    for batch in (["x"] * 10_001, ["x" * 600_000] * 2):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            shipping.write(*batch)
    found = shipping.logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, limit=10_000)["events"]
    assert len(found) == 10_000
