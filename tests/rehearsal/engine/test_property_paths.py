from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.engine.property_paths import (
    Path,
    contains,
    delete,
    get,
    ignore_changes,
    parse,
    put,
    reset,
    show,
    touches,
)
from rehearsal.engine.values import make_secret
from rehearsal.errors import RehearsalError, UsageError

TREE: dict[str, Any] = {"a": {"b": [{"c": 1}, 2], "x.y": 3}, "s": make_secret({"t": 4})}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("root", ("root",)),
        ("root.nested", ("root", "nested")),
        ('root["double"].nest', ("root", "double", "nest")),
        ("root.array[0][1].nested", ("root", "array", 0, 1, "nested")),
        (r'root["key with \"escaped\" quotes"]', ("root", 'key with "escaped" quotes')),
        ('["root key with a ."][100]', ("root key with a .", 100)),
        ("root[*].field", ("root", "*", "field")),
        ("root[3].*[3]", ("root", 3, "*", 3)),
        ("root.array.[1]", ("root", "array", 1)),
        ("foo-bar", ("foo-bar",)),
    ],
)
def test_a_path_is_read_as_the_real_engine_reads_it(text: str, path: Path) -> None:
    assert parse(text) == path


@pytest.mark.parametrize(
    "text", ["root[", 'root["nested]', "root.array[abc]", "root.", ".a", "a..b", "a[0]b", "[1.5]", 'a["b"x]']
)
def test_a_path_that_cannot_be_read_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert repr(text) in str(refused.value)


# A name between quotes holds any character; only the escape before a quote cannot be told from a backslash.
PARTS = st.integers(0, 9) | st.text(st.characters(exclude_characters='\\[]"', codec="utf-8"), min_size=1)


@given(st.lists(PARTS, min_size=1, max_size=5).map(tuple))
def test_a_path_that_is_shown_reads_back_the_same(path: Path) -> None:
    assert parse(show(path)) == path


def test_a_plain_name_is_shown_without_quotes() -> None:
    assert show(("a", "b_1", 0, "c d", "e")) == 'a.b_1[0]["c d"].e'


@pytest.mark.parametrize(
    ("text", "value"),
    [("a.b[0].c", 1), ('a["x.y"]', 3), ("s.t", 4), ("a.b[7]", None), ("a.b.c", None), ("a[0]", None)],
)
def test_what_a_path_leads_to(text: str, value: Any) -> None:
    assert get(TREE, parse(text)) == value


def test_putting_a_value_makes_what_is_missing_and_copies_what_it_changes() -> None:
    tree = {"a": {"b": 1}}
    assert put(tree, parse("a.list[1].c"), 2) == {"a": {"b": 1, "list": [None, {"c": 2}]}}
    assert tree == {"a": {"b": 1}}


@pytest.mark.parametrize("text", ["a[0]", "a.b.c", "l.x", "l[-1]"])
def test_putting_a_value_through_something_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="does not fit a value of type"):
        put({"a": {"b": 1}, "l": [1]}, parse(text), 2)


def test_deleting_leaves_a_gap_in_a_list_and_none_in_an_object() -> None:
    assert delete({"a": [1, 2], "b": 3}, parse("a[0]")) == {"a": [None, 2], "b": 3}
    assert delete({"a": {"b": 1, "c": 2}}, parse("a.b")) == {"a": {"c": 2}}


def test_deleting_what_is_not_there_changes_nothing() -> None:
    assert delete(TREE, parse("a.b[5].c")) is TREE


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("foo", "foo.bar[1]", True),
        ("foo[*]", "foo[1].bar", True),
        ("foo.*.baz", "foo.bar.baz.bam", True),
        ("*", "anything[0]", True),
        ("foo.bar", "foo", False),
        ("foo[1]", "foo[2]", False),
        ('foo["1"]', "foo[1]", False),
    ],
)
def test_which_path_contains_which(outer: str, inner: str, expected: bool) -> None:
    assert contains(parse(outer), parse(inner)) is expected


def test_a_changed_property_touches_patterns_above_and_below_it() -> None:
    assert touches(["tags.Name"], "tags")
    assert touches(["tags"], "tags.Name")
    assert not touches(["tags.Name"], "tags.Owner")
    assert not touches([], "tags")


