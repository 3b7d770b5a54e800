"""A rollout in the small cluster whose pauses let its time pass: shared by the tests of the waiter."""

from __future__ import annotations

from typing import Any

from components.kubernetes.manifests import deployment_metadata, deployment_spec
from components.kubernetes.pod_template import server_pod
from components.kubernetes.rollout_waiter import Outcome, Rollout, Target
from tests.components.kubernetes.rendered import arguments
from tests.components.kubernetes.small_cluster import SmallCluster


def target(image: str, config: str | None = None, good: str = "", min_size: int = 1, **given: Any) -> Target:
    args = arguments(image=image, **given)
    spec = deployment_spec("shop", args, server_pod("shop", args, config, None))
    return Target("workloads", "shop", deployment_metadata("shop", args), spec, min_size, good)


class Watched:
    """`lines` is what was said; every second of a pause is one of the cluster's, 10 times as fast."""

    def __init__(self, cluster: SmallCluster | None = None) -> None:
        self.cluster = cluster or SmallCluster()
        self.lines: list[str] = []
        self.seconds = 60.0

    def applied(self, to: Target) -> None:
        """As Pulumi's provider leaves it to the rollout."""
        self.cluster.give(to.spec["template"], "pulumi-kubernetes-immutable", to.spec)
        self.cluster.step()

    def of(self, to: Target) -> Rollout:
        return Rollout(self.cluster, to, self.seconds, self.lines.append, self.pause)

    def up(self, image: str, **given: Any) -> Outcome:
        """Apply it and watch it."""
        to = target(image, **given)
        self.applied(to)
        return self.of(to).run()

    def pause(self, seconds: float) -> None:
        self.cluster.step(10 * seconds)
