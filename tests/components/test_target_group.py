from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.target_group import TargetGroup, TargetGroupArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

GIVEN: dict[str, Any] = {
    "vpc_id": "vpc-1",
    "listener_arn": "arn:listener",
    "port": 8080,
    "health_path": "/healthz",
    "priority": 100,
    "paths": ("/api/*",),
    "tags": {"owner": "platform"},
}
TAGS = {"owner": "platform", "Name": "checkout"}


def target_group(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = TargetGroup("checkout", TargetGroupArgs(**{**GIVEN, **changed}))
        return {"arn": made.arn, "suffix": made.arn_suffix, "rule": made.rule.arn}

    return build(program)


def test_a_target_group_checks_health_starts_slowly_and_holds_no_sessions(build: Build) -> None:
    assert target_group(build).inputs("TargetGroup") == {
        "TargetGroup checkout": {
            "namePrefix": "check-",
            "vpcId": "vpc-1",
            "targetType": "instance",
            "port": 8080,
            "protocol": "HTTP",
            "protocolVersion": "HTTP1",
            "deregistrationDelay": 60,
            "slowStart": 30,
            "loadBalancingAlgorithmType": "round_robin",
            "loadBalancingAnomalyMitigation": "off",
            "stickiness": {"type": "lb_cookie", "enabled": False},
            "healthCheck": {
                "enabled": True,
                "protocol": "HTTP",
                "port": "traffic-port",
                "path": "/healthz",
                "matcher": "200",
                "interval": 15,
                "timeout": 5,
                "healthyThreshold": 3,
                "unhealthyThreshold": 3,
            },
            "tags": TAGS,
        }
    }


def test_every_setting_reaches_it(build: Build) -> None:
    built = target_group(
        build,
        deregistration_delay_seconds=10,
        slow_start_seconds=0,
        algorithm="weighted_random",
        health_interval_seconds=30,
        health_timeout_seconds=20,
        healthy_threshold=2,
        unhealthy_threshold=4,
        healthy_status_codes="200-299,301",
    )
    made = built.inputs()["TargetGroup checkout"]
    assert (made["deregistrationDelay"], made["slowStart"]) == (10, 0)
    assert made["loadBalancingAlgorithmType"] == "weighted_random"
    assert made["loadBalancingAnomalyMitigation"] == "on"
    assert made["healthCheck"] == {
        "enabled": True,
        "protocol": "HTTP",
        "port": "traffic-port",
        "path": "/healthz",
        "matcher": "200-299,301",
        "interval": 30,
        "timeout": 20,
        "healthyThreshold": 2,
        "unhealthyThreshold": 4,
    }


@pytest.mark.parametrize(
    ("route", "conditions"),
    [
        ({"paths": ("/api/*",)}, [{"pathPattern": {"values": ["/api/*"]}}]),
        ({"paths": (), "hosts": ("api.example.com",)}, [{"hostHeader": {"values": ["api.example.com"]}}]),
        (
            {"paths": ("/a", "/b"), "hosts": ("*.example.com",)},
            [{"hostHeader": {"values": ["*.example.com"]}}, {"pathPattern": {"values": ["/a", "/b"]}}],
        ),
    ],
)
def test_a_rule_leads_to_it_by_host_or_path(
    build: Build, route: dict[str, Any], conditions: list[dict[str, Any]]
) -> None:
    assert target_group(build, **route).inputs("ListenerRule") == {
        "ListenerRule checkout": {
            "listenerArn": "arn:listener",
            "priority": 100,
            "actions": [{"type": "forward", "targetGroupArn": "arn:tg/checkout"}],
            "conditions": conditions,
            "tags": TAGS,
        }
    }


def test_a_replacement_stands_beside_what_it_replaces(build: Build) -> None:
    built = target_group(build)
    assert built.options() == {}
    assert "name" not in built.inputs()["TargetGroup checkout"]


def test_it_makes_two_children_and_hands_them_on(build: Build) -> None:
    built = target_group(build)
    assert built.parents() == {
        "the TargetGroup checkout": "Stack",
        "TargetGroup checkout": "the TargetGroup checkout",
        "ListenerRule checkout": "the TargetGroup checkout",
    }
    assert built.types()["the TargetGroup checkout"] == "immutable:targetgroup:TargetGroup"
    assert built.outputs == {
        "arn": "arn:tg/checkout",
        "suffix": "targetgroup/checkout",
        "rule": "arn:rule/checkout",
    }


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"paths": ()}, "0 hosts and paths: give 1 to 5"),
        ({"paths": tuple(f"/{n}" for n in range(6))}, "6 hosts and paths: give 1 to 5"),
        ({"paths": ("api",)}, "should match pattern"),
        ({"paths": ("/" + "a" * 128,)}, "at most 128 characters"),
        ({"hosts": ("a b",)}, "should match pattern"),
        ({"health_path": "healthz"}, "should match pattern"),
        ({"health_path": "/a b"}, "should match pattern"),
        ({"health_timeout_seconds": 15}, "a health check of 15 s every 15 s: make the timeout shorter"),
        ({"slow_start_seconds": 29}, "a slow start of 29 s: give 0, or 30 to 900"),
        ({"algorithm": "least_outstanding_requests"}, "does not work with least_outstanding_requests"),
        ({"priority": 0}, "greater than or equal to 1"),
        ({"priority": 50001}, "less than or equal to 50000"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"port": 65536}, "less than or equal to 65535"),
        ({"deregistration_delay_seconds": 3601}, "less than or equal to 3600"),
        ({"healthy_status_codes": "ok"}, "should match pattern"),
    ],
)
def test_what_elastic_load_balancing_would_refuse_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        TargetGroupArgs(**{**GIVEN, **changed})
