"""AWS Certificate Manager and Amazon Route 53: strong certificates, and public names that are watched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.rules import Resource, Rule, Severity, at, for_each, of_type, rule

CERTIFICATE = "aws:acm/certificate:Certificate"
ZONE = "aws:route53/zone:Zone"
QUERY_LOG = "aws:route53/queryLog:QueryLog"


@rule(
    id="acm-2",
    types=(CERTIFICATE,),
    severity=Severity.HIGH,
    control="ACM.2",
    reason="A key of 1,024 bits can be broken.",
    fix="leave keyAlgorithm out, or take RSA_2048 or EC_prime256v1",
)
def acm_2(certificate: Resource) -> Iterator[str]:
    algorithm = at(certificate, "keyAlgorithm", "RSA_2048")
    if algorithm == "RSA_1024":
        yield f"keyAlgorithm is {algorithm}"


@rule(
    id="route53-2",
    severity=Severity.MEDIUM,
    control="Route53.2",
    reason="Queries of a public zone show what is looked for, and what is tried.",
    fix="declare a QueryLog for the zone; a private zone has none",
)
def route53_2(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    logs = of_type(resources, QUERY_LOG)

    def check(zone: Resource) -> Iterator[str]:
        if not at(zone, "vpcs", ()) and not any(each.comes_from("zoneId", zone) for each in logs):
            yield "the zone is public, and its queries are not logged"

    yield from for_each(of_type(resources, ZONE), check)


RULES: tuple[Rule, ...] = (acm_2, route53_2)
