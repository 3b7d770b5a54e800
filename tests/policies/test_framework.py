"""What every rule may rely on: paths, unknown values, one ID a rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from policies import families
from policies.rules import UNKNOWN, Resource, Severity, at, for_each, is_false, is_true, items, known, rule
from tests.policies.cases import res

VPC = "aws:ec2/vpc:Vpc"


@rule(id="test-named", types=(VPC,), severity=Severity.HIGH, reason="Because.", fix="name it")
def named(vpc: Resource) -> Iterator[str]:
    if at(vpc, "tags.Name") != "net":
        yield f"tags.Name is {at(vpc, 'tags.Name')!r}"


@rule(id="test-one", severity=Severity.LOW, reason="Because.", fix="keep one")
def one(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    if len(resources) > 1:
        yield None, f"{len(resources)} resources"
    yield from for_each(resources, named.check)


def test_a_finding_says_what_is_wrong_and_what_to_do() -> None:
    assert named.of(res(VPC, tags={"Name": "other"})) == ["tags.Name is 'other'; name it"]
    assert named.of(res(VPC, tags={"Name": "net"})) == []


def test_a_rule_says_nothing_of_another_type() -> None:
    assert named.of(res("aws:ec2/subnet:Subnet")) == []


def test_a_rule_on_a_resource_says_nothing_of_a_stack_nor_the_other_way_round() -> None:
    assert named.of_all([res(VPC)]) == []
    assert one.of(res(VPC)) == []


def test_a_rule_on_the_stack_says_which_resource_it_means() -> None:
    wrong, right = res(VPC, "a"), res(VPC, "b", tags={"Name": "net"})
    assert one.of_all([wrong, right]) == [
        (None, "2 resources; keep one"),
        (wrong.urn, "tags.Name is None; keep one"),
    ]


@rule(id="test-wide", types=(VPC,), severity=Severity.HIGH, reason="Because.", fix="write a number")
def wide(vpc: Resource) -> Iterator[str]:
    if int(at(vpc, "width", 0)) > 9:
        yield "too wide"


@rule(id="test-sum", severity=Severity.HIGH, reason="Because.", fix="write numbers")
def total(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    yield from for_each(resources, wide.check)
    if sum(at(vpc, "width", 0) for vpc in resources) > 9:
        yield None, "too wide together"


def test_a_rule_that_cannot_read_a_resource_says_so_and_hides_no_other() -> None:
    odd, wrong = res(VPC, "odd", width="a"), res(VPC, "wrong", width=10)
    unread = "it cannot be read (ValueError: invalid literal for int() with base 10: 'a')"
    assert wide.of(odd) == [f"{unread}; write a number"]
    assert total.of_all([odd, wrong]) == [
        (odd.urn, f"{unread}; write numbers"),
        (wrong.urn, "too wide; write numbers"),
        (
            None,
            "it cannot be read (TypeError: unsupported operand type(s) for +: 'int' and 'str'); "
            "write numbers",
        ),
    ]


def test_what_is_not_known_yet_is_no_finding() -> None:
    assert named.of(res(VPC, tags={"Name": UNKNOWN})) == []
    assert named.of(res(VPC, tags=UNKNOWN)) == []


def test_an_unknown_value_of_one_resource_hides_nothing_of_another() -> None:
    hidden, wrong = res(VPC, "a", tags=UNKNOWN), res(VPC, "b")
    assert one.of_all([hidden, wrong])[1:] == [(wrong.urn, "tags.Name is None; keep one")]


@pytest.mark.parametrize("severity", Severity)
def test_critical_and_high_stop_an_update_and_the_others_warn(severity: Severity) -> None:
    assert severity.mandatory == (severity in ("critical", "high"))


def test_a_path_leads_through_maps_and_lists() -> None:
    vpc = res(VPC, a={"b": [{"c": 0}]})
    assert at(vpc, "a.b[0].c") == 0
    assert at(vpc, "a.b[1].c", "none") == "none"
    assert at(vpc, "a.b.c", "none") == "none"
    assert at(vpc, "a.b[0].c.d", "none") == "none"


def test_a_path_through_what_is_not_known_leads_to_what_is_not_known() -> None:
    assert not known(at(res(VPC, a=UNKNOWN), "a.b[0].c"))
    assert known(at(res(VPC, a=1), "a"))


def test_the_maps_of_a_list_come_with_their_places_and_without_unknown_ones() -> None:
    assert list(items(res(VPC, a=[{"b": 1}, UNKNOWN, {"b": 2}]), "a")) == [(0, {"b": 1}), (2, {"b": 2})]
    assert list(items(res(VPC, a=UNKNOWN), "a")) == []
    assert list(items(res(VPC), "a")) == []


def test_a_flag_is_on_or_off_as_text_too_and_neither_when_it_is_not_given() -> None:
    assert [is_true(each) for each in (True, "true", False, "false", None)] == [True, True, *[False] * 3]
    assert [is_false(each) for each in (False, "false", True, "true", None)] == [True, True, *[False] * 3]


@pytest.mark.parametrize("name", ["", "EC2.8", "ec2", "ec2 8", "ec2-"])
def test_an_id_is_one_that_a_stack_file_can_hold(name: str) -> None:
    with pytest.raises(ValueError, match="is no rule's ID"):
        rule(id=name, severity=Severity.LOW, reason="", fix="")


def test_two_rules_of_one_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "FAMILIES", (SimpleNamespace(RULES=(named, named)),))
    with pytest.raises(ValueError, match=r"^two rules are called test-named; rename one of them$"):
        families.rules()


def test_rules_know_nothing_of_pulumi() -> None:
    """They are plain functions: what starts them, and what values look like there, is the pack's business."""
    folder = Path(families.__file__).parent
    knowing = {
        file.name
        for file in folder.glob("*.py")
        if re.search(r"^(?:import|from) pulumi", file.read_text(), re.M)
    }
    assert knowing == {"pack.py", "values.py"}
