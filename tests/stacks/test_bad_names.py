"""Names and calls that cannot be: each is refused in one line on the key to change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.given import complaint, complaints

NAMES = "immutable:names"
SERVICES = "immutable:services"
HOSTS = f"{SERVICES}.web.route"
GOOD: dict[str, Any] = {
    f"{NAMES}.zoneId": "Z0123456789ABCDEFGHIJ",
    f"{NAMES}.domain": "staging.example.com",
    "immutable:loadBalancer.certificateArn": None,
}
ROUTED = {"priority": 100, "paths": ["/*"]}


def service(*calls: str, priority: int = 0) -> dict[str, Any]:
    """One that calls these; with a route where it has a priority."""
    route = {"route": {"priority": priority, "paths": [f"/{priority}/*"]}} if priority else {}
    return {
        "port": 7070,
        "instanceTypes": ["m7g.large"],
        **({"calls": list(calls)} if calls else {}),
        **route,
    }


def services(**found: dict[str, Any]) -> dict[str, Any]:
    """A stack of these services."""
    return {**GOOD, SERVICES: found}


def hosts(*found: str) -> dict[str, Any]:
    return {**GOOD, HOSTS: {"priority": 100, "hosts": list(found)}}


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("zoneId", "example", "'example' is not the ID of a hosted zone; one is such as Z0123456789ABCDEFGH"),
        ("zoneId", "/hostedzone/Z0123456789", "'/hostedzone/Z0123456789' is not the ID of a hosted zone"),
        (
            "zoneId",
            None,
            "is missing; set it to the ID of the public hosted zone that the domain is in, Z...",
        ),
        ("domain", None, "is missing; set it to the environment's own domain, such as staging.example.com"),
        (
            "domain",
            "staging",
            "'staging' is not a domain; write one in lower case such as staging.example.com",
        ),
        ("domain", "Staging.example.com", "'Staging.example.com' is not a domain"),
        ("domain", "staging.example.com.", "'staging.example.com.' is not a domain"),
        ("domain", "*.example.com", "'*.example.com' is not a domain"),
        ("domain", "https://example.com", "'https://example.com' is not a domain"),
        ("domain", f"{'a' * 64}.example.com", f"'{'a' * 64}.example.com' is not a domain"),
        ("domain", "-a.example.com", "'-a.example.com' is not a domain"),
    ],
)
def test_a_zone_or_a_domain_that_is_none_is_refused(key: str, value: Any, line: str) -> None:
    assert complaint({**GOOD, f"{NAMES}.{key}": value}).startswith(f"{NAMES}.{key}: {line}")


def test_a_domain_that_dns_has_no_room_for_is_refused() -> None:
    line = complaint({**GOOD, f"{NAMES}.domain": ".".join(["a" * 49] * 5 + ["comm"])})
    assert line.endswith("is too long; a name in DNS takes 253 characters")


@pytest.mark.parametrize(
    ("length", "calls", "lines"),
    [
        (64, False, []),
        (65, False, ["is too long; the domain has 65 characters, a certificate takes 64"]),
        (53, True, []),
        (54, True, ["is too long; *.internal.{} has 65 characters, a certificate takes 64"]),
    ],
)
def test_a_domain_that_a_certificate_has_no_room_for_is_refused(
    length: int, calls: bool, lines: list[str]
) -> None:
    domain = f"{'a' * (length - 16)}.bb.example.com"[:length].ljust(length, "m")
    found = services(web=service("api", priority=1), api=service()) if calls else GOOD
    told = complaints({**found, f"{NAMES}.domain": domain})
    start = f"Pulumi.staging.yaml: {NAMES}.domain: "
    assert told == [start + line.format(domain) for line in lines]


def test_a_long_domain_with_a_certificate_of_the_owners_is_taken() -> None:
    given = {"immutable:loadBalancer.certificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}
    assert complaints({**GOOD, **given, f"{NAMES}.domain": f"{'a' * 60}.example.com"}) == []


@pytest.mark.parametrize(
    ("host", "line"),
    [
        (
            "shop.example.com",
            "'shop.example.com' is outside of staging.example.com, whose certificate cannot cover it; "
            "take a name in it, or set loadBalancer.certificateArn",
        ),
        ("*.example.com", "'*.example.com' is outside of staging.example.com"),
        ("xstaging.example.com", "'xstaging.example.com' is outside of staging.example.com"),
        (
            "billing.internal.staging.example.com",
            "'billing.internal.staging.example.com' is a name that services call each other by; "
            "take one outside of it",
        ),
        ("*.internal.staging.example.com", "'*.internal.staging.example.com' is a name that services call"),
        (
            "app-*.staging.example.com",
            "'app-*.staging.example.com' has no place in DNS; write a name, or * for its whole first part",
        ),
        ("a.*.staging.example.com", "'a.*.staging.example.com' has no place in DNS"),
    ],
)
def test_a_host_that_cannot_lead_here_is_refused(host: str, line: str) -> None:
    assert complaint(hosts("app.staging.example.com", host)).startswith(f"{HOSTS}.hosts[1]: {line}")


def test_hosts_in_the_domain_are_taken_and_those_outside_with_a_certificate_of_the_owners() -> None:
    assert complaints(hosts("staging.example.com", "*.staging.example.com", "App.Staging.Example.com")) == []
    given = {"immutable:loadBalancer.certificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}
    assert complaints({**hosts("shop.example.com"), **given}) == []


def test_one_host_of_two_services_is_refused_however_it_is_written() -> None:
    one = {**service(), "route": {"priority": 1, "hosts": ["a.staging.example.com"]}}
    two = {**service(), "route": {"priority": 2, "hosts": ["A.staging.example.com"]}}
    line = complaint(services(one=one, two=two))
    assert line.startswith(f"{SERVICES}.two.route.hosts: 'A.staging.example.com' is already routed to one")


def test_one_host_of_one_service_is_refused_however_it_is_written() -> None:
    line = complaint(hosts("a.staging.example.com", "A.staging.example.com"))
    assert line == f"{HOSTS}.hosts[1]: 'A.staging.example.com' stands there twice; remove one"


def test_more_names_than_a_certificate_takes_are_refused() -> None:
    found = {
        f"s{number}": {
            **service(),
            "route": {
                "priority": number + 1,
                "hosts": [f"{letter}.s{number}.staging.example.com" for letter in "abc"],
            },
        }
        for number in range(3)
    }
    line = complaint({**GOOD, SERVICES: found})
    assert line.startswith(f"{NAMES}.domain: needs 11 names on one certificate, which takes 10; route hosts")


def test_calls_need_names() -> None:
    found = services(web=service("api", priority=1), api=service(priority=2))
    without = {key: value for key, value in found.items() if not key.startswith(NAMES)}
    without.pop("immutable:loadBalancer.certificateArn")
    assert complaint(without) == (
        f"{SERVICES}.web.calls: needs names, by which services find each other; "
        "set names to a map with zoneId and domain"
    )


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (
            {"web": service("biling", priority=1), "billing": service(priority=2)},
            "web.calls[0]: 'biling' is no service of this stack; did you mean billing?",
        ),
        ({"web": service("web", priority=1)}, "web.calls[0]: 'web' is the service itself; remove it"),
        (
            {"web": service("api", "api", priority=1), "api": service()},
            "web.calls[1]: 'api' stands there twice; remove one",
        ),
        (
            {"web": service(priority=1), "api": service()},
            "api.route: is missing, and no service calls this one; set it to a priority with hosts, paths or "
            "both, or name api in the calls of another",
        ),
        (
            {"web": service(priority=1), "api": service("billing"), "billing": service()},
            "api.route: is missing, and no service calls this one;",
        ),
        (
            {"web": service(priority=1), "api": service("billing"), "billing": service("api")},
            "api.route: is missing; api, billing call only one another and no request reaches them; "
            "give one of them a route",
        ),
        (
            # What a circle calls is reached as soon as the circle is.
            {"web": service(priority=1), "c": service(), "b": service("a", "c"), "a": service("b")},
            "b.route: is missing; b, a call only one another",
        ),
        (
            {"web": service(priority=1), "a": service("b"), "b": service("a", "c"), "c": service("d"),
             "d": service("c")},
            "a.route: is missing; a, b call only one another",
        ),
    ],
)  # fmt: skip
def test_calls_that_lead_nowhere_and_services_that_nobody_reaches_are_refused(
    found: dict[str, Any], line: str
) -> None:
    assert complaint(services(**found)).startswith(f"{SERVICES}.{line}")


def test_a_service_that_calls_itself_alone_is_called_by_nobody() -> None:
    first, second = complaints(services(web=service(priority=1), api=service("api")))
    assert "api.calls[0]: 'api' is the service itself" in first
    assert "api.route: is missing, and no service calls this one" in second


@pytest.mark.parametrize(
    "found",
    [
        {"web": service("api", priority=1), "api": service("billing"), "billing": service()},
        {"web": service("api", priority=1), "api": service("web", priority=2)},
        {"web": service("api", priority=1), "api": service("billing"), "billing": service("api")},
    ],
)
def test_calls_in_a_row_and_circles_with_an_entry_are_taken(found: dict[str, Any]) -> None:
    assert complaints(services(**found)) == []
