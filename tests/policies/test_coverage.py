"""Every type that a stack declares, or a component makes, is looked at by a rule or named with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from policies import families
from policies.coverage import NO_RULE
from policies.rules import Resource
from tests.components.recorder import OUTPUTS
from tests.policies.cases import Case
from tests.policies.shipped import STACKS, resources
from tests.policies.test_rules import CASES

# Not of a provider: pulumi's own, and what a component is besides its children.
_OWN = ("pulumi:", "immutable:")


def declared() -> set[str]:
    """What the shipped stacks declare, and what the components make of other values."""
    types = {each.type for stack in STACKS for each in resources(stack)} | set(OUTPUTS)
    return {kind for kind in types if not kind.startswith(_OWN)}


def looked_at() -> set[str]:
    by_type = {kind for rule in families.rules() for kind in rule.types}
    return by_type.union(*(_counting(case) for case in CASES))


def _counting(case: Case) -> Iterator[str]:
    """The types that a rule on the whole stack looks at: without them it finds something else."""
    for given in (case.right, case.wrong):
        stack = given if isinstance(given, list) else []
        for kind in {each.type for each in stack}:
            if _texts(case, stack) != _texts(case, [each for each in stack if each.type != kind]):
                yield kind


def _texts(case: Case, stack: list[Resource]) -> list[tuple[str | None, str]]:
    return case.rule.of_all(stack)


def test_a_type_without_a_rule_is_named_with_a_reason() -> None:
    assert declared() - looked_at() - NO_RULE.keys() == set(), (
        "does a control of AWS apply? Write a rule; otherwise say in policies/coverage.py why none does"
    )


def test_no_reason_is_given_for_a_type_that_has_a_rule_or_that_nothing_makes() -> None:
    assert NO_RULE.keys() & looked_at() == set()
    assert NO_RULE.keys() - declared() == set()


@pytest.mark.parametrize("kind", NO_RULE)
def test_a_reason_is_a_clause(kind: str) -> None:
    reason = NO_RULE[kind]
    assert len(reason.split()) > 3
    assert not reason.endswith(".")
