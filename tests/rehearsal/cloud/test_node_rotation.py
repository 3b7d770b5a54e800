"""The function that replaces nodes that grew old, on nodes of the emulated EKS."""

from __future__ import annotations

import pytest

from functions import node_rotation
from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.clusters import NAME, NODES, Clusters

DAYS, DAY_SECONDS = 21, 86_400


@pytest.fixture
def clusters(cloud: Local) -> Clusters:
    made = Clusters(cloud)
    made.with_nodes()
    return made


def _called(clusters: Clusters) -> dict[str, str]:
    settings = node_rotation.Settings(NAME, NODES, clusters.group()["AutoScalingGroupName"], DAYS)
    world = clusters.cloud.world
    return node_rotation.rotate(settings, world.clock.date(world.timeline.now), clusters.cloud.client)


def test_nodes_that_grew_old_are_replaced_one_after_the_other(clusters: Clusters) -> None:
    old = {node.instance_id for node in clusters.nodes()}
    assert _called(clusters)["reason"].startswith("the oldest node")
    clusters.cloud.step(DAYS * DAY_SECONDS)
    gone, least = [], 2
    for _ in range(40):
        answer = _called(clusters)
        gone += [answer["node"]] if answer["done"] == "replaced" else []
        clusters.cloud.step(30)
        least = min(least, sum(node.ready for node in clusters.nodes()))
    assert sorted(gone) == sorted(old)
    assert least == 1
    assert not {node.instance_id for node in clusters.nodes()} & old
    assert len(clusters.nodes()) == 2


def test_no_node_goes_while_another_comes_or_the_group_is_updated(clusters: Clusters) -> None:
    clusters.cloud.step(DAYS * DAY_SECONDS)
    assert _called(clusters)["done"] == "replaced"
    for _ in range(3):
        clusters.cloud.step(10)
        assert _called(clusters)["done"] == "nothing"
    clusters.cloud.step(200)
    clusters.roll("2")
    assert _called(clusters) == {"done": "nothing", "reason": "the node group is UPDATING"}
