"""The logs of an environment: each value of its section arrives, and what is wrong with one is one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from components.log_shipping import Archive
from components.log_watch import LogThresholds
from stacks.log_sections import ArchiveConfig, EnvironmentLogsConfig, OpenSearchConfig
from stacks.rollouts import AlarmsConfig
from tests.stacks.declared import Environment, declared
from tests.stacks.given import complaint, complaints, with_changes

LOGS = "immutable:logs"
ARCHIVE = f"{LOGS}.archive"
DESTINATION = "arn:aws:logs:eu-central-1:210987654321:destination:staging"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:LogsToElasticsearch_search"
TWO = {
    "immutable:services.api": {
        "port": 9090,
        "instanceTypes": ["m7g.large"],
        "route": {"priority": 50, "paths": ["/api/*"]},
    }
}


def environment(**changes: Any) -> Environment:
    paths = {f"{LOGS}.{path}": value for path, value in changes.items()}
    return declared("staging", with_changes({**TWO, **paths}))


def names(built: Environment, kind: str) -> set[str]:
    return {each.name for each in built.resources if each.type.endswith(f":{kind}")}


def test_a_services_log_group_leads_to_a_stream_of_its_own_in_the_one_bucket() -> None:
    built = environment()
    assert names(built, "FirehoseDeliveryStream") == {"logs-web", "logs-api"}
    assert names(built, "Bucket") == {"logs", "logs-requests"}
    for service in ("web", "api"):
        subscription = built.one("LogSubscriptionFilter", service)
        assert subscription.inputs["destinationArn"].endswith(f"deliverystream/logs-{service}-stream")
        assert subscription.inputs["roleArn"] == "arn:role/logs-subscription"
        assert built.one("LogGroup", service).inputs["kmsKeyId"].endswith(":key/logs")


def test_load_balancer_and_network_deliver_to_the_same_bucket() -> None:
    built = environment()
    assert built.one("LoadBalancer", "entry").inputs["accessLogs"] == {
        "bucket": "logs-id",
        "prefix": "load-balancer",
        "enabled": True,
    }
    assert (
        built.one("FlowLog", "network-flow-logs").inputs["logDestination"] == "arn:aws:s3:::logs/flow-logs/"
    )


def test_the_archive_is_as_configured() -> None:
    archive = {
        "expireAfterDays": 400,
        "coldAfterDays": 45,
        "objectLockDays": 30,
        "objectLockMode": "compliance",
        "bufferSeconds": 120,
        "messagesOnly": True,
    }
    built = environment(archive=archive)
    rules = {
        rule["filter"]["prefix"]: (rule["expiration"]["days"], rule.get("transitions"))
        for rule in built.one("BucketLifecycleConfiguration", "logs").inputs["rules"]
    }
    cold = [{"days": 45, "storageClass": "GLACIER"}]
    assert rules == {
        "services/": (400, cold),
        "flow-logs/": (400, cold),
        "failures/": (400, None),
        "load-balancer/": (90, None),
    }
    lock = built.one("BucketObjectLockConfiguration", "logs").inputs["rule"]
    assert lock == {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}
    stream = built.one("FirehoseDeliveryStream", "logs-web").inputs["extendedS3Configuration"]
    assert stream["bufferingInterval"] == 120
    kinds = [each["type"] for each in stream["processingConfiguration"]["processors"]]
    assert kinds == ["Decompression", "CloudWatchLogProcessing"]


def test_access_logs_have_their_own_time() -> None:
    built = declared("staging", with_changes({"immutable:loadBalancer.accessLogRetentionDays": 11}))
    rules = built.one("BucketLifecycleConfiguration", "logs").inputs["rules"]
    assert {rule["id"]: rule["expiration"]["days"] for rule in rules}["load-balancer"] == 11


def test_each_services_delivery_is_watched() -> None:
    alarm = environment().one("MetricAlarm", "api-log-delivery").inputs
    assert alarm["dimensions"] == {"DeliveryStreamName": "logs-api-stream"}
    assert alarm["tags"]["service"] == "api"


def test_another_account_gets_the_services_logs_instead() -> None:
    built = environment(destinationArn=DESTINATION)
    assert names(built, "FirehoseDeliveryStream") == set()
    subscription = built.one("LogSubscriptionFilter", "web").inputs
    assert (subscription["destinationArn"], subscription.get("roleArn")) == (DESTINATION, None)
    assert "web-log-delivery" not in names(built, "MetricAlarm")
    assert built.one("LoadBalancer", "entry").inputs["accessLogs"]["bucket"] == "logs-id"


def test_opensearch_gets_every_line_as_well() -> None:
    built = environment(openSearch={"functionArn": FUNCTION})
    assert names(built, "LogSubscriptionFilter") == {
        "web",
        "api",
        "logs-web-open-search",
        "logs-api-open-search",
    }
    assert built.one("Permission", "logs-web-open-search").inputs["function"] == FUNCTION


def test_logs_are_searched_by_the_name_of_project_and_environment() -> None:
    built = environment()
    assert built.one("Dashboard", "logs").inputs["dashboardName"] == "immutable-staging"
    assert built.one("QueryDefinition", "logs-errors").inputs["logGroupNames"] == ["web-log", "api-log"]
    body = json.loads(built.one("Dashboard", "logs").inputs["dashboardBody"])
    graphs = {each["properties"]["title"]: each["properties"] for each in body["widgets"]}
    assert len(graphs["Lines a minute that tell of an error"]["metrics"]) == 2
    assert len(graphs["Seconds that the oldest line waits for the bucket"]["metrics"]) == 2


def test_their_alarms_ring_and_end_no_release() -> None:
    built = environment()
    alarm = built.one("MetricAlarm", "web-log-errors").inputs
    assert alarm["alarmActions"] == ["arn:aws:sns:eu-central-1:123456789012:alerts-topic"]
    watched = built.one("Rollout", "web").inputs["preferences"]["alarms"]
    assert not [name for name in watched if "-log-" in name]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {ARCHIVE: {"coldAfterDays": 90, "expireAfterDays": 179}},
            f"{ARCHIVE}.coldAfterDays: 90 is too late for what is kept 179 days, as S3 charges 90 days of "
            "cold storage; remove it, or raise expireAfterDays",
        ),
        (
            {ARCHIVE: {"objectLockDays": 31, "expireAfterDays": 30}},
            f"{ARCHIVE}.objectLockDays: 31 is longer than logs are kept, and nobody could delete them; "
            "lower it to expireAfterDays, 30",
        ),
        (
            {ARCHIVE: {"objectLockDays": 91}},
            f"{ARCHIVE}.objectLockDays: 91 is longer than access logs are kept, in the same bucket; "
            "lower it, or raise loadBalancer.accessLogRetentionDays, 90",
        ),
        (
            {ARCHIVE: {"objectLockMode": "compliance"}},
            f"{ARCHIVE}.objectLockMode: locks nothing without objectLockDays; set that too, or remove it",
        ),
        (
            {ARCHIVE: {"objectLockDays": 30}, f"{LOGS}.retainOnDestroy": False},
            f"{ARCHIVE}.objectLockDays: 30 days locks what retainOnDestroy: false wants to delete; "
            "remove one of both",
        ),
        (
            {ARCHIVE: {"expireAfterDays": 30}, f"{LOGS}.destinationArn": DESTINATION},
            f"{LOGS}.destinationArn: stands beside archive, and either this account or the other keeps the "
            "logs; remove one",
        ),
        (
            {f"{LOGS}.destinationArn": "arn:aws:firehose:eu-central-1:210987654321:deliverystream/logs"},
            f"{LOGS}.destinationArn: 'arn:aws:firehose:eu-central-1:210987654321:deliverystream/logs' is not "
            "a destination's ARN; one is arn:aws:logs:REGION:ACCOUNT:destination:NAME",
        ),
        (
            {f"{LOGS}.destinationArn": DESTINATION.replace("central", "west")},
            f"{LOGS}.destinationArn: is of eu-west-1, the stack of eu-central-1; name one in eu-central-1",
        ),
        (
            {f"{LOGS}.openSearch": {"functionArn": FUNCTION.replace("central", "west")}},
            f"{LOGS}.openSearch.functionArn: is of eu-west-1, the stack of eu-central-1; name one in "
            "eu-central-1",
        ),
        (
            {f"{LOGS}.openSearch": {"functionArn": "search"}},
            f"{LOGS}.openSearch.functionArn: 'search' is not a function's ARN; one is "
            "arn:aws:lambda:REGION:ACCOUNT:function:NAME",
        ),
        ({ARCHIVE: {"bufferSeconds": 59}}, f"{ARCHIVE}.bufferSeconds: 59 is too low; the least is 60"),
        ({ARCHIVE: {"bufferSeconds": 901}}, f"{ARCHIVE}.bufferSeconds: 901 is too high; the most is 900"),
        ({ARCHIVE: {"expireAfterDays": 0}}, f"{ARCHIVE}.expireAfterDays: 0 is too low; the least is 1"),
        (
            {"immutable:services.web.alarms": {"logErrorPercent": 101}},
            "immutable:services.web.alarms.logErrorPercent: 101 is too high; the most is 100",
        ),
    ],
)
def test_what_is_wrong_with_logs_is_one_line(changes: dict[str, Any], line: str) -> None:
    assert complaints(changes) == [f"Pulumi.staging.yaml: {line}"]


def test_an_unknown_key_of_the_archive_is_told_the_nearest() -> None:
    assert complaint({ARCHIVE: {"coldDays": 90}}).endswith("is not a known key; did you mean coldAfterDays?")


def test_ends_that_are_taken() -> None:
    assert complaints({ARCHIVE: {"coldAfterDays": 90, "expireAfterDays": 180}}) == []
    assert complaints({ARCHIVE: {"objectLockDays": 90}}) == []
    assert complaints({ARCHIVE: {"bufferSeconds": 60}}) == complaints({ARCHIVE: {"bufferSeconds": 900}}) == []


def test_defaults_are_those_of_the_components() -> None:
    for name in ("expire_after_days", "cold_after_days", "buffer_seconds", "messages_only"):
        assert ArchiveConfig.model_fields[name].default == Archive.model_fields[name].default, name
    for name in ("error_percent", "error_pattern"):
        assert AlarmsConfig.model_fields[f"log_{name}"].default == LogThresholds.model_fields[name].default


@pytest.mark.parametrize("section", [ArchiveConfig, EnvironmentLogsConfig, OpenSearchConfig])
def test_every_key_is_described(section: type[BaseModel]) -> None:
    assert [name for name, field in section.model_fields.items() if not field.description] == []
