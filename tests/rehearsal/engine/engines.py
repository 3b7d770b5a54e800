"""The engines that the same tests run on: the embedded one, and Pulumi's own where there is one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from rehearsal.engine import operations
from rehearsal.engine.backend import Backend
from rehearsal.engine.display import Display
from rehearsal.engine.events import open_log
from rehearsal.engine.outcome import summarize
from rehearsal.engine.project import load_config, load_project
from tests.rehearsal.engine.fake import FakeCloud, FakeProvider

PROJECT = "demo"
STACK = "dev"
ENVIRONMENT = {"PULUMI_CONFIG_PASSPHRASE": "correct horse", "PULUMI_SKIP_UPDATE_CHECK": "true"}

PROLOGUE = """
import pulumi
from pulumi import ResourceOptions as Options

class Thing(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("fake:index:Thing", name, {"arn": None, "said": None, **props}, opts)

class Box(pulumi.ComponentResource):
    def __init__(self, name, opts=None, props=None):
        super().__init__("demo:index:Box", name, props, opts)

"""


@dataclass
class Result:
    """What came of an operation; `changes` counts only what is not zero, `text` is what was shown, `events`
    is the event log without debug messages.
    """

    ok: bool
    code: int
    changes: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    error: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)


class Engine(Protocol):
    """One stack `dev` of a project `demo`, with a cloud of its own."""

    cloud: FakeCloud

    def program(self, text: str) -> None:
        """The program from now on; `Thing`, `Box` and `Options` are there already."""

    def configure(self, config: dict[str, Any]) -> None:
        """The stack's configuration from now on."""

    def run(self, operation: str, **options: Any) -> Result:
        """Run `preview`, `up`, `refresh` or `destroy`."""

    def exported(self) -> dict[str, Any]:
        """The deployment as `stack export` prints it."""

    def imported(self, deployment: dict[str, Any]) -> None:
        """Take over a deployment as `stack import` does."""

    def state_of_a_killed_engine(self, pending: list[dict[str, Any]]) -> None:
        """Put pending operations into the state file."""


class Workspace:
    """The files that both engines work on."""

    def __init__(self, directory: Path, cloud: FakeCloud, config: dict[str, Any] | None = None) -> None:
        self.cloud = cloud
        self.directory = directory / "program"
        self.state = directory / "state"
        self.directory.mkdir()
        self.state.mkdir()
        options = {"virtualenv": str(Path(sys.prefix))}
        project = {"name": PROJECT, "runtime": {"name": "python", "options": options}}
        (self.directory / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        self.configure(config or {})

    def configure(self, config: dict[str, Any]) -> None:
        """The stack's configuration from now on."""
        (self.directory / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}))

    def state_of_a_killed_engine(self, pending: list[dict[str, Any]]) -> None:
        """See Engine."""
        file = self.state / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"
        document = json.loads(file.read_text())
        document["checkpoint"]["latest"]["pending_operations"] = pending
        file.write_text(json.dumps(document))
        file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)  # a checksum

    def program(self, text: str) -> None:
        """See Engine."""
        (self.directory / "__main__.py").write_text(PROLOGUE + textwrap.dedent(text))


class Embedded(Workspace):
    """The engine of this project, in the test's own process."""

    name = "embedded"

    def environ(self) -> dict[str, str]:
        """What the engine sees of the environment."""
        return {**ENVIRONMENT, "PULUMI_BACKEND_URL": f"file://{self.state}"}

    def backend(self) -> Backend:
        """The directory that holds the state."""
        return Backend.from_environment(self.environ())

    def run(self, operation: str, **options: Any) -> Result:
        """See Engine."""
        project = load_project(self.directory)
        backend = self.backend()
        config = load_config(project, STACK, self.environ(), backend.stacks(PROJECT))
        out = io.StringIO()
        display = Display(out, preview=operation == "preview")
        request = operations.Request(operation=operation, stack=STACK, **options)  # type: ignore[arg-type]
        factories = {"fake": lambda: FakeProvider(self.cloud)}
        told = self.state.parent / "events.json"
        with closing(open_log(told, preview=operation == "preview")) as log:
            outcome = operations.run(request, project, config, backend, factories, display, log)
        summarize(outcome, display)
        changes = {op: count for op, count in outcome.changes.items() if count}
        return Result(
            outcome.ok,
            outcome.exit_code,
            changes,
            outcome.outputs,
            out.getvalue(),
            outcome.error,
            events_in(told),
        )

    def exported(self) -> dict[str, Any]:
        """See Engine."""
        with self.backend().open(PROJECT, STACK, write=False) as file:
            deployment: dict[str, Any] = json.loads(file.exported())
        return deployment

    def imported(self, deployment: dict[str, Any]) -> None:
        """See Engine."""
        with self.backend().open(PROJECT, STACK, fresh=True) as file:
            file.replace(json.dumps(deployment).encode())


