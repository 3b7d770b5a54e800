"""Network ACLs: the stateless filter around a subnet."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import ec2

_PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}
_DENY_ALL_RULE = 32767


def _acl(call: Call, acl_id: str) -> dict[str, Any] | None:
    found = call.client("ec2").describe_network_acls(NetworkAclIds=[acl_id])["NetworkAcls"]
    return found[0] if found else None


def _protocol(value: Any) -> str:
    return _PROTOCOLS.get(str(value).lower(), str(value))


def _entry_request(rule: Properties) -> dict[str, Any]:
    request: dict[str, Any] = {
        "RuleNumber": rule["ruleNo"],
        "Protocol": _protocol(rule["protocol"]),
        "RuleAction": rule["action"],
    }
    if rule.get("cidrBlock"):
        request["CidrBlock"] = rule["cidrBlock"]
    if rule.get("ipv6CidrBlock"):
        request["Ipv6CidrBlock"] = rule["ipv6CidrBlock"]
    if request["Protocol"] in ("6", "17"):
        request["PortRange"] = {"From": rule.get("fromPort", 0), "To": rule.get("toPort", 0)}
    if request["Protocol"] == "1":
        request["IcmpTypeCode"] = {"Type": rule.get("icmpType", -1), "Code": rule.get("icmpCode", -1)}
    return request


def _entry(entry: dict[str, Any]) -> Properties:
    ports = entry.get("PortRange") or {}
    rule = {
        "ruleNo": entry["RuleNumber"],
        "action": entry["RuleAction"],
        "protocol": entry["Protocol"],
        "fromPort": ports.get("From", 0),
        "toPort": ports.get("To", 0),
    }
    if entry.get("CidrBlock"):
        rule["cidrBlock"] = entry["CidrBlock"]
    if entry.get("Ipv6CidrBlock"):
        rule["ipv6CidrBlock"] = entry["Ipv6CidrBlock"]
    return rule


def _rules(found: dict[str, Any], egress: bool, known: Properties) -> list[Properties]:
    """The ACL's own rules; a protocol keeps the word that the program used for its number."""
    wanted = {rule["ruleNo"]: rule for rule in known.get("egress" if egress else "ingress") or []}
    rules = []
    for entry in found.get("Entries", []):
        if entry["Egress"] == egress and entry["RuleNumber"] < _DENY_ALL_RULE:
            rule = _entry(entry)
            word = wanted.get(rule["ruleNo"], {}).get("protocol")
            if word is not None and _protocol(word) == str(rule["protocol"]):
                rule["protocol"] = word
            rules.append(rule)
    return rules


def _create_acl(call: Call, news: Properties) -> tuple[str, Properties]:
    tags = ec2.tag_specification("network-acl", call.tags(news))
    found = call.client("ec2").create_network_acl(VpcId=news["vpcId"], **tags)["NetworkAcl"]
    owner = found.get("OwnerId") or call.account_id()
    arn = ec2.arn(call, owner, "network-acl", found["NetworkAclId"])
    return found["NetworkAclId"], {"arn": arn, "ownerId": owner}


def _complete_acl(call: Call, acl_id: str, news: Properties) -> Properties:
    _change_rules(call, acl_id, {}, news)
    _move_subnets(call, acl_id, set(news.get("subnetIds") or ()))
    names = ("ingress", "egress", "subnetIds")
    return {name: news.get(name) or [] for name in names}


def _change_rules(call: Call, acl_id: str, old: Properties, news: Properties) -> None:
    client = call.client("ec2")
    for name in ("ingress", "egress"):
        before = {rule["ruleNo"]: _entry_request(rule) for rule in old.get(name) or []}
        after = {rule["ruleNo"]: _entry_request(rule) for rule in news.get(name) or []}
        for number, request in before.items():
            if after.get(number) != request:
                client.delete_network_acl_entry(
                    NetworkAclId=acl_id, RuleNumber=number, Egress=name == "egress"
                )
        for number, request in after.items():
            if before.get(number) != request:
                client.create_network_acl_entry(NetworkAclId=acl_id, Egress=name == "egress", **request)


def _move_subnets(call: Call, acl_id: str, subnet_ids: set[str]) -> None:
    """Put these subnets under the ACL. A subnet always has one: moving replaces its association."""
    if not subnet_ids:
        return
    client = call.client("ec2")
    wanted = [{"Name": "association.subnet-id", "Values": sorted(subnet_ids)}]
    for found in client.describe_network_acls(Filters=wanted)["NetworkAcls"]:
        for association in found.get("Associations", []):
            if association["SubnetId"] in subnet_ids and found["NetworkAclId"] != acl_id:
                client.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl_id
                )


def _release_subnets(call: Call, vpc_id: str, subnet_ids: set[str]) -> None:
    """Give subnets back to the VPC's default ACL."""
    if subnet_ids:
        default = call.client("ec2").describe_network_acls(
            Filters=ec2.filters(vpc_id=vpc_id, default="true")
        )["NetworkAcls"]
        _move_subnets(call, default[0]["NetworkAclId"], subnet_ids)


def _read_acl(call: Call, acl_id: str, known: Properties) -> Properties | None:
    found = _acl(call, acl_id)
    if found is None:
        return None
    owner = found.get("OwnerId") or call.account_id()
    return {
        "arn": ec2.arn(call, owner, "network-acl", acl_id),
        "ownerId": owner,
        "vpcId": found["VpcId"],
        "subnetIds": [association["SubnetId"] for association in found.get("Associations", [])],
        "ingress": _rules(found, False, known),
        "egress": _rules(found, True, known),
        "tagsAll": ec2.tags_of(found),
    }


def _update_acl(call: Call, acl_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    if changed & {"ingress", "egress"}:
        _change_rules(call, acl_id, old, news)
    if "subnetIds" in changed:
        before, after = set(old.get("subnetIds") or ()), set(news.get("subnetIds") or ())
        _move_subnets(call, acl_id, after)
        _release_subnets(call, news["vpcId"], before - after)


def _delete_acl(call: Call, acl_id: str, outputs: Properties) -> None:
    found = _acl(call, acl_id)
    if found:
        held = {association["SubnetId"] for association in found.get("Associations", [])}
        _release_subnets(call, found["VpcId"], held)
        call.client("ec2").delete_network_acl(NetworkAclId=acl_id)


NETWORK_ACL = ResourceType(
    type_name="aws:ec2/networkAcl:NetworkAcl",
    create=_create_acl,
    complete=_complete_acl,
    read=_read_acl,
    update=_update_acl,
    delete=_delete_acl,
    retag=ec2.retag,
    inputs=words("vpcId subnetIds ingress egress tags"),
    required=("vpcId",),
    enums={"ingress[].action": ("allow", "deny"), "egress[].action": ("allow", "deny")},
    ranges={
        "ingress[].ruleNo": (1, 32766),
        "egress[].ruleNo": (1, 32766),
        "ingress[].fromPort": (0, 65535),
        "ingress[].toPort": (0, 65535),
        "egress[].fromPort": (0, 65535),
        "egress[].toPort": (0, 65535),
    },
    replaces=words("vpcId"),
    sets=words("subnetIds ingress egress"),
    computed=("arn", "ownerId", "subnetIds", "ingress", "egress"),
)

TYPES = (NETWORK_ACL,)
