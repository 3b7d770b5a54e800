"""Amazon EC2 and VPC, of networks: what is meant to come in does, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.rules import Resource, Rule, Severity, all_items, at, for_each, items, of_type, rule

VPC = "aws:ec2/vpc:Vpc"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
NETWORK_ACL = "aws:ec2/networkAcl:NetworkAcl"

ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})
OPEN_PORTS = frozenset({80, 443})
"""What a public load balancer needs; AWS's own default for EC2.18."""
RISKY_PORTS = (
    *(20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601),
    *(8080, 8088, 8888, 9200, 9300),
)
"""Those of EC2.19: logins, mail, file shares, databases, and what web frameworks listen on at home."""
LOGIN_PORTS = (22, 3389)
_ALL = ("-1", "all")
_NO_DESCRIPTION = ("", "Managed by Pulumi")


@rule(
    id="ec2-2",
    severity=Severity.HIGH,
    control="EC2.2",
    reason="What is made without a security group gets the default one, and is open to all others in it.",
    fix="declare a DefaultSecurityGroup for the VPC without ingress and egress",
)
def ec2_2(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    groups = of_type(resources, DEFAULT_SECURITY_GROUP)

    def check(vpc: Resource) -> Iterator[str]:
        if not any(group.comes_from("vpcId", vpc) for group in groups):
            yield f"the default security group of {vpc.name} is left open"

    def closed(group: Resource) -> Iterator[str]:
        for key in ("ingress", "egress"):
            if len(at(group, key, ())):
                yield f"{key} has {len(at(group, key))} rules"

    yield from for_each(of_type(resources, VPC), check)
    yield from for_each(groups, closed)


@rule(
    id="ec2-16",
    types=(NETWORK_ACL,),
    severity=Severity.LOW,
    control="EC2.16",
    reason="A network ACL of no subnet does nothing, and looks as if it did.",
    fix="give it subnetIds, or take it away",
)
def ec2_16(acl: Resource) -> Iterator[str]:
    if not len(at(acl, "subnetIds", ())):
        yield "it is the ACL of no subnet"


@rule(
    id="ec2-18",
    types=(SECURITY_GROUP, INGRESS_RULE, OLD_RULE),
    severity=Severity.HIGH,
    control="EC2.18",
    reason="Whatever else than a web page is open to everyone is found, and tried.",
    fix="open 80 and 443 alone to everyone, or name the callers",
)
def ec2_18(resource: Resource) -> Iterator[str]:
    for place, ingress in _ingress(resource):
        first, last = _ports(ingress)
        if _from_anywhere(ingress) and not (first == last and first in OPEN_PORTS):
            yield f"{place}{_spoken(first, last)} open to everyone"


@rule(
    id="ec2-19",
    types=(SECURITY_GROUP, INGRESS_RULE, OLD_RULE),
    severity=Severity.CRITICAL,
    control="EC2.19",
    also=("EC2.13", "EC2.14", "EC2.53", "EC2.54"),
    reason="Logins, databases and file shares that everyone can reach are broken into within hours.",
    fix="name the callers: a security group, or a range of addresses",
)
def ec2_19(resource: Resource) -> Iterator[str]:
    for place, ingress in _ingress(resource):
        first, last = _ports(ingress)
        open_ports = [port for port in RISKY_PORTS if first <= port <= last]
        if open_ports and _from_anywhere(ingress):
            more = f" and {len(open_ports) - 1} more such ports are" if open_ports[1:] else " is"
            yield f"{place}port {open_ports[0]}{more} open to everyone"


@rule(
    id="ec2-21",
    types=(NETWORK_ACL,),
    severity=Severity.MEDIUM,
    control="EC2.21",
    reason="A network ACL is the second lock: it holds where a security group was opened by mistake.",
    fix="deny the port from 0.0.0.0/0 before anything lets it in",
)
def ec2_21(acl: Resource) -> Iterator[str]:
    entries = sorted(all_items(acl, "ingress"), key=lambda entry: int(at(entry, "ruleNo", 0)))
    for port in LOGIN_PORTS:
        first = next((each for each in entries if _takes_anyone(each, port)), None)
        if first and at(first, "action") == "allow":
            yield f"rule {at(first, 'ruleNo')} lets {port} in from everywhere"


@rule(
    id="ec2-described-rule",
    types=(SECURITY_GROUP, INGRESS_RULE, EGRESS_RULE, OLD_RULE),
    severity=Severity.LOW,
    reason="Nobody takes away a rule of which nobody knows what it is for.",
    fix="say in description who comes in, or what is called",
)
def described_rule(resource: Resource) -> Iterator[str]:
    description = at(resource, "description", "")
    if description in _NO_DESCRIPTION:
        yield f"description is {description!r}"


def _ingress(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a security group, or a rule of one, lets in."""
    if resource.type == SECURITY_GROUP:
        for index, ingress in items(resource, "ingress"):
            yield f"ingress[{index}]: ", ingress
    elif resource.type == INGRESS_RULE or at(resource, "type") == "ingress":
        yield "", resource.inputs


def _from_anywhere(ingress: Mapping[str, Any]) -> bool:
    single = [at(ingress, key) for key in ("cidrIpv4", "cidrIpv6")]
    lists = [each for key in ("cidrBlocks", "ipv6CidrBlocks") for each in at(ingress, key, ())]
    # A range that is not known yet may be a name for a few addresses: it is asked again once it is.
    return any(each in ANYWHERE for each in [*single, *lists] if each is not None)


def _ports(entry: Mapping[str, Any]) -> tuple[int, int]:
    if str(at(entry, "ipProtocol", at(entry, "protocol"))) in _ALL:
        return 0, 65535
    return int(at(entry, "fromPort", 0)), int(at(entry, "toPort", 65535))


def _spoken(first: int, last: int) -> str:
    if (first, last) == (0, 65535):
        return "every port is"
    return f"port {first} is" if first == last else f"ports {first} to {last} are"


def _takes_anyone(entry: Mapping[str, Any], port: int) -> bool:
    """Whether an entry of a network ACL is about TCP to this port from everywhere."""
    ranges = (at(entry, "cidrBlock"), at(entry, "ipv6CidrBlock"))
    if not any(each in ANYWHERE for each in ranges):
        return False
    protocol = str(at(entry, "protocol"))
    first, last = _ports(entry)
    return protocol in _ALL or (protocol in ("tcp", "6") and first <= port <= last)


RULES: tuple[Rule, ...] = (ec2_2, ec2_16, ec2_18, ec2_19, ec2_21, described_rule)
