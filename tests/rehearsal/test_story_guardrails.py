"""The step with a change that must not be, and what steps say of the policies that looked on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import guardrail_steps, image_steps, steps
from rehearsal.stage import Stage, StepFailedError
from rehearsal.told import Finding
from tests.rehearsal.staged import engine, make_stage, record

GROUP = "aws:ec2/securityGroup:SecurityGroup"
OPEN = Finding("immutable-login-port", "mandatory", "high", GROUP, "by-hand", "port 22 is open")
ADVICE = Finding("ec2-9", "advisory", "medium", GROUP, "web", "no description")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = make_stage(tmp_path, monkeypatch)
    (stage.workspace.project / "__main__.py").write_text("before\n")
    engine(stage).error, engine(stage).findings = OPEN.line, (OPEN,)
    return stage


def program(stage: Stage) -> str:
    return (stage.workspace.project / "__main__.py").read_text()


def test_the_program_opens_the_port_during_the_up_alone(stage: Stage) -> None:
    seen: list[str] = []
    engine(stage).during = lambda: seen.append(program(stage))
    step = record()
    guardrail_steps.guardrails(stage, step)
    assert seen == ["before\n" + guardrail_steps.OPEN_PORT]
    assert program(stage) == "before\n"
    assert engine(stage).ran == ["up staging"]
    assert any("fails, as it should: policy immutable-login-port (mandatory)" in note for note in step.notes)
    compile(guardrail_steps.OPEN_PORT, "program", "exec")


def test_an_up_that_passes_in_spite_of_the_open_port_fails_the_step(stage: Stage) -> None:
    engine(stage).error = None
    with pytest.raises(StepFailedError, match="up staging should fail"):
        guardrail_steps.guardrails(stage, record())
    assert program(stage) == "before\n"


@pytest.mark.parametrize("findings", [(), (ADVICE,)])
def test_an_up_that_fails_for_another_reason_fails_the_step(
    stage: Stage, findings: tuple[Finding, ...]
) -> None:
    engine(stage).findings = findings
    with pytest.raises(StepFailedError, match="the policy immutable-login-port should forbid port 22"):
        guardrail_steps.guardrails(stage, record())


def test_a_port_that_was_opened_all_the_same_fails_the_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = iter([frozenset[str](), frozenset({"sg-1"})])
    monkeypatch.setattr(image_steps, "held", lambda _: next(held))
    with pytest.raises(StepFailedError, match="changed the cloud"):
        guardrail_steps.guardrails(stage, record())


def test_each_stack_is_said_once_to_be_in_order(stage: Stage) -> None:
    engine(stage).error, engine(stage).findings, engine(stage).packs = None, (), ("immutable 1.0.0",)
    said = "staging: policies (immutable 1.0.0) have nothing against it"
    first, second = record(), record()
    steps.staging_up(stage, first)
    steps.staging_again(stage, second)
    assert said in first.notes
    assert said not in second.notes


def test_what_policies_warn_of_is_noted_once_and_written_down(stage: Stage) -> None:
    engine(stage).error, engine(stage).findings, engine(stage).packs = None, (ADVICE,), ("immutable 1.0.0",)
    first, second = record(), record()
    steps.staging_up(stage, first)
    steps.staging_again(stage, second)
    assert ADVICE.line in first.notes
    assert ADVICE.line not in second.notes
    (written,) = second.document()["findings"]
    assert written == {
        "environment": "staging",
        "policy": "ec2-9",
        "level": "advisory",
        "severity": "medium",
        "type": GROUP,
        "name": "web",
        "message": "no description",
    }