# The cases of pulumi/pulumi's TestReset: path, old, new, and what becomes of new (None: no sensible path).
RESETS: list[tuple[str, Any, Any, Any]] = [
    ("missing", {"root": 1}, {"root": 2}, {"root": 2}),
    ("root.missing", {"root": 1}, {"root": 2}, {"root": 2}),
    ("root.nested", {"root": {"nested": 1}}, {"root": 2}, None),
    ("root.nested", {"root": 1}, {"root": {"nested": 2}}, {"root": {}}),
    ("missing.path", {"root": 1}, {"root": 2}, {"root": 2}),
    ("root.missing.path", {"root": 1}, {"root": 2}, {"root": 2}),
    ("array[1]", {"array": [1]}, {"array": [1]}, {"array": [1]}),
    ("root[0]", {"root": 1}, {"root": 2}, {"root": 2}),
    ("root[0]", {"root": [1]}, {"root": 2}, None),
    ("root[0]", {"root": 1}, {"root": [2]}, None),
    ("array[-1]", {"array": [1]}, {"array": [1]}, None),
    ("root[-1]", {"root": 1}, {"root": 2}, None),
    ("root[1]", {"root": [2]}, {"root": [3, 4]}, None),
    ("root[1]", {"root": [1, 2]}, {"root": [3]}, None),
    ("root[0].other", {"root": {"nested": 1}}, {"root": {"nested": 2}}, {"root": {"nested": 2}}),
    ("root[1].nested", {"root": [{"nested": 1}]}, {"root": [{"nested": 3}, {"nested": 4}]}, None),
    ("root[1].nested", {"root": [{"nested": 1}, {"nested": 2}]}, {"root": [{"nested": 3}]}, None),
    ("root", {"root": 1}, {"root": 2}, {"root": 1}),
    ("root.nested", {"root": {"nested": 1}}, {"root": {"nested": 2}}, {"root": {"nested": 1}}),
    ("root.nested", {"root": {}}, {"root": {"nested": 2}}, {"root": {}}),
    ("root.nested", {"root": {"nested": 1}}, {"root": {}}, {"root": {"nested": 1}}),
    ("root.nested", {"root": {"nested": 1}}, {}, None),
    ("root.nested", {}, {"root": {"nested": 2}}, {"root": {}}),
    ("array[0]", {"array": [1]}, {"array": [2]}, {"array": [1]}),
    ("array[0].item", {"array": [{"item": 1}]}, {"array": [{"item": 2}]}, {"array": [{"item": 1}]}),
    ("array[0]", {"array": []}, {"array": [2]}, None),
    ("array[0]", {"array": [1]}, {"array": []}, None),
    ("*", {"root": 1}, {"root": 2}, {"root": 1}),
    ("*.nested", {"root": {"nested": 1}}, {"root": {"nested": 2}}, {"root": {"nested": 1}}),
    (
        "root[*].nested",
        {"root": [{"nested": 1}, {"nested": 2}]},
        {"root": [{"nested": 3}, {"nested": 4}]},
        {"root": [{"nested": 1}, {"nested": 2}]},
    ),
    ("root.*", {"root": {"nested": 1}}, {"root": {"nested": 2}}, {"root": {"nested": 1}}),
    ("root[*]", {"root": [1, 2]}, {"root": [3, 4]}, {"root": [1, 2]}),
    ("root.*", {"root": {}}, {"root": {"nested": 2}}, {"root": {}}),
    ("root.*", {"root": {"nested": 2}}, {"root": {}}, {"root": {"nested": 2}}),
    ("root.*", {"root": [1]}, {"root": {"nested": 2}}, {"root": {"nested": 2}}),
    ("root.*", {"root": {"nested": 2}}, {"root": [1]}, {"root": [1]}),
    ("root.*", {"root": {"nested": 2}}, {"root": 1}, None),
    ("root.*.nested", {"root": 1}, {"root": {"nested": 2}}, None),
    ("root.*.nested", {"root": {"nested": 1}}, {"root": 2}, None),
    ("root.*.nested", {"root": {"nested": 1}}, {"root": {}}, None),
    ("root.*[0]", {"root": {"passes": 1, "fails": [1]}}, {"root": {"passes": 2, "fails": []}}, None),
    ("root.array[*]", {"root": {"array": [1]}}, {"root": {"array": []}}, None),
    ("root[*][0]", {"root": [1, [1]]}, {"root": [2, []]}, None),
    ("root[*][0]", {"root": [1, 2]}, {"root": make_secret([3])}, None),
    ("root[*][0]", {"root": [1]}, {"root": make_secret([3, 4])}, None),
    ("root.s", {"root": make_secret({"s": 1})}, {"root": {"s": 2}}, {"root": {"s": make_secret(1)}}),
    ("root.s", {"root": {"s": 1}}, {"root": make_secret({"s": 2})}, {"root": make_secret({"s": 1})}),
    (
        "root.s",
        {"root": make_secret({"s": 1})},
        {"root": make_secret({"s": 2})},
        {"root": make_secret({"s": 1})},
    ),
    ("root[0]", {"root": make_secret([1])}, {"root": [2]}, {"root": [make_secret(1)]}),
    ("root.*", {"root": make_secret({"s": 1})}, {"root": {"s": 2}}, {"root": {"s": make_secret(1)}}),
]


@pytest.mark.parametrize(("text", "old", "new", "expected"), RESETS)
def test_what_is_ignored_is_taken_from_the_old_value_as_in_the_real_engine(
    text: str, old: Any, new: Any, expected: Any
) -> None:
    before = repr(new)
    result, sensible = reset(old, new, parse(text))
    assert sensible is (expected is not None)
    if sensible:
        assert result == expected
    assert repr(new) == before, "the argument is left alone"


def test_ignoring_the_version_of_a_template_lets_other_changes_through() -> None:
    policy = "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"
    old = {
        "mixedInstancesPolicy": {
            "launchTemplate": {"launchTemplateSpecification": {"id": "lt", "version": "1"}}
        }
    }
    new = {
        "mixedInstancesPolicy": {
            "launchTemplate": {"launchTemplateSpecification": {"id": "lt2", "version": "2"}}
        }
    }
    result = ignore_changes(old, new, [policy])
    assert get(result, parse(policy)) == "1"
    assert get(result, parse(policy)[:-1])["id"] == "lt2"


def test_paths_that_lead_nowhere_are_all_named() -> None:
    with pytest.raises(RehearsalError, match=r'elements of the path are missing: "a.b, c\[0\]"$'):
        ignore_changes({"a": {"b": 1}, "c": [1]}, {"x": 1}, ["a.b", "x", "c[0]"])
