"""Reading what Pulumi's engine tells: steps, findings, diagnostics, and how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.releases import engine_events
from scripts.releases.engine_events import CREATE, DELETE, REPLACE, SAME, UPDATE, Events
from scripts.releases.errors import RefusedError
from tests.scripts.told_events import DATABASE, GROUP, STACK, ToldEvents, urn

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}


def parsed(told: ToldEvents) -> Events:
    return engine_events.parse(told.documents)


def test_each_step_is_told_once_with_what_was_and_what_will_be() -> None:
    told = ToldEvents()
    told.step("create", GROUP, "new", None, {"maxSize": 2})
    told.step("update", GROUP, "web", {"maxSize": 4}, {"maxSize": 6}, id="web-1")
    told.step("delete", GROUP, "old", {"maxSize": 1}, {"maxSize": 1})
    told.step("same", GROUP, "api", {}, {})
    steps = parsed(told).steps
    assert {step.name: step.op for step in steps.values() if step.type == GROUP} == {
        "new": CREATE, "web": UPDATE, "old": DELETE, "api": SAME,
    }  # fmt: skip
    web = steps[urn(GROUP, "web")]
    assert web.old is not None
    assert web.new is not None
    assert (web.old.inputs, web.new.inputs, web.new.id) == ({"maxSize": 4}, {"maxSize": 6}, "web-1")
    assert steps[urn(GROUP, "old")].new is None


def test_a_replacement_counts_once_whatever_its_steps() -> None:
    told = ToldEvents()
    for op in ("create-replacement", "replace", "delete-replaced"):
        told.step(op, DATABASE, "main", {"engine": "postgres"}, {"engine": "mysql"}, keys=["engine"])
    (step,) = parsed(told).changed
    assert (step.op, step.keys) == (REPLACE, ("engine",))


def test_what_an_earlier_update_left_to_delete_does_not_hide_the_resource_that_stays() -> None:
    told = ToldEvents()
    told.step("update", GROUP, "web", {"maxSize": 4}, {"maxSize": 6})
    told.step("delete", GROUP, "web", {"maxSize": 4}, None)
    (step,) = parsed(told).changed
    assert step.op == UPDATE


def test_neither_providers_nor_the_stack_itself_are_changes() -> None:
    told = ToldEvents()
    told.step("update", "pulumi:providers:aws", "default", {"region": "a"}, {"region": "b"})
    told.step("update", STACK, "immutable-staging", {}, {})
    assert parsed(told).changed == ()


def test_the_outputs_are_those_of_the_last_event_of_the_stack() -> None:
    told = ToldEvents()
    told.step("same", STACK, "immutable-staging", {}, {}, outputs={"url": "https://entry"})
    assert parsed(told).outputs == {"url": "https://entry"}


def test_steps_are_in_the_same_order_whichever_was_done_first() -> None:
    logs = []
    for names in (("a", "b"), ("b", "a")):
        told = ToldEvents()
        for name in names:
            told.step("create", GROUP, name, None, {})
        logs.append([step.name for step in parsed(told).changed])
    assert logs[0] == logs[1] == ["a", "b"]


def test_a_secret_is_never_told() -> None:
    told = ToldEvents()
    told.step("create", GROUP, "web", None, {"userData": {"inner": [SECRET]}})
    (step,) = parsed(told).changed
    assert step.side.inputs == {"userData": {"inner": ["[secret]"]}}


def test_findings_and_diagnostics_lose_their_colours() -> None:
    told = ToldEvents()
    told.finds(
        "ec2-8", urn(GROUP, "web"), "<{%reset%}>IMDSv2 is off<{%reset%}>\n", enforcementLevel="mandatory"
    )
    told.says("error", "<{%fg 1%}>it broke<{%reset%}>\n")
    told.says("info#err", "said aside")
    found = parsed(told)
    (finding,) = found.findings
    assert (finding.policy, finding.name, finding.message, finding.mandatory) == (
        "ec2-8", "web", "IMDSv2 is off", True,
    )  # fmt: skip
    assert found.said("error") == ("it broke",)
    assert found.said("info") == ("said aside",)


def test_a_finding_that_is_told_twice_is_one() -> None:
    told = ToldEvents()
    for _ in range(2):
        told.finds("ec2-8", urn(GROUP, "web"), "off")
    assert len(parsed(told).findings) == 1


def test_a_diagnostic_without_words_is_none() -> None:
    told = ToldEvents()
    told.says("warning", "<{%reset%}>\n")
    assert parsed(told).said("warning") == ()


def test_that_the_preview_failed_is_no_error_of_its_own() -> None:
    told = ToldEvents()
    told.says("error", "preview failed")
    assert parsed(told).said("error") == ()


def test_how_it_ended_and_with_which_packs() -> None:
    ended = parsed(ToldEvents().ends("failed", PolicyPacks={"immutable": "v0.1.0"}))
    assert (ended.ended, ended.packs) == ("failed", ("immutable",))
    assert parsed(ToldEvents()).ended is None


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    log = ToldEvents().ends().write(tmp_path / "events.json")
    log.write_text(log.read_text() + '{"sequence": 9, "diagno')
    assert engine_events.read(log).ended == "succeeded"


@pytest.mark.parametrize("content", ["", "no JSON\n", '{"version": 3}\n', "[]\n"])
def test_a_file_without_events_is_refused(tmp_path: Path, content: str) -> None:
    log = tmp_path / "events.json"
    log.write_text(content)
    with pytest.raises(RefusedError, match="holds no event of Pulumi"):
        engine_events.read(log)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be read: No such file"):
        engine_events.read(tmp_path / "none.json")
