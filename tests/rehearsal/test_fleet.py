from __future__ import annotations

from typing import Any, cast

from rehearsal.cloud_client import CloudClient
from rehearsal.errors import RehearsalError
from rehearsal.fleet import FleetSample, FleetSampler, counts_of

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
