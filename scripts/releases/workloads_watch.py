"""Rollouts of workloads, followed to their end by what the cluster says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from images import containers
from scripts.releases import pods, rollout, workloads, workloads_show
from scripts.releases.kubernetes_api import ClusterError
from scripts.releases.workloads import SUCCESSFUL, Cluster, Live


@dataclass(frozen=True)
class Outcome:
    """How a followed rollout ended. `image` is the one that it was to bring when it was first looked at."""

    live: Live
    image: str | None

    @property
    def succeeded(self) -> bool:
        return self.live.status == SUCCESSFUL and self.live.image == self.image

    @property
    def text(self) -> str:
        """In one line."""
        live = self.live
        if live.image != self.image:
            went = containers.short(live.image or "none")
            return f"{live.name}: went back to {went} from {containers.short(self.image or 'none')}"
        return f"{live.name}: {live.step}"

    def as_json(self) -> dict[str, Any]:
        return {
            "workload": self.live.name,
            "image": self.image,
            "succeeded": self.succeeded,
            "rollout": workloads_show.rollout_json(self.live),
            "runs": pods.counted(self.live.pods),
        }


class Following:
    """As `rollout.Following`, of workloads."""

    def __init__(self, cluster: Cluster, started: Iterable[Live], look: Callable[[Live], None]) -> None:
        self._cluster, self._look = cluster, look
        self._open = {each.name: each.image for each in started}
        self._ended: list[Outcome] = []
        self._missed = 0

    @property
    def open(self) -> bool:
        return bool(self._open)

    @property
    def ended(self) -> list[Outcome]:
        return sorted(self._ended, key=lambda each: each.live.name)

    def step(self) -> None:
        """Looks once at each that goes on.

        Raises:
            ClusterError: the cluster refused, or did not answer `rollout.MISSED_LOOKS` times in a row.
        """
        for name, image in list(self._open.items()):
            try:
                live = workloads.one(self._cluster.api, name, self._cluster.state.workloads[name])
            except ClusterError as error:
                self._missed += 1
                if not error.passes or self._missed >= rollout.MISSED_LOOKS:
                    raise
                continue
            self._missed = 0
            self._look(live)
            if not live.running:
                self._ended.append(Outcome(live, image))
                del self._open[name]
