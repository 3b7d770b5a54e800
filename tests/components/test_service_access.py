"""A service that others call, and what it passes on to its servers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.args import Callee, DatabaseAccess, EntryPoint, LogDelivery, SecretReference
from components.service import ServiceArgs
from tests.components.recorder import Built
from tests.components.test_service import GIVEN, ROLLOUT, service

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

INTERNAL = EntryPoint(listener_arn="arn:inner", security_group_id="sg-inner", arn_suffix="app/inner")
NO_ROUTE: dict[str, Any] = {"entry_point": None, "priority": None, "paths": ()}
STREAM = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/logs"


def test_a_service_that_others_call_has_a_target_group_for_each_way_in(build: Build) -> None:
    built = service(build, internal=INTERNAL)
    inputs = built.inputs()
    rule = inputs["ListenerRule web-internal"]
    assert (rule["listenerArn"], rule["priority"]) == ("arn:inner", 1)
    assert rule["conditions"] == [{"pathPattern": {"values": ["/*"]}}]
    assert inputs["ListenerRule web"]["listenerArn"] == "arn:listener"
    both = ["arn:tg/web", "arn:tg/web-internal"]
    assert inputs["Group web"]["targetGroupArns"] == both
    assert inputs[ROLLOUT]["target_group_arns"] == both
    assert built.after()["the AutoScalingGroup web"] == ["ListenerRule web", "ListenerRule web-internal"]
    assert built.parents()["the TargetGroup web-internal"] == "the Service web"


def test_its_servers_let_in_both_load_balancers_and_each_may_call_them(build: Build) -> None:
    inputs = service(build, internal=INTERNAL).inputs()
    ways = {
        key.split()[1]: (rule["securityGroupId"], rule["referencedSecurityGroupId"], rule["description"])
        for key, rule in inputs.items()
        if key.startswith("SecurityGroup") and "referencedSecurityGroupId" in rule
    }
    assert ways == {
        "web-from-load-balancer": ("web-id", "sg-lb", "Requests from the load balancer"),
        "web-to-servers": ("sg-lb", "web-id", "Requests to the servers of web"),
        "web-from-internal": ("web-id", "sg-inner", "Requests from the internal load balancer"),
        "web-internal-to-servers": ("sg-inner", "web-id", "Requests to the servers of web"),
    }


def test_a_service_with_both_is_judged_by_the_entry_of_its_visitors(build: Build) -> None:
    inputs = service(build, internal=INTERNAL).inputs()
    assert "app/lb" in str(inputs["MetricAlarm web-errors"])
    assert "app/inner" not in str(inputs["MetricAlarm web-errors"])


def test_a_service_without_a_route_is_judged_by_the_entry_that_it_has(build: Build) -> None:
    built = service(build, internal=INTERNAL, requests_per_target=600, **NO_ROUTE)
    inputs = built.inputs()
    assert list(built.inputs("TargetGroup")) == ["TargetGroup web-internal"]
    assert inputs["Group web"]["targetGroupArns"] == ["arn:tg/web-internal"]
    tracking = inputs["Policy web-requests"]["targetTrackingConfiguration"]
    label = tracking["predefinedMetricSpecification"]["resourceLabel"]
    assert label == "app/inner/targetgroup/web-internal"
    assert "app/inner" in str(inputs["MetricAlarm web-errors"])
    assert "SecurityGroupIngressRule web-from-load-balancer" not in inputs


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (NO_ROUTE, "is never asked: give it one of them"),
        ({"priority": None}, "entry_point and priority go together"),
        ({"entry_point": None, "internal": INTERNAL}, "entry_point and priority go together"),
        ({**NO_ROUTE, "internal": INTERNAL, "paths": ("/*",)}, "lead nowhere: leave them out"),
    ],
)
def test_a_service_that_nobody_reaches_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ServiceArgs(**{**GIVEN, **changed})


def test_database_secrets_and_calls_reach_its_servers(build: Build) -> None:
    database = DatabaseAccess(
        host="db", port=5433, name="orders", security_group_id="sg-db", secret_arn="arn:s"
    )
    built = service(
        build,
        database=database,
        secrets={"KEY": SecretReference(arn="arn:aws:ssm:r:a:parameter/k")},
        calls={"billing": Callee(url="https://billing", security_group_id="sg-billing")},
    )
    written = base64.b64decode(built.inputs()["LaunchTemplate web"]["userData"]).decode()
    for line in (r"DATABASE_HOST=\"db\"", r"BILLING_URL=\"https://billing\"", "KEY=arn:aws:ssm"):
        assert line in written


def test_its_logs_go_on_from_their_first_line(build: Build) -> None:
    built = service(build, log_delivery=LogDelivery(destination_arn=STREAM, role_arn="arn:role"))
    assert built.inputs("LogSubscriptionFilter") == {
        "LogSubscriptionFilter web": {
            "logGroup": "web-log",
            "destinationArn": STREAM,
            "roleArn": "arn:role",
            "filterPattern": "",
        }
    }
    assert "LogSubscriptionFilter web" in built.after()["LaunchTemplate web"]
    assert not service(build).inputs("LogSubscriptionFilter")
