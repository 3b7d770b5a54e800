"""The smallest right and wrong servers, as Amazon EC2's controls ask for them."""

from __future__ import annotations

from policies import ec2 as rules
from policies.rules import Resource
from tests.policies.cases import Case, res

VPC = res(rules.VPC, "net")
OTHER = res(rules.VPC, "other")


def flow_log(kind: str, vpc: Resource = VPC) -> Resource:
    return res(rules.FLOW_LOG, depends={"vpcId": vpc}, trafficType=kind)


def endpoint(service: str) -> Resource:
    return res(rules.ENDPOINT, depends={"vpcId": VPC}, serviceName=f"com.amazonaws.eu-central-1.{service}")


def tokens(value: str) -> dict[str, object]:
    return {"metadataOptions": {"httpEndpoint": "enabled", "httpTokens": value}}


def disk(**ebs: str) -> dict[str, object]:
    return {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": ebs}]}


CASES: tuple[Case, ...] = (
    Case(rules.ec2_3, {"encrypted": True}, {}, "the volume is not encrypted"),
    Case(rules.ec2_6, [VPC, flow_log("ALL")], [VPC], "net has 0 flow logs"),
    Case(rules.ec2_6, [VPC, flow_log("REJECT")], [VPC, flow_log("ACCEPT")], "net has 1 flow logs"),
    Case(rules.ec2_6, [], [VPC, flow_log("ALL", OTHER)], "net has 0 flow logs"),
    Case(rules.ec2_8, tokens("required"), tokens("optional"), "'optional'", kinds=(rules.INSTANCE,)),
    Case(rules.ec2_8, {"metadataOptions": {"httpEndpoint": "disabled"}}, {}, "httpTokens is 'optional'"),
    Case(rules.ec2_9, {}, {"associatePublicIpAddress": True}, "associatePublicIpAddress is true"),
    Case(
        rules.ec2_15, {"mapPublicIpOnLaunch": False}, {"mapPublicIpOnLaunch": True}, "mapPublicIpOnLaunch is"
    ),
    Case(rules.ec2_17, {}, {"networkInterfaces": [{}, {}, {}]}, "3 networkInterfaces"),
    Case(rules.ec2_17, {"networkInterfaces": [{}]}, {"networkInterfaces": [{}, {}]}, "2 networkInterfaces"),
    Case(
        rules.ec2_25,
        {"networkInterfaces": [{"associatePublicIpAddress": "false"}]},
        {"networkInterfaces": [{"associatePublicIpAddress": "true"}]},
        "networkInterfaces[0].associatePublicIpAddress is true",
    ),
    Case(rules.ec2_57, [VPC, endpoint("ssm")], [VPC, endpoint("logs")], "net has no endpoint for ssm"),
    Case(rules.ec2_57, [], [OTHER, VPC, endpoint("ssm")], "other has no endpoint for ssm"),
    Case(rules.ec2_180, {}, {"sourceDestCheck": False}, "sourceDestCheck is false", kinds=(rules.INSTANCE,)),
    Case(rules.ec2_181, disk(encrypted="true"), disk(), "blockDeviceMappings[0].ebs is not encrypted"),
    Case(rules.ec2_181, {"blockDeviceMappings": [{"virtualName": "a"}]}, disk(encrypted="false"), "[0].ebs"),
)
