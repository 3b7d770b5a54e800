"""Load balancers and their attributes."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import elbv2
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick, to_api

# Pulumi's word, the service's attribute, and what a new Application Load Balancer has.
_ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "enableDeletionProtection": ("deletion_protection.enabled", False),
    "idleTimeout": ("idle_timeout.timeout_seconds", 60),
    "clientKeepAlive": ("client_keep_alive.seconds", 3600),
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", False),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", "defensive"),
    "enableHttp2": ("routing.http2.enabled", True),
    "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", True),
    "enableTlsVersionAndCipherSuiteHeaders": (
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        False,
    ),
    "enableXffClientPort": ("routing.http.xff_client_port.enabled", False),
    "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", "append"),
    "preserveHostHeader": ("routing.http.preserve_host_header.enabled", False),
    "enableWafFailOpen": ("waf.fail_open.enabled", False),
}
_LOGS = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}


def _wanted_attributes(news: Properties, names: frozenset[str]) -> dict[str, Any]:
    """The attributes to set: those of the named inputs that are given."""
    wanted = {
        api: news[name]
        for name, (api, _) in _ATTRIBUTES.items()
        if name in names and news.get(name) is not None
    }
    for name, stem in _LOGS.items():
        if name not in names:
            continue
        logs = news.get(name) or {}
        enabled = bool(logs.get("enabled"))
        wanted[f"{stem}.enabled"] = enabled
        if enabled:
            wanted[f"{stem}.bucket"] = logs["bucket"]
            if logs.get("prefix"):
                wanted[f"{stem}.prefix"] = logs["prefix"]
    return wanted


def _attribute_facts(call: Call, arn: str) -> Properties:
    answer = call.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)
    present = {item["Key"]: item["Value"] for item in answer["Attributes"]}
    facts: Properties = {}
    for name, (api, default) in _ATTRIBUTES.items():
        facts[name] = elbv2.typed(present[api], default) if api in present else default
    for name, stem in _LOGS.items():
        if present.get(f"{stem}.enabled") == "true":
            logs = {"enabled": True, "bucket": present.get(f"{stem}.bucket", "")}
            prefix = present.get(f"{stem}.prefix")
            facts[name] = {**logs, "prefix": prefix} if prefix else logs
        else:
            facts[name] = {"enabled": False}
    return facts


def _facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["LoadBalancerArn"],
        "arnSuffix": found["LoadBalancerArn"].partition("loadbalancer/")[2],
        "name": found["LoadBalancerName"],
        "dnsName": found["DNSName"],
        "zoneId": found.get("CanonicalHostedZoneId"),
        "vpcId": found.get("VpcId"),
        "internal": found.get("Scheme") == "internal",
        "loadBalancerType": found.get("Type", "application"),
        "ipAddressType": found.get("IpAddressType") or "ipv4",
        "securityGroups": found.get("SecurityGroups") or [],
        "subnets": [zone["SubnetId"] for zone in found.get("AvailabilityZones") or []],
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    request = to_api(pick(news, ("subnets", "subnetMappings", "securityGroups", "ipAddressType")))
    found = call.client("elbv2").create_load_balancer(
        Name=physical_name(news, max_length=32),
        Type=news.get("loadBalancerType") or "application",
        Scheme="internal" if news.get("internal") else "internet-facing",
        **request,
        **elbv2.tagged(call.tags(news)),
    )["LoadBalancers"][0]
    return found["LoadBalancerArn"], _facts(found)


def _complete(call: Call, arn: str, news: Properties) -> Properties:
    wanted = _wanted_attributes(news, frozenset(news))
    if wanted:
        call.client("elbv2").modify_load_balancer_attributes(
            LoadBalancerArn=arn, Attributes=elbv2.attribute_list(wanted)
        )
    call.wait(
        lambda: _found(call, arn)["State"]["Code"] != "provisioning", f"load balancer {arn} to be active"
    )
    return _attribute_facts(call, arn)


def _found(call: Call, arn: str) -> dict[str, Any]:
    answer = call.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])
    found: dict[str, Any] = answer["LoadBalancers"][0]
    return found


def _read(call: Call, arn: str, known: Properties) -> Properties | None:
    return {
        **_facts(_found(call, arn)),
        **_attribute_facts(call, arn),
        "tagsAll": elbv2.tags_of(call, arn),
    }


def _update(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("elbv2")
    if changed & {"subnets", "subnetMappings"}:
        client.set_subnets(LoadBalancerArn=arn, **to_api(pick(news, ("subnets", "subnetMappings"))))
    if "securityGroups" in changed:
        client.set_security_groups(LoadBalancerArn=arn, SecurityGroups=news.get("securityGroups") or [])
    if "ipAddressType" in changed:
        client.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=news.get("ipAddressType") or "ipv4")
    defaults = {name: default for name, (_, default) in _ATTRIBUTES.items()}
    wanted = _wanted_attributes({**defaults, **news}, changed)
    if wanted:
        client.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=elbv2.attribute_list(wanted))


def _delete(call: Call, arn: str, outputs: Properties) -> None:
    call.client("elbv2").delete_load_balancer(LoadBalancerArn=arn)


LOAD_BALANCER = ResourceType(
    type_name="aws:lb/loadBalancer:LoadBalancer",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=elbv2.retag,
    inputs=frozenset(_ATTRIBUTES)
    | words("name internal loadBalancerType ipAddressType securityGroups subnets")
    | words("accessLogs connectionLogs tags"),
    one_of=(("subnets", "subnetMappings"),),
    enums={
        "loadBalancerType": ("application", "network", "gateway"),
        "desyncMitigationMode": ("monitor", "defensive", "strictest"),
        "ipAddressType": ("ipv4", "dualstack", "dualstack-without-public-ipv4"),
        "xffHeaderProcessingMode": ("append", "preserve", "remove"),
    },
    ranges={"idleTimeout": (1, 4000), "clientKeepAlive": (60, 604800)},
    lengths={"name": 32, "namePrefix": 6},
    defaults={
        "loadBalancerType": "application",
        "enableDeletionProtection": False,
        "idleTimeout": 60,
        "clientKeepAlive": 3600,
        "dropInvalidHeaderFields": False,
        "desyncMitigationMode": "defensive",
        "enableHttp2": True,
        "enableTlsVersionAndCipherSuiteHeaders": False,
        "enableXffClientPort": False,
        "enableWafFailOpen": False,
        "preserveHostHeader": False,
        "xffHeaderProcessingMode": "append",
    },
    auto_name=AutoName(max_length=32),
    replaces=words("name namePrefix internal loadBalancerType customerOwnedIpv4Pool"),
    sets=words("subnets securityGroups"),
    computed=(
        "arn", "arnSuffix", "name", "dnsName", "zoneId", "vpcId", "internal", "ipAddressType",
        "securityGroups", "subnets", "accessLogs",
        "connectionLogs", "enableCrossZoneLoadBalancing",
    ),
)  # fmt: skip

TYPES = (LOAD_BALANCER,)
