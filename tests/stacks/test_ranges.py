"""Every number has two ends: each end is taken, and the next number beyond it is refused."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from stacks.config import EnvironmentConfig
from stacks.sections import LoadBalancerConfig, LogsConfig, NetworkConfig
from stacks.services import RefreshConfig, RouteConfig, ServiceConfig
from tests.stacks.given import complaint, complaints

WEB = "immutable:services.web"
BALANCER = "immutable:loadBalancer"
RANGES = {
    f"{WEB}.port": (1, 65_535),
    f"{WEB}.route.priority": (1, 50_000),
    f"{WEB}.volumeSizeGib": (8, 16_384),
    f"{WEB}.healthCheckGraceSeconds": (1, 7200),
    f"{WEB}.warmupSeconds": (1, 3600),
    f"{WEB}.deregistrationDelaySeconds": (0, 3600),
    f"{WEB}.slowStartSeconds": (0, 900),
    f"{WEB}.onDemandPercentage": (0, 100),
    f"{WEB}.cpuTargetPercent": (10, 95),
    f"{WEB}.refresh.minHealthyPercentage": (10, 100),
    f"{WEB}.refresh.maxHealthyPercentage": (100, 200),
    f"{WEB}.refresh.timeoutSeconds": (60, 172_800),
    f"{BALANCER}.accessLogRetentionDays": (1, 3650),
    f"{BALANCER}.idleTimeoutSeconds": (1, 4000),
    "immutable:network.zones": (2, 6),
}


@pytest.mark.parametrize("path", RANGES)
def test_both_ends_of_a_range_are_taken(path: str) -> None:
    assert [complaints({path: end}) for end in RANGES[path]] == [[], []]


@pytest.mark.parametrize("path", RANGES)
def test_what_is_beyond_a_range_is_refused(path: str) -> None:
    low, high = RANGES[path]
    if not path.endswith(".minHealthyPercentage"):
        assert complaint({path: low - 1}) == f"{path}: {low - 1} is too low; the least is {low}"
    assert complaint({path: high + 1}) == f"{path}: {high + 1} is too high; the most is {high}"


def test_a_refresh_may_go_down_to_nothing_in_service_but_not_below() -> None:
    path = f"{WEB}.refresh"
    assert complaints({path: {"minHealthyPercentage": 0, "maxHealthyPercentage": 100}}) == []
    line = complaint({path: {"minHealthyPercentage": -1, "maxHealthyPercentage": 100}})
    assert line == f"{path}.minHealthyPercentage: -1 is too low; the least is 0"


def test_a_refresh_spans_a_hundred_percent_at_most() -> None:
    path = f"{WEB}.refresh"
    assert complaints({path: {"minHealthyPercentage": 50, "maxHealthyPercentage": 150}}) == []
    assert complaint({path: {"minHealthyPercentage": 50, "maxHealthyPercentage": 151}}) == (
        f"{path}.maxHealthyPercentage: 151 is more than 100 above the least; lower it"
    )


def test_a_fleet_has_500_servers_at_most() -> None:
    assert complaints({f"{WEB}.min": 1, f"{WEB}.max": 500}) == []
    assert complaint({f"{WEB}.max": 501}) == f"{WEB}.max: 501 is too high; the most is 500"
    assert complaint({f"{WEB}.min": 501, f"{WEB}.max": 500}).endswith("501 is too high; the most is 500")
    assert complaint({f"{WEB}.onDemandBaseCapacity": -1}).endswith("-1 is too low; the least is 0")


def test_a_group_takes_forty_instance_types() -> None:
    """AWS's limit of overrides in a mixed instances policy."""
    types = [f"m7g.{size}xlarge" for size in range(1, 42)]
    assert complaints({f"{WEB}.instanceTypes": types[:40]}) == []
    assert complaint({f"{WEB}.instanceTypes": types}).endswith("has too many entries; give at most 40")


SECTIONS: tuple[type[BaseModel], ...] = (EnvironmentConfig, NetworkConfig, LoadBalancerConfig, LogsConfig)
SECTIONS += (ServiceConfig, RouteConfig, RefreshConfig)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_described(section: type[BaseModel]) -> None:
    assert [name for name, field in section.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_every_range_of_numbers_has_both_ends_or_a_reason(section: type[BaseModel]) -> None:
    """A number without bounds reaches AWS before anyone says that it is wrong."""
    open_ended = {"on_demand_base_capacity"}
    for name, field in section.model_fields.items():
        if field.annotation is int and name not in open_ended:
            assert {type(each).__name__ for each in field.metadata} >= {"Ge", "Le"}, name
