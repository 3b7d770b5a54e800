"""The internet gateway, public addresses and NAT gateways: the ways out of a VPC."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import ec2
from rehearsal.provider.values import pick, to_api


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

TYPES = (INTERNET_GATEWAY, EIP, NAT_GATEWAY)
