"""The smallest right and wrong load balancers."""

from __future__ import annotations

from typing import Any

from policies import elb as rules
from tests.policies.cases import Case, res

REDIRECT = {"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}
TO_HTTP = {"type": "redirect", "redirect": {"protocol": "HTTP", "statusCode": "HTTP_301"}}
SAFE, OLD = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-2016-08"
PUBLIC = res(rules.LOAD_BALANCER, "entry", internal=False)
INTERNAL = res(rules.LOAD_BALANCER, "calls", internal=True)
NETWORK = res(rules.LOAD_BALANCER, "tcp", loadBalancerType="network")
GUARD = res(rules.WEB_ACL_ASSOCIATION, depends={"resourceArn": PUBLIC})
OTHERS_GUARD = res(rules.WEB_ACL_ASSOCIATION, depends={"resourceArn": INTERNAL})


def listener(protocol: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"protocol": protocol, "port": 80, "defaultActions": list(actions), **more}


CASES: tuple[Case, ...] = (
    Case(rules.elb_1, listener("HTTP", REDIRECT), listener("HTTP", {"type": "forward"}), "port 80 answers"),
    Case(rules.elb_1, listener("HTTPS"), listener("HTTP", TO_HTTP), "port 80 answers"),
    Case(rules.elb_1, listener("TCP"), listener("HTTP"), "port 80 answers"),
    Case(rules.elb_4, {"dropInvalidHeaderFields": True}, {}, "dropInvalidHeaderFields is false"),
    Case(
        rules.elb_4,
        {"loadBalancerType": "network"},
        {"dropInvalidHeaderFields": False},
        "dropInvalidHeaderFields is false",
    ),
    Case(
        rules.elb_5,
        {"accessLogs": {"enabled": True}},
        {"accessLogs": {"bucket": "logs"}},
        "accessLogs.enabled is false",
    ),
    Case(rules.elb_6, {"enableDeletionProtection": True}, {}, "enableDeletionProtection is false"),
    Case(rules.elb_12, {}, {"desyncMitigationMode": "monitor"}, "'monitor'"),
    Case(
        rules.elb_12,
        {"loadBalancerType": "network", "desyncMitigationMode": "monitor"},
        {"loadBalancerType": "application", "desyncMitigationMode": "monitor"},
        "'monitor'",
    ),
    Case(rules.elb_12, {"desyncMitigationMode": "strictest"}, {"desyncMitigationMode": "off"}, "'off'"),
    Case(rules.elb_13, {"subnets": ["a", "b"]}, {"subnets": ["a"]}, "1 subnets"),
    Case(rules.elb_13, {"subnetMappings": [{}, {}]}, {}, "0 subnets"),
    Case(rules.elb_16, [PUBLIC, GUARD], [PUBLIC], "entry is open to the internet and has no web ACL"),
    Case(rules.elb_16, [INTERNAL, NETWORK], [PUBLIC, INTERNAL, OTHERS_GUARD], "entry is open"),
    Case(rules.elb_17, listener("HTTPS", sslPolicy=SAFE), listener("HTTPS", sslPolicy=OLD), OLD),
    Case(rules.elb_17, listener("HTTP"), listener("TLS"), "sslPolicy is ''"),
    Case(
        rules.elb_17,
        listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"),
        listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
        "Ext2",
    ),
    Case(rules.elb_18, listener("TLS"), {}, "protocol is HTTP"),
    Case(rules.elb_18, listener("HTTPS"), listener("HTTP", {"type": "forward"}), "protocol is HTTP"),
    Case(rules.elb_18, listener("HTTP", REDIRECT), listener("TCP"), "protocol is TCP"),
)
