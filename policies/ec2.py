"""Amazon EC2 and VPC, of servers and what is around them: metadata, addresses, volumes, flow logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.rules import (
    Resource,
    Rule,
    Severity,
    at,
    for_each,
    is_false,
    is_true,
    items,
    of_type,
    rule,
)

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"
NETWORK_INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@rule(
    id="ec2-3",
    types=(VOLUME,),
    severity=Severity.MEDIUM,
    control="EC2.3",
    reason="A volume that is not encrypted is readable by whoever gets hold of it or of a snapshot.",
    fix="set encrypted to true",
)
def ec2_3(volume: Resource) -> Iterator[str]:
    if not is_true(at(volume, "encrypted")):
        yield "the volume is not encrypted"


@rule(
    id="ec2-6",
    severity=Severity.MEDIUM,
    control="EC2.6",
    reason="Without flow logs nobody can tell afterwards who spoke to whom.",
    fix="declare a FlowLog with trafficType ALL or REJECT for the VPC",
)
def ec2_6(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    logs = of_type(resources, FLOW_LOG)

    def check(vpc: Resource) -> Iterator[str]:
        own = [each for each in logs if each.comes_from("vpcId", vpc)]
        if not any(at(each, "trafficType") in ("ALL", "REJECT") for each in own):
            yield f"{vpc.name} has {len(own)} flow logs, and none of what is refused"

    yield from for_each(of_type(resources, VPC), check)


@rule(
    id="ec2-8",
    types=(LAUNCH_TEMPLATE, INSTANCE),
    severity=Severity.HIGH,
    control="EC2.8",
    also=("EC2.170",),
    reason="Without a token, a service that can be made to fetch a URL gives away its server's credentials.",
    fix="set metadataOptions.httpTokens to required",
)
def ec2_8(server: Resource) -> Iterator[str]:
    tokens = at(server, "metadataOptions.httpTokens", "optional")
    if tokens != "required" and at(server, "metadataOptions.httpEndpoint") != "disabled":
        yield f"metadataOptions.httpTokens is {tokens!r}"


@rule(
    id="ec2-9",
    types=(INSTANCE,),
    severity=Severity.HIGH,
    control="EC2.9",
    reason="A server with a public address is attacked by everyone.",
    fix="let requests come through the load balancer",
)
def ec2_9(server: Resource) -> Iterator[str]:
    if is_true(at(server, "associatePublicIpAddress")):
        yield "associatePublicIpAddress is true"


@rule(
    id="ec2-15",
    types=(SUBNET,),
    severity=Severity.MEDIUM,
    control="EC2.15",
    reason="Whatever starts in such a subnet has a public address without asking for one.",
    fix="set mapPublicIpOnLaunch to false",
)
def ec2_15(subnet: Resource) -> Iterator[str]:
    if is_true(at(subnet, "mapPublicIpOnLaunch")):
        yield "mapPublicIpOnLaunch is true"


@rule(
    id="ec2-17",
    types=(LAUNCH_TEMPLATE,),
    severity=Severity.LOW,
    control="EC2.17",
    reason="A server with two network interfaces can join two networks that are to be apart.",
    fix="leave one",
)
def ec2_17(template: Resource) -> Iterator[str]:
    cards = at(template, "networkInterfaces", ())
    if len(cards) > 1:
        yield f"it has {len(cards)} networkInterfaces"


@rule(
    id="ec2-25",
    types=(LAUNCH_TEMPLATE,),
    severity=Severity.HIGH,
    control="EC2.25",
    reason="A server with a public address is attacked by everyone.",
    fix="set it to false, wherever the server starts",
)
def ec2_25(template: Resource) -> Iterator[str]:
    for index, card in items(template, "networkInterfaces"):
        if is_true(at(card, "associatePublicIpAddress")):
            yield f"networkInterfaces[{index}].associatePublicIpAddress is true"


@rule(
    id="ec2-57",
    severity=Severity.MEDIUM,
    control="EC2.57",
    reason="Servers reach Systems Manager without the internet, or do not report when there is none.",
    fix="declare an interface VpcEndpoint for ssm",
)
def ec2_57(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    endpoints = of_type(resources, ENDPOINT)

    def check(vpc: Resource) -> Iterator[str]:
        own = [each for each in endpoints if each.comes_from("vpcId", vpc)]
        if not any(str(at(each, "serviceName")).endswith(".ssm") for each in own):
            yield f"{vpc.name} has no endpoint for ssm"

    yield from for_each(of_type(resources, VPC), check)


@rule(
    id="ec2-180",
    types=(NETWORK_INTERFACE, INSTANCE),
    severity=Severity.MEDIUM,
    control="EC2.180",
    reason="Without the check a server can send as if it were another, and read what is sent to another.",
    fix="set sourceDestCheck to true",
)
def ec2_180(resource: Resource) -> Iterator[str]:
    if is_false(at(resource, "sourceDestCheck")):
        yield "sourceDestCheck is false"


@rule(
    id="ec2-181",
    types=(LAUNCH_TEMPLATE,),
    severity=Severity.MEDIUM,
    control="EC2.181",
    also=("EC2.7",),
    reason="A volume that is not encrypted is readable by whoever gets hold of it or of a snapshot.",
    fix="set encrypted to true",
)
def ec2_181(template: Resource) -> Iterator[str]:
    for index, mapping in items(template, "blockDeviceMappings"):
        if "ebs" in mapping and not is_true(at(mapping, "ebs.encrypted")):
            yield f"blockDeviceMappings[{index}].ebs is not encrypted"


RULES: tuple[Rule, ...] = (
    ec2_3,
    ec2_6,
    ec2_8,
    ec2_9,
    ec2_15,
    ec2_17,
    ec2_25,
    ec2_57,
    ec2_180,
    ec2_181,
)
