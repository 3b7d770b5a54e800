"""`cost` of what pods run on: clusters, and nodes by their group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripts.releases import engine_events, preview_cost, prices
from scripts.releases.cost_hours import MONTH_HOURS
from scripts.releases.cost_parts import Part, State, parts
from tests.scripts.told_events import UNKNOWN, ToldEvents

TEMPLATE, NODES = "aws:ec2/launchTemplate:LaunchTemplate", "aws:eks/nodeGroup:NodeGroup"
CLUSTER = "aws:eks/cluster:Cluster"
DISK = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 40, "volumeType": "gp3"}}
GROUP: dict[str, Any] = {
    "instanceTypes": ["m7g.large", "m6g.large"],
    "scalingConfig": {"minSize": 2, "maxSize": 6},
    "launchTemplate": {"id": "lt-1", "version": "1"},
}


def resource(kind: str, name: str, **inputs: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:staging::immutable::{kind}::{name}"
    return {"urn": urn, "type": kind, "id": inputs.pop("id", name), "inputs": inputs, "outputs": {}}


def test_a_cluster_and_its_nodes_are_parts() -> None:
    template = resource(TEMPLATE, "nodes", id="lt-1", blockDeviceMappings=[DISK])
    state = State([template, resource(CLUSTER, "staging"), resource(NODES, "nodes", **GROUP)])
    hours = MONTH_HOURS
    assert parts(state, None) == [
        Part("clusters", "staging", "eksClusterHour", hours, hours),
        Part("nodes nodes", "2 to 6 m7g.large", "m7g.large", 2 * hours, 6 * hours, server=True),
        Part("volumes of nodes nodes", "2 to 6 of 40 GiB gp3", "volumeGp3GibMonth", 80.0, 240.0),
    ]


def test_the_projects_own_table_knows_a_cluster_in_each_of_its_regions() -> None:
    known = prices.read(prices.OWN)
    for region in known.regions:
        assert known.other(region, "eksClusterHour") == (0.1, "2024-04-01")


def test_a_preview_leads_new_nodes_to_their_new_template(tmp_path: Path) -> None:
    told = ToldEvents()
    told.step("create", TEMPLATE, "nodes", None, {"blockDeviceMappings": [DISK]})
    told.step(
        "create", NODES, "nodes", None, {**GROUP, "launchTemplate": {"id": UNKNOWN, "version": UNKNOWN}}
    )
    events = engine_events.parse(told.ends().documents)
    made = preview_cost.make("staging", "eu-central-1", events, prices.read(prices.OWN))
    assert made is not None
    assert [line.part.part for line in made.after.lines] == ["nodes nodes", "volumes of nodes nodes"]
