"""Security groups, with rules written inline or none."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import ec2
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick

_DIRECTIONS = ("ingress", "egress")


def _group(call: Call, group_id: str) -> dict[str, Any] | None:
    found = call.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return found[0] if found else None


def _permission(rule: Properties, group_id: str) -> dict[str, Any]:
    """An inline rule as EC2's permission."""
    described = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*(rule.get("securityGroups") or []), *([group_id] if rule.get("self") else [])]
    permission: dict[str, Any] = {
        "IpProtocol": str(rule["protocol"]),
        "IpRanges": [{"CidrIp": cidr, **described} for cidr in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **described} for cidr in rule.get("ipv6CidrBlocks") or []],
        "PrefixListIds": [{"PrefixListId": name, **described} for name in rule.get("prefixListIds") or []],
        "UserIdGroupPairs": [{"GroupId": name, **described} for name in groups],
    }
    if permission["IpProtocol"] != "-1":
        permission |= {"FromPort": rule.get("fromPort", 0), "ToPort": rule.get("toPort", 0)}
    return {key: value for key, value in permission.items() if value != []}


def _inline_rule(permission: dict[str, Any], group_id: str) -> Properties:
    """EC2's permission as an inline rule."""
    pairs = [pair["GroupId"] for pair in permission.get("UserIdGroupPairs") or []]
    rule: Properties = {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0),
        "toPort": permission.get("ToPort", 0),
        "cidrBlocks": [item["CidrIp"] for item in permission.get("IpRanges") or []],
        "ipv6CidrBlocks": [item["CidrIpv6"] for item in permission.get("Ipv6Ranges") or []],
        "prefixListIds": [item["PrefixListId"] for item in permission.get("PrefixListIds") or []],
        "securityGroups": [name for name in pairs if name != group_id],
        "self": group_id in pairs,
    }
    sources = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    described = {item.get("Description") for key in sources for item in permission.get(key) or []}
    if len(described) == 1 and described != {None}:
        rule["description"] = described.pop()
    return {key: value for key, value in rule.items() if value not in ([], False)}


def _authorize(call: Call, group_id: str, direction: str, permissions: list[dict[str, Any]]) -> None:
    if permissions:
        act = getattr(call.client("ec2"), f"authorize_security_group_{direction}")
        act(GroupId=group_id, IpPermissions=permissions)


def _revoke(call: Call, group_id: str, direction: str, permissions: list[dict[str, Any]]) -> None:
    if permissions:
        act = getattr(call.client("ec2"), f"revoke_security_group_{direction}")
        act(GroupId=group_id, IpPermissions=permissions)


def _present(found: dict[str, Any], direction: str) -> list[dict[str, Any]]:
    permissions: list[dict[str, Any]] = (
        found.get("IpPermissions" if direction == "ingress" else "IpPermissionsEgress") or []
    )
    # What EC2 reports of a group pair beside its ID (owner, status) is not accepted back.
    return [
        {
            **{key: value for key, value in permission.items() if value != []},
            **(
                {"UserIdGroupPairs": [pick(pair, ("GroupId", "Description")) for pair in pairs]}
                if (pairs := permission.get("UserIdGroupPairs"))
                else {}
            ),
        }
        for permission in permissions
    ]


def _group_facts(call: Call, found: dict[str, Any], known: Properties) -> Properties:
    owner = found.get("OwnerId") or call.account_id()
    facts = {
        "arn": ec2.arn(call, owner, "security-group", found["GroupId"]),
        "ownerId": owner,
        "name": found["GroupName"],
        "description": found["Description"],
        "vpcId": found["VpcId"],
        "tagsAll": ec2.tags_of(found),
    }
    # Only a program that writes rules inline sees them here: rules that are resources of their own would
    # otherwise come up as changes of the group at every refresh.
    for direction in _DIRECTIONS:
        if direction in known:
            rules = [_inline_rule(item, found["GroupId"]) for item in _present(found, direction)]
            facts[direction] = rules or None if not known[direction] else rules
    return facts


def _create_group(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news)
    tags = ec2.tag_specification("security-group", call.tags(news))
    request = {"VpcId": news["vpcId"]} if news.get("vpcId") else {}
    answer = call.client("ec2").create_security_group(
        GroupName=name, Description=news["description"], **request, **tags
    )
    owner = call.account_id()
    return answer["GroupId"], {
        "arn": ec2.arn(call, owner, "security-group", answer["GroupId"]),
        "ownerId": owner,
        "name": name,
    }


