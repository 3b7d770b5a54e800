"""An entry is added to a mapping; every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from scripts.releases.yaml_line import YamlLineError
from scripts.services import yaml_insert

PLACE = ("config", "services")
LASTS = (
    "{port: 1}",
    "\n@@port: 1",
    "\n@@port: 1\n@@paths:\n@@- a\n@@- b",
    "\n@@text: |\n@@  one\n@@  two",
    "\n@@port: 1 # the last\n@@# and a comment behind it",
    "\n@@a:\n@@  b:\n@@    c: [1,\n@@      2]",
    "null",
    "",
)


@given(
    step=st.integers(1, 4),
    last=st.sampled_from(LASTS),
    behind=st.sampled_from(["", "  other: 1\n", "\n\n  # a comment\n  other: [x]\n"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_an_entry_comes_last_whatever_is_there(step: int, last: str, behind: str, ending: str) -> None:
    indent = " " * (2 + step)
    below = last.replace("@@", indent + "  ")
    text = f"config:\n  services:\n{indent}web: {below}\n{behind}".replace("\n", ending)
    after = yaml_insert.entry(text, PLACE, "new", ["port: 2", "types: [a, b]"])
    reader = YAML(typ="safe", pure=True)
    services = reader.load(after)["config"]["services"]
    assert list(services)[-1] == "new"
    assert services["new"] == {"port": 2, "types": ["a", "b"]}
    added = [line for line in after.split(ending) if line not in text.split(ending)]
    assert [line.strip() for line in added] == ["new:", "port: 2", "types: [a, b]"]
    assert len(after.split(ending)) == len(text.split(ending)) + 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("config:\n  services: {web: {port: 1}}\n", "is written in braces; write one entry a line"),
        ("config:\n  services:\n", "has no entries yet"),
        ("config:\n  other: 1\n", "has no entries yet"),
        ("config:\n  services:\n    new: 1\n", "has new already"),
        ("config:\n  services: [\n", "line"),
    ],
)
def test_a_mapping_that_cannot_take_it_is_refused(text: str, says: str) -> None:
    with pytest.raises(YamlLineError, match=says):
        yaml_insert.entry(text, PLACE, "new", ["port: 2"])


def test_an_item_is_added_to_a_sequence_on_one_line() -> None:
    text = "config:\n  services:\n    web:\n      # whom it calls\n      calls: [api]  # two\n      port: 1\n"
    after = yaml_insert.item(text, (*PLACE, "web", "calls"), "new")
    assert after == text.replace("[api]", "[api, new]")


def test_a_sequence_that_is_not_there_is_made() -> None:
    text = "config:\n  services:\n    web:\n      port: 1\n"
    after = yaml_insert.item(text, (*PLACE, "web", "calls"), "new")
    assert after == text.replace("      port", "      calls: [new]\n      port")


def test_a_sequence_over_several_lines_is_left_to_people() -> None:
    text = "config:\n  services:\n    web:\n      calls:\n      - api\n"
    with pytest.raises(YamlLineError, match=r"is not written as .*; add new by hand"):
        yaml_insert.item(text, (*PLACE, "web", "calls"), "new")
