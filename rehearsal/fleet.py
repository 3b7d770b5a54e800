"""The fleets over time: how many instances of which image each environment has in service."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud_client import CloudClient
from rehearsal.errors import RehearsalError

ENVIRONMENT_TAG = "environment"
IN_SERVICE = "InService"
SAMPLE_SECONDS = 0.1

Counts = dict[tuple[str, str], int]


@dataclass(frozen=True)
class FleetSample:
    """From `at` on (seconds of the emulated cloud), `in_service` instances of `image` serve `environment`."""

    at: float
    environment: str
    image: str
    in_service: int


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


class FleetSampler:
    """Watches the fleets in a thread of its own and keeps every change; use it as a context manager."""

    def __init__(self, client: CloudClient, interval_seconds: float = SAMPLE_SECONDS) -> None:
        self._client = client
        self._interval = interval_seconds
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="fleet", daemon=True)
        self._last: Counts = {}
        self.samples: list[FleetSample] = []

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
        return at

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self.sample()
            except RehearsalError:
                # A cloud that is gone fails the step that needs it, with a better reason than ours.
                return
