"""docs/examples/workloads.yaml: as it stands, it makes containers of both environments of this repository."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from tests.stacks.declared import Environment, declared
from tests.stacks.given import ROOT, loaded, stack_file

EXAMPLE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docs/examples/workloads.yaml").read_text())


def with_containers(stack: str) -> dict[str, Any]:
    return stack_file(stack) | EXAMPLE[stack]


@pytest.fixture(scope="module")
def staging() -> Environment:
    return declared("staging", with_containers("staging"))


@pytest.fixture(scope="module")
def prod() -> Environment:
    return declared("prod", with_containers("prod"))


def of_kubernetes(built: Environment) -> dict[tuple[str, str], Any]:
    kinds = [each for each in built.resources if each.type.startswith("kubernetes:")]
    return {(each.type.partition(":")[2], each.name): each.inputs for each in kinds}


def test_it_is_for_both_environments_and_taken_by_both() -> None:
    assert EXAMPLE.keys() == {"staging", "prod"}
    for stack in EXAMPLE:
        assert set(loaded(with_containers(stack), stack).workloads) == {"shop", "billing"}


def test_every_resource_of_staging_is_one_of_prod(staging: Environment, prod: Environment) -> None:
    assert of_kubernetes(staging).keys() == of_kubernetes(prod).keys()


def differences(one: Any, other: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where two manifests differ. A list of address blocks is one value: it has a block for each zone."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), (*path, key))
    elif (
        isinstance(one, list) and isinstance(other, list) and path[-1:] != ("to",) and path[-1:] != ("from",)
    ):
        assert len(one) == len(other), path
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, (*path, str(index)))
    elif one != other:
        yield path


def test_the_manifests_of_both_environments_differ_in_data_alone(
    staging: Environment, prod: Environment
) -> None:
    ours, theirs = of_kubernetes(staging), of_kubernetes(prod)
    found: dict[str, set[str]] = {}
    for kind, name in ours:
        for path in differences(ours[kind, name], theirs[kind, name]):
            found.setdefault(kind.rpartition(":")[2], set()).add(path[-1])
    # Names of what never changes hold a hash of what is in it; pods and Jobs name these.
    pods = {"image", "cpu", "memory", "name", "secretProviderClass"}
    assert found == {
        "Deployment": pods,
        "Job": pods,
        "HorizontalPodAutoscaler": {"minReplicas", "maxReplicas"},
        "ConfigMap": {"LOG_LEVEL", "name"},
        "SecretProviderClass": {"objects", "name"},
        "NetworkPolicy": {"to", "from"},
    }


def test_a_promotion_is_one_workloads_image_and_its_migration_and_nothing_else(
    staging: Environment,
) -> None:
    """Nothing but the Deployment, its rollout and its Job: no node, no other workload, no route."""
    digest = "sha256:" + "7" * 64
    values = deepcopy(with_containers("staging"))
    images = values["immutable:images"]
    images["shop"] = images["shop"].partition("@")[0] + f"@{digest}"
    after = declared("staging", values)

    def inputs(built: Environment) -> dict[tuple[str, str], Any]:
        """Without code of functions: two archives of one folder are not equal."""
        return {
            (each.type.rpartition(":")[2], each.name): {**each.inputs, "code": None}
            for each in built.resources
        }

    before, later = inputs(staging), inputs(after)
    changed = [key for key in before if before[key] != later[key]]
    assert sorted(changed) == [("Deployment", "shop"), ("DeploymentRollout", "shop"), ("Job", "shop-migrate")]


@pytest.mark.parametrize("stack", EXAMPLE)
def test_a_release_finds_one_line_to_change(stack: str) -> None:
    lines = (ROOT / "docs/examples/workloads.yaml").read_text().splitlines()
    shop = EXAMPLE[stack]["immutable:images"]["shop"]
    assert len([line for line in lines if shop in line]) == 1
