"""The shipped stacks pass every rule, but for what their files except with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import families, rds, s3, secretsmanager
from policies.rules import UNKNOWN, Resource
from tests.policies.shipped import STACKS, exempted, findings, of_config, resources
from tests.stacks import containers
from tests.stacks.given import SMALLEST, stack_file, with_changes
from tests.stacks.test_state_outlives import EVERYTHING

OTHER_ENGINES = {
    f"immutable:databases.{engine}": {"engine": engine, "version": version, "instanceClass": "db.m7g.large"}
    for engine, version in (("mysql", "8.4.3"), ("mariadb", "11.4.4"))
}
OTHER_KINDS = {
    "immutable:services.worker": {"instanceTypes": ["m7g.large", "m6g.large"]},
    "immutable:services.job": {"instanceTypes": ["m7g.large"], "schedule": "cron(0 3 * * ? *)"},
}
CONTAINERS = containers.CONTAINERS | containers.MORE
each_stack = pytest.mark.parametrize("stack", STACKS)


@each_stack
def test_a_shipped_stack_passes_but_for_its_exceptions(stack: str) -> None:
    assert [each for each in findings(resources(stack)) if not each.excepted(exempted(stack))] == []


@each_stack
def test_every_exception_is_needed(stack: str) -> None:
    used = [one for each in findings(resources(stack)) for one in each.excepted(exempted(stack))]
    assert [each for each in exempted(stack) if each not in used] == []


MANDATORY = {rule.id for rule in families.rules() if rule.severity.mandatory}


@each_stack
def test_a_shipped_stack_has_no_exception_from_a_rule_that_stops_an_update(stack: str) -> None:
    assert [each.rule for each in exempted(stack) if each.rule in MANDATORY] == []


@pytest.mark.parametrize("more", [{}, EVERYTHING, OTHER_ENGINES, OTHER_KINDS, CONTAINERS])
def test_nothing_that_a_file_may_ask_for_stops_its_update(more: dict[str, Any]) -> None:
    found = findings(of_config("prod", with_changes(more, stack_file("prod"))))
    assert [each for each in found if each.rule in MANDATORY] == []


def test_the_smallest_environment_is_told_of_its_one_instance_type_alone() -> None:
    assert [each[:2] for each in findings(of_config("prod", SMALLEST))] == [("autoscaling-6", "web")]


def test_an_environment_of_containers_alone_needs_no_exception() -> None:
    changes = containers.ALONE | {"immutable:workloads": containers.MORE["immutable:workloads"]}
    changes |= {"immutable:databases": {}, "immutable:workloads.shop.database": None}
    assert list(findings(of_config("prod", with_changes(changes)))) == []


@pytest.mark.parametrize(
    "kind", ["dynamic/kubernetes:DeploymentRollout", ":PodDisruptionBudget", ":NetworkPolicy"]
)
def test_a_workload_is_not_without_what_is_around_it(kind: str) -> None:
    whole = of_config("prod", with_changes(CONTAINERS))
    found = {each.rule for each in findings(tuple(each for each in whole if not each.type.endswith(kind)))}
    assert found & {"immutable-watched-deployment", "workload-disruption-budget", "workload-network-policy"}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (s3.LOGGING, "s3-9"),
        (s3.PUBLIC_ACCESS_BLOCK, "s3-8"),
        (s3.POLICY, "s3-5"),
        (s3.LIFECYCLE, "s3-13"),
        (s3.VERSIONING, "s3-14"),
        (secretsmanager.ROTATION, "secretsmanager-1"),
    ],
)
def test_what_is_taken_away_from_a_shipped_stack_is_missed(kind: str, rule: str) -> None:
    """By the way in which the components refer to one another, which is not always the shortest."""
    whole = resources("staging")
    for gone in (each for each in whole if each.type == kind):
        found = {each.rule for each in findings(tuple(each for each in whole if each is not gone))}
        assert rule in found


def test_a_way_to_the_internet_from_where_databases_are_is_noticed() -> None:
    whole = resources("staging")
    (table,) = [
        each for each in whole if each.name == "network-isolated" and each.type.endswith("RouteTable")
    ]
    (gateway,) = [each for each in whole if each.type == rds.INTERNET_GATEWAY]
    way = Resource(
        rds.ROUTE, "way", "urn:way", {}, depends={"gatewayId": (gateway.urn,), "routeTableId": (table.urn,)}
    )
    found = [each for each in findings((*whole, way)) if each.rule == "rds-46"]
    assert {each.name for each in found} == {"main"}
    assert "network-isolated-eu-central-1a" in found[0].text


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value inside, the outer ones too."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from _places(each, (*path, key))


def _veiled(value: Any, path: tuple[Any, ...]) -> Any:
    """The same with the value at the path not known yet."""
    if not path:
        return UNKNOWN
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _veiled(value[path[0]], path[1:])
    return changed


@each_stack
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_preview_that_knows_less_finds_nothing_more(stack: str, data: st.DataObject) -> None:
    """Whatever is not known yet, of any resources at once: a pull request is not told of what is not so."""
    whole = list(resources(stack))
    known = {each[:2] for each in findings(resources(stack))}
    for index in data.draw(st.sets(st.integers(0, len(whole) - 1), min_size=1, max_size=8)):
        resource: Resource = whole[index]
        places = list(_places(resource.inputs))
        if places:
            place = data.draw(st.sampled_from(places))
            whole[index] = replace(resource, inputs=_veiled(resource.inputs, place))
    assert {each[:2] for each in findings(tuple(whole))} - known == set()
