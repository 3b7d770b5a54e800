"""Every rule, on the smallest resource that is wrong and on the smallest that is right."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from policies import families
from policies.rules import Rule
from tests.policies.cases import Case, veiled


def _cases() -> list[Case]:
    """Those of each family, from the module that is named after it."""
    files = sorted(Path(__file__).parent.glob("*_cases.py"))
    return [case for file in files for case in importlib.import_module(f"tests.policies.{file.stem}").CASES]


CASES = _cases()
RULES = families.rules()
each_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_case(rule: Rule) -> None:
    assert [case for case in CASES if case.rule is rule] != []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_asked_about_each_of_its_types(rule: Rule) -> None:
    """A type that no case has could be taken away, and nothing would say so."""
    asked = [case.asked for case in CASES if case.rule is rule]
    assert set(rule.types) - set().union(*asked) == set()


def test_every_case_is_of_a_rule_of_the_pack() -> None:
    assert [case.rule.id for case in CASES if case.rule not in RULES] == []


@each_case
def test_a_rule_fires_on_the_smallest_wrong_thing(case: Case) -> None:
    for found in case.findings(case.wrong):
        assert len(found) == 1
        assert case.says in found[0]


@each_case
def test_a_rule_is_silent_on_the_smallest_right_thing(case: Case) -> None:
    assert not any(case.findings(case.right))


@each_case
def test_a_rule_says_nothing_that_rests_on_a_value_that_is_not_known(case: Case) -> None:
    """What is right stays right with any value unknown: a preview finds nothing that the update does not."""
    assert [given for given in veiled(case.right) if any(case.findings(given))] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_why_and_what_to_do(rule: Rule) -> None:
    assert rule.reason.endswith(".")
    assert not rule.reason[0].islower()
    assert not rule.fix.endswith(".")
    assert rule.fix[0].islower() or rule.fix.split()[0].isupper()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_named_after_the_control_that_it_answers(rule: Rule) -> None:
    if rule.control:
        assert rule.id == rule.control.lower().replace(".", "-")
