"""When things go wrong: the state stays valid, says what is there, and the next run goes on from it."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from rehearsal.engine.display import Display
from tests.rehearsal.engine.engines import Embedded, Engine, resources, urn

CHAIN = 'a = Thing("a"); b = Thing("b", of=a.arn); Thing("c", of=b.arn)'


def test_a_failed_creation_leaves_what_was_done_and_the_next_up_goes_on(engine: Engine) -> None:
    engine.program(CHAIN)
    engine.cloud.fail["create", "b"] = "the quota of things is used up"
    result = engine.run("up")
    assert not result.ok
    assert "the quota of things is used up" in result.text
    assert "Traceback" not in result.text or not isinstance(engine, Embedded)
    assert sorted(resources(engine)) == ["a", "demo-dev"]
    assert engine.exported()["deployment"].get("pending_operations", []) == []
    engine.cloud.fail.clear()
    assert engine.run("up").changes == {"create": 2, "same": 2}
    assert engine.run("preview").changes == {"same": 4}


def test_what_failed_is_not_counted_as_done(engine: Engine) -> None:
    engine.program('Thing("a", size=1)')
    engine.cloud.fail["create", "a"] = "busy"
    assert engine.run("up").changes == {"create": 1}


def test_a_failure_amid_a_renaming_leaves_the_references_right(engine: Engine) -> None:
    engine.program('box = Box("old"); a = Thing("a", Options(parent=box)); Thing("b", of=a.arn, size=1)')
    engine.run("up")
    engine.cloud.fail["update", "b"] = "busy"
    engine.program(
        """
        box = Box("new", Options(aliases=[pulumi.Alias(name="old")]))
        a = Thing("c", Options(parent=box, aliases=[pulumi.Alias(name="a")]))
        Thing("b", of=a.arn, size=2)
        """
    )
    assert not engine.run("up").ok
    recorded = resources(engine)
    assert recorded["c"]["parent"] == recorded["new"]["urn"]
    assert recorded["b"]["dependencies"] == [recorded["c"]["urn"]]
    engine.cloud.fail.clear()
    assert engine.run("up").changes == {"update": 1, "same": 3}


def test_a_failed_update_keeps_the_old_inputs(engine: Engine) -> None:
    engine.program('Thing("a", size=1)')
    engine.run("up")
    engine.cloud.fail["update", "a"] = "busy"
    engine.program('Thing("a", size=2)')
    assert not engine.run("up").ok
    assert resources(engine)["a"]["inputs"] == {"size": 1}
    engine.cloud.fail.clear()
    assert engine.run("up").changes == {"update": 1, "same": 1}


def test_what_is_created_half_way_is_recorded_and_updated_by_the_next_up(engine: Engine) -> None:
    engine.program('Thing("a", size=1)')
    engine.cloud.partial["create", "a"] = "not healthy"
    result = engine.run("up")
    assert not result.ok
    assert "not healthy" in result.text
    assert resources(engine)["a"]["id"] == "a-1"
    assert resources(engine)["a"]["initErrors"] == ["not healthy"]
    engine.cloud.partial.clear()
    assert engine.run("up").changes == {"update": 1, "same": 1}
    assert "initErrors" not in resources(engine)["a"]
    assert list(engine.cloud.things) == ["a-1"]


def test_an_update_that_fails_half_way_is_tried_again(engine: Engine) -> None:
    engine.program('Thing("a", size=1)')
    engine.run("up")
    engine.program('Thing("a", size=2)')
    engine.cloud.partial["update", "a"] = "not healthy"
    assert not engine.run("up").ok
    assert resources(engine)["a"]["inputs"] == {"size": 1}
    assert resources(engine)["a"]["outputs"]["size"] == 2
    engine.cloud.partial.clear()
    assert engine.run("up").changes == {"update": 1, "same": 1}
    assert resources(engine)["a"]["inputs"] == {"size": 2}


def test_a_replacement_whose_old_one_stays_is_finished_by_the_next_up(engine: Engine) -> None:
    engine.program('Thing("a", fixed="x")')
    engine.run("up")
    engine.program('Thing("a", fixed="y")')
    engine.cloud.fail["delete", "a"] = "still in use"
    assert not engine.run("up").ok
    assert sorted(engine.cloud.things) == ["a-1", "a-2"]
    assert [item["id"] for item in _things(engine) if item.get("delete")] == ["a-1"]
    engine.cloud.fail.clear()
    assert engine.run("up").ok
    assert sorted(engine.cloud.things) == ["a-2"]
    assert [item["id"] for item in _things(engine)] == ["a-2"]


def test_a_replacement_that_lost_its_old_one_is_created_by_the_next_up(engine: Engine) -> None:
    engine.program('Thing("a", first="x")')
    engine.run("up")
    engine.program('Thing("a", first="y")')
    engine.cloud.fail["create", "a"] = "no room"
    assert not engine.run("up").ok
    assert [item.get("pendingReplacement") for item in _things(engine)] == [True]
    engine.cloud.fail.clear()
    engine.cloud.forget()
    assert engine.run("up").ok
    assert engine.cloud.did("delete") == []
    assert list(engine.cloud.things) == ["a-2"]


def test_a_deletion_that_fails_keeps_what_it_hangs_on(engine: Engine) -> None:
    engine.program(CHAIN)
    engine.run("up")
    engine.cloud.fail["delete", "b"] = "still in use"
    assert not engine.run("destroy").ok
    assert sorted(resources(engine)) == ["a", "b", "demo-dev"]
    assert engine.exported()["deployment"].get("pending_operations", []) == []
    engine.cloud.fail.clear()
    assert engine.run("destroy").ok
    assert engine.cloud.things == {}


def test_going_on_after_an_error_makes_all_that_does_not_hang_on_it(engine: Engine) -> None:
    engine.program('a = Thing("a"); Thing("b", of=a.arn); Thing("c")')
    engine.cloud.fail["create", "a"] = "no"
    assert not engine.run("up", continue_on_error=True).ok
    assert "c" in resources(engine)
    assert "a" not in resources(engine)


def test_an_exception_in_the_program_is_shown_from_the_programs_first_line(engine: Engine) -> None:
    engine.program('Thing("a")\ndef broken():\n    raise KeyError("shoe")\nbroken()')
    result = engine.run("up")
    assert not result.ok
    assert "broken()" in result.text
    assert "KeyError: 'shoe'" in result.text


def test_a_run_error_is_one_line_and_exit_code_two(embedded: Embedded) -> None:
    embedded.program('raise pulumi.RunError("demo:zones must be at least 2")')
    result = embedded.run("up")
    assert result.code == 2
    assert "error: demo:zones must be at least 2" in result.text.splitlines()
    assert "Traceback" not in result.text


def test_an_error_that_the_program_logs_is_shown_and_fails_nothing(engine: Engine) -> None:
    engine.program('pulumi.log.error("this will not do")')
    result = engine.run("up")
    assert result.ok
    assert "error: this will not do" in result.text


@pytest.mark.parametrize(
    ("program", "operation", "code"),
    [
        ('Thing("a", invalid="no")', "up", 2),
        ('Thing("a", invalid="no"); Thing("b", invalid="no")', "preview", 2),
        ('Thing("new"); Thing("a", invalid="no")', "preview", 2),
        ('b = Thing("new"); Thing("a", of=b.arn, invalid="no")', "up", 1),
        ('Thing("a", size=2)', "up", 1),
    ],
)
def test_an_input_that_its_provider_refuses_is_exit_code_two_while_nothing_changed(
    embedded: Embedded, program: str, operation: str, code: int
) -> None:
    embedded.program('Thing("a")')
    embedded.run("up")
    embedded.cloud.fail["update", "a"] = "not now"
    embedded.program(program)
    embedded.configure({"fake:setting": "new"})  # which its default provider takes over
    assert embedded.run(operation).code == code


def test_a_provider_that_does_not_exist_is_named(embedded: Embedded) -> None:
    embedded.program('pulumi.CustomResource("gcp:index:Thing", "a", {})')
    result = embedded.run("preview")
    assert result.code == 1
    assert "there is no provider for package 'gcp' here (there are: fake)" in result.text


def test_a_bug_in_a_provider_is_one_line(embedded: Embedded) -> None:
    embedded.program('Thing("a", autoname=[])\nThing("b", echo=1)')
    embedded.cloud.things = None  # type: ignore[assignment]
    result = embedded.run("up")
    assert result.code == 1
    assert "TypeError: 'NoneType' object does not support item assignment (at fake.py:" in result.text
    assert "Traceback" not in result.text


def test_independent_things_are_made_and_deleted_at_the_same_time(embedded: Embedded) -> None:
    embedded.program('for i in range(8): Thing(f"t{i}")')
    embedded.cloud.together = 8
    embedded.run("up")
    assert embedded.cloud.peak == 8
    embedded.cloud.forget()
    embedded.run("destroy")
    assert embedded.cloud.peak == 8


def test_no_more_operations_run_at_once_than_asked_for(embedded: Embedded) -> None:
    embedded.program('for i in range(8): Thing(f"t{i}")')
    embedded.cloud.together, embedded.cloud.wait_seconds = 2, 0.01
    embedded.run("up", parallel=2)
    assert embedded.cloud.peak == 2
    embedded.cloud.forget()
    embedded.cloud.together = 1
    embedded.run("destroy", parallel=1)
    assert embedded.cloud.peak == 1


def test_an_interruption_finishes_what_runs_and_starts_nothing_new(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.program(CHAIN)
    told = threading.Event()
    line = Display.line

    def line_and_tell(display: Display, text: str = "") -> None:
        line(display, text)
        if text.startswith("interrupted"):
            told.set()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        told.wait(30)

    monkeypatch.setattr(Display, "line", line_and_tell)
    embedded.cloud.during["create", "a"] = interrupt
    before = signal.getsignal(signal.SIGINT)
    result = embedded.run("up")
    assert result.code == 130
    assert "interrupted: what runs is being finished" in result.text
    assert "Traceback" not in result.text
    assert sorted(resources(embedded)) == ["a", "demo-dev"]
    assert signal.getsignal(signal.SIGINT) is before
    embedded.cloud.during.clear()
    assert embedded.run("up").changes == {"create": 2, "same": 2}


def test_what_was_being_done_when_the_engine_was_killed_is_mentioned(embedded: Embedded) -> None:
    embedded.program('Thing("a")')
    embedded.run("up")
    deployment = embedded.exported()
    resource = next(item for item in deployment["deployment"]["resources"] if item["urn"] == urn("a"))
    operation = {"resource": {**resource, "urn": urn("b")}, "type": "creating"}
    deployment["deployment"]["pending_operations"] = [operation]
    embedded.imported(deployment)
    said = embedded.run("preview").text
    assert f"an earlier run was cut off while creating {resource['type']} 'b': it may exist" in said
    assert "then run `refresh --clear-pending-creates`" in said
    embedded.run("refresh")
    assert "an earlier run was cut off" in embedded.run("preview").text


def _things(engine: Engine) -> list[dict[str, object]]:
    found = engine.exported()["deployment"]["resources"]
    return [item for item in found if item["type"] == "fake:index:Thing"]


@pytest.mark.parametrize(("operation", "size"), [("up", 1), ("up", 2), ("refresh", 1)])
def test_the_next_run_forgets_what_was_being_changed_but_not_what_was_being_created(
    engine: Engine, operation: str, size: int
) -> None:
    engine.program('Thing("a", size=1); Thing("b")')
    engine.run("up")
    recorded = resources(engine)
    made = {key: value for key, value in recorded["a"].items() if key not in ("id", "outputs")}
    pending = (
        ("updating", recorded["a"]),
        ("deleting", recorded["b"]),
        ("creating", {**made, "urn": urn("c")}),
    )
    # As a killed engine leaves it: an import would let go of them.
    engine.state_of_a_killed_engine([{"resource": resource, "type": kind} for kind, resource in pending])
    engine.program(f'Thing("a", size={size}); Thing("b")')
    assert engine.run(operation).ok
    left = engine.exported()["deployment"].get("pending_operations", [])
    assert [(one["type"], one["resource"]["urn"]) for one in left] == [("creating", urn("c"))]
    assert engine.run("refresh", clear_pending_creates=True).ok
    assert not engine.exported()["deployment"].get("pending_operations")
