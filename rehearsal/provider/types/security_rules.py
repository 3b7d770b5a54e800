"""Security group rules as resources of their own."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import ec2
from rehearsal.provider.values import pick, to_api

_SOURCES = {
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
}
_RULE_INPUTS = ("ipProtocol", "fromPort", "toPort", "description")


def _rule_permission(news: Properties) -> dict[str, Any]:
    described = {"Description": news["description"]} if news.get("description") else {}
    lists = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    permission: dict[str, Any] = to_api(pick(news, ("ipProtocol", "fromPort", "toPort")))
    for name, (group, key) in lists.items():
        if news.get(name):
            permission[group] = [{key: news[name], **described}]
    return permission


def _rule_facts(call: Call, rule_id: str) -> Properties:
    arn = ec2.arn(call, call.account_id(), "security-group-rule", rule_id)
    return {"arn": arn, "securityGroupRuleId": rule_id}


def _create_rule(direction: str) -> Any:
    def create(call: Call, news: Properties) -> tuple[str, Properties]:
        act = getattr(call.client("ec2"), f"authorize_security_group_{direction}")
        tags = ec2.tag_specification("security-group-rule", call.tags(news))
        answer = act(GroupId=news["securityGroupId"], IpPermissions=[_rule_permission(news)], **tags)
        rule_id = answer["SecurityGroupRules"][-1]["SecurityGroupRuleId"]
        return rule_id, _rule_facts(call, rule_id)

    return create


def _read_rule(call: Call, rule_id: str, known: Properties) -> Properties | None:
    found = call.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[rule_id])
    if not found["SecurityGroupRules"]:
        return None
    rule = found["SecurityGroupRules"][0]
    facts = {**_rule_facts(call, rule_id), "securityGroupId": rule["GroupId"]}
    for name in _RULE_INPUTS:
        facts[name] = rule.get(name[:1].upper() + name[1:])
    for name, api in _SOURCES.items():
        facts[name] = rule.get(api)
    facts["referencedSecurityGroupId"] = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    if facts["description"] is None and not (facts["cidrIpv4"] or facts["cidrIpv6"]):
        # The emulated cloud keeps the descriptions of address ranges only.
        del facts["description"]
    if facts["ipProtocol"] == "-1":
        facts |= {"fromPort": None, "toPort": None}
    return {**facts, "tagsAll": ec2.tags_of(rule)}


def _update_rule(
    call: Call, rule_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    renames = {"referencedSecurityGroupId": "ReferencedGroupId"}
    request = to_api(pick(news, (*_RULE_INPUTS, *_SOURCES)), renames)
    call.client("ec2").modify_security_group_rules(
        GroupId=news["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": request}],
    )


def _delete_rule(direction: str) -> Any:
    def delete(call: Call, rule_id: str, outputs: Properties) -> None:
        act = getattr(call.client("ec2"), f"revoke_security_group_{direction}")
        act(GroupId=outputs["securityGroupId"], SecurityGroupRuleIds=[rule_id])

    return delete


def _rule(direction: str, type_name: str) -> ResourceType:
    return ResourceType(
        type_name=type_name,
        create=_create_rule(direction),
        read=_read_rule,
        update=_update_rule,
        delete=_delete_rule(direction),
        retag=ec2.retag,
        inputs=words("securityGroupId tags") | frozenset((*_RULE_INPUTS, *_SOURCES)),
        required=("securityGroupId", "ipProtocol"),
        one_of=(tuple(_SOURCES),),
        ranges={"fromPort": (-1, 65535), "toPort": (-1, 65535)},
        lengths={"description": 255},
        replaces=words("securityGroupId"),
        computed=("arn", "securityGroupRuleId"),
    )


TYPES = (
    _rule("ingress", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
    _rule("egress", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
)
