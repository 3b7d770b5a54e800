"""An environment with names: what leads where, and what a service that is called gets."""

from __future__ import annotations

import base64
from typing import Any

import pulumi
import pytest

from tests.stacks.declared import Account, Environment, declared
from tests.stacks.given import SMALLEST, with_changes

ZONE = "Z0123456789ABCDEFGHIJ"
BILLING: dict[str, Any] = {"port": 7070, "instanceTypes": ["m7g.large"]}
NAMED = with_changes(
    {
        "immutable:names": {"zoneId": ZONE, "domain": "staging.example.com"},
        "immutable:loadBalancer": {"scheme": "internet-facing"},
        "immutable:services.web.calls": ["billing"],
        "immutable:services.billing": BILLING,
    }
)


@pytest.fixture(scope="module")
def named() -> Environment:
    return declared("staging", NAMED)


def of(environment: Environment, kind: str) -> dict[str, dict[str, Any]]:
    """Inputs by logical name."""
    found = [each for each in environment.resources if each.type.startswith("aws:")]
    return {each.name: each.inputs for each in found if each.type.endswith(f":{kind}")}


def test_the_domain_leads_to_the_entry_point_with_a_certificate_of_its_own(named: Environment) -> None:
    certificate = named.one("Certificate", "entry").inputs
    assert certificate["domainName"] == "staging.example.com"
    assert certificate["subjectAlternativeNames"] == ["*.staging.example.com"]
    issued = named.one("CertificateValidation", "entry").inputs["certificateArn"]
    assert named.one("Listener", "entry-https").inputs["certificateArn"] == issued
    alias = named.one("Record", "entry-staging.example.com").inputs
    assert (alias["zoneId"], alias["name"], alias["type"]) == (ZONE, "staging.example.com", "A")
    assert alias["aliases"][0]["name"] == "entry.elb.example"
    assert named.outputs["url"] == "https://staging.example.com"


def test_a_certificate_that_is_named_is_used_and_the_domain_leads_there_all_the_same() -> None:
    given = SMALLEST["immutable:loadBalancer"]["certificateArn"]
    built = declared("staging", {**NAMED, "immutable:loadBalancer": {"certificateArn": given}})
    assert "entry" not in of(built, "Certificate")
    assert built.one("Listener", "entry-https").inputs["certificateArn"] == given
    assert "entry-staging.example.com" in of(built, "Record")


def test_routed_hosts_get_a_record_and_a_place_on_the_certificate() -> None:
    hosts = ["Shop.staging.example.com", "staging.example.com", "a.b.staging.example.com"]
    route = {"priority": 1, "hosts": hosts}
    built = declared("staging", with_changes({"immutable:services.web.route": route}, NAMED))
    records = {name for name in of(built, "Record") if "proves" not in name}
    assert records == {
        "entry-staging.example.com",
        "entry-shop.staging.example.com",
        "entry-a.b.staging.example.com",
        "billing-internal",
    }
    assert built.one("Certificate", "entry").inputs["subjectAlternativeNames"] == [
        "*.staging.example.com",
        "a.b.staging.example.com",
    ]


def test_a_called_service_has_a_load_balancer_and_a_name_in_the_network(named: Environment) -> None:
    balancer = named.one("LoadBalancer", "billing-internal").inputs
    assert balancer["internal"] is True
    assert all(each.startswith("network-private-") for each in balancer["subnets"])
    assert balancer["accessLogs"] == named.one("LoadBalancer", "entry").inputs["accessLogs"]
    assert (balancer["enableDeletionProtection"], balancer["idleTimeout"]) == (True, 60)
    assert balancer["tags"]["service"] == "billing"
    zone = named.one("Zone", "internal").inputs
    assert zone["name"] == "internal.staging.example.com"
    assert zone["vpcs"] == [{"vpcId": "network-id"}]
    record = named.one("Record", "billing-internal").inputs
    assert (record["zoneId"], record["name"]) == ("internal-zone", "billing.internal.staging.example.com")
    issued = named.one("CertificateValidation", "internal").inputs["certificateArn"]
    assert named.one("Listener", "billing-internal-https").inputs["certificateArn"] == issued
    assert set(of(named, "LoadBalancer")) == {"entry", "billing-internal"}


