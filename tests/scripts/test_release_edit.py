"""One value changes; every other byte stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from scripts.releases import yaml_line
from scripts.releases.yaml_line import YamlLineError
from tests.scripts.release_project import NEW, OLD, OTHER

SHARED = ("config", "immutable:imageId")
OWN = ("config", "immutable:services", "web", "imageId")

comments = st.sampled_from(["", "  # note", " #", "  #\ttab: ä {x} 'y' \"z\""])
quotes = st.sampled_from(["", "'", '"'])
fillers = st.sampled_from(
    [
        "",
        "# a comment",
        "   # an indented: one",
        f"# immutable:imageId: {OLD}",
        "---x: 1",
        "'quoted key': \"it's # no comment\"",
        f"list: [a, 'b', {OLD}]",
        f"block: |\n  imageId: {OLD}\n  more",
        "folded: >-\n   one\n   two",
        "empty:",
        "number: 1.50",
        "nan: .nan",
        "date: 2026-99-99",
        "tagged: !!str 5",
        "emoji: 😀 ünï",
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, str]:
    """A config file in any style that people write, with @@ for the image, and which image it is."""
    step = " " * draw(st.integers(1, 5))
    quote, key_quote = draw(quotes), draw(quotes)
    gap = " " * draw(st.integers(1, 3))
    lines: list[str] = []

    def fill(indent: str) -> None:
        for number, text in enumerate(draw(st.lists(fillers, max_size=4))):
            # Keys must not be there twice.
            unique = re.sub(r"^'?[a-z-]+", lambda key: f"{key[0]}{len(lines)}n{number}", text)  # noqa: B023
            lines.extend(indent + line if line else line for line in unique.split("\n"))

    lines.append(draw(st.sampled_from(["config:", "config:   # all", "'config':", "---\nconfig:"])))
    fill(step)
    own = draw(st.booleans())
    value = f":{gap}{quote}@@{quote}{draw(comments)}"
    if own:
        flow = draw(st.booleans())
        lines.append(f"{step}immutable:services:")
        if flow:
            lines.append(f"{step * 2}web: {{ port: 1, imageId: {quote}@@{quote}, min: 2 }}")
        else:
            lines += [
                f"{step * 2}web:",
                f"{step * 3}port: 1",
                f"{step * 3}{key_quote}imageId{key_quote}{value}",
            ]
    else:
        lines.append(f"{step}{key_quote}immutable:imageId{key_quote}{value}")
    fill(step)
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    mark = draw(st.sampled_from(["", "\ufeff"])) if not lines[0].startswith("---") else ""
    text = mark + ending.join("\n".join(lines).split("\n")) + draw(st.sampled_from(["", ending, ending * 2]))
    return text, "own" if own else "shared"


@given(documents(), st.sampled_from([OLD, OTHER, "ami-01234567", "to-be-named"]))
def test_only_the_value_changes(document: tuple[str, str], before: str) -> None:
    template, where = document
    path = OWN if where == "own" else SHARED
    text = template.replace("@@", before)
    result = yaml_line.replace(text, path, NEW)
    assert result == template.replace("@@", NEW)
    assert yaml_line.replace(result, path, before) == text


@given(documents())
def test_another_parser_reads_the_new_value(document: tuple[str, str]) -> None:
    template, where = document
    text = template.replace("@@", OLD).replace("2026-99-99", "x")
    data = YAML(typ="rt").load(yaml_line.replace(text, OWN if where == "own" else SHARED, NEW))
    for key in OWN if where == "own" else SHARED:
        data = data[key]
    assert data == NEW


@given(st.text(alphabet="abc:{}[]&*!|>'\"%@#-? \n\t\r\\,~<", max_size=60))
def test_any_text_is_changed_in_one_line_or_refused(noise: str) -> None:
    for text in (
        noise,
        f"config:\n  immutable:imageId: {OLD}\n{noise}",
        f"config:\n  immutable:imageId: {noise}{OLD}\n",
    ):
        try:
            result = yaml_line.replace(text, SHARED, NEW)
        except YamlLineError:
            continue
        before, after = text.split("\n"), result.split("\n")
        assert len(before) == len(after)
        assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config:\n  immutable:imageId: &image ami-1\n", "anchor &image"),
        ("x: &image ami-1\nconfig:\n  immutable:imageId: *image\n", "anchor &image"),
        ("x: &all\n  immutable:imageId: ami-1\nconfig: *all\n", "config has the anchor &all"),
        (
            "x: &all\n  immutable:imageId: ami-1\nconfig:\n  <<: *all\n",
            "no line for config / immutable:imageId",
        ),
        ("config:\n  immutable:imageId: !!str ami-1\n", "not written plainly on one line"),
        ("config:\n  immutable:imageId: >-\n    ami-1\n", "not written plainly on one line"),
        ("config:\n  immutable:imageId: ami\n    -1\n", "not written plainly on one line"),
        ('config:\n  immutable:imageId: "\\x61mi-1"\n', "not written plainly on one line"),
        ("config:\n  immutable:imageId:\n    secure: AAA\n", "is not a plain value"),
        ("config:\n  immutable:imageId:\n", "is not a plain value"),
        ("config:\n  immutable:imageId: ~\n", "is not a plain value"),
        (
            "config:\n  immutable:imageId: a\n  immutable:imageId: b\n",
            "line 3: the key 'immutable:imageId' is",
        ),
        ("config: {}\n", "no line for config / immutable:imageId; write it once by hand"),
        ("", "no line for"),
        ("config: [\n", "line 2, column 1: "),
        ("a: 1\n---\nb: 1\n", "line 2, column 1: but found another document"),
        ("config: \x07\n", "special characters are not allowed"),
        ("[" * 2000, "nested too deeply"),
    ],
)
def test_a_value_that_is_more_than_one_plain_line_is_refused(text: str, reason: str) -> None:
    with pytest.raises(YamlLineError, match=re.escape(reason)):
        yaml_line.replace(text, SHARED, NEW)


def test_a_value_that_would_break_the_line_is_refused() -> None:
    text = f"config:\n  immutable:imageId: {OLD}\n"
    for value, reason in {
        "ami-1\n  other: 2": "more than one line",
        "[a, b]": "more than the value",
        "ami-1 # note": "more than the value",
        "'ami-1": "with the value changed it cannot be read",
    }.items():
        with pytest.raises(YamlLineError, match=reason):
            yaml_line.replace(text, SHARED, value)
