"""Hosted zones and their records."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

import secrets
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.values import tag_dict, tag_list

_COMMENT = "Managed by Pulumi"
_OWN_RECORDS = ("NS", "SOA")


def _zone_facts(answer: dict[str, Any]) -> Properties:
    zone = answer["HostedZone"]
    servers = (answer.get("DelegationSet") or {}).get("NameServers") or []
    zone_id = zone["Id"].removeprefix("/hostedzone/")
    return {
        "zoneId": zone_id,
        "arn": f"arn:aws:route53:::hostedzone/{zone_id}",
        "name": zone["Name"].rstrip("."),
        "comment": (zone.get("Config") or {}).get("Comment") or "",
        "vpcs": [{"vpcId": vpc["VPCId"], "vpcRegion": vpc["VPCRegion"]} for vpc in answer.get("VPCs") or []],
        "nameServers": sorted(servers),
        "primaryNameServer": servers[0] if servers else "",
    }


def _vpc(call: Call, vpc: Properties) -> dict[str, str]:
    return {"VPCId": vpc["vpcId"], "VPCRegion": vpc.get("vpcRegion") or call.region}


def _create_zone(call: Call, news: Properties) -> tuple[str, Properties]:
    client, vpcs = call.client("route53"), news.get("vpcs") or []
    first = {"VPC": _vpc(call, vpcs[0])} if vpcs else {}
    made = client.create_hosted_zone(
        Name=news["name"],
        CallerReference=secrets.token_hex(8),
        HostedZoneConfig={"Comment": news.get("comment") or _COMMENT, "PrivateZone": bool(vpcs)},
        **first,
    )
    zone_id = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
    return zone_id, {"zoneId": zone_id}


def _complete_zone(call: Call, zone_id: str, news: Properties) -> Properties:
    client = call.client("route53")
    for vpc in (news.get("vpcs") or [])[1:]:
        client.associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC=_vpc(call, vpc))
    if tags := call.tags(news):
        client.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id, AddTags=tag_list(tags))
    return _zone_facts(client.get_hosted_zone(Id=zone_id))


def _read_zone(call: Call, zone_id: str, known: Properties) -> Properties | None:
    client = call.client("route53")
    facts = _zone_facts(client.get_hosted_zone(Id=zone_id))
    answer = client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)
    kept = {"forceDestroy": bool(known.get("forceDestroy"))}
    return {**facts, **kept, "tagsAll": tag_dict(answer["ResourceTagSet"]["Tags"])}


def _update_zone(
    call: Call, zone_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    client = call.client("route53")
    if "comment" in changed:
        client.update_hosted_zone_comment(Id=zone_id, Comment=news.get("comment") or _COMMENT)
    if "vpcs" in changed:
        there = {vpc["vpcId"]: vpc for vpc in old.get("vpcs") or []}
        wanted = {vpc["vpcId"]: vpc for vpc in news.get("vpcs") or []}
        # A private zone always has a VPC.
        for vpc_id in wanted.keys() - there.keys():
            client.associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC=_vpc(call, wanted[vpc_id]))
        for vpc_id in there.keys() - wanted.keys():
            client.disassociate_vpc_from_hosted_zone(HostedZoneId=zone_id, VPC=_vpc(call, there[vpc_id]))


def _retag_zone(
    call: Call, zone_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]
) -> None:
    call.client("route53").change_tags_for_resource(
        ResourceType="hostedzone",
        ResourceId=zone_id,
        **({"AddTags": tag_list(wanted)} if wanted else {}),
        **({"RemoveTagKeys": removed} if removed else {}),
    )


def _delete_zone(call: Call, zone_id: str, outputs: Properties) -> None:
    client = call.client("route53")
    if outputs.get("forceDestroy"):
        records = client.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
        changes = [
            {"Action": "DELETE", "ResourceRecordSet": each}
            for each in records
            if each["Type"] not in _OWN_RECORDS
        ]
        if changes:
            client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    client.delete_hosted_zone(Id=zone_id)


ZONE = ResourceType(
    type_name="aws:route53/zone:Zone",
    create=_create_zone,
    complete=_complete_zone,
    read=_read_zone,
    update=_update_zone,
    delete=_delete_zone,
    retag=_retag_zone,
    inputs=words("name comment vpcs forceDestroy tags"),
    required=("name",),
    defaults={"comment": _COMMENT, "forceDestroy": False},
    replaces=words("name delegationSetId"),
    sets=words("vpcs"),
    computed=("zoneId", "arn", "nameServers", "primaryNameServer", "vpcs"),
    regional=False,
)


def _wanted(news: Properties) -> dict[str, Any]:
    """A record set as Route 53 takes it."""
    record: dict[str, Any] = {"Name": news["name"].rstrip("."), "Type": news["type"]}
    for alias in news.get("aliases") or []:
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    if "AliasTarget" not in record:
        record["TTL"] = news.get("ttl")
        record["ResourceRecords"] = [{"Value": value} for value in news.get("records") or []]
    return record


def _change(call: Call, news: Properties, *changes: tuple[str, Properties]) -> None:
    call.client("route53").change_resource_record_sets(
        HostedZoneId=news["zoneId"],
        ChangeBatch={
            "Changes": [{"Action": action, "ResourceRecordSet": _wanted(each)} for action, each in changes]
        },
    )


def _create_record(call: Call, news: Properties) -> tuple[str, Properties]:
    _change(call, news, ("UPSERT" if news.get("allowOverwrite") else "CREATE", news))
    name = news["name"].rstrip(".")
    return f"{news['zoneId']}_{name}_{news['type']}", {"fqdn": name}


def _found_record(call: Call, zone_id: str, name: str, kind: str) -> dict[str, Any] | None:
    answer = call.client("route53").list_resource_record_sets(
        HostedZoneId=zone_id, StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )
    for record in answer["ResourceRecordSets"]:
        # Route 53 writes a wildcard's star as an octal number.
        same = record["Name"].replace("\\052", "*").rstrip(".").lower() == name.rstrip(".").lower()
        if same and record["Type"] == kind:
            found: dict[str, Any] = record
            return found
    return None


def _read_record(call: Call, record_id: str, known: Properties) -> Properties | None:
    # A name may begin with an underscore, or have one.
    zone_id, _, rest = record_id.partition("_")
    name, _, kind = rest.rpartition("_")
    found = _found_record(call, zone_id, name, kind)
    if found is None:
        return None
    # A dot at the end of a name means nothing to Route 53.
    given = known.get("name")
    facts: Properties = {"zoneId": zone_id, "name": name, "type": kind, "fqdn": name}
    if given and given.rstrip(".") == name:
        facts["name"] = given
    if alias := found.get("AliasTarget"):
        target = {"name": alias["DNSName"].rstrip("."), "zoneId": alias["HostedZoneId"]}
        facts["aliases"] = [{**target, "evaluateTargetHealth": alias["EvaluateTargetHealth"]}]
    else:
        facts["ttl"] = int(found["TTL"])
        facts["records"] = [each["Value"] for each in found["ResourceRecords"]]
    if "allowOverwrite" in known:
        facts["allowOverwrite"] = known["allowOverwrite"]
    return facts


def _update_record(
    call: Call, record_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    _change(call, news, ("UPSERT", news))


def _delete_record(call: Call, record_id: str, outputs: Properties) -> None:
    if _found_record(call, outputs["zoneId"], outputs["name"], outputs["type"]):
        _change(call, outputs, ("DELETE", outputs))


RECORD = ResourceType(
    type_name="aws:route53/record:Record",
    create=_create_record,
    read=_read_record,
    update=_update_record,
    delete=_delete_record,
    inputs=words("zoneId name type ttl records aliases allowOverwrite"),
    required=("zoneId", "name", "type"),
    one_of=(("records", "aliases"),),
    enums={"type": ("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF",
                    "SRV", "SSHFP", "SVCB", "TLSA", "TXT")},
    replaces=words("zoneId name type"),
    sets=words("records"),
    computed=("fqdn",),
    regional=False,
)  # fmt: skip

TYPES = (ZONE, RECORD)
