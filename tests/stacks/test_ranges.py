"""Every number has two ends: each end is taken, and the next number beyond it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from stacks.config import EnvironmentConfig
from stacks.rollouts import AlarmsConfig, LifecycleConfig, RefreshConfig
from stacks.sections import AlertsConfig, LoadBalancerConfig, LogsConfig, NetworkConfig, SleepConfig
from stacks.services import RouteConfig, ServiceConfig
from tests.stacks import given

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
    f"{WEB}.requestsPerTarget": (1, 1_000_000),
    f"{WEB}.maxInstanceLifetimeDays": (1, 365),
    f"{WEB}.lifecycle.launchTimeoutSeconds": (0, 7200),
    f"{WEB}.lifecycle.terminationTimeoutSeconds": (0, 7200),
    f"{WEB}.refresh.minHealthyPercentage": (10, 100),
    f"{WEB}.refresh.maxHealthyPercentage": (101, 200),
    f"{WEB}.refresh.timeoutSeconds": (60, 172_800),
    f"{WEB}.refresh.checkpointDelaySeconds": (0, 86_400),
    f"{WEB}.refresh.bakeSeconds": (0, 86_400),
    f"{WEB}.alarms.latencySeconds": (0.001, 4000),
    f"{WEB}.alarms.unhealthyHosts": (1, 500),
    f"{WEB}.alarms.replacements": (1, 500),
    f"{BALANCER}.accessLogRetentionDays": (1, 3650),
    f"{BALANCER}.idleTimeoutSeconds": (1, 4000),
    "immutable:network.zones": (2, 6),
}


BESIDE: dict[str, dict[str, Any]] = {
    f"{WEB}.healthCheckGraceSeconds": {f"{WEB}.warmupSeconds": 1},
    f"{WEB}.warmupSeconds": {f"{WEB}.healthCheckGraceSeconds": 7200},
    f"{WEB}.refresh.timeoutSeconds": {f"{WEB}.refresh.bakeSeconds": 0},
    f"{WEB}.refresh.bakeSeconds": {f"{WEB}.refresh.timeoutSeconds": 172_800},
    f"{WEB}.refresh.checkpointDelaySeconds": {
        f"{WEB}.refresh.checkpointPercentages": [10, 100],
        f"{WEB}.refresh.timeoutSeconds": 172_800,
        f"{WEB}.refresh.bakeSeconds": 0,
    },
}
"""What has to be set as well for a value to be possible at all."""


def complaints(changes: Mapping[str, Any]) -> list[str]:
    beside = [BESIDE.get(path, {}) for path in changes]
    return given.complaints({**{key: each[key] for each in beside for key in each}, **changes})


def complaint(changes: Mapping[str, Any]) -> str:
    (line,) = complaints(changes)
    return line.removeprefix("Pulumi.staging.yaml: ")


@pytest.mark.parametrize("path", RANGES)
def test_both_ends_of_a_range_are_taken(path: str) -> None:
    assert [complaints({path: end}) for end in RANGES[path]] == [[], []]


@pytest.mark.parametrize("path", RANGES)
def test_what_is_beyond_a_range_is_refused(path: str) -> None:
    low, high = RANGES[path]
    if not path.endswith((".minHealthyPercentage", ".maxHealthyPercentage", ".latencySeconds")):
        assert complaint({path: low - 1}) == f"{path}: {low - 1} is too low; the least is {low}"
    assert complaint({path: high + 1}) == f"{path}: {high + 1} is too high; the most is {high}"


def test_a_refresh_may_go_down_to_nothing_in_service_but_not_below() -> None:
    path = f"{WEB}.refresh"
    assert complaints({path: {"minHealthyPercentage": 0, "maxHealthyPercentage": 100}}) == []
    line = complaint({path: {"minHealthyPercentage": -1, "maxHealthyPercentage": 100}})
    assert line == f"{path}.minHealthyPercentage: -1 is too low; the least is 0"


def test_a_refresh_that_leaves_no_batch_is_refused() -> None:
    path = f"{WEB}.refresh"
    assert complaint({path: {"minHealthyPercentage": 100, "maxHealthyPercentage": 100}}) == (
        f"{path}.maxHealthyPercentage: 100 leaves no batch beside a minHealthyPercentage of 100; raise it or "
        "lower that"
    )
    assert complaints({path: {"minHealthyPercentage": 99, "maxHealthyPercentage": 100}}) == []
    assert complaint({path: {"maxHealthyPercentage": 99}}).endswith("99 is too low; the least is 100")


def test_a_refresh_spans_a_hundred_percent_at_most() -> None:
    path = f"{WEB}.refresh"
    assert complaints({path: {"minHealthyPercentage": 50, "maxHealthyPercentage": 150}}) == []
    assert complaint({path: {"minHealthyPercentage": 50, "maxHealthyPercentage": 151}}) == (
        f"{path}.maxHealthyPercentage: 151 is more than 100 above the least; lower it"
    )


def test_a_threshold_is_above_nothing_and_a_share_of_errors_below_all() -> None:
    path = f"{WEB}.alarms"
    assert complaints({f"{path}.errorPercent": 0.1}) == complaints({f"{path}.errorPercent": 99.9}) == []
    assert (
        complaint({f"{path}.errorPercent": 0}) == f"{path}.errorPercent: 0 is too low; it must be more than 0"
    )
    assert complaint({f"{path}.errorPercent": 100}).endswith("100 is too high; it must be less than 100")
    assert complaint({f"{path}.latencySeconds": 0}).startswith(f"{path}.latencySeconds: 0 is too low")


def test_a_release_watches_six_alarms_beside_the_four_of_the_service() -> None:
    path, names = f"{WEB}.refresh.alarms", [f"alarm-{number}" for number in range(7)]
    assert complaints({path: names[:6]}) == []
    assert complaint({path: names}).endswith("has too many entries; give at most 6")


@pytest.mark.parametrize("hook", ["launchTimeoutSeconds", "terminationTimeoutSeconds"])
def test_a_hook_waits_half_a_minute_to_two_hours_or_is_none(hook: str) -> None:
    path = f"{WEB}.lifecycle.{hook}"
    assert complaints({path: 30}) == []
    for seconds in (1, 29):
        assert complaint({path: seconds}) == f"{path}: {seconds} is not possible; write 0, or 30 to 7200"


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
SECTIONS += (
    ServiceConfig,
    RouteConfig,
    RefreshConfig,
    AlarmsConfig,
    AlertsConfig,
    SleepConfig,
    LifecycleConfig,
)


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
