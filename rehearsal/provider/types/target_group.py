"""Target groups: health check and attributes."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import elbv2
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick, to_api

# Pulumi's word, the service's attribute, and what a new target group has.
_ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "deregistrationDelay": ("deregistration_delay.timeout_seconds", 300),
    "slowStart": ("slow_start.duration_seconds", 0),
    "loadBalancingAlgorithmType": ("load_balancing.algorithm.type", "round_robin"),
    "loadBalancingAnomalyMitigation": ("load_balancing.algorithm.anomaly_mitigation", "off"),
    "loadBalancingCrossZoneEnabled": (
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
    ),
}
_HEALTH = {
    "enabled": "HealthCheckEnabled",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


def _health_request(news: Properties) -> dict[str, Any]:
    check = news.get("healthCheck") or {}
    request = {api: check[name] for name, api in _HEALTH.items() if check.get(name) is not None}
    if check.get("matcher"):
        key = "GrpcCode" if news.get("protocolVersion") == "GRPC" else "HttpCode"
        request["Matcher"] = {key: str(check["matcher"])}
    return request


def _health_facts(found: dict[str, Any]) -> Properties:
    check = {name: found[api] for name, api in _HEALTH.items() if found.get(api) is not None}
    matcher = found.get("Matcher") or {}
    code = matcher.get("HttpCode") or matcher.get("GrpcCode")
    return {**check, "matcher": code} if code else check


def _wanted_attributes(news: Properties, names: frozenset[str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        api: news[name]
        for name, (api, _) in _ATTRIBUTES.items()
        if name in names and news.get(name) is not None
    }
    sticky = news.get("stickiness")
    if sticky and "stickiness" in names:
        wanted |= {"stickiness.enabled": sticky.get("enabled", True), "stickiness.type": sticky["type"]}
        if sticky.get("cookieDuration") is not None and sticky["type"] == "lb_cookie":
            wanted["stickiness.lb_cookie.duration_seconds"] = sticky["cookieDuration"]
    return wanted


def _set_attributes(call: Call, arn: str, news: Properties, names: frozenset[str]) -> None:
    wanted = _wanted_attributes(news, names)
    if wanted:
        call.client("elbv2").modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=elbv2.attribute_list(wanted)
        )


def _attribute_facts(call: Call, arn: str) -> Properties:
    answer = call.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)
    present = {item["Key"]: item["Value"] for item in answer["Attributes"]}
    facts = {
        name: elbv2.typed(present[api], default)
        for name, (api, default) in _ATTRIBUTES.items()
        if api in present
    }
    if "stickiness.type" in present:
        facts["stickiness"] = {
            "enabled": present.get("stickiness.enabled") == "true",
            "type": present["stickiness.type"],
            "cookieDuration": int(present.get("stickiness.lb_cookie.duration_seconds", 86400)),
        }
    return facts


def _facts(found: dict[str, Any]) -> Properties:
    # Which load balancers use the group is left out: listeners attach it later, and every refresh after the
    # first `up` would report that as a change that nobody made.
    return {
        "arn": found["TargetGroupArn"],
        "arnSuffix": found["TargetGroupArn"].rsplit(":", 1)[1],
        "name": found["TargetGroupName"],
        "port": int(found["Port"]) if found.get("Port") else None,
        "protocol": found.get("Protocol"),
        "protocolVersion": found.get("ProtocolVersion"),
        "vpcId": found.get("VpcId"),
        "targetType": found.get("TargetType", "instance"),
        "ipAddressType": found.get("IpAddressType") or "ipv4",
        "healthCheck": _health_facts(found),
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    names = ("port", "protocol", "protocolVersion", "vpcId", "targetType", "ipAddressType")
    found = call.client("elbv2").create_target_group(
        Name=physical_name(news, max_length=32),
        **to_api(pick(news, names)),
        **_health_request(news),
        **elbv2.tagged(call.tags(news)),
    )["TargetGroups"][0]
    return found["TargetGroupArn"], _facts(found)


def _complete(call: Call, arn: str, news: Properties) -> Properties:
    _set_attributes(call, arn, news, frozenset(news))
    return _attribute_facts(call, arn)


def _read(call: Call, arn: str, known: Properties) -> Properties | None:
    found = call.client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    if not found:
        return None
    return {**_facts(found[0]), **_attribute_facts(call, arn), "tagsAll": elbv2.tags_of(call, arn)}


def _update(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    if "healthCheck" in changed:
        call.client("elbv2").modify_target_group(TargetGroupArn=arn, **_health_request(news))
    defaults = {name: default for name, (_, default) in _ATTRIBUTES.items()}
    _set_attributes(call, arn, {**defaults, **news}, changed)


def _delete(call: Call, arn: str, outputs: Properties) -> None:
    call.client("elbv2").delete_target_group(TargetGroupArn=arn)


TARGET_GROUP = ResourceType(
    type_name="aws:lb/targetGroup:TargetGroup",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=elbv2.retag,
    inputs=frozenset(_ATTRIBUTES)
    | words("name port protocol protocolVersion vpcId targetType ipAddressType healthCheck stickiness tags"),
    enums={
        "protocol": ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"),
        "protocolVersion": ("HTTP1", "HTTP2", "GRPC"),
        "targetType": ("instance", "ip", "lambda", "alb"),
        "ipAddressType": ("ipv4", "ipv6"),
        "loadBalancingAlgorithmType": ("round_robin", "least_outstanding_requests", "weighted_random"),
        "loadBalancingAnomalyMitigation": ("on", "off"),
        "stickiness.type": (
            "lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto",
        ),
        "healthCheck.protocol": ("HTTP", "HTTPS", "TCP"),
    },
    ranges={
        "port": (1, 65535),
        "deregistrationDelay": (0, 3600),
        "slowStart": (0, 900),
        "healthCheck.interval": (5, 300),
        "healthCheck.timeout": (2, 120),
        "healthCheck.healthyThreshold": (2, 10),
        "healthCheck.unhealthyThreshold": (2, 10),
    },
    lengths={"name": 32, "namePrefix": 6},
    defaults={
        "deregistrationDelay": 300,
        "lambdaMultiValueHeadersEnabled": False,
        "proxyProtocolV2": False,
        "slowStart": 0,
        "targetType": "instance",
    },
    auto_name=AutoName(max_length=32),
    replaces=words("name namePrefix port protocol protocolVersion vpcId targetType ipAddressType"),
    computed=(
        "arn", "arnSuffix", "name", "protocolVersion", "ipAddressType", "healthCheck", "stickiness",
        "loadBalancingAlgorithmType", "loadBalancingCrossZoneEnabled",
    ),
)  # fmt: skip

TYPES = (TARGET_GROUP,)
