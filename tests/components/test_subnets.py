from __future__ import annotations

from ipaddress import IPv4Network, collapse_addresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.subnets import ZoneSubnets, plan_subnets

PREFIXES = st.integers(16, 22)


def test_half_is_private_and_a_quarter_each_public_and_isolated() -> None:
    assert plan_subnets("10.20.0.0/16", 3) == [
        ZoneSubnets("10.20.128.0/21", "10.20.0.0/20", "10.20.192.0/21"),
        ZoneSubnets("10.20.136.0/21", "10.20.16.0/20", "10.20.200.0/21"),
        ZoneSubnets("10.20.144.0/21", "10.20.32.0/20", "10.20.208.0/21"),
    ]


@given(PREFIXES, st.integers(1, 7))
def test_one_more_zone_leaves_the_others_where_they_are(prefix: int, zones: int) -> None:
    assert plan_subnets(f"10.0.0.0/{prefix}", zones + 1)[:zones] == plan_subnets(f"10.0.0.0/{prefix}", zones)


@given(PREFIXES, st.integers(1, 8))
def test_subnets_lie_within_the_range_and_apart(prefix: int, zones: int) -> None:
    whole = IPv4Network(f"172.16.0.0/{prefix}")
    subnets = [
        IPv4Network(cidr)
        for zone in plan_subnets(str(whole), zones)
        for cidr in (zone.public, zone.private, zone.isolated)
    ]
    assert all(subnet.subnet_of(whole) for subnet in subnets)
    merged = sum(network.num_addresses for network in collapse_addresses(subnets))
    assert merged == sum(subnet.num_addresses for subnet in subnets)


def test_the_smallest_range_still_gives_a_load_balancer_its_27() -> None:
    assert plan_subnets("10.0.0.0/22", 2)[0].public == "10.0.2.0/27"


@pytest.mark.parametrize(
    ("cidr", "says"),
    [
        ("10.20.0.0/23", "10.20.0.0/23 is too small .* use /16 to /22"),
        ("10.0.0.0/15", "10.0.0.0/15 is wider than a VPC may be: use /16 to /22"),
        ("10.20.0.1/16", "'10.20.0.1/16' is not the start of a range: write 10.20.0.0/16"),
        ("10.20.0.0", "'10.20.0.0' is not the start of a range"),
        ("10.20.0.0/255.255.0.0", "is not the start of a range: write 10.20.0.0/16"),
        ("office", "'office' is not an IPv4 range: write one such as 10.20.0.0/16"),
        ("10.20.0.0/40", "is not an IPv4 range"),
        ("fd00::/16", "is not an IPv4 range"),
        ("", "is not an IPv4 range"),
    ],
)
def test_a_range_that_cannot_be_divided_is_refused_in_one_line(cidr: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refusal:
        plan_subnets(cidr, 2)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("zones", [0, 9])
def test_a_number_of_zones_without_room_is_refused(zones: int) -> None:
    with pytest.raises(ValueError, match=f"{zones} zones do not fit: give 1 to 8"):
        plan_subnets("10.0.0.0/16", zones)
