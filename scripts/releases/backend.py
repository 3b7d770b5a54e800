"""Where stacks keep their state, and how their outputs are read from there.

`choose` is the one place that decides:

1. `PULUMI_BACKEND_URL=file://…`: the state file itself, whether or not there is a `pulumi` command. It is the
   same answer in milliseconds, needs no passphrase and takes no lock.
2. Any other backend: the `pulumi` command, which alone knows the log-in.
"""

import gzip
import json
import shutil
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from scripts.releases.errors import RefusedError, ReleaseError, one_line
from scripts.releases.project import Project

FILE_SCHEME = "file://"
# What `pulumi stack output` shows for a secret; the state file holds it encrypted, under a signature key.
SECRET = "[secret]"  # noqa: S105
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
CHECKPOINT_VERSIONS = frozenset({3, 4})
# A backend far away answers in seconds; one that takes longer will not answer.
COMMAND_TIMEOUT_SECONDS = 120


class Backend(Protocol):
    """A place that knows stacks; its text names it in messages."""

    def outputs(self, stack: str) -> Mapping[str, Any] | None:
        """The stack's outputs, secrets as `SECRET`; empty when it has none; None when there is no such stack.

        Raises:
            RefusedError: the state is damaged.
            ReleaseError: the backend cannot be asked.
        """

    def resources(self, stack: str) -> list[Mapping[str, Any]] | None:
        """All that the stack's state holds, secrets as `SECRET`; None when there is no such stack.

        Raises as `outputs`.
        """

    def stacks(self) -> list[str]:
        """The names of the project's stacks, in the alphabet's order.

        Raises:
            ReleaseError: the backend cannot be asked.
        """


def choose(project: Project, environment: Mapping[str, str]) -> Backend:
    """The backend that the process's `environment` names.

    Raises:
        RefusedError: it names none that can be read here; says what to set.
    """
    url = environment.get("PULUMI_BACKEND_URL", "")
    if url.startswith(FILE_SCHEME):
        return FileBackend(directory_of(url, project.directory), project.name)
    command = shutil.which("pulumi", path=environment.get("PATH"))
    if command:
        return CommandBackend(command, project.directory)
    raise RefusedError(
        "what runs cannot be read: install the pulumi command and log in, "
        "or set PULUMI_BACKEND_URL=file://DIRECTORY to the state's directory"
    )


def directory_of(url: str, base: Path) -> Path:
    """A file backend's directory, read as Pulumi does: `~` is the home, a relative path starts at `base`."""
    path = unquote(url.removeprefix(FILE_SCHEME).split("?")[0])
    if path.startswith("~"):
        return Path.home() / path[2:]
    return base / path


@dataclass(frozen=True)
class FileBackend:
    """Pulumi's own layout: `DIRECTORY/.pulumi/stacks/PROJECT/STACK.json`, or compressed as `.json.gz`."""

    directory: Path
    project: str

    def __str__(self) -> str:
        return str(self.directory)

    def outputs(self, stack: str) -> Mapping[str, Any] | None:
        """See `Backend`."""
        found = self.resources(stack)
        return None if found is None else _outputs_of(found)

    def stacks(self) -> list[str]:
        """See `Backend`."""
        folder = self.directory / ".pulumi" / "stacks" / self.project
        found = [path.name for pattern in ("*.json", "*.json.gz") for path in folder.glob(pattern)]
        return sorted(name.removesuffix(".gz").removesuffix(".json") for name in found)

    def resources(self, stack: str) -> list[Mapping[str, Any]] | None:
        """See `Backend`. The file is read once, whole: Pulumi replaces it in one step."""
        if not self.directory.is_dir():
            raise RefusedError(f"PULUMI_BACKEND_URL names {self.directory}, which is no directory")
        plain = self.directory / ".pulumi" / "stacks" / self.project / f"{stack}.json"
        path = next((each for each in (plain, plain.with_suffix(".json.gz")) if each.exists()), None)
        if path is None:
            return None
        try:
            content = path.read_bytes()
            return _resources_of(json.loads(gzip.decompress(content) if path.suffix == ".gz" else content))
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile, RecursionError) as error:
            raise RefusedError(
                f"the state file {path} is damaged ({one_line(error)}); "
                f"restore it, for example from {path.name}.bak"
            ) from error
        except OSError as error:
            raise ReleaseError(f"the state file {path} cannot be read: {error.strerror}") from error