def test_internal_entries_are_protected_and_closed_as_the_entry_point_is() -> None:
    loose = {"scheme": "internal", "deletionProtection": False, "idleTimeoutSeconds": 90}
    built = declared("staging", {**NAMED, "immutable:loadBalancer": loose})
    balancer = built.one("LoadBalancer", "billing-internal").inputs
    assert (balancer["enableDeletionProtection"], balancer["idleTimeout"]) == (False, 90)


def test_the_caller_gets_the_name_and_the_open_path_and_nothing_more(named: Environment) -> None:
    written = {
        name: base64.b64decode(template["userData"]).decode()
        for name, template in of(named, "LaunchTemplate").items()
    }
    assert r"BILLING_URL=\"https://billing.internal.staging.example.com\"" in written["web"]
    assert "_URL=" not in written["billing"]
    inside = {
        name: (rule["referencedSecurityGroupId"], rule["fromPort"])
        for name, rule in of(named, "SecurityGroupIngressRule").items()
        if rule["securityGroupId"] == "billing-internal-id"
    }
    assert inside == {"web-calls-billing": ("web-id", 443)}
    ways = of(named, "SecurityGroupIngressRule")
    assert ways["billing-from-internal"]["referencedSecurityGroupId"] == "billing-internal-id"
    assert "billing-from-load-balancer" not in ways


def test_a_service_without_a_route_is_healthy_by_its_internal_entry_alone(named: Environment) -> None:
    assert set(of(named, "TargetGroup")) == {"web", "billing-internal"}
    wanted = ["arn:tg/billing-internal"]
    assert named.one("Group", "billing").inputs["targetGroupArns"] == wanted
    assert named.one("Rollout", "billing").inputs["target_group_arns"] == wanted


def test_what_is_exported_says_who_calls_whom_and_where(named: Environment) -> None:
    services = named.outputs["services"]
    assert services["billing"]["internalUrl"] == "https://billing.internal.staging.example.com"
    assert "url" not in services["billing"] and "calls" not in services["billing"]
    assert (services["web"]["calls"], services["web"]["url"]) == (["billing"], "https://staging.example.com")
    assert "internalUrl" not in services["web"]


def test_without_calls_there_is_no_private_zone() -> None:
    changes = {"immutable:services.web.calls": None, "immutable:services.billing": None}
    built = declared("staging", with_changes(changes, NAMED))
    assert not of(built, "Zone")
    assert list(of(built, "Certificate")) == ["entry"]


def test_without_names_nothing_of_them_is_made_or_asked() -> None:
    built = declared("staging", SMALLEST)
    assert not {"Zone", "Record", "Certificate"} & {each.type.rpartition(":")[2] for each in built.resources}
    assert "getZone" not in built.asked
    assert built.outputs["url"] == "https://entry.elb.example"


@pytest.mark.parametrize(
    ("zone", "line"),
    [
        (
            "no\nsuch zone",
            f"zoneId: {ZONE} cannot be read (invoke of aws:route53/getZone:getZone failed: no such",
        ),
        (
            {"privateZone": True},
            f"zoneId: {ZONE} is private, and certificates are proven in public; name the public zone",
        ),
        (
            {"name": "example.org"},
            f"domain: staging.example.com is not in the zone {ZONE}, which holds example.org; take a name",
        ),
    ],
)
def test_a_zone_that_cannot_hold_the_domain_is_refused_before_anything_is_made(zone: Any, line: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        declared("staging", NAMED, account=Account(zone=zone))
    assert str(refused.value).startswith(f"Pulumi.staging.yaml: immutable:names.{line}")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("held", ["staging.example.com", "example.com", "example.com."])
def test_a_zone_may_hold_the_domain_or_what_it_is_below_of(held: str) -> None:
    assert declared("staging", NAMED, account=Account(zone={"name": held})).asked["getZone"] == [
        {"zoneId": ZONE}
    ]
