"""Where a service is called by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.args import AccessLogs
from components.internal_entry import InternalEntry, InternalEntryArgs
from components.service import Service, ServiceArgs
from tests.components.recorder import Built
from tests.components.test_service import GIVEN as SERVICE

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

HOST = "billing.internal.example.com"
TAGS = {"owner": "platform"}
GIVEN: dict[str, Any] = {
    "host": HOST,
    "zone_id": "Z-PRIVATE",
    "certificate_arn": "arn:certificate",
    "vpc_id": "vpc-1",
    "subnet_ids": ("subnet-a", "subnet-b"),
    "access_logs": AccessLogs(bucket="logs", prefix="load-balancer"),
    "tags": TAGS,
}


def tags(name: str) -> dict[str, str]:
    return {**TAGS, "Name": name}


def entry(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = InternalEntry("billing-internal", InternalEntryArgs(**{**GIVEN, **changed}))
        return {"entry_point": dict(made.entry_point), "callee": dict(made.callee)}

    return build(program)


def test_its_load_balancer_is_internal_protected_and_logged(build: Build) -> None:
    assert entry(build).inputs("LoadBalancer") == {
        "LoadBalancer billing-internal": {
            "namePrefix": "billi-",
            "loadBalancerType": "application",
            "internal": True,
            "ipAddressType": "ipv4",
            "securityGroups": ["billing-internal-id"],
            "subnets": ["subnet-a", "subnet-b"],
            "accessLogs": {"bucket": "logs", "prefix": "load-balancer", "enabled": True},
            "desyncMitigationMode": "defensive",
            "dropInvalidHeaderFields": True,
            "enableCrossZoneLoadBalancing": True,
            "enableDeletionProtection": True,
            "enableHttp2": True,
            "idleTimeout": 60,
            "xffHeaderProcessingMode": "append",
            "tags": tags("billing-internal"),
        }
    }


@pytest.mark.parametrize(
    ("argument", "value", "name"),
    [("deletion_protection", False, "enableDeletionProtection"), ("idle_timeout_seconds", 90, "idleTimeout")],
)
def test_its_settings_reach_it(build: Build, argument: str, value: Any, name: str) -> None:
    built = entry(build, **{argument: value})
    assert built.inputs()["LoadBalancer billing-internal"][name] == value


def test_by_itself_it_lets_nobody_in_and_nothing_out(build: Build) -> None:
    built = entry(build)
    assert built.inputs("SecurityGroup") == {
        "SecurityGroup billing-internal": {
            "namePrefix": "billing-internal-",
            "description": f"Calls to {HOST}",
            "vpcId": "vpc-1",
            "tags": tags("billing-internal"),
        }
    }
    assert not built.inputs("SecurityGroupIngressRule") | built.inputs("SecurityGroupEgressRule")


def test_it_speaks_https_alone_and_knows_nothing_by_itself(build: Build) -> None:
    assert entry(build, ssl_policy="ELBSecurityPolicy-TLS13-1-3-2021-06").inputs("Listener") == {
        "Listener billing-internal-https": {
            "loadBalancerArn": "arn:lb/billing-internal",
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06",
            "certificateArn": "arn:certificate",
            "defaultActions": [
                {
                    "type": "fixed-response",
                    "fixedResponse": {
                        "contentType": "text/plain",
                        "messageBody": "Not found",
                        "statusCode": "404",
                    },
                }
            ],
            "tags": tags("billing-internal-https"),
        }
    }


def test_its_name_leads_to_it(build: Build) -> None:
    assert entry(build).inputs("Record") == {
        "Record billing-internal": {
            "zoneId": "Z-PRIVATE",
            "name": HOST,
            "type": "A",
            "aliases": [
                {
                    "name": "billing-internal.elb.example",
                    "zoneId": "Z-OF-AWS",
                    "evaluateTargetHealth": True,
                }
            ],
        }
    }


def test_it_hands_on_what_the_called_and_the_callers_need(build: Build) -> None:
    assert entry(build).outputs == {
        "entry_point": {
            "listener_arn": "arn:listener/billing-internal-https",
            "security_group_id": "billing-internal-id",
            "arn_suffix": "app/billing-internal",
        },
        "callee": {"url": f"https://{HOST}", "security_group_id": "billing-internal-id", "port": 443},
    }


def test_everything_is_a_child_of_it(build: Build) -> None:
    built = entry(build)
    assert set(built.parents().values()) == {"Stack", "the InternalEntry billing-internal"}
    found = built.types()["the InternalEntry billing-internal"]
    assert found == "immutable:internalentry:InternalEntry"


def test_two_services_may_call_each_other_and_nobody_else_may(build: Build) -> None:
    def program() -> Mapping[str, Any]:
        entries = {
            name: InternalEntry(
                f"{name}-internal", InternalEntryArgs(**{**GIVEN, "host": f"{name}.internal.example.com"})
            )
            for name in ("web", "billing")
        }
        for name, other in (("web", "billing"), ("billing", "web")):
            calls = {other: entries[other].callee}
            given = {**SERVICE, "internal": entries[name].entry_point, "calls": calls}
            Service(name, ServiceArgs(**given))
        return {}

    built = build(program)
    inside = {
        key.split()[1]: rule["referencedSecurityGroupId"]
        for key, rule in built.inputs("SecurityGroupIngressRule").items()
        if rule["securityGroupId"] == "billing-internal-id"
    }
    assert inside == {"web-calls-billing": "web-id"}
    out = {
        key.split()[1]: rule["referencedSecurityGroupId"]
        for key, rule in built.inputs("SecurityGroupEgressRule").items()
        if rule["securityGroupId"] == "billing-internal-id"
    }
    assert out == {"billing-internal-to-servers": "billing-id"}
    # No server starts before what it calls has a name.
    assert "Record billing-internal" in built.resources["LaunchTemplate web"].uses


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"host": "Billing"}, "match pattern"),
        ({"subnet_ids": ("subnet-a",)}, "at least 2 items"),
        ({"idle_timeout_seconds": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_an_internal_entry_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        InternalEntryArgs(**{**GIVEN, **changed})
