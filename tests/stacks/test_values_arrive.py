"""Each value of a stack file ends at the AWS property that it is about; none is read and forgotten."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.stacks.declared import Environment, declared
from tests.stacks.given import CERTIFICATE, with_changes

WEB_ACL = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/shop/1a2b-3c4d"
STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::assets/*"}


@pytest.fixture(scope="module")
def built() -> Environment:
    """An environment without one default value."""
    web: dict[str, Any] = {
        "port": 9000,
        "instanceTypes": ["c7g.large", "c6g.large"],
        "route": {"priority": 7, "hosts": ["app.example.com"], "paths": ["/a/*", "/b"]},
        "healthPath": "/up",
        "min": 3,
        "max": 9,
        "environment": {"LOG_LEVEL": "warning"},
        "policyStatements": [STATEMENT],
        "rootDeviceName": "/dev/sda1",
        "volumeSizeGib": 40,
        "healthCheckGraceSeconds": 90,
        "warmupSeconds": 45,
        "deregistrationDelaySeconds": 10,
        "slowStartSeconds": 33,
        "onDemandBaseCapacity": 1,
        "onDemandPercentage": 50,
        "cpuTargetPercent": 55,
        "requestsPerTarget": 600,
        "maxInstanceLifetimeDays": 14,
        "lifecycle": {"launchTimeoutSeconds": 90, "terminationTimeoutSeconds": 45},
        "alarms": {
            "errorPercent": 2.5,
            "latencySeconds": 0.5,
            "unhealthyHosts": 2,
            "replacements": 3,
            "logErrorPercent": 1.5,
            "logErrorPattern": "?oops",
        },
        "refresh": {
            "strategy": "ReplaceRootVolume",
            "minHealthyPercentage": 90,
            "maxHealthyPercentage": 150,
            "timeoutSeconds": 600,
            "checkpointPercentages": [20, 100],
            "checkpointDelaySeconds": 60,
            "bakeSeconds": 120,
            "alarms": ["checkout-fails"],
        },
    }
    balancer = {
        "certificateArn": CERTIFICATE,
        "scheme": "internet-facing",
        "allowedCidrs": ["203.0.113.0/24"],
        "accessLogRetentionDays": 11,
        "deletionProtection": False,
        "idleTimeoutSeconds": 120,
        "webAclArn": WEB_ACL,
    }
    changes = {
        "immutable:services.web": web,
        "immutable:loadBalancer": balancer,
        "immutable:logs": {"retentionDays": 14, "retainOnDestroy": False},
        "immutable:sleep": {"timeZone": "Asia/Tokyo", "from": "22:30", "until": "06:15", "days": ["tue"]},
        "immutable:alerts": {"emails": ["ops@example.com"]},
        "immutable:network": {"cidr": "10.40.0.0/18", "zones": 2, "egress": "endpoints"},
    }
    return declared("staging", with_changes(changes))


def test_the_network_is_as_configured(built: Environment) -> None:
    assert built.one("Vpc", "network").inputs["cidrBlock"] == "10.40.0.0/18"
    assert not any(each.type.endswith(":NatGateway") for each in built.resources)
    assert sum(each.type.endswith(":Subnet") for each in built.resources) == 3 * 2


def test_the_region_reaches_what_needs_its_name(built: Environment) -> None:
    services = {each.inputs["serviceName"] for each in built.resources if each.type.endswith(":VpcEndpoint")}
    assert "com.amazonaws.eu-central-1.s3" in services
    assert built.one("Rollout", "web").inputs["region"] == "eu-central-1"


def test_the_load_balancer_is_as_configured(built: Environment) -> None:
    inputs = built.one("LoadBalancer", "entry").inputs
    assert (inputs["internal"], inputs["enableDeletionProtection"], inputs["idleTimeout"]) == (
        False,
        False,
        120,
    )
    assert built.one("Listener", "entry-https").inputs["certificateArn"] == CERTIFICATE
    assert built.one("WebAclAssociation", "entry").inputs["webAclArn"] == WEB_ACL
    rules = [each.inputs for each in built.resources if each.name.startswith("entry-https-")]
    assert [rule["cidrIpv4"] for rule in rules if "cidrIpv4" in rule] == ["203.0.113.0/24"]


def test_logs_are_kept_as_long_as_configured(built: Environment) -> None:
    assert built.one("LogGroup", "web").inputs["retentionInDays"] == 14
    assert not any(each.kept for each in built.resources)


def test_by_default_logs_outlive_the_stack() -> None:
    kept = {each.name for each in declared("staging", with_changes({})).resources if each.kept}
    assert {"logs", "web"} <= kept


def test_the_route_is_as_configured(built: Environment) -> None:
    rule = built.one("ListenerRule", "web").inputs
    assert rule["priority"] == 7
    values = sorted(
        value for each in rule["conditions"] for part in each.values() for value in part["values"]
    )
    assert values == ["/a/*", "/b", "app.example.com"]


def test_the_target_group_is_as_configured(built: Environment) -> None:
    inputs = built.one("TargetGroup", "web").inputs
    assert (inputs["port"], inputs["healthCheck"]["path"]) == (9000, "/up")
    assert (inputs["deregistrationDelay"], inputs["slowStart"]) == (10, 33)


def test_the_servers_are_as_configured(built: Environment) -> None:
    inputs = built.one("LaunchTemplate", "web").inputs
    (disk,) = inputs["blockDeviceMappings"]
    assert (disk["deviceName"], disk["ebs"]["volumeSize"]) == ("/dev/sda1", 40)
    assert r"LOG_LEVEL=\"warning\"" in base64.b64decode(inputs["userData"]).decode()
    policy = json.loads(built.one("RolePolicy", "web-access").inputs["policy"])
    assert STATEMENT in policy["Statement"]


def test_the_group_is_as_configured(built: Environment) -> None:
    inputs = built.one("Group", "web").inputs
    assert (inputs["minSize"], inputs["maxSize"]) == (3, 9)
    assert (inputs["healthCheckGracePeriod"], inputs["defaultInstanceWarmup"]) == (90, 45)
    mixed = inputs["mixedInstancesPolicy"]
    assert [each["instanceType"] for each in mixed["launchTemplate"]["overrides"]] == [
        "c7g.large",
        "c6g.large",
    ]
    spot = mixed["instancesDistribution"]
    assert (spot["onDemandBaseCapacity"], spot["onDemandPercentageAboveBaseCapacity"]) == (1, 50)
    scaling = [each for each in built.resources if each.type == "aws:autoscaling/policy:Policy"]
    # Both are registered at once, in no order.
    targets = {each.inputs["targetTrackingConfiguration"]["targetValue"] for each in scaling}
    assert targets == {55, 600}
    assert inputs["maxInstanceLifetime"] == 14 * 86_400


def test_its_hooks_wait_as_configured(built: Environment) -> None:
    launch, termination = (
        built.one("LifecycleHook", f"web-{hook}").inputs for hook in ("launch", "termination")
    )
    assert (launch["heartbeatTimeout"], termination["heartbeatTimeout"]) == (90, 45)
    user_data = base64.b64decode(built.one("LaunchTemplate", "web").inputs["userData"]).decode()
    assert r"IMMUTABLE_PORT=\"9000\"" in user_data
    assert r"IMMUTABLE_HEALTH_PATH=\"/up\"" in user_data


def test_it_sleeps_when_configured(built: Environment) -> None:
    sleep, wake = (built.one("Schedule", f"web-{action}").inputs for action in ("sleep", "wake"))
    assert (sleep["recurrence"], wake["recurrence"]) == ("30 22 * * TUE", "15 6 * * TUE")
    assert sleep["timeZone"] == wake["timeZone"] == "Asia/Tokyo"


def test_the_refresh_is_as_configured(built: Environment) -> None:
    inputs = built.one("Rollout", "web").inputs
    assert inputs["timeout_seconds"] == 600
    assert inputs["preferences"] == {
        "strategy": "ReplaceRootVolume",
        "min_healthy_percentage": 90,
        "max_healthy_percentage": 150,
        "skip_matching": True,
        "auto_rollback": True,
        "scale_in_protected_instances": "Refresh",
        "standby_instances": "Terminate",
        "checkpoint_percentages": [20, 100],
        "checkpoint_delay_seconds": 60,
        "bake_time_seconds": 120,
        "alarms": [
            "web-errors-alarm",
            "web-latency-alarm",
            "web-unhealthy-hosts-alarm",
            "web-replacements-alarm",
            "checkout-fails",
        ],
    }


def test_a_fix_is_released_past_a_ringing_alarm() -> None:
    unwatched = declared("staging", with_changes({"immutable:services.web.refresh.watchAlarms": False}))
    assert "alarms" not in unwatched.one("Rollout", "web").inputs["preferences"]
    assert "alarms" not in unwatched.outputs["services"]["web"]["refreshPreferences"]


def test_the_alarms_are_as_configured(built: Environment) -> None:
    thresholds = {
        each.name: each.inputs["threshold"] for each in built.resources if each.type.endswith(":MetricAlarm")
    }
    assert thresholds == {
        "web-errors": 2.5,
        "web-latency": 0.5,
        "web-unhealthy-hosts": 2,
        "web-replacements": 3,
        "web-log-errors": 1.5,
        "web-log-delivery": 1800,
    }
    assert built.one("LogMetricFilter", "web-log-errors").inputs["pattern"] == "?oops"


def test_alerts_reach_who_is_named(built: Environment) -> None:
    assert built.one("TopicSubscription", "alerts-ops@example.com").inputs["endpoint"] == "ops@example.com"
