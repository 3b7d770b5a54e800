"""Names that only the network knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.internal_names import InternalNames, InternalNamesArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

TAGS = {"owner": "platform"}


def tags(name: str) -> dict[str, str]:
    return {**TAGS, "Name": name}


def names(build: Build) -> Built:
    def program() -> Mapping[str, Any]:
        args = InternalNamesArgs(domain="internal.example.com", vpc_id="vpc-1", zone_id="Z1", tags=TAGS)
        made = InternalNames("internal", args)
        return {"zone": made.zone_id, "certificate": made.certificate_arn, "domain": made.domain}

    return build(program)


def test_names_are_known_in_the_network_alone(build: Build) -> None:
    built = names(build)
    assert built.inputs("Zone") == {
        "Zone internal": {
            "name": "internal.example.com",
            "comment": "Services that call each other",
            "vpcs": [{"vpcId": "vpc-1"}],
            "forceDestroy": False,
            "tags": tags("internal"),
        }
    }
    assert built.outputs == {
        "zone": "internal-zone",
        "certificate": "arn:aws:acm:eu-central-1:123456789012:certificate/internal",
        "domain": "internal.example.com",
    }
    assert built.types()["the InternalNames internal"] == "immutable:internalnames:InternalNames"
    assert built.parents()["the Certificate internal"] == "the InternalNames internal"
    assert built.parents()["Zone internal"] == "the InternalNames internal"


def test_their_certificate_names_no_service_and_is_proven_in_the_public_zone(build: Build) -> None:
    inputs = names(build).inputs()
    certificate = inputs["Certificate internal"]
    assert certificate["domainName"] == "*.internal.example.com"
    assert certificate["tags"] == tags("internal")
    assert inputs["Record internal-proves-internal.example.com"]["zoneId"] == "Z1"
