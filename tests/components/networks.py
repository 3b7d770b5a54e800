"""A network as the tests of its parts build it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components import policies
from components.network import Network, NetworkArgs
from tests.components.recorder import ACCOUNT, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

A, B = "eu-central-1a", "eu-central-1b"
OWNER = policies.Owner("aws", "eu-central-1", ACCOUNT)


def network(build: Build, **changed: Any) -> Built:
    given: dict[str, Any] = {
        "cidr": "10.20.0.0/16",
        "zones": (A, B),
        "region": "eu-central-1",
        "tags": {"owner": "platform"},
        **changed,
    }

    def program() -> Mapping[str, Any]:
        made = Network("net", NetworkArgs(**given))
        return {
            "vpc": made.vpc_id,
            "vpc arn": made.vpc_arn,
            "cidr": made.cidr,
            "public": made.public_subnet_ids,
            "private": made.private_subnet_ids,
            "isolated": made.isolated_subnet_ids,
            "s3": made.s3_prefix_list_id,
            "endpoints": made.endpoint_security_group_id,
            "placement": dict(made.placement),
        }

    return build(program)


def tags(name: str, **more: str) -> dict[str, str]:
    return {"owner": "platform", "Name": name, **more}
