"""A review environment of an environment with containers: a small cluster of its own."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from scripts.releases import project
from tests.scripts.test_release_review_config import scaled
from tests.stacks.given import loaded

EXAMPLE = yaml.safe_load((project.ROOT / "docs" / "examples" / "workloads.yaml").read_text())


def source(environment: str) -> dict[str, Any]:
    """The environment's file with the example's containers in it."""
    config = yaml.safe_load((project.ROOT / f"Pulumi.{environment}.yaml").read_text())["config"]
    return {**config, **EXAMPLE[environment]}


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_the_program_takes_it_small(environment: str) -> None:
    given = {key.removeprefix("immutable:"): value for key, value in source(environment).items()}
    del given["aws:region"]
    found = scaled(given)
    config = {key if ":" in key else f"immutable:{key}": value for key, value in found.items()}
    after = loaded(config, "pr-12")
    assert after.cluster is not None
    assert (after.cluster.nodes.min, after.cluster.nodes.max) == (2, 2)
    assert after.cluster.deletion_protection is False
    assert {(one.min, one.max) for one in after.workloads.values()} == {(1, 2)}
    # What is reviewed is what will be released.
    assert dict(after.images) == EXAMPLE[environment]["immutable:images"]


def test_hosts_of_routes_are_its_own() -> None:
    workloads = {"shop": {"min": 4, "max": 8, "route": {"hosts": ["shop.example.com", "else.org"]}}}
    names = {"zoneId": "Z1", "domain": "example.com"}
    found = scaled({"names": names, "cluster": {"version": "1.36"}, "workloads": workloads})
    assert found["workloads"]["shop"]["route"]["hosts"] == ["shop.pr-12.example.com", "else.org"]
    assert (found["workloads"]["shop"]["min"], found["workloads"]["shop"]["max"]) == (1, 2)


def test_without_a_cluster_there_is_none() -> None:
    assert {"cluster", "workloads", "images"}.isdisjoint(scaled({"services": {"web": {}}}))
