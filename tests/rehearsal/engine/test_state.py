from __future__ import annotations

import dataclasses
import random

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.engine.state import ResourceState, in_order, integrity_error, trim, urn_of
from tests.counting import calls
from tests.rehearsal.engine.samples import names, provider, resource, root


def test_a_urn_carries_the_types_of_the_parents_but_not_the_stack() -> None:
    stack = root()
    service = urn_of("staging", "immutable", stack.urn, "immutable:service:Service", "web")
    assert service == "urn:pulumi:staging::immutable::immutable:service:Service::web"
    group = urn_of("staging", "immutable", service, "aws:autoscaling/group:Group", "web")
    assert group == (
        "urn:pulumi:staging::immutable::immutable:service:Service$aws:autoscaling/group:Group::web"
    )


def test_a_name_with_colons_comes_out_of_a_urn_whole() -> None:
    assert resource("a").name == "a"
    assert dataclasses.replace(resource("a"), urn="urn:pulumi:s::p::t:m:T::x::y").name == "x::y"


def test_a_sound_state_has_no_integrity_error() -> None:
    aws = provider()
    vpc = resource("vpc", provider=f"{aws.urn}::{aws.id}")
    assert integrity_error([root(), aws, vpc, resource("subnet", vpc, deleted_with=vpc.urn)]) is None


def test_each_broken_rule_is_named() -> None:
    vpc = resource("vpc")
    cases = {
        "lacks its urn": [dataclasses.replace(vpc, urn="")],
        "lacks its type": [dataclasses.replace(vpc, type="")],
        "has an ID but is not custom": [dataclasses.replace(vpc, custom=False)],
        "which comes after it": [resource("subnet", vpc), vpc],
        "which is missing": [resource("subnet", vpc)],
        f"needs {vpc.urn}": [resource("subnet", deleted_with=vpc.urn)],
        f"subnet needs {vpc.urn}": [resource("subnet", property_dependencies={"vpcId": [vpc.urn]})],
        f"child needs {vpc.urn}": [resource("child", parent=vpc.urn)],
        "duplicate resource": [vpc, resource("vpc")],
        "refers to unknown provider": [resource("vpc", provider="urn:pulumi:s::p::t::x::id")],
    }
    for words, resources in cases.items():
        assert words in (integrity_error(resources) or ""), words


def test_a_provider_is_known_by_its_id_too() -> None:
    old, new = provider(identifier="old"), provider(identifier="new")
    old.delete = True
    vpc = resource("vpc", provider=f"{new.urn}::new")
    assert integrity_error([old, vpc]) is not None
    assert integrity_error([old, new, vpc]) is None


def test_what_waits_for_its_replacement_may_have_lost_its_provider() -> None:
    vpc = resource("vpc", provider="urn:pulumi:s::p::t::x::id", pending_replacement=True)
    assert integrity_error([vpc]) is None


def test_old_copies_that_wait_for_deletion_are_no_duplicates() -> None:
    assert integrity_error([resource("a"), resource("a", delete=True), resource("a", delete=True)]) is None


def test_order_puts_what_is_needed_first_and_else_keeps_the_given_order() -> None:
    stack = root()
    a, b = resource("a"), resource("b")
    c = resource("c", b, parent=stack.urn)
    assert names(in_order([c, a, stack, b])) == ["b", "immutable-staging", "c", "a"]


def test_states_that_are_in_order_stay_as_they_are() -> None:
    states = [root(), provider(), a := resource("a"), resource("b"), resource("c", a)]
    assert in_order(states) == states


def test_of_two_states_of_one_name_the_living_one_is_what_others_need() -> None:
    dead, alive = resource("a", delete=True), resource("a")
    needs = resource("b", alive)
    assert in_order([dead, needs, alive]) == [dead, alive, needs]
    assert in_order([needs, alive, dead]) == [alive, needs, dead]


def test_a_circle_loses_nothing() -> None:
    a, b = resource("a"), resource("b")
    a.dependencies, b.dependencies = [b.urn], [a.urn]
    assert set(names(in_order([a, b]))) == {"a", "b"}


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_any_acyclic_state_comes_out_whole_and_sound(seed: int, count: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    states: list[ResourceState] = []
    for index in range(count):
        states.append(resource(str(index), *dice.sample(states, min(len(states), dice.randrange(4)))))
    shuffled = dice.sample(states, len(states))
    ordered = in_order(shuffled)
    assert sorted(map(id, ordered)) == sorted(map(id, states))
    assert integrity_error(ordered) is None


def test_ordering_a_long_chain_is_not_deep_and_twice_the_work_for_twice_the_states() -> None:
    chain = [resource("0")]
    for index in range(1, 4000):
        chain.append(resource(str(index), chain[-1]))
    assert list(map(id, in_order(chain[::-1]))) == list(map(id, chain))
    whole, half = calls(lambda: in_order(chain[::-1])), calls(lambda: in_order(chain[1999::-1]))
    assert whole <= 2.1 * half


def test_references_to_what_is_gone_are_trimmed() -> None:
    here = resource("here")
    gone = resource("gone").urn
    state = resource(
        "a", here, parent=gone, deleted_with=gone, property_dependencies={"x": [gone, here.urn], "y": [gone]}
    )
    state.dependencies.append(gone)
    assert trim([here, state]) == [state]
    assert (state.parent, state.deleted_with, state.dependencies) == ("", "", [here.urn])
    assert state.property_dependencies == {"x": [here.urn], "y": []}
    assert trim([here, state]) == []
