"""Dynamic providers: the program's own classes, on both engines."""

from __future__ import annotations

import traceback

import pytest

from tests.rehearsal.engine.engines import Embedded, Engine, resources

PROVIDER = """
from pathlib import Path
from pulumi.dynamic import (
    CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult,
)

NOTES = Path(__file__).with_name("notes.txt")

def note(*words):
    with NOTES.open("a") as file:
        file.write(" ".join(map(str, words)) + "\\n")

class Counter(ResourceProvider):
    def configure(self, request):
        self.step = int(request.config.get("step") or 1)

    def check(self, olds, news):
        if news.get("start") == -1:
            return CheckResult(news, [CheckFailure("start", "may not be negative")])
        return CheckResult(news, [])

    def diff(self, id_, olds, news):
        return DiffResult(
            changes=olds["start"] != news["start"] or olds["kind"] != news["kind"],
            replaces=["kind"] if olds["kind"] != news["kind"] else [],
        )

    def create(self, props):
        note("create", int(props["start"]))
        if props["start"] == 13:
            raise Exception("thirteen is\\nunlucky")
        return CreateResult(f"counter-{int(props['start'])}", {**props, "value": props["start"] + self.step})

    def update(self, id_, olds, news):
        note("update", id_, int(olds["value"]), int(news["start"]))
        return UpdateResult({**news, "value": news["start"] + self.step})

    def delete(self, id_, props):
        note("delete", id_, int(props["value"]))

    def read(self, id_, props):
        return ReadResult(id_, {**props, "value": 99})

class Count(Resource, module="counting", name="Count"):
    value: pulumi.Output[int]
    def __init__(self, name, start, kind="x", opts=None):
        super().__init__(Counter(), name, {"start": start, "kind": kind, "value": None}, opts)

"""


def _notes(engine: Engine) -> list[str]:
    file = engine.directory / "notes.txt"  # type: ignore[attr-defined]
    lines: list[str] = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def _program(engine: Engine, text: str) -> None:
    file = engine.directory / "__main__.py"  # type: ignore[attr-defined]
    engine.program("")
    file.write_text(file.read_text() + PROVIDER + text)


def test_a_dynamic_resource_lives_like_any_other(engine: Engine) -> None:
    engine.configure({"demo:step": "10"})
    _program(engine, 'a = Count("a", 1)\nThing("b", of=a.value)\npulumi.export("value", a.value)')
    assert engine.run("preview").changes == {"create": 3}
    assert _notes(engine) == []
    result = engine.run("up")
    assert result.ok, result.text
    assert result.outputs == {"value": 11}
    assert engine.run("up").changes == {"same": 3}
    assert _notes(engine) == ["create 1"]
    recorded = resources(engine)["a"]
    assert recorded["id"] == "counter-1"
    assert recorded["type"] == "pulumi-python:dynamic/counting:Count"
    assert "::pulumi:providers:pulumi-python::default::" in recorded["provider"]
    assert "ciphertext" in recorded["inputs"]["__provider"]
    assert "ciphertext" in recorded["outputs"]["__provider"]

    _program(engine, 'a = Count("a", 2)\nThing("b", of=a.value)\npulumi.export("value", a.value)')
    assert engine.run("up").changes == {"update": 2, "same": 1}
    assert _notes(engine) == ["update counter-1 11 2"]
    _program(engine, 'a = Count("a", 3, "y")\nThing("b", of=a.value)\npulumi.export("value", a.value)')
    assert engine.run("up").changes == {"replace": 1, "update": 1, "same": 1}
    assert _notes(engine) == ["create 3", "delete counter-1 12"]
    engine.run("refresh")
    assert resources(engine)["a"]["outputs"]["value"] == 99
    assert engine.run("destroy").ok
    assert _notes(engine) == ["delete counter-3 99"]


def test_a_dynamic_resource_waits_in_a_preview_for_what_it_needs(engine: Engine) -> None:
    _program(engine, 'a = Count("a", 1)\nb = Count("b", a.value)')
    assert engine.run("preview").changes == {"create": 3}
    assert engine.run("up").ok
    assert resources(engine)["b"]["inputs"]["start"] == 2


def test_a_failed_check_of_a_dynamic_resource_names_the_property(engine: Engine) -> None:
    _program(engine, 'Count("a", -1)')
    result = engine.run("preview")
    assert not result.ok
    assert "may not be negative" in result.text


def test_an_exception_of_a_dynamic_provider_is_one_line(embedded: Embedded) -> None:
    _program(embedded, 'Count("a", 13)')
    result = embedded.run("up")
    assert result.code == 1
    assert "Traceback" not in result.text
    line = next(line for line in result.text.splitlines() if line.startswith("error:"))
    assert line.startswith(
        "error: pulumi-python:dynamic/counting:Count 'a': Exception: thirteen is unlucky (at "
    )
    assert result.error is not None


def test_a_dynamic_provider_that_makes_its_errors_one_line_is_taken_at_its_word(embedded: Embedded) -> None:
    plain = "import traceback\ntraceback.format_exc = lambda *_: 'thirteen is unlucky'\n"
    _program(embedded, plain + 'Count("a", 13)')
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(traceback, "format_exc", traceback.format_exc)
        result = embedded.run("up")
    assert not result.ok
    assert "error: pulumi-python:dynamic/counting:Count 'a': thirteen is unlucky\n" in result.text


def test_a_dynamic_provider_of_a_module_sees_changes_of_its_class(embedded: Embedded) -> None:
    _program(embedded, 'Count("a", 1)')
    embedded.run("up")
    _program(embedded, 'Count("a", 1)\nCounter.extra = 5')
    assert embedded.run("up").changes == {"same": 2}
