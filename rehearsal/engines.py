"""One interface over the two engines that can run the program: the embedded one and the `pulumi` command.

Both run as a process of their own with the same variables, on the same program, state and provider. What
differs is how each is asked and how it tells what it did.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from rehearsal.errors import RehearsalError, UsageError
from rehearsal.on_path import commands_of, without_stand_in
from rehearsal.processes import Finished, run
from rehearsal.told import COUNTED as COUNTED
from rehearsal.told import Changed as Changed
from rehearsal.told import Finding, found_by, packs_of, read_events, told_by
from rehearsal.workspace import REPOSITORY, Workspace

Operation = Literal["preview", "up", "destroy", "refresh"]
EngineChoice = Literal["auto", "pulumi", "embedded"]
OPERATIONS: tuple[Operation, ...] = ("preview", "up", "destroy", "refresh")
_TOLD_OF_A_FINDING = ("policy", "level", "severity", "message")
_WRONG_TYPE = "validating stack config: "


@dataclass(frozen=True)
class Outcome:
    """What an operation on one environment did. `packs` are the policy packs that looked on, `name version`
    each, and `findings` what they have against its resources.
    """

    ok: bool
    operation: str
    environment: str
    changes: dict[str, int]
    resources: tuple[Changed, ...]
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    outputs: dict[str, Any] = field(default_factory=dict)
    recorded: tuple[str, ...] = ()
    error: str | None = None
    lines: tuple[str, ...] = ()
    exit_code: int = 0
    findings: tuple[Finding, ...] = ()
    packs: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why it failed, as one line: of several, as a traceback has them, the first and the last say it."""
        lines = [line.strip() for line in (self.error or "").splitlines() if line.strip()]
        return " ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))

    def must(self) -> Outcome:
        """The outcome itself. Raises UsageError when the engine refused, RehearsalError when it failed."""
        if self.ok:
            return self
        kind = UsageError if self.exit_code == UsageError.exit_code else RehearsalError
        raise kind(f"{self.operation} {self.environment}: {self.reason}")

    @property
    def changed_nothing(self) -> bool:
        """True when every resource was found as it should be."""
        return not any(count for op, count in self.changes.items() if op != "same")


class Engine(Protocol):
    """Runs the program of one workspace against one cloud. `variables` are those of a process whose `pulumi`
    is this engine.
    """

    name: str
    variables: dict[str, str]

    def run(
        self, operation: Operation, environment: str, on_line: Callable[[str], None] | None = None
    ) -> Outcome:
        """Run `operation` to its end. An operation that fails is an outcome, not an exception."""


class EmbeddedEngine:
    """The engine of this repository, for a machine without the `pulumi` command."""

    name = "embedded"

    def __init__(self, workspace: Workspace, variables: Mapping[str, str], *, guarded: bool = True) -> None:
        """`guarded`: the project's policy pack looks on."""
        self._workspace = workspace
        self._guarded = guarded
        self.variables = {
            **variables,
            "PATH": f"{commands_of(self.name, workspace)}:{variables.get('PATH', '')}",
            "PULUMI_DEBUG_COMMANDS": "true",
        }

    def run(
        self, operation: Operation, environment: str, on_line: Callable[[str], None] | None = None
    ) -> Outcome:
        """As the protocol says; the engine writes what it did to a file of its own."""
        with tempfile.TemporaryDirectory(dir=self._workspace.root) as folder:
            record = Path(folder) / "result.json"
            command = [sys.executable, "-m", "rehearsal.engine", operation, "--stack", environment]
            command += ["--cwd", str(self._workspace.project), "--json", str(record)]
            if self._guarded:
                command += _guardrails(operation, self._workspace)
            variables = {**self.variables, "PYTHONPATH": str(REPOSITORY)}
            finished = run(command, cwd=self._workspace.project, variables=variables, on_line=on_line)
            try:
                told = json.loads(record.read_text())
            except (OSError, ValueError):
                told = {}
        return _outcome(
            operation,
            environment,
            finished,
            changes={op: int(told.get("changes", {}).get(op, 0)) for op in COUNTED},
            resources=tuple(Changed(r["type"], r["name"], r["op"]) for r in told.get("resources", ())),
            outputs=told.get("outputs") or {},
            recorded=tuple(told.get("recorded") or ()),
            error=told.get("error"),
            findings=tuple(
                Finding.about(each["urn"], **{key: each[key] for key in _TOLD_OF_A_FINDING})
                for each in told.get("findings", ())
            ),
            packs=tuple(told.get("packs", ())),
        )


