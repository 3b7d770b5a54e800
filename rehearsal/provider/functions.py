"""The functions that a program may ask: zones, account, region, images of both kinds, keys, templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.plugin import CheckFailure, Properties, ProviderError
from rehearsal.provider.call import AwsCall
from rehearsal.provider.cloud import reported
from rehearsal.provider.database_functions import get_engine_version, get_instance, get_instances
from rehearsal.provider.image_functions import get_ami, get_instance_types, get_key, get_snapshot
from rehearsal.provider.query import availability_zones, caller_identity, gotten
from rehearsal.provider.registry_functions import get_image
from rehearsal.provider.values import tag_dict

Function = Callable[[AwsCall, Properties], Properties]


def run(token: str, call: AwsCall, args: Properties) -> tuple[Properties, list[CheckFailure]]:
    """Run a function by its token. Raises ProviderError for one that is not known."""
    function = FUNCTIONS.get(token)
    if function is None:
        known = ", ".join(sorted(name.rsplit(":", 1)[1] for name in FUNCTIONS))
        raise ProviderError(f"the emulated cloud has no function {token}; it knows {known}")
    return {"region": call.region, **function(call, args)}, []


def _get_availability_zones(call: AwsCall, args: Properties) -> Properties:
    zones = availability_zones(call.region, bool(args.get("allAvailabilityZones")))
    left_out = {*(args.get("excludeNames") or ()), *(args.get("excludeZoneIds") or ())}
    chosen = [
        zone
        for zone in zones
        if args.get("state") in (None, zone.get("zoneState"))
        and not left_out & {zone["zoneName"], zone["zoneId"]}
        and all(_zone_passes(zone, item) for item in args.get("filters") or [])
    ]
    chosen.sort(key=lambda zone: zone["zoneName"])
    return {
        **args,
        "id": call.region,
        "names": [zone["zoneName"] for zone in chosen],
        "zoneIds": [zone["zoneId"] for zone in chosen],
        "groupNames": sorted({zone["groupName"] for zone in chosen if zone.get("groupName")}),
    }


def _zone_passes(zone: dict[str, str], item: Properties) -> bool:
    """One of EC2's filters, such as `opt-in-status`, whose values are those of the zone's own fields."""
    words = {"opt-in-status": "optInStatus", "zone-name": "zoneName", "zone-id": "zoneId",
             "state": "zoneState", "zone-type": "zoneType", "group-name": "groupName",
             "region-name": "regionName"}  # fmt: skip
    key = words.get(item["name"])
    if key is None:
        raise ProviderError(f"getAvailabilityZones: the emulated cloud has no filter {item['name']!r}")
    present = zone.get(key)
    # A zone of the region itself says nothing where others say that they were opted in to.
    if not present:
        present = {"optInStatus": "opt-in-not-required", "zoneType": "availability-zone"}.get(key, "")
    return present in item["values"]


def _get_caller_identity(call: AwsCall, args: Properties) -> Properties:  # noqa: ARG001
    identity = caller_identity(call.region)
    return {**identity, "id": identity["accountId"]}


def _get_region(call: AwsCall, args: Properties) -> Properties:
    region = args.get("region") or args.get("name") or call.region
    return {
        "id": region,
        "region": region,
        "name": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _get_partition(call: AwsCall, args: Properties) -> Properties:  # noqa: ARG001
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _filters(args: Properties) -> list[dict[str, Any]]:
    return [{"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or []]


def _get_launch_template(call: AwsCall, args: Properties) -> Properties:
    request: dict[str, Any] = {"Filters": _filters(args)}
    if args.get("id"):
        request["LaunchTemplateIds"] = [args["id"]]
    if args.get("name"):
        request["LaunchTemplateNames"] = [args["name"]]
    with reported("invoking aws:ec2/getLaunchTemplate:getLaunchTemplate"):
        found = call.client("ec2").describe_launch_templates(**request)["LaunchTemplates"]
        if len(found) != 1:
            raise ProviderError(f"getLaunchTemplate: {len(found)} launch templates match; name just one")
        template_id = found[0]["LaunchTemplateId"]
        latest = call.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template_id, Versions=["$Latest"]
        )["LaunchTemplateVersions"][0]
    data = latest["LaunchTemplateData"]
    return {
        "id": template_id,
        "name": found[0]["LaunchTemplateName"],
        "latestVersion": int(found[0]["LatestVersionNumber"]),
        "defaultVersion": int(found[0]["DefaultVersionNumber"]),
        "imageId": data.get("ImageId", ""),
        "instanceType": data.get("InstanceType", ""),
        "tags": tag_dict(found[0].get("Tags")),
    }


def _get_zone(call: AwsCall, args: Properties) -> Properties:
    """A hosted zone by its ID; by name, as the real provider can too, nobody asks here."""
    if not args.get("zoneId"):
        raise ProviderError("getZone: the emulated cloud finds a zone by zoneId only")
    zone = gotten("route53", call.region, f"/2013-04-01/hostedzone/{args['zoneId']}")["HostedZone"]
    return {
        "id": args["zoneId"],
        "zoneId": args["zoneId"],
        "arn": f"arn:aws:route53:::hostedzone/{args['zoneId']}",
        "name": zone["Name"].rstrip("."),
        "privateZone": zone["Config"]["PrivateZone"] == "true",
        "comment": zone["Config"].get("Comment", ""),
    }


FUNCTIONS: dict[str, Function] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _get_availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _get_caller_identity,
    "aws:index/getRegion:getRegion": _get_region,
    "aws:index/getPartition:getPartition": _get_partition,
    "aws:ec2/getAmi:getAmi": get_ami,
    "aws:ec2/getInstanceTypes:getInstanceTypes": get_instance_types,
    "aws:ec2/getLaunchTemplate:getLaunchTemplate": _get_launch_template,
    "aws:ebs/getSnapshot:getSnapshot": get_snapshot,
    "aws:ecr/getImage:getImage": get_image,
    "aws:kms/getKey:getKey": get_key,
    "aws:rds/getEngineVersion:getEngineVersion": get_engine_version,
    "aws:rds/getInstance:getInstance": get_instance,
    "aws:rds/getInstances:getInstances": get_instances,
    "aws:route53/getZone:getZone": _get_zone,
}
