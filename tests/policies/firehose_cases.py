"""Right and wrong streams."""

from __future__ import annotations

from policies import firehose
from tests.policies.cases import Case

CASES: tuple[Case, ...] = (
    Case(
        firehose.datafirehose_1,
        right={"serverSideEncryption": {"enabled": True}},
        wrong={"serverSideEncryption": {"enabled": False}},
        says="serverSideEncryption.enabled is not true",
    ),
    Case(firehose.datafirehose_1, {"kinesisSourceConfiguration": {"roleArn": "r"}}, {}, "is not true"),
)
