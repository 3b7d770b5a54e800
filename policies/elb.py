"""Elastic Load Balancing: entry points that speak TLS, keep their logs, and outlast a zone and a slip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from policies.rules import Resource, Rule, Severity, all_items, at, for_each, is_true, of_type, rule

LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
WEB_ACL_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

_SAFE_POLICY = re.compile(r"ELBSecurityPolicy-TLS13-1-[23](-Res)?(-FIPS)?(-PQ)?-20\d\d-\d\d")
"""TLS 1.2 or newer with strong ciphers; `Ext` adds weak ones for clients that are older than that."""
_ENCRYPTED = frozenset({"HTTPS", "TLS"})


def _is_application(balancer: Resource) -> bool:
    kind: bool = at(balancer, "loadBalancerType", "application") == "application"
    return kind


def _redirects(listener: Resource) -> bool:
    """Whether all that a listener does is to say where HTTPS is."""
    actions = all_items(listener, "defaultActions")
    return bool(actions) and all(at(action, "redirect.protocol") == "HTTPS" for action in actions)


@rule(
    id="elb-1",
    types=(LISTENER,),
    severity=Severity.MEDIUM,
    control="ELB.1",
    reason="Who comes by HTTP is read and changed on the way, and does not learn that there is HTTPS.",
    fix="redirect to HTTPS, and do nothing else",
)
def elb_1(listener: Resource) -> Iterator[str]:
    if at(listener, "protocol") == "HTTP" and not _redirects(listener):
        yield f"the listener on port {at(listener, 'port')} answers by HTTP"


@rule(
    id="elb-4",
    types=(LOAD_BALANCER,),
    severity=Severity.MEDIUM,
    control="ELB.4",
    reason="Headers that are none smuggle a second request past the load balancer.",
    fix="set dropInvalidHeaderFields to true",
)
def elb_4(balancer: Resource) -> Iterator[str]:
    if _is_application(balancer) and not is_true(at(balancer, "dropInvalidHeaderFields")):
        yield "dropInvalidHeaderFields is false"


@rule(
    id="elb-5",
    types=(LOAD_BALANCER,),
    severity=Severity.MEDIUM,
    control="ELB.5",
    reason="Without access logs nobody can tell afterwards who asked for what.",
    fix="set accessLogs with a bucket, and enabled to true",
)
def elb_5(balancer: Resource) -> Iterator[str]:
    if not is_true(at(balancer, "accessLogs.enabled")):
        yield "accessLogs.enabled is false"


@rule(
    id="elb-6",
    types=(LOAD_BALANCER,),
    severity=Severity.MEDIUM,
    control="ELB.6",
    reason="A load balancer that is deleted by a slip takes its address with it.",
    fix="set enableDeletionProtection to true (`deletionProtection` in the stack's file)",
)
def elb_6(balancer: Resource) -> Iterator[str]:
    if not is_true(at(balancer, "enableDeletionProtection")):
        yield "enableDeletionProtection is false"


@rule(
    id="elb-12",
    types=(LOAD_BALANCER,),
    severity=Severity.MEDIUM,
    control="ELB.12",
    reason="Requests that two programs read differently are how one user gets another's answer.",
    fix="set desyncMitigationMode to defensive or strictest",
)
def elb_12(balancer: Resource) -> Iterator[str]:
    mode = at(balancer, "desyncMitigationMode", "defensive")
    if _is_application(balancer) and mode not in ("defensive", "strictest"):
        yield f"desyncMitigationMode is {mode!r}"


@rule(
    id="elb-13",
    types=(LOAD_BALANCER,),
    severity=Severity.MEDIUM,
    control="ELB.13",
    reason="An entry point in one zone is lost with that zone.",
    fix="give it subnets in two zones or more",
)
def elb_13(balancer: Resource) -> Iterator[str]:
    places = at(balancer, "subnets", at(balancer, "subnetMappings", ()))
    if len(places) < 2:
        yield f"it has {len(places)} subnets"


@rule(
    id="elb-16",
    severity=Severity.MEDIUM,
    control="ELB.16",
    reason="What is open to everyone is asked, day and night, for what it should not answer.",
    fix="associate a web ACL with it (`webAclArn` in the stack's file)",
)
def elb_16(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    associations = of_type(resources, WEB_ACL_ASSOCIATION)

    def check(balancer: Resource) -> Iterator[str]:
        if is_true(at(balancer, "internal")) or not _is_application(balancer):
            return
        if not any(each.comes_from("resourceArn", balancer) for each in associations):
            yield f"{balancer.name} is open to the internet and has no web ACL"

    yield from for_each(of_type(resources, LOAD_BALANCER), check)


@rule(
    id="elb-17",
    types=(LISTENER,),
    severity=Severity.MEDIUM,
    control="ELB.17",
    reason="Old versions of TLS and weak ciphers are broken.",
    fix="take ELBSecurityPolicy-TLS13-1-2-Res-2021-06, or a newer one without Ext",
)
def elb_17(listener: Resource) -> Iterator[str]:
    policy = at(listener, "sslPolicy", "")
    if at(listener, "protocol") in _ENCRYPTED and not _SAFE_POLICY.fullmatch(str(policy)):
        yield f"sslPolicy is {policy!r}"


@rule(
    id="elb-18",
    types=(LISTENER,),
    severity=Severity.MEDIUM,
    control="ELB.18",
    reason="What is not encrypted is read and changed on the way. A redirect to HTTPS says nothing else.",
    fix="take HTTPS, or TLS for a network load balancer",
)
def elb_18(listener: Resource) -> Iterator[str]:
    protocol = at(listener, "protocol", "HTTP")
    if protocol not in _ENCRYPTED and not _redirects(listener):
        yield f"protocol is {protocol}"


RULES: tuple[Rule, ...] = (elb_1, elb_4, elb_5, elb_6, elb_12, elb_13, elb_16, elb_17, elb_18)
