"""Launch templates: a template is a series of numbered versions, and a change of it is a new version."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import ec2
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import from_api, pick, tag_dict, tag_list, to_api

# Everything that a version holds; a change of any of these makes a new version.
DATA = words(
    "blockDeviceMappings capacityReservationSpecification cpuOptions creditSpecification disableApiStop"
    " disableApiTermination ebsOptimized enclaveOptions hibernationOptions iamInstanceProfile imageId"
    " instanceInitiatedShutdownBehavior instanceMarketOptions instanceRequirements instanceType kernelId"
    " keyName"
    " licenseSpecifications maintenanceOptions metadataOptions monitoring networkInterfaces placement"
    " privateDnsNameOptions ramDiskId securityGroupNames tagSpecifications userData vpcSecurityGroupIds"
)
# Pulumi writes these as strings, so that "not said" differs from "false".
_BOOLEANS = words(
    "associatePublicIpAddress associateCarrierIpAddress deleteOnTermination encrypted ebsOptimized"
)
_RENAMES = {"vpcSecurityGroupIds": "SecurityGroupIds", "securityGroupNames": "SecurityGroups"}
_INTERFACE_RENAMES = {"securityGroups": "Groups"}
_VERSION_INPUTS = DATA | words("description")


def _booleans(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _booleans(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_booleans(item) for item in value]
    if key in _BOOLEANS and isinstance(value, str):
        return value.lower() == "true" if value else None
    return value


def _data(news: Properties) -> dict[str, Any]:
    """The inputs as LaunchTemplateData."""
    said = _booleans(pick(news, DATA))
    interfaces, tagged = said.pop("networkInterfaces", None), said.pop("tagSpecifications", None)
    data: dict[str, Any] = to_api(said, _RENAMES)
    if interfaces:
        data["NetworkInterfaces"] = to_api(interfaces, _INTERFACE_RENAMES)
    if tagged:
        data["TagSpecifications"] = [
            {"ResourceType": item["resourceType"], "Tags": tag_list(item.get("tags") or {})}
            for item in tagged
        ]
    return data


def _inputs(data: dict[str, Any]) -> Properties:
    """LaunchTemplateData as inputs; what it does not hold is None, so that its removal shows."""
    rest = dict(data)
    interfaces, tagged = rest.pop("NetworkInterfaces", None), rest.pop("TagSpecifications", None)
    facts = from_api(rest, {api: name for name, api in _RENAMES.items()})
    if interfaces:
        facts["networkInterfaces"] = from_api(interfaces, {"Groups": "securityGroups"})
    if tagged:
        facts["tagSpecifications"] = [
            {"resourceType": item["ResourceType"], "tags": tag_dict(item.get("Tags"))}
            for item in tagged
            if item["ResourceType"] != "launch-template"  # the template's own, which moto mixes in
        ]
    return {name: facts.get(name) for name in DATA}


def _facts(call: Call, found: dict[str, Any]) -> Properties:
    template_id = found["LaunchTemplateId"]
    return {
        "arn": ec2.arn(call, call.account_id(), "launch-template", template_id),
        "name": found["LaunchTemplateName"],
        "latestVersion": int(found["LatestVersionNumber"]),
        "defaultVersion": int(found["DefaultVersionNumber"]),
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    described = {"VersionDescription": news["description"]} if news.get("description") else {}
    found = call.client("ec2").create_launch_template(
        LaunchTemplateName=physical_name(news, max_length=128),
        LaunchTemplateData=_data(news),
        **described,
        **ec2.tag_specification("launch-template", call.tags(news)),
    )["LaunchTemplate"]
    return found["LaunchTemplateId"], _facts(call, found)


def _read(call: Call, template_id: str, known: Properties) -> Properties | None:
    client = call.client("ec2")
    found = client.describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"]
    if not found:
        return None
    versions = client.describe_launch_template_versions(LaunchTemplateId=template_id, Versions=["$Latest"])
    latest = versions["LaunchTemplateVersions"][0]
    return {
        **_facts(call, found[0]),
        **_inputs(latest["LaunchTemplateData"]),
        "description": latest.get("VersionDescription"),
        "tagsAll": ec2.tags_of(found[0]),
    }


def _update(call: Call, template_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("ec2")
    default = news.get("defaultVersion") if "defaultVersion" in changed else None
    if changed & _VERSION_INPUTS:
        described = {"VersionDescription": news["description"]} if news.get("description") else {}
        made = client.create_launch_template_version(
            LaunchTemplateId=template_id, LaunchTemplateData=_data(news), **described
        )["LaunchTemplateVersion"]
        if news.get("updateDefaultVersion"):
            default = made["VersionNumber"]
    elif news.get("updateDefaultVersion") and "updateDefaultVersion" in changed:
        default = old.get("latestVersion")
    if default:
        client.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion=str(default))


def _delete(call: Call, template_id: str, outputs: Properties) -> None:
    call.client("ec2").delete_launch_template(LaunchTemplateId=template_id)


LAUNCH_TEMPLATE = ResourceType(
    type_name="aws:ec2/launchTemplate:LaunchTemplate",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    retag=ec2.retag,
    inputs=_VERSION_INPUTS | words("name tags"),
    enums={
        "metadataOptions.httpTokens": ("optional", "required"),
        "metadataOptions.httpEndpoint": ("enabled", "disabled"),
        "metadataOptions.instanceMetadataTags": ("enabled", "disabled"),
        "metadataOptions.httpProtocolIpv6": ("enabled", "disabled"),
        "instanceInitiatedShutdownBehavior": ("stop", "terminate"),
        "blockDeviceMappings[].ebs.volumeType": ("standard", "io1", "io2", "gp2", "gp3", "sc1", "st1"),
        "creditSpecification.cpuCredits": ("standard", "unlimited"),
    },
    ranges={
        "metadataOptions.httpPutResponseHopLimit": (1, 64),
        "blockDeviceMappings[].ebs.volumeSize": (1, 65536),
    },
    lengths={"name": 128, "namePrefix": 99, "description": 255},
    auto_name=AutoName(max_length=128),
    replaces=words("name namePrefix"),
    sets=words("vpcSecurityGroupIds"),
    computed=("arn", "name", "latestVersion", "defaultVersion"),
    refreshed={"latestVersion": _VERSION_INPUTS, "defaultVersion": _VERSION_INPUTS},
    refreshed_only_if={"defaultVersion": "updateDefaultVersion"},
)

TYPES = (LAUNCH_TEMPLATE,)
