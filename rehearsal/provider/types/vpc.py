"""The VPC, its subnets, and the addresses and gateways that lead out of it."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
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


def _gateway_facts(call: Call, found: dict[str, Any], vpc_id: str | None) -> Properties:
    owner = found.get("OwnerId") or call.account_id()
    return {
        "arn": ec2.arn(call, owner, "internet-gateway", found["InternetGatewayId"]),
        "ownerId": owner,
        "vpcId": vpc_id,
        "tagsAll": ec2.tags_of(found),
    }


def _create_gateway(call: Call, news: Properties) -> tuple[str, Properties]:
    tags = ec2.tag_specification("internet-gateway", call.tags(news))
    found = call.client("ec2").create_internet_gateway(**tags)["InternetGateway"]
    return found["InternetGatewayId"], _gateway_facts(call, found, news.get("vpcId"))


def _complete_gateway(call: Call, gateway_id: str, news: Properties) -> Properties:
    if news.get("vpcId"):
        call.client("ec2").attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=news["vpcId"])
    return {}


def _read_gateway(call: Call, gateway_id: str, known: Properties) -> Properties | None:
    found = call.client("ec2").describe_internet_gateways(InternetGatewayIds=[gateway_id])["InternetGateways"]
    if not found:
        return None
    attached = found[0].get("Attachments") or []
    return _gateway_facts(call, found[0], attached[0]["VpcId"] if attached else None)


def _update_gateway(
    call: Call, gateway_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    if "vpcId" in changed:
        _detach(call, gateway_id)
        _complete_gateway(call, gateway_id, news)


def _detach(call: Call, gateway_id: str) -> None:
    now = _read_gateway(call, gateway_id, {})
    if now and now["vpcId"]:
        call.client("ec2").detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=now["vpcId"])


def _delete_gateway(call: Call, gateway_id: str, outputs: Properties) -> None:
    _detach(call, gateway_id)
    call.client("ec2").delete_internet_gateway(InternetGatewayId=gateway_id)


INTERNET_GATEWAY = ResourceType(
    type_name="aws:ec2/internetGateway:InternetGateway",
    create=_create_gateway,
    complete=_complete_gateway,
    read=_read_gateway,
    update=_update_gateway,
    delete=_delete_gateway,
    retag=ec2.retag,
    inputs=words("vpcId tags"),
    computed=("arn", "ownerId", "vpcId"),
)


def _address_facts(call: Call, found: dict[str, Any]) -> Properties:
    # What a NAT gateway does to its address later (association, network interface, private IP) is left out:
    # it
    # would make every refresh after the first `up` report a change that nobody made.
    address, region = found["PublicIp"], call.region
    zone = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return {
        "allocationId": found["AllocationId"],
        "arn": ec2.arn(call, call.account_id(), "elastic-ip", found["AllocationId"]),
        "domain": found.get("Domain", "vpc"),
        "publicIp": address,
        "publicDns": f"ec2-{address.replace('.', '-')}.{zone}.amazonaws.com",
        "publicIpv4Pool": found.get("PublicIpv4Pool") or "amazon",
        "networkBorderGroup": found.get("NetworkBorderGroup") or region,
    }


def _create_address(call: Call, news: Properties) -> tuple[str, Properties]:
    tags = ec2.tag_specification("elastic-ip", call.tags(news))
    found = call.client("ec2").allocate_address(Domain=news.get("domain") or "vpc", **tags)
    return found["AllocationId"], _address_facts(call, found)


def _read_address(call: Call, allocation_id: str, known: Properties) -> Properties | None:
    found = call.client("ec2").describe_addresses(AllocationIds=[allocation_id])["Addresses"]
    return {**_address_facts(call, found[0]), "tagsAll": ec2.tags_of(found[0])} if found else None


def _delete_address(call: Call, allocation_id: str, outputs: Properties) -> None:
    call.client("ec2").release_address(AllocationId=allocation_id)


EIP = ResourceType(
    type_name="aws:ec2/eip:Eip",
    create=_create_address,
    read=_read_address,
    delete=_delete_address,
    retag=ec2.retag,
    inputs=words("domain tags"),
    enums={"domain": ("vpc", "standard")},
    replaces=words("domain publicIpv4Pool networkBorderGroup"),
    computed=(
        "allocationId", "arn", "domain", "publicIp", "publicDns", "publicIpv4Pool", "networkBorderGroup",
    ),
)  # fmt: skip


def _nat_facts(found: dict[str, Any]) -> Properties:
    address = (found.get("NatGatewayAddresses") or [{}])[0]
    return {
        "allocationId": address.get("AllocationId"),
        "associationId": address.get("AssociationId"),
        "publicIp": address.get("PublicIp"),
        "privateIp": address.get("PrivateIp"),
        "networkInterfaceId": address.get("NetworkInterfaceId"),
        "subnetId": found["SubnetId"],
        "connectivityType": found.get("ConnectivityType") or "public",
        "tagsAll": ec2.tags_of(found),
    }


def _nat(call: Call, nat_id: str) -> dict[str, Any] | None:
    """The gateway as EC2 describes it; a deleted one stays visible to EC2 for an hour, but not to us."""
    found = call.client("ec2").describe_nat_gateways(NatGatewayIds=[nat_id])["NatGateways"]
    return found[0] if found and found[0]["State"] != "deleted" else None


def _create_nat(call: Call, news: Properties) -> tuple[str, Properties]:
    names = ("allocationId", "subnetId", "connectivityType", "privateIpAddress")
    tags = ec2.tag_specification("natgateway", call.tags(news))
    found = call.client("ec2").create_nat_gateway(**to_api(pick(news, names)), **tags)["NatGateway"]
    return found["NatGatewayId"], {}


def _complete_nat(call: Call, nat_id: str, news: Properties) -> Properties:
    last: dict[str, Any] = {}

    def available() -> bool:
        last.update(_nat(call, nat_id) or {"State": "failed"})
        if last["State"] == "failed":
            reason = f"{last.get('FailureCode', '')}: {last.get('FailureMessage', '')}".strip(": ")
            raise ProviderError(f"creating aws:ec2/natGateway:NatGateway '{call.name}': {reason or 'failed'}")
        return bool(last["State"] == "available")

    call.wait(available, f"NAT gateway {nat_id} to become available")
    return _nat_facts(last)


def _read_nat(call: Call, nat_id: str, known: Properties) -> Properties | None:
    found = _nat(call, nat_id)
    return _nat_facts(found) if found and found["State"] != "deleting" else None


def _delete_nat(call: Call, nat_id: str, outputs: Properties) -> None:
    call.client("ec2").delete_nat_gateway(NatGatewayId=nat_id)
    call.wait(lambda: _nat(call, nat_id) is None, f"deletion of NAT gateway {nat_id}")


NAT_GATEWAY = ResourceType(
    type_name="aws:ec2/natGateway:NatGateway",
    create=_create_nat,
    complete=_complete_nat,
    read=_read_nat,
    delete=_delete_nat,
    retag=ec2.retag,
    inputs=words("allocationId subnetId connectivityType tags"),
    required=("subnetId",),
    enums={"connectivityType": ("public", "private")},
    defaults={"connectivityType": "public"},
    replaces=words("allocationId subnetId connectivityType privateIp"),
    computed=("associationId", "publicIp", "privateIp", "networkInterfaceId"),
)

TYPES = (VPC, SUBNET, INTERNET_GATEWAY, EIP, NAT_GATEWAY)
