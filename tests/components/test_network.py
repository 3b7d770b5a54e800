from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.network import Egress, NetworkArgs
from tests.components.networks import A, B, Build, network, tags
from tests.components.recorder import ACCOUNT, REGION

ALL = {"fromPort": 0, "toPort": 0, "protocol": "-1"}


def test_the_vpc_has_names_for_its_machines(build: Build) -> None:
    assert network(build).inputs("Vpc") == {
        "Vpc net": {
            "cidrBlock": "10.20.0.0/16",
            "enableDnsHostnames": True,
            "enableDnsSupport": True,
            "tags": tags("net"),
        }
    }


def test_the_default_security_group_lets_nothing_through(build: Build) -> None:
    assert network(build).inputs("DefaultSecurityGroup") == {
        "DefaultSecurityGroup net-closed": {
            "vpcId": "net-id",
            "ingress": [],
            "egress": [],
            "tags": tags("net-closed"),
        }
    }


def test_every_zone_has_three_subnets_and_none_gives_public_addresses(build: Build) -> None:
    def subnet(tier: str, zone: str, cidr: str) -> dict[str, Any]:
        return {
            "vpcId": "net-id",
            "availabilityZone": zone,
            "cidrBlock": cidr,
            "mapPublicIpOnLaunch": False,
            "tags": tags(f"net-{tier}-{zone}", tier=tier),
        }

    assert network(build).inputs("Subnet") == {
        f"Subnet net-public-{A}": subnet("public", A, "10.20.128.0/21"),
        f"Subnet net-public-{B}": subnet("public", B, "10.20.136.0/21"),
        f"Subnet net-private-{A}": subnet("private", A, "10.20.0.0/20"),
        f"Subnet net-private-{B}": subnet("private", B, "10.20.16.0/20"),
        f"Subnet net-isolated-{A}": subnet("isolated", A, "10.20.192.0/21"),
        f"Subnet net-isolated-{B}": subnet("isolated", B, "10.20.200.0/21"),
    }


def test_inner_subnets_take_no_remote_logins_from_outside_the_vpc(build: Build) -> None:
    anywhere = "0.0.0.0/0"
    allowed = {"ruleNo": 100, "action": "allow", "cidrBlock": anywhere, **ALL}
    denied = {"action": "deny", "protocol": "tcp", "cidrBlock": anywhere}
    assert network(build).inputs("NetworkAcl") == {
        "NetworkAcl net-inner": {
            "vpcId": "net-id",
            "subnetIds": [f"net-{tier}-{zone}-id" for tier in ("private", "isolated") for zone in (A, B)],
            "ingress": [
                {"ruleNo": 10, "action": "allow", "cidrBlock": "10.20.0.0/16", **ALL},
                {**denied, "ruleNo": 20, "fromPort": 22, "toPort": 22},
                {**denied, "ruleNo": 30, "fromPort": 3389, "toPort": 3389},
                allowed,
            ],
            "egress": [allowed],
            "tags": tags("net-inner"),
        }
    }


@pytest.mark.parametrize(
    ("egress", "nats", "ways"),
    [
        (Egress.NAT_PER_ZONE, [A, B], {A: A, B: B}),
        (Egress.SINGLE_NAT, [A], {A: A, B: A}),
        (Egress.ENDPOINTS, [], {}),
    ],
)
def test_private_subnets_go_out_as_the_environment_says(
    build: Build, egress: Egress, nats: list[str], ways: dict[str, str]
) -> None:
    built = network(build, egress=egress)
    names = [f"net-nat-{zone}" for zone in nats]
    assert built.inputs("Eip") == {f"Eip {name}": {"domain": "vpc", "tags": tags(name)} for name in names}
    assert built.inputs("NatGateway") == {
        f"NatGateway net-nat-{zone}": {
            "allocationId": f"eipalloc-net-nat-{zone}",
            "subnetId": f"net-public-{zone}-id",
            "connectivityType": "public",
            "tags": tags(f"net-nat-{zone}"),
        }
        for zone in nats
    }
    private = {
        f"Route net-private-{zone}-internet": {
            "routeTableId": f"net-private-{zone}-id",
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": f"net-nat-{nat}-id",
        }
        for zone, nat in ways.items()
    }
    public = {
        "Route net-public-internet": {
            "routeTableId": "net-public-id",
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": "net-id",
        }
    }
    # No other route: the isolated subnets lead nowhere.
    assert built.inputs("Route") == private | public
    assert built.outputs["placement"]["internet_egress"] is bool(nats)


