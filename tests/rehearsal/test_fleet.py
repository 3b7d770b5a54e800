from __future__ import annotations

from typing import Any, cast

from rehearsal.cloud_client import CloudClient
from rehearsal.errors import RehearsalError
from rehearsal.fleet import (
    FleetSample,
    FleetSampler,
    Serving,
    StageSample,
    counts_of,
    groups_of,
    least,
)

OLD, NEW = "ami-0123456789abcdef0", "ami-0fedcba9876543210"


def group(environment: str | None, *instances: tuple[str, str]) -> dict[str, Any]:
    tags = {"environment": environment} if environment else {}
    return {"group": "g", "tags": tags, "instances": [{"image": i, "state": state} for i, state in instances]}


def test_only_instances_in_service_count_and_groups_of_one_environment_add_up() -> None:
    groups = [
        group("prod", (OLD, "InService"), (OLD, "Pending"), (NEW, "Terminating")),
        group("prod", (OLD, "InService"), (NEW, "InService")),
        group("staging", (NEW, "InService")),
    ]
    counted = {("prod", OLD): 2, ("prod", NEW): 1, ("staging", NEW): 1}
    assert counts_of({"at": 1, "groups": groups}) == counted


def test_a_group_of_no_environment_is_not_ours() -> None:
    assert counts_of({"at": 1, "groups": [group(None, (OLD, "InService"))]}) == {}


class Cloud:
    """Answers with one fleet after the other and is then gone."""

    def __init__(self, *fleets: list[dict[str, Any]]) -> None:
        self.fleets = list(fleets)
        self.at = 0

    def fleet(self) -> dict[str, Any]:
        if not self.fleets:
            raise RehearsalError("gone")
        self.at += 10
        return {"at": self.at, "groups": self.fleets.pop(0)}


def test_a_sample_is_kept_when_a_count_changes_and_only_then() -> None:
    old, both = group("prod", (OLD, "InService")), group("prod", (OLD, "InService"), (NEW, "InService"))
    sampler = FleetSampler(cast(CloudClient, Cloud([], [old], [old], [both], [])))
    assert [sampler.sample() for _ in range(5)] == [10, 20, 30, 40, 50]
    assert sampler.samples == [
        FleetSample(20, "prod", OLD, 1),
        FleetSample(40, "prod", NEW, 1),
        FleetSample(50, "prod", OLD, 0),
        FleetSample(50, "prod", NEW, 0),
    ]


def test_watching_ends_when_the_cloud_is_gone() -> None:
    sampler = FleetSampler(cast(CloudClient, Cloud([group("prod", (OLD, "InService"))])), 0.001)
    with sampler:
        sampler._thread.join(5)
        assert not sampler._thread.is_alive()
    assert sampler.samples == [FleetSample(10, "prod", OLD, 1)]


def described(service: str, desired: int, **servers: tuple[str, str]) -> dict[str, Any]:
    """A group of prod as the cloud tells of it; servers by ID, each with its state and its health."""
    instances = [{"id": i, "image": OLD, "state": s, "health": h} for i, (s, h) in servers.items()]
    tags = {"environment": "prod", "service": service}
    return {"group": f"{service}-1", "tags": tags, "desired": desired, "instances": instances}


SERVES, STARTS, FAILS = ("InService", "healthy"), ("Pending", "initial"), ("InService", "unhealthy")


def test_a_server_serves_when_it_is_in_service_and_healthy() -> None:
    (found,) = groups_of({"groups": [described("web", 2, a=SERVES, b=STARTS, c=FAILS), group(None)]})
    assert (found.name, found.environment, found.service, found.desired) == ("web-1", "prod", "web", 2)
    assert found.members == {"a", "b", "c"}
    assert found.serving == {"a"}


def test_a_group_is_whole_with_the_servers_that_it_should_have_and_no_others() -> None:
    def whole(desired: int, **servers: tuple[str, str]) -> bool:
        return groups_of({"groups": [described("web", desired, **servers)]})[0].whole

    assert whole(2, a=SERVES, b=SERVES)
    assert not whole(2, a=SERVES)
    assert not whole(2, a=SERVES, b=FAILS)
    assert not whole(2, a=SERVES, b=SERVES, c=SERVES)
    assert not whole(2, a=SERVES, b=SERVES, c=STARTS)


def test_the_weakest_moment_counts_from_a_moment_on() -> None:
    looks = [
        [described("web", 4)],
        [described("web", 2, a=SERVES), described("api", 1, b=SERVES)],
        [described("web", 2, a=SERVES, c=SERVES), described("api", 1, b=SERVES)],
        [described("web", 4, a=SERVES, c=SERVES, d=SERVES), described("api", 1, b=SERVES)],
    ]
    sampler = FleetSampler(cast(CloudClient, Cloud(*looks)))
    for _ in looks:
        sampler.sample()
    assert [each.at for each in sampler.serving if each.service == "api"] == [20]
    weakest = least(sampler.serving, "prod", 20)
    assert weakest == {"web": Serving(20, "prod", "web", 1, 2), "api": Serving(20, "prod", "api", 1, 1)}
    assert least(sampler.serving, "prod", 35)["web"] == Serving(40, "prod", "web", 3, 4)
    assert least(sampler.serving, "prod", 45)["web"] == Serving(40, "prod", "web", 3, 4)
    assert least(sampler.serving, "staging", 0) == {}


def test_a_group_that_should_have_no_server_lacks_none() -> None:
    assert Serving(0, "prod", "web", 0, 0).share == 1


def test_what_a_refresh_is_at_is_kept_when_it_changes() -> None:
    looks = [[{**described("web", 0), "refresh": at}] for at in (None, "Pending", "Baking", "Baking", None)]
    sampler = FleetSampler(cast(CloudClient, Cloud(*looks)))
    for _ in looks:
        sampler.sample()
    assert sampler.stages == [
        StageSample(20, "prod", "web", "Pending"),
        StageSample(30, "prod", "web", "Baking"),
        StageSample(50, "prod", "web", None),
    ]


def test_a_server_is_seen_first_when_it_appears_however_it_is() -> None:
    looks = [[described("web", 1, a=STARTS)], [described("web", 2, a=SERVES, b=STARTS)]]
    sampler = FleetSampler(cast(CloudClient, Cloud(*looks)))
    for _ in looks:
        sampler.sample()
    assert sampler.first_seen == {"a": 10, "b": 20}
