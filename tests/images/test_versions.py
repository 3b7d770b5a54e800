"""What is sent to AWS is one text for one content, and its hash and version change exactly when it does."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml as pyyaml
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from images import canonical, documents
from images.documents import Document, Phase, PhaseName, Step
from images.recipes import Parent, Recipe, RecipeComponent

# Words that YAML 1.1 and 1.2 read as something else, and lines that a block cannot hold.
HARD = [
    "yes", "0644", "1.0", "null", "~", " a", "a ", "\n", "\n a", "a\n\n", "a\n\n\n", "a \nb", "\tb\nc", "- a",
    "#",     "\x85", "\u2028", "\ufeff", "\U000e0001", "😀", "a\r\nb", "'", '"', "\\", "%", "a: b\nc: d",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(HARD),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
    st.lists(st.text(" \t-:#|'\"ab{}"), min_size=1).map("\n".join),
)
SCRIPTS = TEXTS.filter(lambda text: text and not re.search(r"\{\{.*?\}\}", text))
KEYS = st.from_regex(r"[a-z][a-zA-Z]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    common: dict[str, Any] = {
        "timeout_seconds": draw(st.one_of(st.just(-1), st.just(7200), st.integers(1, 10**6))),
        "on_failure": draw(st.sampled_from(["Abort", "Continue", "Ignore"])),
        "max_attempts": draw(st.integers(1, 5)),
    }
    name = draw(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True))
    if draw(st.booleans()):
        commands = draw(st.lists(SCRIPTS, min_size=1, max_size=3))
        return Step(name=name, action="ExecuteBash", inputs={"commands": commands}, **common)
    files = [{"path": "/a", "content": draw(SCRIPTS), "overwrite": draw(st.booleans())}]
    return Step(name=name, action="CreateFile", inputs=files, **common)


@st.composite
def written(draw: st.DrawFn) -> Document:
    names: st.SearchStrategy[PhaseName] = st.sampled_from(("build", "validate", "test"))
    phases = draw(st.lists(names, min_size=1, unique=True))
    several = st.lists(steps(), min_size=1, max_size=3, unique_by=lambda step: step.name)
    return Document(
        name="one",
        description=draw(st.text("ab: -#'\"é", min_size=1, max_size=20)),
        schema_version="1.0",
        phases=tuple(Phase(name=name, steps=tuple(draw(several))) for name in phases),
    )


def recipe(component: Document, **changes: Any) -> Recipe:
    parent = Parent(id="ami-0123456789abcdef0", owner="self", name="debian-*", suite="bookworm")
    given: dict[str, Any] = {
        "name": "image",
        "description": "An image",
        "parent": parent,
        "architecture": "arm64",
        "volume_size_gib": 8,
        "root_device_name": "/dev/xvda",
        "components": (RecipeComponent(document=component), RecipeComponent(document=TESTED)),
    }
    return Recipe.model_validate({**given, **changes})


TESTED = Document(
    name="tested",
    description="A test",
    schema_version="1.0",
    phases=(Phase(name="test", steps=(Step(name="a", action="ExecuteBash", inputs={"commands": ["a"]}),)),),
)


@given(VALUES)
def test_yaml_of_either_age_reads_back_what_was_written(value: Any) -> None:
    text = canonical.yaml({"value": value})
    assert YAML(typ="safe", pure=True).load(text) == {"value": value}
    assert pyyaml.safe_load(text) == {"value": value}


@given(written())
def test_a_document_that_is_sent_is_read_back_as_the_same_document(document: Document) -> None:
    with TemporaryDirectory() as root:
        path = Path(root) / "images" / "documents" / "one.yaml"
        path.parent.mkdir(parents=True)
        path.write_bytes(document.data.encode())
        again = documents.load(path)
    assert (again.data, again.version) == (document.data, document.version)
    assert [step.script for phase in again.phases for step in phase.steps] == [
        step.script for phase in document.phases for step in phase.steps
    ]


@given(written(), written())
def test_two_documents_share_a_version_exactly_when_they_are_the_same(one: Document, other: Document) -> None:
    same = one == other or one.data == other.data
    assert (one.version == other.version) == same
    assert (recipe(one).hash == recipe(other).hash) == same


@given(written(), SCRIPTS)
def test_a_document_with_one_more_command_is_another_version(document: Document, script: str) -> None:
    more = Step(name="one-more-step", action="ExecuteBash", inputs={"commands": [script]})
    *phases, last = document.phases
    longer = (*phases, Phase(name=last.name, steps=(*last.steps, more)))
    after = Document(name="one", description=document.description, schema_version="1.0", phases=longer)
    assert after.version != document.version
    assert recipe(after).hash != recipe(document).hash


@given(written())
def test_a_version_is_one_that_aws_takes(document: Document) -> None:
    model: Any = Session().get_service_model("imagebuilder")
    for version in (document.version, recipe(document).version):
        assert re.fullmatch(model.shape_for("VersionNumber").metadata["pattern"], version)
        assert all(int(part) < 2**30 for part in version.split("."))


def test_a_version_stays_what_it_is() -> None:
    """One that moved without its content would be a new component, and a new image, in every account."""
    assert TESTED.version == "1.236111211.220665661"
    assert recipe(TESTED, components=(RecipeComponent(document=TESTED),)).hash == "7eecd738f33fad8d"


@pytest.mark.parametrize(
    "change",
    [
        {"parent": Parent(id="ami-0123456789abcdef1", owner="self", name="debian-*", suite="bookworm")},
        {"parent": Parent(id="ami-0123456789abcdef0", owner="self", name="debian-*", suite="trixie")},
        {"architecture": "x86_64"},
        {"volume_size_gib": 9},
        {"root_device_name": "/dev/sda1"},
        {"components": (RecipeComponent(document=TESTED),)},
        {"components": (RecipeComponent(document=TESTED, on="aws"),)},
    ],
)
def test_whatever_decides_the_image_changes_the_hash_and_the_version(change: dict[str, Any]) -> None:
    other = Document.model_validate({**TESTED.model_dump(), "name": "other"})
    before = recipe(other)
    after = recipe(other, **change)
    assert before.hash != after.hash
    assert before.version != after.version


def test_the_order_of_documents_decides_the_image() -> None:
    other = Document.model_validate({**TESTED.model_dump(), "name": "other"})
    pair = (RecipeComponent(document=TESTED), RecipeComponent(document=other))
    assert recipe(TESTED, components=pair).hash != recipe(TESTED, components=pair[::-1]).hash


def test_a_description_is_a_new_version_and_no_new_image() -> None:
    """AWS keeps the description with the version; what has passed its tests is still the same image."""
    parent = Parent(id="ami-0123456789abcdef0", owner="amazon", name="debian-1*", suite="bookworm")
    other = Document.model_validate({**TESTED.model_dump(), "name": "other"})
    before, after = recipe(other), recipe(other, description="Said better", parent=parent)
    assert before.hash == after.hash
    assert before.version != after.version
