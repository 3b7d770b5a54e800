"""Where a workload's lines go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.args import LogDelivery
from components.kubernetes.workload_logs import WorkloadLogs, WorkloadLogsArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]
DELIVERY = LogDelivery(destination_arn="arn:stream", role_arn="arn:role")


def logs(build: Build, **given: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = WorkloadLogs("shop", WorkloadLogsArgs(**given))
        return {"name": made.log_group_name, "arn": made.log_group_arn}

    return build(program)


def test_they_have_a_group_that_outlives_the_workload(build: Build) -> None:
    built = logs(build, log_retention_days=30, log_kms_key_arn="arn:key", tags={"owner": "platform"})
    assert built.inputs() == {
        "LogGroup shop": {
            "retentionInDays": 30,
            "kmsKeyId": "arn:key",
            "tags": {"owner": "platform", "Name": "shop"},
        }
    }
    assert built.options()["LogGroup shop"] == {"retain_on_delete": True}
    assert built.outputs["name"] == "shop-log"


def test_they_may_go_with_the_workload(build: Build) -> None:
    assert "LogGroup shop" not in logs(build, retain_logs=False).options()


def test_all_of_them_are_delivered(build: Build) -> None:
    assert logs(build, log_delivery=DELIVERY).inputs("LogSubscriptionFilter") == {
        "LogSubscriptionFilter shop": {
            "logGroup": "shop-log",
            "destinationArn": "arn:stream",
            "roleArn": "arn:role",
            "filterPattern": "",
        }
    }


def test_nobody_writes_before_lines_are_delivered(build: Build) -> None:
    """Whoever takes the name waits for the subscription."""

    def program() -> Mapping[str, Any]:
        made = WorkloadLogs("shop", WorkloadLogsArgs(log_delivery=DELIVERY))
        WorkloadLogs("later", WorkloadLogsArgs(log_kms_key_arn=made.log_group_name))
        return {}

    uses = build(program).resources["LogGroup later"].uses
    assert sorted(uses) == ["LogGroup shop", "LogSubscriptionFilter shop"]