def test_a_nat_gateway_per_zone_is_the_default(build: Build) -> None:
    assert len(network(build).inputs("NatGateway")) == 2


def test_every_subnet_has_its_route_table(build: Build) -> None:
    built = network(build)
    tables = ["net-public", f"net-private-{A}", f"net-private-{B}", "net-isolated"]
    assert built.inputs("RouteTable") == {
        f"RouteTable {name}": {"vpcId": "net-id", "tags": tags(name)} for name in tables
    }
    assert built.inputs("RouteTableAssociation") == {
        f"RouteTableAssociation net-{tier}-{zone}": {
            "subnetId": f"net-{tier}-{zone}-id",
            "routeTableId": f"net-{tier}-{zone}-id" if tier == "private" else f"net-{tier}-id",
        }
        for tier in ("public", "private", "isolated")
        for zone in (A, B)
    }
    assert built.inputs("InternetGateway") == {
        "InternetGateway net": {"vpcId": "net-id", "tags": tags("net")}
    }


def test_a_subnet_is_handed_on_when_its_routes_exist(build: Build) -> None:
    after = network(build).after()
    for zone in (A, B):
        assert after[f"RouteTableAssociation net-private-{zone}"] == [f"Route net-private-{zone}-internet"]
        assert after[f"RouteTableAssociation net-public-{zone}"] == ["Route net-public-internet"]


def test_everything_is_a_child_of_the_network(build: Build) -> None:
    parents = network(build).parents()
    assert parents.pop("the Network net") == "Stack"
    assert set(parents.values()) == {"the Network net"}
    assert network(build).types()["the Network net"] == "immutable:network:Network"


def test_it_makes_these_kinds_of_things_and_no_others(build: Build) -> None:
    kinds = [key.split()[0] for key in network(build).inputs()]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "DefaultSecurityGroup": 1,
        "Eip": 2,
        "FlowLog": 1,
        "InternetGateway": 1,
        "LogGroup": 1,
        "NatGateway": 2,
        "NetworkAcl": 1,
        "Role": 1,
        "RolePolicy": 1,
        "Route": 3,
        "RouteTable": 4,
        "RouteTableAssociation": 6,
        "SecurityGroup": 1,
        "SecurityGroupIngressRule": 1,
        "Subnet": 6,
        "Vpc": 1,
        "VpcEndpoint": 10,
    }


def test_it_hands_on_its_subnets_and_its_placement_for_servers(build: Build) -> None:
    private = [f"net-private-{A}-id", f"net-private-{B}-id"]
    assert network(build).outputs == {
        "vpc": "net-id",
        "vpc arn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/net",
        "cidr": "10.20.0.0/16",
        "public": [f"net-public-{A}-id", f"net-public-{B}-id"],
        "private": private,
        "isolated": [f"net-isolated-{A}-id", f"net-isolated-{B}-id"],
        "s3": "pl-net-s3",
        "endpoints": "net-endpoints-id",
        "placement": {
            "vpc_id": "net-id",
            "subnet_ids": tuple(private),
            "endpoint_security_group_id": "net-endpoints-id",
            "s3_prefix_list_id": "pl-net-s3",
            "internet_egress": True,
        },
    }


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"cidr": "10.0.0.0/28"}, "10.0.0.0/28 is too small"),
        ({"zones": (A,)}, "at least 2 items"),
        ({"zones": tuple("abcdefg")}, "at most 6 items"),
        ({"zones": (A, A)}, f"zone {A} is named twice: name each one once"),
        ({"interface_endpoints": ("ssm", "ssm")}, "endpoint ssm is named twice"),
        ({"interface_endpoints": ("s3",)}, "s3 has a gateway endpoint already"),
        ({"flow_log_retention_days": 31}, "Input should be 1, 3, 5"),
        ({"nat": True}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_a_network_is_refused(changed: dict[str, Any], says: str) -> None:
    given = {"cidr": "10.20.0.0/16", "zones": (A, B), "region": "eu-central-1", **changed}
    with pytest.raises(ValidationError, match=says):
        NetworkArgs(**given)
