"""The work grows with the number of workloads, not with its square."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rehearsal.cloud.kubernetes.clusters import Node
from rehearsal.cloud.kubernetes.controllers import manager
from rehearsal.cloud.kubernetes.testing import cluster
from rehearsal.cloud.local import Local, running
from tests.rehearsal.cloud.kubernetes.api import DEPLOYMENTS, Api, deployment


@contextmanager
def counted(calls: list[int]) -> Iterator[None]:
    """Add up how often a controller looks at something, and how many selectors are compared with labels."""
    from rehearsal.cloud.kubernetes import selectors

    reconcile, of_object = manager.Controllers._reconcile, selectors.of_object
    calls[:] = [0, 0]

    def look(self: Any, key: Any) -> None:
        calls[0] += 1
        reconcile(self, key)

    def compare(selector: Any) -> Any:
        calls[1] += 1
        return of_object(selector)

    manager.Controllers._reconcile, selectors.of_object = look, compare  # type: ignore[method-assign]
    try:
        yield
    finally:
        manager.Controllers._reconcile, selectors.of_object = reconcile, of_object  # type: ignore[method-assign]


def work(cloud: Local, count: int) -> list[int]:
    """Of so many workloads with their services, all of one namespace and with labels in common."""
    api = Api(cloud, cluster(cloud, nodes=0))
    api.cluster.nodes = [Node(f"node-{n}", instance_type="m7g.8xlarge", zone="abc"[n % 3]) for n in range(3)]
    api.namespace()
    calls: list[int] = []
    with counted(calls):
        for number in range(count):
            labels = {"app": f"web-{number}", "part-of": "shop", "managed-by": "tests"}
            given = deployment(replicas=2)
            given["metadata"]["name"] = f"web-{number}"
            given["spec"]["selector"]["matchLabels"] = given["spec"]["template"]["metadata"]["labels"] = (
                labels
            )
            api.post(DEPLOYMENTS, given)
            spec = {"selector": labels, "ports": [{"port": 80}]}
            api.post(
                "/api/v1/namespaces/shop/services", {"metadata": {"name": f"web-{number}"}, "spec": spec}
            )
        cloud.step(60)
    statuses = [each["status"]["readyReplicas"] for each in api.items(DEPLOYMENTS)]
    assert statuses == [2] * count
    return calls


def test_twice_the_workloads_are_twice_the_work() -> None:
    with running() as cloud:
        few = work(cloud, 15)
    with running() as cloud:
        many = work(cloud, 30)
    for less, more in zip(few, many, strict=True):
        assert more < 2.2 * less
