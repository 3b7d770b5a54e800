from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engines import EmbeddedEngine, PulumiEngine, choose
from rehearsal.errors import RehearsalError, UsageError
from rehearsal.on_path import STAND_IN
from rehearsal.told import Changed, found_by, one_line, packs_of, read_events, told_by
from rehearsal.workspace import Workspace

NOTHING = {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 0}


def event(op: str, name: str, kind: str = "aws:ec2/vpc:Vpc") -> dict[str, Any]:
    urn = f"urn:pulumi:staging::immutable::{kind}::{name}"
    return {"resOutputsEvent": {"metadata": {"op": op, "urn": urn, "type": kind}}}


def test_each_resource_counts_once_by_what_was_done_to_it() -> None:
    ops = ("create", "update", "same", "delete", "create-replacement", "replace", "delete-replaced", "read")
    changes, resources, errors = told_by([event(op, op) for op in ops])
    assert changes == {"create": 1, "update": 1, "replace": 1, "delete": 1, "same": 1}
    assert [each.op for each in resources] == ["create", "update", "delete", "replace"]
    assert errors == []


def test_a_changed_resource_is_told_by_type_and_name() -> None:
    _, resources, _ = told_by([event("update", "web-template", "aws:ec2/launchTemplate:LaunchTemplate")])
    assert resources == (Changed("aws:ec2/launchTemplate:LaunchTemplate", "web-template", "update"),)


def test_a_component_that_is_told_twice_counts_once() -> None:
    assert told_by([event("create", "web"), event("create", "web")])[0] == {**NOTHING, "create": 1}


def test_a_provider_is_no_resource() -> None:
    changed = event("update", "default", "pulumi:providers:pulumi-python")
    assert told_by([changed]) == (NOTHING, (), [])


def test_a_step_that_began_but_was_not_done_is_not_counted() -> None:
    begun = {"resourcePreEvent": event("create", "vpc")["resOutputsEvent"]}
    assert told_by([begun]) == (NOTHING, (), [])


def test_an_error_of_the_engine_becomes_one_line_without_colours() -> None:
    told = {"diagnosticEvent": {"severity": "error", "message": "<{%fg 1%}>no such\n  image<{%reset%}>\n"}}
    hint = {"diagnosticEvent": {"severity": "warning", "message": "mind"}}
    assert told_by([hint, told])[2] == ["no such image"]
    assert one_line("") == ""


def test_an_event_log_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    log = tmp_path / "events.json"
    log.write_text(json.dumps(event("same", "vpc")) + '\n{"resOutputs')
    assert read_events(log) == [event("same", "vpc")]
    assert read_events(tmp_path / "none.json") == []


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "Pulumi.yaml").write_text("name: immutable\n")
    return Workspace.create(tmp_path / "scratch", tmp_path / "source")


def command(folder: Path, name: str, script: str = "exit 0") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def variables(workspace: Workspace, folder: Path) -> dict[str, str]:
    return {**workspace.variables("http://127.0.0.1:1"), "PATH": f"{folder}:/usr/bin:/bin"}


