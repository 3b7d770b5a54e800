"""The shipped stacks pass every rule, but for what their files except with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.rules import UNKNOWN, Resource
from tests.policies.shipped import STACKS, exempted, findings, resources

each_stack = pytest.mark.parametrize("stack", STACKS)


@each_stack
def test_a_shipped_stack_passes_but_for_its_exceptions(stack: str) -> None:
    assert [each for each in findings(resources(stack)) if not each.excepted(exempted(stack))] == []


@each_stack
def test_every_exception_is_needed(stack: str) -> None:
    used = [one for each in findings(resources(stack)) for one in each.excepted(exempted(stack))]
    assert [each for each in exempted(stack) if each not in used] == []


def test_prod_and_the_factory_have_no_exception_from_a_rule_that_stops_an_update() -> None:
    from policies import families

    mandatory = {rule.id for rule in families.rules() if rule.severity.mandatory}
    assert [each.rule for stack in STACKS for each in exempted(stack) if each.rule in mandatory] == []


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
