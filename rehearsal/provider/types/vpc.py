"""The VPC and its subnets."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import ec2
from rehearsal.provider.values import pick, to_api

# Attributes of a VPC that AWS takes one call each for, and what a new VPC has.
_VPC_ATTRIBUTES = {"enableDnsSupport": True, "enableDnsHostnames": False}
_SUBNET_ATTRIBUTES = {"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False}


def _vpc_facts(call: Call, found: dict[str, Any]) -> Properties:
    owner = found.get("OwnerId") or call.account_id()
    return {
        "arn": ec2.arn(call, owner, "vpc", found["VpcId"]),
        "ownerId": owner,
        "cidrBlock": found["CidrBlock"],
        "instanceTenancy": found.get("InstanceTenancy", "default"),
        "dhcpOptionsId": found.get("DhcpOptionsId"),
        "tagsAll": ec2.tags_of(found),
    }


def _create_vpc(call: Call, news: Properties) -> tuple[str, Properties]:
    request = to_api(pick(news, ("cidrBlock", "instanceTenancy")))
    tags = ec2.tag_specification("vpc", call.tags(news))
    found = call.client("ec2").create_vpc(**request, **tags)["Vpc"]
    return found["VpcId"], _vpc_facts(call, found)


def _complete_vpc(call: Call, vpc_id: str, news: Properties) -> Properties:
    for name, default in _VPC_ATTRIBUTES.items():
        if news.get(name, default) != default:
            _set_vpc_attribute(call, vpc_id, name, news[name])
    attributes = {name: news.get(name, default) for name, default in _VPC_ATTRIBUTES.items()}
    return {**attributes, **_vpc_parts(call, vpc_id)}


def _set_vpc_attribute(call: Call, vpc_id: str, name: str, value: bool) -> None:
    attribute = {name[:1].upper() + name[1:]: {"Value": value}}
    call.client("ec2").modify_vpc_attribute(VpcId=vpc_id, **attribute)


def _vpc_parts(call: Call, vpc_id: str) -> Properties:
    """What AWS makes along with a VPC."""
    client = call.client("ec2")
    here = ec2.filters(vpc_id=vpc_id)
    tables = client.describe_route_tables(Filters=[*here, {"Name": "association.main", "Values": ["true"]}])[
        "RouteTables"
    ]
    acls = client.describe_network_acls(Filters=[*here, *ec2.filters(default="true")])["NetworkAcls"]
    groups = client.describe_security_groups(Filters=[*here, *ec2.filters(group_name="default")])
    return {
        "mainRouteTableId": tables[0]["RouteTableId"] if tables else None,
        "defaultRouteTableId": tables[0]["RouteTableId"] if tables else None,
        "defaultNetworkAclId": acls[0]["NetworkAclId"] if acls else None,
        "defaultSecurityGroupId": next((group["GroupId"] for group in groups["SecurityGroups"]), None),
    }


def _read_vpc(call: Call, vpc_id: str, known: Properties) -> Properties | None:
    client = call.client("ec2")
    found = client.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    if not found:
        return None
    attributes = {}
    for name in _VPC_ATTRIBUTES:
        key = name[:1].upper() + name[1:]
        attributes[name] = client.describe_vpc_attribute(VpcId=vpc_id, Attribute=name)[key]["Value"]
    return {**_vpc_facts(call, found[0]), **attributes, **_vpc_parts(call, vpc_id)}


def _update_vpc(call: Call, vpc_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    for name, default in _VPC_ATTRIBUTES.items():
        if name in changed:
            _set_vpc_attribute(call, vpc_id, name, news.get(name, default))


def _delete_vpc(call: Call, vpc_id: str, outputs: Properties) -> None:
    call.client("ec2").delete_vpc(VpcId=vpc_id)


VPC = ResourceType(
    type_name="aws:ec2/vpc:Vpc",
    create=_create_vpc,
    complete=_complete_vpc,
    read=_read_vpc,
    update=_update_vpc,
    delete=_delete_vpc,
    retag=ec2.retag,
    inputs=words("cidrBlock instanceTenancy enableDnsSupport enableDnsHostnames tags"),
    one_of=(("cidrBlock", "ipv4IpamPoolId"),),
    enums={"instanceTenancy": ("default", "dedicated")},
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    replaces=words("cidrBlock instanceTenancy ipv4IpamPoolId ipv4NetmaskLength"),
    computed=(
        "arn", "ownerId", "dhcpOptionsId", "mainRouteTableId", "defaultRouteTableId",
        "defaultNetworkAclId", "defaultSecurityGroupId", "enableDnsHostnames",
    ),
)  # fmt: skip


def _subnet_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["SubnetArn"],
        "ownerId": found["OwnerId"],
        "vpcId": found["VpcId"],
        "cidrBlock": found.get("CidrBlock"),
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found["AvailabilityZoneId"],
        "mapPublicIpOnLaunch": found.get("MapPublicIpOnLaunch", False),
        "assignIpv6AddressOnCreation": found.get("AssignIpv6AddressOnCreation", False),
        "tagsAll": ec2.tags_of(found),
    }


def _create_subnet(call: Call, news: Properties) -> tuple[str, Properties]:
    names = ("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId")
    tags = ec2.tag_specification("subnet", call.tags(news))
    found = call.client("ec2").create_subnet(**to_api(pick(news, names)), **tags)["Subnet"]
    return found["SubnetId"], _subnet_facts(found)


def _complete_subnet(call: Call, subnet_id: str, news: Properties) -> Properties:
    for name, default in _SUBNET_ATTRIBUTES.items():
        if news.get(name, default) != default:
            _set_subnet_attribute(call, subnet_id, name, news[name])
    return {name: news.get(name, default) for name, default in _SUBNET_ATTRIBUTES.items()}


def _set_subnet_attribute(call: Call, subnet_id: str, name: str, value: bool) -> None:
    attribute = {name[:1].upper() + name[1:]: {"Value": value}}
    call.client("ec2").modify_subnet_attribute(SubnetId=subnet_id, **attribute)


def _read_subnet(call: Call, subnet_id: str, known: Properties) -> Properties | None:
    found = call.client("ec2").describe_subnets(SubnetIds=[subnet_id])["Subnets"]
    return _subnet_facts(found[0]) if found else None


def _update_subnet(
    call: Call, subnet_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    for name, default in _SUBNET_ATTRIBUTES.items():
        if name in changed:
            _set_subnet_attribute(call, subnet_id, name, news.get(name, default))


def _delete_subnet(call: Call, subnet_id: str, outputs: Properties) -> None:
    call.client("ec2").delete_subnet(SubnetId=subnet_id)


SUBNET = ResourceType(
    type_name="aws:ec2/subnet:Subnet",
    create=_create_subnet,
    complete=_complete_subnet,
    read=_read_subnet,
    update=_update_subnet,
    delete=_delete_subnet,
    retag=ec2.retag,
    inputs=words("vpcId cidrBlock availabilityZone mapPublicIpOnLaunch assignIpv6AddressOnCreation tags"),
    required=("vpcId",),
    defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
    replaces=words("vpcId cidrBlock availabilityZone availabilityZoneId"),
    computed=("arn", "ownerId", "cidrBlock", "availabilityZone", "availabilityZoneId"),
)

TYPES = (VPC, SUBNET)