class Real(Workspace):
    """Pulumi's own command, with the fake provider served to it by the test's process."""

    name = "pulumi"

    def __init__(self, directory: Path, cloud: FakeCloud, port: int) -> None:
        super().__init__(directory, cloud)
        self._log = directory / "events.json"
        self._environ = {
            **os.environ,
            **ENVIRONMENT,
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_HOME": str(directory / "home"),
            "PULUMI_DEBUG_PROVIDERS": f"fake:{port}",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # has --event-log
        }
        self._command("stack", "init", STACK)

    def run(self, operation: str, **options: Any) -> Result:
        """See Engine."""
        self._log.unlink(missing_ok=True)
        arguments = [operation, "--stack", STACK, "--non-interactive", "--event-log", str(self._log)]
        if operation != "preview":
            arguments += ["--yes", "--skip-preview"]
        for pack in options.pop("policy_packs", ()):
            arguments += ["--policy-pack", str(pack)]
        for target in options.pop("targets", ()):
            arguments += ["--target", target]
        for urn in options.pop("replace", ()):
            arguments += ["--replace", urn]
        if "parallel" in options:
            arguments += ["--parallel", str(options.pop("parallel"))]
        arguments += [f"--{name.replace('_', '-')}" for name, wanted in options.items() if wanted is True]
        done = self._command(*arguments, check=False)
        text = done.stdout + done.stderr
        shown = self._command("stack", "output", "--json", check=False).stdout
        return Result(
            done.returncode == 0,
            done.returncode,
            self._changes(),
            json.loads(shown or "{}"),
            text,
            text,
            events_in(self._log),
        )

    def exported(self) -> dict[str, Any]:
        """See Engine."""
        deployment: dict[str, Any] = json.loads(self._command("stack", "export").stdout)
        return deployment

    def imported(self, deployment: dict[str, Any]) -> None:
        """See Engine."""
        file = self.state / "import.json"
        file.write_text(json.dumps(deployment))
        self._command("stack", "import", "--file", str(file))

    def _changes(self) -> dict[str, int]:
        summary: dict[str, Any] = next(
            (event["summaryEvent"] for event in events_in(self._log) if "summaryEvent" in event), {}
        )
        counts = summary.get("resourceChanges") or {}
        kinds = ("create", "update", "replace", "delete", "same")
        return {op: counts[op] for op in kinds if counts.get(op)}

    def _command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["pulumi", *arguments], cwd=self.directory, env=self._environ, capture_output=True, text=True
        )
        if check and done.returncode != 0:
            raise AssertionError(f"pulumi {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done


def events_in(log: Path) -> list[dict[str, Any]]:
    """The events of a log, without debug messages."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return [event for event in events if event.get("diagnosticEvent", {}).get("severity") != "debug"]


def resources(engine: Engine) -> dict[str, dict[str, Any]]:
    """The recorded resources by name, without providers."""
    found = engine.exported()["deployment"].get("resources", [])
    return {
        item["urn"].rpartition("::")[2]: item
        for item in found
        if not item["type"].startswith("pulumi:providers:")
    }


def urn(name: str, type_: str = "fake:index:Thing", parent: str = "") -> str:
    """The URN of a resource of the test's stack; `parent` is the parent's qualified type."""
    qualified = f"{parent}${type_}" if parent else type_
    return f"urn:pulumi:{STACK}::{PROJECT}::{qualified}::{name}"
