"""How a VPC's address range is divided. Pure: the same range and zone always give the same subnets."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

LARGEST_PREFIX = 16
"""The widest range that AWS allows for a VPC."""
SMALLEST_PREFIX = 22
"""A load balancer needs subnets of /27 or wider; a public subnet is 1/32 of the VPC."""
ZONE_SLOTS_BITS = 3
"""Room for eight zones, whatever their number is today: one more zone must not renumber the others."""


@dataclass(frozen=True)
class ZoneSubnets:
    """The three subnets of one availability zone."""

    public: str
    private: str
    isolated: str


def plan_subnets(cidr: str, zones: int) -> list[ZoneSubnets]:
    """Divide `cidr` for `zones` zones: half of it private, a quarter public, a quarter isolated.

    A /16 gives each zone a private /20 (4091 servers), a public /21 and an isolated /21.
    Raises ValueError for what is no IPv4 network, and for one wider than /16 or narrower than /22.
    """
    network = parse_cidr(cidr)
    if not 1 <= zones <= 2**ZONE_SLOTS_BITS:
        raise ValueError(f"{zones} zones do not fit: give 1 to {2**ZONE_SLOTS_BITS}")
    private_half, shared_half = network.subnets(prefixlen_diff=1)
    public_quarter, isolated_quarter = shared_half.subnets(prefixlen_diff=1)
    slots = zip(
        public_quarter.subnets(prefixlen_diff=ZONE_SLOTS_BITS),
        private_half.subnets(prefixlen_diff=ZONE_SLOTS_BITS),
        isolated_quarter.subnets(prefixlen_diff=ZONE_SLOTS_BITS),
        strict=True,
    )
    plan = [ZoneSubnets(str(public), str(private), str(isolated)) for public, private, isolated in slots]
    return plan[:zones]


def parse_cidr(cidr: str) -> IPv4Network:
    """The VPC range as a network. Raises ValueError with one line that says what to write instead."""
    try:
        network = IPv4Network(cidr, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise ValueError(f"{cidr!r} is not an IPv4 range: write one such as 10.20.0.0/16") from None
    if str(network) != cidr:
        raise ValueError(f"{cidr!r} is not the start of a range: write {network}")
    if network.prefixlen < LARGEST_PREFIX:
        raise ValueError(f"{cidr} is wider than a VPC may be: use /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}")
    if network.prefixlen > SMALLEST_PREFIX:
        raise ValueError(
            f"{cidr} is too small for public, private and isolated subnets in several zones: "
            f"use /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}"
        )
    return network
