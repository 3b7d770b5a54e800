from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.plugin import UNKNOWN, Diff
from rehearsal.provider import aws_provider
from tests.rehearsal.provider.world import urn

GROUP = "aws:autoscaling/group:Group"
ROLE = "aws:iam/role:Role"


def diff(token: str, old: dict[str, Any], new: dict[str, Any]) -> Diff:
    return aws_provider().diff(urn(token, "web"), "id", old, {}, new, [])


def document(**more: object) -> str:
    return json.dumps({"Version": "2012-10-17", **more})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (document(Statement=[{"Action": "a", "Effect": "Allow"}]),
         document(Statement=[{"Effect": "Allow", "Action": "a"}])),
        (document(Statement={"Action": ["a"]}), document(Statement={"Action": "a"})),
        (document(Statement={"Action": ["a", "b"]}), document(Statement={"Action": ["b", "a"]})),
    ],
)  # fmt: skip
def test_a_document_that_means_the_same_is_no_change(old: str, new: str) -> None:
    assert not diff(ROLE, {"assumeRolePolicy": old}, {"assumeRolePolicy": new}).changed


def test_a_document_that_means_something_else_is_a_change() -> None:
    old, new = document(Statement={"Action": "a"}), document(Statement={"Action": "b"})
    assert diff(ROLE, {"assumeRolePolicy": old}, {"assumeRolePolicy": new}).diffs == ("assumeRolePolicy",)


def test_the_order_of_a_set_is_no_change_and_the_order_of_a_list_is() -> None:
    assert not diff(GROUP, {"targetGroupArns": ["a", "b"]}, {"targetGroupArns": ["b", "a"]}).changed
    assert diff(GROUP, {"terminationPolicies": ["a", "b"]}, {"terminationPolicies": ["b", "a"]}).changed


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_nothing_said_is_nothing_changed(nothing: object) -> None:
    assert not diff(GROUP, {"minSize": 1}, {"minSize": 1, "tags": nothing}).changed


def test_a_whole_double_is_the_int_that_it_was() -> None:
    assert not diff(GROUP, {"minSize": 1, "a": {"b": 2}}, {"minSize": 1.0, "a": {"b": 2.0}}).changed


def test_an_unknown_value_is_a_change_and_may_be_a_replacement() -> None:
    vpc = diff("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": UNKNOWN})
    assert vpc.replaces == ("cidrBlock",)
    deep = diff(GROUP, {"tags": [{"key": "a"}]}, {"tags": [{"key": UNKNOWN}]})
    assert deep == Diff(True, (), ("tags",))


def test_an_input_taken_away_is_a_change() -> None:
    assert diff(GROUP, {"defaultInstanceWarmup": 60}, {}).diffs == ("defaultInstanceWarmup",)


def test_another_region_is_another_resource() -> None:
    assert diff(GROUP, {"region": "eu-west-1"}, {"region": "eu-central-1"}).replaces == ("region",)


def test_two_routes_to_one_place_cannot_stand_side_by_side() -> None:
    old = {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"}
    changed = diff("aws:ec2/route:Route", old, {**old, "destinationCidrBlock": "10.0.0.0/8"})
    assert changed.delete_before_replace
    assert not diff("aws:ec2/vpc:Vpc", {"cidrBlock": "a"}, {"cidrBlock": "b"}).delete_before_replace


RECIPE = "aws:imagebuilder/imageRecipe:ImageRecipe"


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ({"name": "web"}, {"name": "web"}, True),
        ({"name": "web"}, {"name": "other"}, False),
        ({"name": "web-1", "__defaults": ["name"]}, {"name": "web-1", "__defaults": ["name"]}, False),
        ({}, {}, False),
    ],
)
def test_what_keeps_a_name_of_the_programs_own_is_deleted_before_it_is_replaced(
    old: dict[str, Any], new: dict[str, Any], first: bool
) -> None:
    changed = diff(RECIPE, {**old, "version": "1.0.0"}, {**new, "version": "1.0.1"})
    assert "version" in changed.replaces
    assert changed.delete_before_replace is first


def test_a_change_in_place_deletes_nothing_whatever_the_name() -> None:
    changed = diff(GROUP, {"name": "web", "maxSize": 1}, {"name": "web", "maxSize": 2})
    assert changed == Diff(True, (), ("maxSize",), False)
