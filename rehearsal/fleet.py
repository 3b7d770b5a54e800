"""The fleets: what each group has now, and over time how many instances of which image are in service."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud_client import CloudClient
from rehearsal.errors import RehearsalError

ENVIRONMENT_TAG, SERVICE_TAG = "environment", "service"
IN_SERVICE, HEALTHY = "InService", "healthy"
# Of these seconds each is many of the emulated cloud: a server that boots must not fall between two looks.
SAMPLE_SECONDS = 0.025

Counts = dict[tuple[str, str], int]


@dataclass(frozen=True)
class FleetSample:
    """From `at` on (seconds of the emulated cloud), `in_service` instances of `image` serve `environment`."""

    at: float
    environment: str
    image: str
    in_service: int


@dataclass(frozen=True)
class Group:
    """One service's group. `members` are the IDs of its instances; `serving` of those that take requests, in
    service and healthy by the load balancer's check. `refresh` is what one under way is at.
    """

    name: str
    environment: str
    service: str
    desired: int
    members: frozenset[str]
    serving: frozenset[str]
    refresh: str | None = None

    @property
    def whole(self) -> bool:
        """As many instances as are desired, no more and no fewer, and all of them serve."""
        return len(self.members) == len(self.serving) == self.desired


def groups_of(document: Mapping[str, Any]) -> list[Group]:
    """The program's groups, which have its tags, in one answer of `GET /rehearsal/fleet`."""
    return [
        Group(
            group["group"],
            group["tags"][ENVIRONMENT_TAG],
            group["tags"][SERVICE_TAG],
            group["desired"],
            frozenset(each["id"] for each in group["instances"]),
            frozenset(
                each["id"]
                for each in group["instances"]
                if each["state"] == IN_SERVICE and each["health"] == HEALTHY
            ),
            group.get("refresh"),
        )
        for group in document["groups"]
        if {ENVIRONMENT_TAG, SERVICE_TAG} <= group["tags"].keys()
    ]


def counts_of(document: Mapping[str, Any]) -> Counts:
    """In-service instances by environment and image, of one answer of `GET /rehearsal/fleet`.

    A group belongs to the environment that its tag names; a group without the tag is not the program's.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for group in document["groups"]:
        environment = group["tags"].get(ENVIRONMENT_TAG)
        if environment is None:
            continue
        for instance in group["instances"]:
            if instance["state"] == IN_SERVICE:
                counts[(environment, instance["image"])] += 1
    return dict(counts)


@dataclass(frozen=True)
class StageSample:
    """From `at` on (seconds of the emulated cloud), a service's refresh is at `stage`; None without one.

    Stages are AWS's statuses, and Checkpoint for one that pauses there.
    """

    at: float
    environment: str
    service: str
    stage: str | None


@dataclass(frozen=True)
class Serving:
    """From `at` on (seconds of the emulated cloud), `serving` of `desired` servers of a group serve."""

    at: float
    environment: str
    service: str
    serving: int
    desired: int

    @property
    def share(self) -> float:
        """Of what is desired; 1 for a group that sleeps."""
        return self.serving / self.desired if self.desired else 1.0


def least(seen: Iterable[Serving], environment: str, since: float) -> dict[str, Serving]:
    """The weakest moment of each service from `since` on, the moment at `since` among them."""
    found: dict[str, Serving] = {}
    for each in seen:
        if each.environment != environment:
            continue
        known = found.get(each.service)
        if known is None or each.at <= since or each.share < known.share:
            found[each.service] = each
    return found


class FleetSampler:
    """Watches the fleets in a thread of its own and keeps every change; use it as a context manager.

    `first_seen` is when each instance appeared, in seconds of the cloud: it was launched a little earlier.
    """

    def __init__(self, client: CloudClient, interval_seconds: float = SAMPLE_SECONDS) -> None:
        self._client = client
        self._interval = interval_seconds
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="fleet", daemon=True)
        self._last: Counts = {}
        self._last_serving: dict[str, tuple[int, int]] = {}
        self.samples: list[FleetSample] = []
        self.serving: list[Serving] = []
        self.first_seen: dict[str, float] = {}
        self._last_stage: dict[str, str | None] = {}
        self.stages: list[StageSample] = []

    def __enter__(self) -> FleetSampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def sample(self) -> float:
        """Look now; returns the cloud's clock in seconds. Only what changed since the last look is kept."""
        with self._lock:
            document = self._client.fleet()
            at, counts = float(document["at"]), counts_of(document)
            for key in sorted(self._last.keys() | counts.keys()):
                if counts.get(key, 0) != self._last.get(key, 0):
                    self.samples.append(FleetSample(round(at, 1), *key, counts.get(key, 0)))
            self._last = counts
            self._keep(round(at, 1), groups_of(document))
        return at

    def _keep(self, at: float, groups: list[Group]) -> None:
        for group in groups:
            for instance_id in group.members - self.first_seen.keys():
                self.first_seen[instance_id] = at
            if self._last_stage.get(group.name) != group.refresh:
                self.stages.append(StageSample(at, group.environment, group.service, group.refresh))
                self._last_stage[group.name] = group.refresh
            now = len(group.serving), group.desired
            if self._last_serving.get(group.name) != now:
                self.serving.append(Serving(at, group.environment, group.service, *now))
                self._last_serving[group.name] = now

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self.sample()
            except RehearsalError:
                # A cloud that is gone fails the step that needs it, with a better reason than ours.
                return
