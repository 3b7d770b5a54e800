"""Load balancers and networks that deliver to the bucket of the environment, and make none of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.components.networks import network
from tests.components.recorder import Built
from tests.components.test_load_balancer import load_balancer

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]


def test_a_load_balancer_delivers_to_the_bucket_that_it_is_given(build: Build) -> None:
    built = load_balancer(build, log_bucket="logs-bucket")
    assert built.inputs()["LoadBalancer entry"]["accessLogs"] == {
        "bucket": "logs-bucket",
        "prefix": "load-balancer",
        "enabled": True,
    }
    assert built.inputs("Bucket") == {}


def test_flow_logs_go_to_the_bucket_by_account_day_and_hour(build: Build) -> None:
    built = network(build, flow_log_bucket_arn="arn:aws:s3:::logs")
    assert built.inputs("FlowLog") == {
        "FlowLog net-flow-logs": {
            "vpcId": "net-id",
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": "arn:aws:s3:::logs/flow-logs/",
            "destinationOptions": {
                "fileFormat": "plain-text",
                "hiveCompatiblePartitions": True,
                "perHourPartition": True,
            },
            "maxAggregationInterval": 60,
            "tags": {"owner": "platform", "Name": "net-flow-logs"},
        }
    }
    assert built.parents()["FlowLog net-flow-logs"] == "the Network net"


def test_flow_logs_in_a_bucket_need_no_role_and_no_log_group(build: Build) -> None:
    built = network(build, flow_log_bucket_arn="arn:aws:s3:::logs")
    assert built.inputs("Role") == built.inputs("RolePolicy") == built.inputs("LogGroup") == {}
