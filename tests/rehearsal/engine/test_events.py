"""The event log says the same whichever engine wrote it."""

from __future__ import annotations

import io
import json
from typing import Any

from rehearsal.engine.events import EventLog
from rehearsal.engine.values import SECRET, SIGNATURE, UNKNOWN
from tests.rehearsal.engine.engines import Engine, Result, urn

HIDDEN = {SIGNATURE: SECRET, "ciphertext": "[secret]"}
STACK_URN = urn("demo-dev", "pulumi:pulumi:Stack")
FIRST = """
box = Box("box")
a = Thing("a", Options(parent=box), size=1, tags={"k": ["v"]}, key=pulumi.Output.secret("hush"))
Thing("b", fixed="x", needs=a.arn)
Thing("gone")
pulumi.export("arn", a.arn)
pulumi.export("word", pulumi.Output.secret("hush"))
"""
SECOND = """
box = Box("box")
a = Thing("a", Options(parent=box), size=2, tags={"k": ["v"]}, key=pulumi.Output.secret("hush"))
Thing("b", fixed="y", needs=a.arn)
pulumi.export("arn", a.arn)
"""


def steps(result: Result, kind: str = "resOutputsEvent") -> dict[tuple[str, str], dict[str, Any]]:
    """The steps of an operation, by name and operation, without providers; of two of one kind the last."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for event in result.events:
        step = event.get(kind, {}).get("metadata")
        if step and not step["type"].startswith("pulumi:providers:"):
            found[step["urn"].rpartition("::")[2], step["op"]] = step
    return found


def summary(result: Result) -> dict[str, Any]:
    """The operation's summary."""
    (found,) = [event["summaryEvent"] for event in result.events if "summaryEvent" in event]
    assert isinstance(found, dict)
    return found


def test_every_line_is_numbered_and_the_ends_are_marked(engine: Engine) -> None:
    engine.program(FIRST)
    result = engine.run("preview")
    assert "preludeEvent" in result.events[0]
    assert "summaryEvent" in result.events[-2]
    assert "cancelEvent" in result.events[-1]
    numbers = [event["sequence"] for event in result.events]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert all(event["timestamp"] > 1_000_000_000 for event in result.events)


def test_a_preview_tells_what_it_plans(engine: Engine) -> None:
    engine.program(FIRST)
    result = engine.run("preview")
    planned = [event["resOutputsEvent"] for event in result.events if "resOutputsEvent" in event]
    assert all(event["planning"] for event in planned)
    found = steps(result)
    assert {op for _, op in found} == {"create"}
    assert set(found) == set(steps(result, "resourcePreEvent"))
    a, b = found["a", "create"], found["b", "create"]
    assert a["old"] is None
    assert a["logical"] is True
    assert a["new"]["inputs"] == {"size": 1, "tags": {"k": ["v"]}, "key": HIDDEN}
    assert a["new"]["parent"] == urn("box", "demo:index:Box")
    assert b["new"]["inputs"] == {"fixed": "x", "needs": UNKNOWN}
    end = summary(result)
    assert (end["isPreview"], end["result"]) == (True, "succeeded")
    assert end["resourceChanges"] == {"create": 5}
    assert end["PolicyPacks"] == {}


