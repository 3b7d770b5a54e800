from __future__ import annotations

from typing import Any

import pytest

from rehearsal.plugin import ProviderError
from tests.rehearsal.provider.world import IMAGES, World


def invoke(world: World, name: str, module: str = "index", **args: Any) -> dict[str, Any]:
    result, failures = world.provider.invoke(f"aws:{module}/{name}:{name}", args)
    assert failures == []
    return result


def test_the_zones_of_the_region_come_in_order(world: World) -> None:
    zones = invoke(world, "getAvailabilityZones", state="available")
    assert zones["names"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert len(zones["zoneIds"]) == 3
    assert zones["id"] == zones["region"] == "eu-central-1"


def test_zones_can_be_left_out_and_filtered(world: World) -> None:
    some = invoke(world, "getAvailabilityZones", excludeNames=["eu-central-1a"])
    assert some["names"] == ["eu-central-1b", "eu-central-1c"]
    own = [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    assert len(invoke(world, "getAvailabilityZones", filters=own)["names"]) == 3
    assert invoke(world, "getAvailabilityZones", state="impaired")["names"] == []


def test_a_filter_that_is_not_known_is_refused(world: World) -> None:
    with pytest.raises(ProviderError, match="no filter 'colour'"):
        invoke(world, "getAvailabilityZones", filters=[{"name": "colour", "values": ["red"]}])


def test_another_region_can_be_asked_about(world: World) -> None:
    assert invoke(world, "getAvailabilityZones", region="us-east-1")["names"][0] == "us-east-1a"


def test_the_caller_is_the_account_of_the_credentials(world: World) -> None:
    identity = invoke(world, "getCallerIdentity")
    assert identity["accountId"] == identity["id"] == world.client("sts").get_caller_identity()["Account"]


def test_region_and_partition_are_known_without_asking(world: World) -> None:
    assert invoke(world, "getRegion")["name"] == "eu-central-1"
    assert invoke(world, "getPartition")["partition"] == "aws"


def test_a_launch_template_is_found_by_its_id(world: World) -> None:
    template = invoke(world, "getLaunchTemplate", "ec2", id=world.template.id)
    assert (template["latestVersion"], template["imageId"]) == (1, IMAGES[0])


def test_a_function_that_is_not_known_is_refused(world: World) -> None:
    with pytest.raises(ProviderError, match="no function aws:index/getMoon:getMoon; it knows getAmi"):
        invoke(world, "getMoon")


def test_a_hosted_zone_is_found_by_its_id(world: World) -> None:
    found = invoke(world, "getZone", "route53", zoneId=world.zone.id)
    assert (found["name"], found["privateZone"], found["zoneId"]) == ("example.test", False, world.zone.id)
    private = world.make("aws:route53/zone:Zone", name="in.test", vpcs=[{"vpcId": world.vpc.id}])
    assert invoke(world, "getZone", "route53", zoneId=private.id)["privateZone"] is True
    with pytest.raises(ProviderError, match="NoSuchHostedZone: No hosted zone found with ID: Z404"):
        invoke(world, "getZone", "route53", zoneId="Z404")