def test_auto_takes_the_pulumi_command_where_there_is_one(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    assert choose("auto", workspace, variables(workspace, folder)).name == "embedded"
    command(folder, "pulumi")
    command(folder, "pulumi-language-python")
    assert choose("auto", workspace, variables(workspace, folder)).name == "pulumi"
    assert choose("embedded", workspace, variables(workspace, folder)).name == "embedded"


def test_the_stand_in_for_pulumi_on_the_path_is_not_taken_for_pulumi(
    workspace: Workspace, tmp_path: Path
) -> None:
    found = variables(workspace, tmp_path / "tools")
    found["PATH"] = f"{STAND_IN}:{found['PATH']}"
    assert choose("auto", workspace, found).name == "embedded"
    with pytest.raises(UsageError, match="no pulumi command on the PATH"):
        choose("pulumi", workspace, found)
    command(tmp_path / "tools", "pulumi")
    command(tmp_path / "tools", "pulumi-language-python")
    engine = choose("auto", workspace, found)
    assert shutil.which("pulumi", path=engine.variables["PATH"]) == str(tmp_path / "tools" / "pulumi")


def test_the_commands_of_the_embedded_engine_find_its_stand_in(workspace: Workspace, tmp_path: Path) -> None:
    command(tmp_path / "tools", "pulumi")
    engine = choose("embedded", workspace, variables(workspace, tmp_path / "tools"))
    assert shutil.which("pulumi", path=engine.variables["PATH"]) == str(STAND_IN / "pulumi")
    assert engine.variables["PULUMI_DEBUG_COMMANDS"] == "true"


def test_pulumi_is_refused_where_there_is_no_such_command(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no pulumi command on the PATH"):
        choose("pulumi", workspace, variables(workspace, tmp_path))


def test_a_pulumi_command_that_runs_no_python_is_told_at_once(workspace: Workspace, tmp_path: Path) -> None:
    command(tmp_path / "tools", "pulumi")
    with pytest.raises(RehearsalError, match="pulumi-language-python"):
        choose("auto", workspace, variables(workspace, tmp_path / "tools"))


FAKE = """
echo "$@" >> "$PULUMI_HOME/calls"
[ "$PULUMI_DEBUG_COMMANDS" = true ] || exit 9
case "$1 $2" in
    "stack select") exit "${SELECT:-0}" ;;
    "stack output") echo '{"url": "https://x"}'; exit 0 ;;
esac
while [ "$1" != --event-log ]; do shift; done
cp "$PULUMI_HOME/events" "$2"
echo "the last line"
exit "${EXIT:-0}"
"""


@pytest.fixture
def pulumi(workspace: Workspace, tmp_path: Path) -> PulumiEngine:
    """The pulumi command's side of the interface, with a command that plays back an event log."""
    command(tmp_path / "tools", "pulumi", FAKE)
    events = [event("create", "vpc"), event("same", "stack")]
    (workspace.root / "home" / "events").write_text("\n".join(map(json.dumps, events)))
    return PulumiEngine(workspace, variables(workspace, tmp_path / "tools"))


def calls(workspace: Workspace) -> list[str]:
    return (workspace.root / "home" / "calls").read_text().splitlines()


def test_an_up_of_the_pulumi_command_asks_nothing_and_tells_what_it_did(
    pulumi: PulumiEngine, workspace: Workspace
) -> None:
    outcome = pulumi.run("up", "staging")
    assert outcome.ok
    assert outcome.error is None
    assert outcome.changes == {**NOTHING, "create": 1, "same": 1}
    assert outcome.resources == (Changed("aws:ec2/vpc:Vpc", "vpc", "create"),)
    assert outcome.outputs == {"url": "https://x"}
    selected, up, _ = calls(workspace)
    assert selected == "stack select --create staging --secrets-provider passphrase"
    assert up.startswith("up --stack staging --non-interactive")
    assert up.endswith("--yes --skip-preview")


def test_a_preview_of_the_pulumi_command_confirms_nothing(pulumi: PulumiEngine, workspace: Workspace) -> None:
    assert not pulumi.run("preview", "staging").changed_nothing
    assert "--yes" not in calls(workspace)[1]


@pytest.mark.parametrize("variable", ["SELECT", "EXIT"])
def test_a_failure_of_the_pulumi_command_is_an_outcome_with_a_reason(
    variable: str, workspace: Workspace, tmp_path: Path, pulumi: PulumiEngine
) -> None:
    failing = PulumiEngine(workspace, {**variables(workspace, tmp_path / "tools"), variable: "1"})
    outcome = failing.run("up", "staging")
    assert not outcome.ok
    assert outcome.error == ("the engine ended with exit code 1" if variable == "SELECT" else "the last line")


@pytest.mark.parametrize(
    ("message", "error", "code"),
    [
        ("Pulumi.staging.yaml: immutable:zones: 1 is too low", "Pulumi.staging.yaml: immutable:zones", 2),
        ("validating stack config: key 'x' must be", "Pulumi.staging.yaml: key 'x' must be", 2),
        ("the rollout of web failed", "the rollout of web failed", 1),
    ],
)
def test_the_pulumi_command_that_finds_bad_configuration_refuses(
    message: str, error: str, code: int, workspace: Workspace, tmp_path: Path, pulumi: PulumiEngine
) -> None:
    told = {"diagnosticEvent": {"severity": "error", "message": message}}
    (workspace.root / "home" / "events").write_text(json.dumps(told))
    failing = PulumiEngine(workspace, {**variables(workspace, tmp_path / "tools"), "EXIT": "1"})
    outcome = failing.run("up", "staging")
    assert (outcome.error or "").startswith(error)
    with pytest.raises(RehearsalError) as refusal:
        outcome.must()
    assert refusal.value.exit_code == code


def test_the_provider_of_this_repository_is_the_one_that_pulumi_finds(
    pulumi: PulumiEngine, workspace: Workspace
) -> None:
    plugin = workspace.root / "bin" / "pulumi-resource-aws"
    assert os.access(plugin, os.X_OK)


def test_an_embedded_engine_that_refuses_is_an_outcome_with_its_one_line(workspace: Workspace) -> None:
    remote = {
        **workspace.variables("https://ec2.amazonaws.com"),
        "AWS_ENDPOINT_URL": "https://ec2.amazonaws.com",
    }
    outcome = EmbeddedEngine(workspace, remote).run("preview", "staging")
    assert not outcome.ok
    assert outcome.error is not None
    assert "which is not on this machine" in outcome.error
    assert outcome.changes == NOTHING


def policy_event(level: str) -> dict[str, Any]:
    urn = "urn:pulumi:staging::immutable::a:b:C$aws:ec2/vpc:Vpc::net"
    said = {
        "resourceUrn": urn,
        "message": "<{%note%}>Narrow.\nopen is true<{%reset%}>\n",
        "policyName": "ec2-9",
    }
    return {"policyEvent": {**said, "enforcementLevel": level, "severity": "high"}}


def test_findings_are_told_once_each_by_type_and_name() -> None:
    told = [policy_event("advisory")["policyEvent"], policy_event("advisory")["policyEvent"]]
    (finding,) = found_by(told)
    assert finding.line == "policy ec2-9 (advisory): aws:ec2/vpc:Vpc net: Narrow. open is true"
    assert finding.severity == "high"


def test_the_packs_that_looked_on_are_told_with_their_versions() -> None:
    summary = {"summaryEvent": {"PolicyPacks": {"immutable|local|policies": "1.0.0"}}}
    assert packs_of([event("same", "vpc"), summary]) == ["immutable 1.0.0"]
    assert packs_of([event("same", "vpc")]) == []


def test_the_pulumi_command_is_given_the_projects_policies_where_it_takes_them(
    pulumi: PulumiEngine, workspace: Workspace
) -> None:
    pulumi.run("up", "staging")
    assert not any("--policy-pack" in call for call in calls(workspace))
    pack = workspace.project / "policies"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("name: immutable\n")
    for operation in ("preview", "up", "destroy", "refresh"):
        pulumi.run(operation, "staging")
    given = [call.split()[0] for call in calls(workspace) if f"--policy-pack {pack}" in call]
    assert given == ["preview", "up"]


def test_what_a_policy_forbids_is_the_reason(workspace: Workspace, tmp_path: Path) -> None:
    command(tmp_path / "tools", "pulumi", FAKE)
    failed = {"diagnosticEvent": {"severity": "error", "message": "preview failed"}}
    events = [policy_event("advisory"), policy_event("mandatory"), failed]
    (workspace.root / "home" / "events").write_text("\n".join(map(json.dumps, events)))
    failing = PulumiEngine(workspace, {**variables(workspace, tmp_path / "tools"), "EXIT": "1"})
    outcome = failing.run("preview", "staging")
    assert outcome.reason == "policy ec2-9 (mandatory): aws:ec2/vpc:Vpc net: Narrow. open is true"
    assert [finding.level for finding in outcome.findings] == ["advisory", "mandatory"]