def test_an_update_tells_what_was_before_and_what_is_now(engine: Engine) -> None:
    engine.program(FIRST)
    made = engine.run("up")
    assert not any("planning" in event.get("resOutputsEvent", {}) for event in made.events)
    a = steps(made)["a", "create"]["new"]
    assert a["outputs"]["arn"] == f"arn:{a['id']}"
    assert steps(made)["demo-dev", "create"]["new"]["outputs"] == {"arn": f"arn:{a['id']}", "word": HIDDEN}
    engine.program(SECOND)
    result = engine.run("up")
    found = steps(result)
    changed = {
        ("a", "update"),
        ("b", "create-replacement"),
        ("b", "replace"),
        ("b", "delete-replaced"),
        ("gone", "delete"),
    }
    assert changed < set(found) <= {*changed, ("box", "same"), ("demo-dev", "same")}
    assert ("box", "same") in steps(result, "resourcePreEvent")  # the real engine says no more of a component
    update, replacement, gone = found["a", "update"], found["b", "replace"], found["gone", "delete"]
    assert (update["old"]["inputs"]["size"], update["new"]["inputs"]["size"]) == (1, 2)
    assert (update["old"]["id"], update["new"]["id"]) == (a["id"], a["id"])
    assert update["diffs"] == ["size"]
    assert "keys" not in update
    assert (replacement["keys"], replacement["diffs"]) == (["fixed"], ["fixed"])
    assert replacement["old"]["id"] != replacement["new"]["id"]
    assert gone["old"]["id"].startswith("gone-")
    assert gone["new"] is None
    assert "logical" not in found["b", "delete-replaced"]
    assert "logical" not in found["b", "create-replacement"]
    assert found["demo-dev", "same"]["new"]["outputs"] == {"arn": f"arn:{a['id']}"}
    assert summary(result)["resourceChanges"] == {
        "update": 1,
        "replace": 1,
        "delete": 1,
        "same": 2,
    }


def test_a_failed_step_is_told_with_its_reason(engine: Engine) -> None:
    engine.program('Thing("a")')
    engine.cloud.fail["create", "a"] = "no room"
    result = engine.run("up")
    assert steps(result, "resOpFailedEvent")["a", "create"]["urn"] == urn("a")
    said = [event["diagnosticEvent"] for event in result.events if "diagnosticEvent" in event]
    error = next(each for each in said if "no room" in each["message"])
    assert (error["severity"], error["urn"]) == ("error", urn("a"))
    assert summary(result)["result"] == "failed"
    assert "cancelEvent" in result.events[-1]


def test_a_destroy_tells_what_goes(engine: Engine) -> None:
    engine.program(FIRST)
    engine.run("up")
    result = engine.run("destroy")
    found = steps(result)
    assert {op for _, op in found} == {"delete"}
    assert found["a", "delete"]["old"]["inputs"]["key"] == HIDDEN
    assert found["a", "delete"]["new"] is None
    assert summary(result)["resourceChanges"] == {"delete": 5}


def test_the_configuration_is_told_as_the_program_reads_it(engine: Engine) -> None:
    engine.configure({"demo:size": 3, "demo:net": {"cidr": "10.0.0.0/16"}})
    engine.program("")
    told = engine.run("preview").events[0]["preludeEvent"]["config"]
    assert told == {"demo:size": "3", "demo:net": '{"cidr":"10.0.0.0/16"}'}


def test_a_message_of_the_program_is_told(engine: Engine) -> None:
    engine.program('a = Thing("a"); pulumi.log.warn("careful", a)')
    said = [e["diagnosticEvent"] for e in engine.run("preview").events if "diagnosticEvent" in e]
    warning = next(each for each in said if each["severity"] == "warning")
    assert warning["message"].rstrip() == "careful"
    assert warning["urn"] == urn("a")


def test_protection_is_told(engine: Engine) -> None:
    engine.program('Thing("a", Options(protect=True, retain_on_delete=True)); Thing("b")')
    found = steps(engine.run("preview"))
    a, b = found["a", "create"]["new"], found["b", "create"]["new"]
    assert (a["custom"], a["protect"], a["retainOnDelete"]) == (True, True, True)
    assert "protect" not in b
    assert "retainOnDelete" not in b


def test_a_secret_of_the_configuration_is_not_told() -> None:
    out = io.StringIO()
    EventLog(out, preview=True).prelude({"demo:key": "hush", "demo:size": "3"}, frozenset({"demo:key"}))
    assert json.loads(out.getvalue())["preludeEvent"]["config"] == {"demo:key": "[secret]", "demo:size": "3"}


def test_the_text_of_an_asset_is_not_told(engine: Engine) -> None:
    engine.program('Thing("a", file=pulumi.StringAsset("a long text"))')
    told = steps(engine.run("preview"))["a", "create"]["new"]["inputs"]["file"]
    assert told["text"] == "<contents elided>"