def _complete_group(call: Call, group_id: str, news: Properties) -> Properties:
    # A new group lets everything out. The real provider takes that away: egress is what the program says.
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    wanted = {name: [_permission(rule, group_id) for rule in news.get(name) or []] for name in _DIRECTIONS}
    if everything[0] in wanted["egress"]:
        wanted["egress"].remove(everything[0])
    else:
        _revoke(call, group_id, "egress", everything)
    for direction in _DIRECTIONS:
        _authorize(call, group_id, direction, wanted[direction])
    return {}


def _read_group(call: Call, group_id: str, known: Properties) -> Properties | None:
    found = _group(call, group_id)
    return _group_facts(call, found, known) if found else None


def _update_group(
    call: Call, group_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    for direction in _DIRECTIONS:
        if direction in changed:
            before = [_permission(rule, group_id) for rule in old.get(direction) or []]
            after = [_permission(rule, group_id) for rule in news.get(direction) or []]
            _revoke(call, group_id, direction, [item for item in before if item not in after])
            _authorize(call, group_id, direction, [item for item in after if item not in before])


def _delete_group(call: Call, group_id: str, outputs: Properties) -> None:
    if outputs.get("revokeRulesOnDelete"):
        _clear(call, group_id)
    call.client("ec2").delete_security_group(GroupId=group_id)


def _clear(call: Call, group_id: str) -> None:
    found = _group(call, group_id)
    for direction in _DIRECTIONS:
        _revoke(call, group_id, direction, _present(found or {}, direction))


_RULE_RANGES: dict[str, tuple[float, float]] = {
    f"{direction}[].{port}": (-1, 65535) for direction in _DIRECTIONS for port in ("fromPort", "toPort")
}

SECURITY_GROUP = ResourceType(
    type_name="aws:ec2/securityGroup:SecurityGroup",
    create=_create_group,
    complete=_complete_group,
    read=_read_group,
    update=_update_group,
    delete=_delete_group,
    retag=ec2.retag,
    inputs=words("name description vpcId tags"),
    lengths={"name": 255, "description": 255, "namePrefix": 100},
    ranges=_RULE_RANGES,
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    auto_name=AutoName(),
    replaces=words("name namePrefix description vpcId"),
    sets=words("ingress egress"),
    computed=("arn", "ownerId", "name", "vpcId"),
)


def _adopt(call: Call, news: Properties) -> tuple[str, Properties]:
    here = [*ec2.filters(group_name="default"), *ec2.filters(vpc_id=news["vpcId"])]
    found = call.client("ec2").describe_security_groups(Filters=here)["SecurityGroups"][0]
    facts = _group_facts(call, found, {})
    facts.pop("tagsAll")
    return found["GroupId"], facts


def _complete_adoption(call: Call, group_id: str, news: Properties) -> Properties:
    _clear(call, group_id)
    for direction in _DIRECTIONS:
        _authorize(
            call, group_id, direction, [_permission(rule, group_id) for rule in news.get(direction) or []]
        )
    ec2.retag(call, group_id, {}, call.tags(news), [])
    return {}


def _read_default_group(call: Call, group_id: str, known: Properties) -> Properties | None:
    # This type owns every rule of its group, inline or not: one that is added shows as drift.
    return _read_group(call, group_id, {"ingress": [], "egress": [], **known})


def _leave(call: Call, group_id: str, outputs: Properties) -> None:
    """AWS deletes a default group with its VPC only; the real provider just forgets it."""


DEFAULT_SECURITY_GROUP = ResourceType(
    type_name="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    create=_adopt,
    complete=_complete_adoption,
    read=_read_default_group,
    update=_update_group,
    delete=_leave,
    retag=ec2.retag,
    inputs=words("vpcId ingress egress tags"),
    required=("vpcId",),
    ranges=_RULE_RANGES,
    defaults={"revokeRulesOnDelete": False},
    replaces=words("vpcId"),
    sets=words("ingress egress"),
    computed=("arn", "ownerId", "name", "description"),
)

TYPES = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP)
