"""Releases one after the other with the real waiter in a small cluster, and what comes between them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kubernetes.client import ApiException

from components.refresh_errors import RolloutError
from tests.components.kubernetes.rollouts import Watched, target
from tests.components.kubernetes.small_cluster import BETTER, CRASHING, GOOD, MISSING, MUTE

BAD = (CRASHING, MISSING, MUTE)


@dataclass(frozen=True)
class Release:
    """Of this image; something else happens in its `at`-th pause."""

    image: str
    middle: str
    at: int


releases = st.builds(
    Release,
    image=st.sampled_from([GOOD, BETTER, CRASHING, MISSING, MUTE]),
    middle=st.sampled_from(["nothing", "scale out", "scale in", "away", "kill a pod", "kill the watcher"]),
    at=st.integers(1, 8),
)


class Eventful(Watched):
    """In one pause something else happens. In each, as many pods serve as before, or as are wanted now."""

    def __init__(self, before: Watched, release: Release) -> None:
        super().__init__(before.cluster)
        self.release, self.pauses = release, 0
        self.undisturbed = True

    def pause(self, seconds: float) -> None:
        self.pauses += 1
        if self.pauses == self.release.at:
            self.happen(self.release.middle)
        super().pause(seconds)
        if self.undisturbed:
            assert self.cluster.available() >= self.cluster._known()["spec"]["replicas"]

    def happen(self, middle: str) -> None:
        count = self.cluster._known()["spec"]["replicas"]
        if middle == "scale out":
            self.undisturbed = False
            self.cluster.scale(count + 2)
        elif middle == "scale in":
            # Not to none: without pods any image is as good as any other.
            self.cluster.scale(max(1, count - 1))
        elif middle == "kill a pod":
            self.undisturbed = False
            self.cluster.pods.pop(0)
        elif middle == "away":
            self.cluster.faults = [ApiException(status=503, reason="Service Unavailable")] * 3
        elif middle == "kill the watcher":
            raise KeyboardInterrupt


def release_is_over(watched: Watched, release: Release, running: str) -> str:
    """Carry out the release, again if nobody watched it to its end; returns what has to run afterwards."""
    eventful = Eventful(watched, release)
    to = target(release.image)
    eventful.applied(to)
    for _ in range(2):
        try:
            if release.image not in BAD:
                eventful.of(to).run()
                return release.image
            with pytest.raises(RolloutError, match="is back and serves") as failed:
                eventful.of(to).run()
            assert "\n" not in str(failed.value)
            return running
        except KeyboardInterrupt:
            continue
    raise AssertionError("killed twice")


# Few cases: each takes hundreds of looks.
@settings(max_examples=max(20, settings().max_examples // 5))
@example(
    [Release(CRASHING, "kill the watcher", 3), Release(BETTER, "away", 1), Release(MUTE, "scale out", 2)]
)
@example([Release(BETTER, "kill a pod", 1), Release(GOOD, "nothing", 1), Release(MISSING, "scale in", 2)])
@given(st.lists(releases, min_size=1, max_size=4))
def test_releases_end_where_they_should_and_the_same_one_again_changes_nothing(
    sequence: list[Release],
) -> None:
    watched = Watched()
    watched.up(GOOD)
    running = GOOD
    for release in sequence:
        running = release_is_over(watched, release, running)
        cluster = watched.cluster
        assert cluster.images() == {running}
        assert cluster.available() == len(cluster.pods) == cluster._known()["spec"]["replicas"]
        pods = [pod["metadata"]["name"] for pod in cluster.pods]
        Watched(cluster).of(target(running)).run()
        assert [pod["metadata"]["name"] for pod in cluster.pods] == pods
