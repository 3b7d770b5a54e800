"""One case per emulated type: what to create, what to change and how the cloud shows it, what replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider.world import OTHER_POLICY, POLICY, TRUST, Made, World

TAGS = {"Name": "thing", "owner": "platform"}
NEW_TAGS = {"Name": "other"}


@dataclass(frozen=True)
class Case:
    """`seen` asks the cloud itself, past the provider, for what `change` was to bring about.

    `import_id` is what an import asks for where that is not the ID.
    """

    token: str
    inputs: Callable[[World], Properties]
    change: Callable[[World], Properties] | None = None
    seen: Callable[[World, Made], Any] | None = None
    expected: Any = None
    replace: Callable[[World], Properties] | None = None
    stays: bool = False
    import_id: Callable[[Made], str] = lambda made: made.id


def _ec2_tags(world: World, made: Made) -> dict[str, str]:
    found = world.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [made.id]}])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def _ec2(token: str, inputs: Any, replace: Any = None, **more: Any) -> Case:
    return Case(
        token,
        lambda w: {**inputs(w), "tags": TAGS},
        change=lambda _: {"tags": NEW_TAGS},
        seen=_ec2_tags,
        expected=NEW_TAGS,
        replace=replace,
        **more,
    )


NETWORK = (
    Case(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True, "tags": TAGS},
        change=lambda _: {"enableDnsHostnames": False},
        seen=lambda w, made: w.client("ec2").describe_vpc_attribute(
            VpcId=made.id, Attribute="enableDnsHostnames"
        )["EnableDnsHostnames"]["Value"],
        expected=False,
        replace=lambda _: {"cidrBlock": "10.2.0.0/16"},
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {"vpcId": w.vpc.id, "cidrBlock": "10.0.9.0/24", "availabilityZone": "eu-central-1a"},
        change=lambda _: {"mapPublicIpOnLaunch": True},
        seen=lambda w, made: w.client("ec2").describe_subnets(SubnetIds=[made.id])["Subnets"][0][
            "MapPublicIpOnLaunch"
        ],
        expected=True,
        replace=lambda _: {"availabilityZone": "eu-central-1b"},
    ),
    _ec2("aws:ec2/internetGateway:InternetGateway", lambda w: {"vpcId": w.vpc.id}),
    _ec2("aws:ec2/eip:Eip", lambda _: {"domain": "vpc"}, lambda _: {"domain": "standard"}),
    _ec2(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {"allocationId": w.address.id, "subnetId": w.subnet_ids[0]},
        lambda w: {"subnetId": w.subnet_ids[1]},
    ),
    _ec2("aws:ec2/routeTable:RouteTable", lambda w: {"vpcId": w.vpc.id}, lambda _: {"vpcId": "vpc-1"}),
    Case(
        "aws:ec2/route:Route",
        lambda w: {
            "routeTableId": w.route_table.id,
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": w.gateway.id,
        },
        replace=lambda _: {"destinationCidrBlock": "10.99.0.0/16"},
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.route_table.id, "subnetId": w.subnet_ids[0]},
        change=lambda w: {"routeTableId": w.make("aws:ec2/routeTable:RouteTable", vpcId=w.vpc.id).id},
        replace=lambda w: {"subnetId": w.subnet_ids[1]},
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc.id,
            "serviceName": "com.amazonaws.eu-central-1.s3",
            "routeTableIds": [w.route_table.id],
            "policy": POLICY,
            "tags": TAGS,
        },
        change=lambda _: {"routeTableIds": []},
        seen=lambda w, made: w.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[made.id])["VpcEndpoints"][
            0
        ]["RouteTableIds"],
        expected=[],
        replace=lambda _: {"vpcEndpointType": "Interface"},
    ),
    _ec2(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc.id,
            "serviceName": "com.amazonaws.eu-central-1.ssm",
            "vpcEndpointType": "Interface",
            "subnetIds": w.subnet_ids,
            "securityGroupIds": [w.groups[0].id],
            "privateDnsEnabled": True,
        },
    ),
    _ec2(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.vpc.id,
            "trafficType": "ALL",
            "logDestination": w.log_group.outputs["arn"],
            "iamRoleArn": w.role.outputs["arn"],
            "maxAggregationInterval": 60,
        },
        lambda _: {"trafficType": "REJECT"},
    ),
    Case(
        "aws:ec2/networkAcl:NetworkAcl",
        lambda w: {
            "vpcId": w.vpc.id,
            "subnetIds": w.subnet_ids,
            "ingress": [_acl_rule(100, "tcp", 443)],
            "egress": [_acl_rule(100, "tcp", 443), _acl_rule(200, "-1", 0)],
            "tags": TAGS,
        },
        change=lambda w: {"egress": [_acl_rule(100, "tcp", 80)], "subnetIds": w.subnet_ids[:1]},
        seen=lambda w, made: _acl_now(w, made),
        expected=([80], 1),
        replace=lambda _: {"vpcId": "vpc-1"},
    ),
)


def _acl_rule(number: int, protocol: str, port: int) -> Properties:
    return {
        "ruleNo": number,
        "action": "allow",
        "protocol": protocol,
        "fromPort": port,
        "toPort": port,
        "cidrBlock": "0.0.0.0/0",
    }


def _acl_now(world: World, made: Made) -> tuple[list[int], int]:
    acl = world.client("ec2").describe_network_acls(NetworkAclIds=[made.id])["NetworkAcls"][0]
    ports = [
        entry["PortRange"]["From"]
        for entry in acl["Entries"]
        if entry["Egress"] and entry["RuleNumber"] < 32767
    ]
    return ports, len(acl["Associations"])


def _rule_case(direction: str, **source: str) -> Case:
    token = f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"
    return Case(
        token,
        lambda w: {
            "securityGroupId": w.groups[0].id,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "description": "HTTPS",
            "tags": TAGS,
            **(source or {"referencedSecurityGroupId": w.groups[1].id}),
        },
        change=lambda _: {"toPort": 444},
        seen=lambda w, made: w.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[made.id])[
            "SecurityGroupRules"
        ][0]["ToPort"],
        expected=444,
        replace=lambda w: {"securityGroupId": w.groups[1].id},
    )


def _inline(port: int) -> list[Properties]:
    return [{"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": ["10.0.0.0/8"]}]


SECURITY = (
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {"vpcId": w.vpc.id, "description": "d", "ingress": _inline(80), "tags": TAGS},
        change=lambda _: {"ingress": _inline(81)},
        seen=lambda w, made: [
            permission["FromPort"]
            for permission in w.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][
                0
            ]["IpPermissions"]
        ],
        expected=[81],
        replace=lambda _: {"description": "e"},
    ),
    _ec2(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.vpc.id, "ingress": [], "egress": []},
        lambda _: {"vpcId": "vpc-1"},
        stays=True,
    ),
    _rule_case("Ingress", cidrIpv4="10.0.0.0/8"),
    _rule_case("Egress"),
)

IDENTITY = (
    Case(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": TRUST, "description": "d", "tags": TAGS},
        change=lambda _: {"description": "e"},
        seen=lambda w, made: w.client("iam").get_role(RoleName=made.id)["Role"]["Description"],
        expected="e",
        replace=lambda _: {"path": "/a/"},
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role.id, "policy": POLICY},
        change=lambda _: {"policy": OTHER_POLICY},
        seen=lambda w, made: w.client("iam").get_role_policy(
            RoleName=made.inputs["role"], PolicyName=made.outputs["name"]
        )["PolicyDocument"]["Statement"][0]["Action"],
        expected=["s3:*"],
        replace=lambda _: {"role": "other"},
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.role.id, "policyArn": w.make("aws:iam/policy:Policy", policy=POLICY).id},
        replace=lambda _: {"role": "other"},
    ),
    Case(
        "aws:iam/policy:Policy",
        lambda _: {"policy": POLICY, "description": "d", "tags": TAGS},
        change=lambda _: {"policy": OTHER_POLICY},
        seen=lambda w, made: w.client("iam").get_policy(PolicyArn=made.id)["Policy"]["DefaultVersionId"],
        expected="v2",
        replace=lambda _: {"description": "e"},
    ),
    Case(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda w: {"url": f"https://{w.next()}.example", "clientIdLists": ["one", "two"], "tags": TAGS},
        change=lambda _: {"clientIdLists": ["two", "three"]},
        seen=lambda w, made: sorted(
            w.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=made.id)["ClientIDList"]
        ),
        expected=["three", "two"],
        replace=lambda w: {"url": f"https://{w.next()}.example"},
    ),
    Case(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda w: {"role": w.role.id, "tags": TAGS},
        change=lambda w: {"role": w.other_role.id},
        seen=lambda w, made: (
            w.client("iam").get_instance_profile(InstanceProfileName=made.id)["InstanceProfile"]["Roles"][0][
                "RoleName"
            ]
            == w.other_role.id
        ),
        expected=True,
        replace=lambda _: {"path": "/a/"},
    ),
)