class PulumiEngine:
    """The `pulumi` command, with this repository's providers in the place of AWS's and Kubernetes'."""

    name = "pulumi"

    def __init__(self, workspace: Workspace, variables: Mapping[str, str]) -> None:
        from rehearsal.provider import PROVIDERS
        from rehearsal.provider.server import write_plugin_executable

        folder = commands_of(self.name, workspace)
        for package in PROVIDERS:
            write_plugin_executable(folder, package)
        self._workspace = workspace
        self.variables = {
            **variables,
            # Of each package the provider found first on the PATH is the one that the engine takes.
            "PATH": f"{folder}:{without_stand_in(variables)}",
            # Without it there is no --event-log; Pulumi's automation API does the same.
            "PULUMI_DEBUG_COMMANDS": "true",
        }

    def run(
        self, operation: Operation, environment: str, on_line: Callable[[str], None] | None = None
    ) -> Outcome:
        """As the protocol says; the steps are read from the engine's own event log."""
        if failed := self._select(environment, operation):
            return failed
        with tempfile.TemporaryDirectory(dir=self._workspace.root) as folder:
            log = Path(folder) / "events.json"
            command = [
                "pulumi",
                operation,
                "--stack",
                environment,
                "--non-interactive",
                "--event-log",
                str(log),
            ]
            command += _guardrails(operation, self._workspace)
            if operation != "preview":
                command += ["--yes", "--skip-preview"]
            finished = self._pulumi(command, on_line)
            events = read_events(log)
        changes, resources, errors = told_by(events)
        outputs = self._outputs(environment) if finished.exit_code == 0 and operation == "up" else {}
        outcome = _outcome(
            operation,
            environment,
            finished,
            changes=changes,
            resources=resources,
            outputs=outputs,
            error=errors[0] if errors else None,
            findings=found_by(event["policyEvent"] for event in events if "policyEvent" in event),
            packs=tuple(packs_of(events)),
        )
        return _refusal(outcome)

    def _pulumi(self, command: list[str], on_line: Callable[[str], None] | None = None) -> Finished:
        return run(command, cwd=self._workspace.project, variables=self.variables, on_line=on_line)

    def _select(self, environment: str, operation: str) -> Outcome | None:
        selected = self._pulumi(
            ["pulumi", "stack", "select", "--create", environment, "--secrets-provider", "passphrase"]
        )
        return None if selected.exit_code == 0 else _outcome(operation, environment, selected)

    def _outputs(self, environment: str) -> dict[str, Any]:
        shown = self._pulumi(["pulumi", "stack", "output", "--json", "--stack", environment])
        try:
            found: dict[str, Any] = json.loads("\n".join(shown.lines))
        except ValueError:
            return {}
        return found


def _outcome(
    operation: str,
    environment: str,
    finished: Finished,
    *,
    changes: dict[str, int] | None = None,
    resources: tuple[Changed, ...] = (),
    outputs: dict[str, Any] | None = None,
    recorded: tuple[str, ...] = (),
    error: str | None = None,
    findings: tuple[Finding, ...] = (),
    packs: tuple[str, ...] = (),
) -> Outcome:
    ok = finished.exit_code == 0
    forbidding = [finding.line for finding in findings if finding.level == "mandatory"]
    # An engine that was killed, or refused before it began, has written no record: its last line has to do.
    # What a policy forbids says more than that the operation failed.
    reason = (
        next(iter(forbidding), error)
        or finished.last_line
        or f"the engine ended with exit code {finished.exit_code}"
    )
    return Outcome(
        ok=ok,
        operation=operation,
        environment=environment,
        changes=changes or dict.fromkeys(COUNTED, 0),
        resources=resources,
        seconds=finished.seconds,
        cpu_seconds=finished.cpu_seconds,
        peak_rss_mb=finished.peak_rss_mb,
        outputs=outputs or {},
        recorded=recorded,
        error=None if ok else reason,
        lines=finished.lines,
        exit_code=finished.exit_code,
        findings=findings,
        packs=packs,
    )


def _guardrails(operation: Operation, workspace: Workspace) -> list[str]:
    """The options that let the project's policy pack look on; the other operations know none."""
    pack = workspace.project / "policies"
    looked_at = operation in ("preview", "up") and (pack / "PulumiPolicy.yaml").exists()
    return ["--policy-pack", str(pack)] if looked_at else []


def _refusal(outcome: Outcome) -> Outcome:
    """The outcome, with the exit code of bad input where the configuration is at fault.

    The pulumi command ends with 1 whatever went wrong. The program names the file first, and what the command
    finds by the types in Pulumi.yaml, before it starts the program, has a beginning of its own.
    """
    name = f"Pulumi.{outcome.environment}.yaml: "
    error = (outcome.error or "").removeprefix("error: ")
    if error.startswith(_WRONG_TYPE):
        error = name + error.removeprefix(_WRONG_TYPE)
    if outcome.ok or not error.startswith(name):
        return outcome
    return replace(outcome, error=error, exit_code=UsageError.exit_code)


def choose(choice: EngineChoice, workspace: Workspace, variables: Mapping[str, str]) -> Engine:
    """The engine to use: `auto` takes the `pulumi` command when it is on the PATH.

    Raises UsageError when `pulumi` is asked for and is not there.
    """
    found = shutil.which("pulumi", path=without_stand_in(variables))
    if choice == "pulumi" and not found:
        raise UsageError("there is no pulumi command on the PATH: install it, or use --engine embedded")
    if choice == "embedded" or not found:
        return EmbeddedEngine(workspace, variables)
    if not shutil.which("pulumi-language-python", path=variables.get("PATH")):
        raise RehearsalError("the pulumi command has no pulumi-language-python beside it: reinstall Pulumi")
    return PulumiEngine(workspace, variables)
