"""The smallest right and wrong security groups and network ACLs."""

from __future__ import annotations

from typing import Any

from policies import networks as rules
from policies.rules import Resource
from tests.policies.cases import Case, res

VPC = res(rules.VPC, "net")
ANYWHERE = "0.0.0.0/0"


def default_group(**rules_of: Any) -> Resource:
    return res(rules.DEFAULT_SECURITY_GROUP, depends={"vpcId": VPC}, **rules_of)


def opened(cidr: str, first: int, last: int, protocol: str = "tcp") -> dict[str, Any]:
    return {"cidrIpv4": cidr, "ipProtocol": protocol, "fromPort": first, "toPort": last}


def inline(
    first: int, last: int, key: str = "cidrBlocks", cidr: str = ANYWHERE, protocol: str = "tcp"
) -> dict[str, Any]:
    return {"ingress": [{"protocol": protocol, "fromPort": first, "toPort": last, key: [cidr]}]}


def old(kind: str, port: int) -> dict[str, Any]:
    given = {"type": kind, "protocol": "tcp", "fromPort": port, "toPort": port}
    return {**given, "cidrBlocks": [ANYWHERE]}


def entry(number: int, action: str, first: int = 0, last: int = 0, protocol: str = "-1") -> dict[str, Any]:
    ports = {"protocol": protocol, "fromPort": first, "toPort": last}
    return {"ruleNo": number, "action": action, "cidrBlock": ANYWHERE, **ports}


def acl(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"ingress": list(entries)}


NO_RDP = entry(20, "deny", 3389, 3389, "tcp")
NO_SSH = entry(10, "deny", 22, 22, "6")
ALL = entry(100, "allow")
RULE, OLD = rules.INGRESS_RULE, rules.OLD_RULE

HIGH_RISK: tuple[int, ...] = (
    20,
    21,
    22,
    23,
    25,
    110,
    135,
    143,
    445,
    1433,
    1434,
    3000,
    3306,
    3389,
    4333,
    5000,
    5432,
    5500,
)
HIGH_RISK += (5601, 8080, 8088, 8888, 9200, 9300)
"""As AWS lists them for EC2.19."""


def risky(port: int) -> Case:
    right, wrong = opened("10.0.0.0/8", port, port), opened(ANYWHERE, port, port)
    return Case(rules.ec2_19, right, wrong, f"port {port} is open", kind=RULE)


CASES: tuple[Case, ...] = (
    *map(risky, HIGH_RISK),
    Case(rules.ec2_2, [VPC, default_group()], [VPC], "the default security group of net is left open"),
    Case(rules.ec2_2, [], [VPC, default_group(ingress=[{}])], "ingress has 1 rules"),
    Case(rules.ec2_2, [], [VPC, default_group(egress=[{}])], "egress has 1 rules"),
    Case(rules.ec2_18, opened("10.0.0.0/8", 1, 1), opened(ANYWHERE, 0, 0, "all"), "every port", kind=RULE),
    Case(rules.ec2_18, {}, inline(0, 0, protocol="-1"), "every port is open"),
    Case(rules.ec2_16, {"subnetIds": ["subnet-1", "subnet-2"]}, {}, "the ACL of no subnet"),
    Case(rules.ec2_16, {"subnetIds": ["subnet-1"]}, {"subnetIds": []}, "the ACL of no subnet"),
    Case(rules.ec2_18, opened(ANYWHERE, 443, 443), opened(ANYWHERE, 8443, 8443), "port 8443 is", kind=RULE),
    Case(rules.ec2_18, opened("10.0.0.0/8", 1, 9), opened(ANYWHERE, 80, 443), "ports 80 to 443", kind=RULE),
    Case(
        rules.ec2_18,
        opened("10.0.0.0/8", 0, 0, "-1"),
        opened(ANYWHERE, 0, 0, "-1"),
        "every port is open to everyone",
        kind=RULE,
    ),
    Case(rules.ec2_18, inline(80, 80), inline(81, 81), "ingress[0]: port 81 is open"),
    Case(
        rules.ec2_18, inline(80, 80), inline(81, 81, "ipv6CidrBlocks", "::/0"), "ingress[0]: port 81 is open"
    ),
    Case(rules.ec2_18, old("egress", 81), old("ingress", 81), "port 81 is open", kind=OLD),
    Case(rules.ec2_18, {}, {"cidrIpv6": "::/0", "ipProtocol": "tcp", "fromPort": 1}, "ports 1 to", kind=RULE),
    Case(rules.ec2_19, opened(ANYWHERE, 443, 443), opened(ANYWHERE, 5432, 5432), "port 5432 is", kind=RULE),
    Case(
        rules.ec2_19,
        opened("10.0.0.0/8", 22, 22),
        opened(ANYWHERE, 22, 25),
        "port 22 and 2 more such ports are open to everyone",
        kind=RULE,
    ),
    Case(rules.ec2_19, inline(80, 80), inline(3306, 3306), "ingress[0]: port 3306 is open"),
    Case(rules.ec2_19, old("egress", 22), old("ingress", 22), "port 22 is open", kind=OLD),
    Case(rules.ec2_21, acl(ALL, NO_RDP, NO_SSH), acl(ALL, NO_RDP), "rule 100 lets 22 in from everywhere"),
    Case(rules.ec2_21, acl(), acl(ALL, NO_SSH), "rule 100 lets 3389 in from everywhere"),
    Case(
        rules.ec2_21,
        acl({**entry(5, "allow"), "cidrBlock": "10.0.0.0/8"}),
        acl({**entry(5, "allow", 20, 30, "tcp"), "cidrBlock": None, "ipv6CidrBlock": "::/0"}),
        "rule 5 lets 22 in from everywhere",
    ),
    Case(
        rules.ec2_21,
        acl(entry(5, "allow", 0, 65535, "udp")),
        acl(entry(5, "allow", 3000, 4000, "tcp")),
        "3389",
    ),
    Case(
        rules.described_rule,
        {"description": "Calls from web"},
        {},
        "description is ''",
        kinds=(rules.INGRESS_RULE, rules.EGRESS_RULE, rules.OLD_RULE),
    ),
    Case(rules.described_rule, {"description": "Web"}, {"description": "Managed by Pulumi"}, "'Managed by"),
)