def _resources_of(document: Any) -> list[Mapping[str, Any]]:
    """The resources in a checkpoint.

    Raises:
        ValueError: it is no checkpoint.
    """
    if not isinstance(document, dict) or not isinstance(document.get("checkpoint"), dict):
        raise ValueError("it is no checkpoint")
    if document.get("version") not in CHECKPOINT_VERSIONS:
        raise ValueError(f"its version is {document.get('version')!r}, not 3")
    found = _in_deployment(document["checkpoint"].get("latest") or {})
    _outputs_of(found)
    return found


def _in_deployment(latest: Any) -> list[Mapping[str, Any]]:
    resources = latest.get("resources") or [] if isinstance(latest, dict) else None
    if not isinstance(resources, list) or not all(isinstance(each, dict) for each in resources):
        raise ValueError("its resources are no list")
    return [without_secrets(each) for each in resources if not each.get("delete")]


def _outputs_of(resources: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The root stack's outputs, none while it has no resources."""
    for resource in resources:
        if resource.get("type") == "pulumi:pulumi:Stack":
            outputs = resource.get("outputs") or {}
            if not isinstance(outputs, dict):
                raise ValueError("its outputs are no mapping")
            return outputs
    return {}


def without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE_KEY) == SECRET_SIGNATURE:
            return SECRET
        return {key: without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


@dataclass(frozen=True)
class CommandBackend:
    """Whatever backend the `pulumi` command is logged in to."""

    command: str
    directory: Path

    def __str__(self) -> str:
        return "the pulumi command's backend"

    def outputs(self, stack: str) -> Mapping[str, Any] | None:
        """See `Backend`."""
        outputs = self._json(stack, "output", "--json")
        if outputs is not None and not isinstance(outputs, dict):
            raise ReleaseError(f"`pulumi stack output` of {stack} printed no mapping")
        return outputs

    def resources(self, stack: str) -> list[Mapping[str, Any]] | None:
        """See `Backend`."""
        exported = self._json(stack, "export")
        if exported is None:
            return None
        try:
            return _in_deployment(exported["deployment"])
        except (KeyError, TypeError, ValueError) as error:
            raise ReleaseError(f"`pulumi stack export` of {stack} printed no state: {error}") from error

    def stacks(self) -> list[str]:
        """See `Backend`."""
        listed = self._json(None, "ls", "--json")
        try:
            # A name may stand with its organization and project before it.
            return sorted(str(each["name"]).rpartition("/")[2] for each in listed)
        except (KeyError, TypeError) as error:
            raise ReleaseError("`pulumi stack ls` printed no list of stacks") from error

    def _json(self, stack: str | None, *command: str) -> Any:
        """What `pulumi stack COMMAND` prints; None when there is no such stack."""
        said = f"`pulumi stack {command[0]}`" + (f" of {stack}" if stack else "")
        try:
            done = self._ask(stack, command)
        except subprocess.TimeoutExpired as error:
            raise ReleaseError(f"{said} did not answer in {COMMAND_TIMEOUT_SECONDS} s") from error
        except OSError as error:
            raise ReleaseError(f"{self.command} cannot be run: {error.strerror}") from error
        if done.returncode:
            if "no stack named" in done.stderr:
                return None
            lines = done.stderr.splitlines()
            why = next((line for line in lines if line.startswith("error:")), done.stderr)
            why = one_line(why).removeprefix("error: ")
            raise ReleaseError(f"{said} failed: {why or f'exit code {done.returncode}'}")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise ReleaseError(f"{said} printed no JSON") from error

    def _ask(self, stack: str | None, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        of_stack = [f"--stack={stack}"] if stack else []
        options = ["--non-interactive", *of_stack, f"--cwd={self.directory}"]
        return subprocess.run(
            [self.command, "stack", *command, *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
