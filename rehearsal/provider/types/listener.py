"""Listeners and their rules."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import elbv2
from rehearsal.provider.values import from_api, pick, to_api

_LISTENER_SETTINGS = ("port", "protocol", "sslPolicy")


def _listener_request(news: Properties) -> dict[str, Any]:
    request: dict[str, Any] = to_api(pick(news, _LISTENER_SETTINGS))
    request["DefaultActions"] = elbv2.to_actions(news["defaultActions"])
    if news.get("certificateArn"):
        request["Certificates"] = [{"CertificateArn": news["certificateArn"]}]
    if news.get("alpnPolicy"):
        request["AlpnPolicy"] = [news["alpnPolicy"]]
    return request


def _listener_facts(found: dict[str, Any]) -> Properties:
    certificates = found.get("Certificates") or []
    alpn = found.get("AlpnPolicy") or []
    return {
        "arn": found["ListenerArn"],
        "loadBalancerArn": found["LoadBalancerArn"],
        "port": int(found["Port"]) if found.get("Port") else None,
        "protocol": found.get("Protocol"),
        "sslPolicy": found.get("SslPolicy") or None,
        "certificateArn": certificates[0]["CertificateArn"] if certificates else None,
        "alpnPolicy": alpn[0] if alpn else None,
        "defaultActions": elbv2.from_actions(found["DefaultActions"]),
    }


def _create_listener(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("elbv2").create_listener(
        LoadBalancerArn=news["loadBalancerArn"], **_listener_request(news), **elbv2.tagged(call.tags(news))
    )["Listeners"][0]
    return found["ListenerArn"], _listener_facts(found)


def _read_listener(call: Call, arn: str, known: Properties) -> Properties | None:
    found = call.client("elbv2").describe_listeners(ListenerArns=[arn])["Listeners"]
    return {**_listener_facts(found[0]), "tagsAll": elbv2.tags_of(call, arn)} if found else None


def _update_listener(
    call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    call.client("elbv2").modify_listener(ListenerArn=arn, **_listener_request(news))


def _delete_listener(call: Call, arn: str, outputs: Properties) -> None:
    call.client("elbv2").delete_listener(ListenerArn=arn)


LISTENER = ResourceType(
    type_name="aws:lb/listener:Listener",
    create=_create_listener,
    read=_read_listener,
    update=_update_listener,
    delete=_delete_listener,
    retag=elbv2.retag,
    inputs=words("loadBalancerArn port protocol sslPolicy certificateArn alpnPolicy defaultActions tags"),
    required=("defaultActions", "loadBalancerArn"),
    enums={
        "protocol": ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"),
        **elbv2.action_enums("defaultActions"),
    },
    ranges={"port": (1, 65535)},
    replaces=words("loadBalancerArn"),
    computed=("arn", "protocol", "sslPolicy"),
)

# A condition's input, the service's field and the key of its values.
_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
}


def _to_conditions(conditions: list[Properties]) -> list[dict[str, Any]]:
    request = []
    for condition in conditions:
        for name, (field, config) in _CONDITIONS.items():
            if condition.get(name):
                request.append({"Field": field, config: to_api(condition[name])})
        if condition.get("queryStrings"):
            values = [to_api(item) for item in condition["queryStrings"]]
            request.append({"Field": "query-string", "QueryStringConfig": {"Values": values}})
    return request


def _from_conditions(conditions: list[dict[str, Any]]) -> list[Properties]:
    facts: list[Properties] = []
    for condition in conditions:
        if condition["Field"] == "query-string":
            values = condition["QueryStringConfig"]["Values"]
            facts.append({"queryStrings": from_api(values)})
        for name, (field, config) in _CONDITIONS.items():
            if condition["Field"] == field:
                said = condition.get(config) or {"Values": condition.get("Values") or []}
                facts.append({name: from_api(said)})
    return facts


def _rule_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["RuleArn"],
        # A rule's ARN is its listener's with one more part.
        "listenerArn": found["RuleArn"].replace(":listener-rule/", ":listener/").rsplit("/", 1)[0],
        "priority": int(found["Priority"]) if found["Priority"] != "default" else None,
        "actions": elbv2.from_actions(found["Actions"]),
        "conditions": _from_conditions(found["Conditions"]),
    }


def _next_priority(call: Call, listener_arn: str) -> int:
    rules = call.client("elbv2").describe_rules(ListenerArn=listener_arn)["Rules"]
    taken = [int(rule["Priority"]) for rule in rules if rule["Priority"] != "default"]
    return max(taken, default=0) + 1


def _create_rule(call: Call, news: Properties) -> tuple[str, Properties]:
    listener_arn = news["listenerArn"]
    found = call.client("elbv2").create_rule(
        ListenerArn=listener_arn,
        Priority=news.get("priority") or _next_priority(call, listener_arn),
        Conditions=_to_conditions(news["conditions"]),
        Actions=elbv2.to_actions(news["actions"]),
        **elbv2.tagged(call.tags(news)),
    )["Rules"][0]
    return found["RuleArn"], _rule_facts(found)


def _read_rule(call: Call, arn: str, known: Properties) -> Properties | None:
    found = call.client("elbv2").describe_rules(RuleArns=[arn])["Rules"]
    return {**_rule_facts(found[0]), "tagsAll": elbv2.tags_of(call, arn)} if found else None


def _update_rule(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("elbv2")
    if "priority" in changed and news.get("priority"):
        client.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": news["priority"]}])
    if changed & {"actions", "conditions"}:
        client.modify_rule(
            RuleArn=arn,
            Conditions=_to_conditions(news["conditions"]),
            Actions=elbv2.to_actions(news["actions"]),
        )


def _delete_rule(call: Call, arn: str, outputs: Properties) -> None:
    call.client("elbv2").delete_rule(RuleArn=arn)


LISTENER_RULE = ResourceType(
    type_name="aws:lb/listenerRule:ListenerRule",
    create=_create_rule,
    read=_read_rule,
    update=_update_rule,
    delete=_delete_rule,
    retag=elbv2.retag,
    inputs=words("listenerArn priority actions conditions tags"),
    required=("actions", "conditions", "listenerArn"),
    enums=elbv2.action_enums("actions"),
    ranges={"priority": (1, 50000)},
    replaces=words("listenerArn"),
    sets=words("conditions"),
    computed=("arn", "priority"),
)

TYPES = (LISTENER, LISTENER_RULE)
