from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.engine.values import (
    ASSET,
    OUTPUT_VALUE,
    RESOURCE_REFERENCE,
    SIGNATURE,
    UNKNOWN,
    UNKNOWNS,
    contains_secret,
    contains_unknown,
    equal,
    from_struct,
    is_secret,
    lower_outputs,
    lower_references,
    make_secret,
    mark_secret_keys,
    mark_secret_like,
    output_dependencies,
    redact,
    strip_secrets,
    to_struct,
    unwrap,
    whole,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


def output(
    value: Any = None, *, known: bool = True, secret: bool = False, needs: tuple[str, ...] = ()
) -> Any:
    return {
        SIGNATURE: OUTPUT_VALUE,
        **({"value": value} if known else {}),
        "secret": secret,
        "dependencies": list(needs),
    }


@given(st.dictionaries(st.text(max_size=4), TREES, max_size=4))
def test_properties_survive_the_wire(properties: dict[str, Any]) -> None:
    assert equal(from_struct(to_struct(properties)), properties)


def test_what_is_written_is_what_the_json_mapping_of_the_message_says() -> None:
    properties: dict[str, Any] = {"a": [1, 2.5, True, None, {}, [], "x"], "b": {"c": {"d": "é"}}}
    expected = json_format.ParseDict(properties, struct_pb2.Struct())
    assert to_struct(properties) == expected


def test_an_empty_object_and_an_empty_list_stay_what_they_are() -> None:
    assert from_struct(to_struct({"a": {}, "b": []})) == {"a": {}, "b": []}


def test_whole_numbers_come_from_the_wire_as_integers() -> None:
    read = from_struct(to_struct({"port": 8080, "ratio": 0.5}))
    assert read == {"port": 8080, "ratio": 0.5}
    assert type(read["port"]) is int


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), 1e300, 1e21])
def test_a_number_that_go_does_not_write_as_an_integer_stays_a_float(number: float) -> None:
    assert type(whole(number)) is float


def test_not_a_number_comes_through_the_wire() -> None:
    assert str(from_struct(to_struct({"n": float("nan")}))["n"]) == "nan"


def test_true_is_not_written_as_a_number() -> None:
    assert from_struct(to_struct({"on": True}))["on"] is True


@pytest.mark.parametrize("sentinel", sorted(UNKNOWNS))
def test_an_unknown_of_any_type_is_read_as_the_one_unknown(sentinel: str) -> None:
    assert from_struct(to_struct({"a": [sentinel]})) == {"a": [UNKNOWN]}


def test_a_value_that_json_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="a property value cannot be a set"):
        to_struct({"a": {1, 2}})


def test_a_secret_is_not_made_twice() -> None:
    once = make_secret("x")
    assert make_secret(once) is once
    assert is_secret(once)
    assert unwrap({**once, "value": once}) == "x"


def test_secrets_are_stripped_at_every_depth() -> None:
    assert strip_secrets({"a": [make_secret({"b": make_secret(1)})], "c": 2}) == {"a": [{"b": 1}], "c": 2}


def test_a_tree_without_secrets_is_not_copied() -> None:
    tree = {"a": [{"b": 1}]}
    assert strip_secrets(tree) is tree
    assert lower_outputs(tree) is tree


def test_output_values_are_lowered_to_what_is_known_of_them() -> None:
    given_ = {"a": output(1), "b": output(known=False), "c": output("x", secret=True), "d": output(output(2))}
    assert lower_outputs(given_) == {"a": 1, "b": UNKNOWN, "c": make_secret("x"), "d": 2}


def test_an_unknown_output_that_is_secret_stays_both() -> None:
    assert lower_outputs(output(known=False, secret=True)) == make_secret(UNKNOWN)


def test_the_dependencies_of_output_values_are_found_at_every_depth() -> None:
    assert output_dependencies({"a": [output({"b": output(1, needs=("u2",))}, needs=("u1",))]}) == {
        "u1",
        "u2",
    }


def test_a_resource_reference_is_lowered_to_its_id_or_its_urn() -> None:
    custom = {SIGNATURE: RESOURCE_REFERENCE, "urn": "u", "id": "i-1"}
    assert lower_references({"a": custom}) == {"a": "i-1"}
    assert lower_references({SIGNATURE: RESOURCE_REFERENCE, "urn": "u"}) == "u"
    assert lower_references({**custom, "id": ""}) == UNKNOWN


@pytest.mark.parametrize("tree", [make_secret(1), [{"a": make_secret(1)}], {"o": output(1, secret=True)}])
def test_a_secret_is_found_at_every_depth(tree: Any) -> None:
    assert contains_secret(tree)
    assert not contains_secret({"a": [1, {SIGNATURE: ASSET, "text": "x"}, output(1)]})


@pytest.mark.parametrize(
    "tree", [UNKNOWN, [{"a": UNKNOWN}], make_secret(UNKNOWN), {"o": output(known=False)}]
)
def test_an_unknown_is_found_at_every_depth(tree: Any) -> None:
    assert contains_unknown(tree)
    assert not contains_unknown({"a": [1, "x", output(None)]})


def test_outputs_are_secret_where_the_inputs_are() -> None:
    inputs = {"password": make_secret("p"), "nested": {"a": make_secret(1), "b": 2}, "list": [make_secret(1)]}
    outputs = {"password": "p", "nested": {"a": 1, "b": 2}, "list": [1], "other": 3}
    assert mark_secret_like(outputs, inputs) == {
        "password": make_secret("p"),
        "nested": {"a": make_secret(1), "b": 2},
        "list": make_secret([1]),
        "other": 3,
    }
    assert outputs["password"] == "p", "the arguments are left alone"


def test_named_outputs_are_secret() -> None:
    assert mark_secret_keys({"a": 1, "b": 2}, ["b", "missing"]) == {"a": 1, "b": make_secret(2)}


def test_what_is_shown_has_neither_secrets_nor_sentinels() -> None:
    tree = {"a": make_secret({"b": "p"}), "c": [UNKNOWN, output("p", secret=True), 5]}
    assert redact(tree) == {"a": "[secret]", "c": ["[unknown]", "[secret]", 5]}


@pytest.mark.parametrize(
    ("a", "b"), [({"a": None}, {}), (1, 1.0), ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "x", "c": None}]})]
)
def test_values_that_mean_the_same_are_equal(a: Any, b: Any) -> None:
    assert equal(a, b)
    assert equal(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (True, 1),
        (0, False),
        (make_secret("x"), "x"),
        ([1, 2], [2, 1]),
        ([1], [1, None]),
        ({}, []),
        ({}, None),
        ("1", 1),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([{"a": True}], [{"a": 1}]),
    ],
)
def test_values_that_differ_are_not_equal(a: Any, b: Any) -> None:
    assert not equal(a, b)
    assert not equal(b, a)
