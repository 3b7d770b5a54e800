"""What a command works on: the project, the backend, and the stack that is meant.

As Pulumi keeps them: the stack selected for a project and backend in
`$PULUMI_HOME/workspaces/<project>-<SHA-1 of Pulumi.yaml's path>-workspace.json`, the backend logged in to in
`$PULUMI_HOME/credentials.json`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from rehearsal.engine.backend import Backend
from rehearsal.engine.options import ORGANIZATION
from rehearsal.engine.project import Project, load_project
from rehearsal.errors import RehearsalError, UsageError

_BACKEND = "PULUMI_BACKEND_URL"


class NoStackError(RehearsalError):
    """There is no such stack; the words and the exit code are Pulumi's."""

    exit_code = 6


class Surroundings:
    """Read when first needed, so that `version` needs no project."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self.directory = directory
        self._environ = environ
        self.home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")

    @cached_property
    def environ(self) -> dict[str, str]:
        """The environment, with the backend that `login` chose where the environment names none."""
        url = self._environ.get(_BACKEND) or _read(self._credentials).get("current") or ""
        return {**self._environ, _BACKEND: url}

    @property
    def url(self) -> str:
        """The backend's URL."""
        return self.environ[_BACKEND]

    @cached_property
    def project(self) -> Project:
        """The project that Pulumi.yaml describes. Raises UsageError."""
        return load_project(self.directory)

    @cached_property
    def backend(self) -> Backend:
        """Where state is kept. Raises UsageError unless it is a directory on this machine."""
        return Backend.from_environment(self.environ)

    def stacks(self) -> list[str]:
        """The project's stacks in this backend, sorted."""
        return self.backend.stacks(self.project.name)

    def name(self, reference: str) -> str:
        """A stack's name from `stack`, `organization/stack` or `organization/project/stack`. Raises
        UsageError.
        """
        *before, name = reference.split("/")
        if before not in ([], [ORGANIZATION], [ORGANIZATION, self.project.name]):
            raise UsageError(
                f"stack {reference!r}: a stack of this project and backend is "
                f"{ORGANIZATION}/{self.project.name}/NAME, or NAME"
            )
        return name

    def stack(self, given: str | None) -> str:
        """The stack that is meant: the one given, or the one selected. Raises NoStackError when it does not
        exist, RehearsalError when none is selected.
        """
        reference = given or self.selected
        if not reference:
            raise RehearsalError("no stack selected; please use `pulumi stack select` to choose one")
        name = self.name(reference)
        if name not in self.stacks():
            raise NoStackError(f"no stack named {name!r} found")
        return name

    @property
    def selected(self) -> str | None:
        """The selected stack's name, also when it does not exist any more."""
        reference: str | None = _read(self._workspace).get("stacks", {}).get(self.url)
        return reference.rpartition("/")[2] if reference else None

    def select(self, stack: str | None) -> None:
        """Take this stack from now on; None takes none."""
        document = _read(self._workspace)
        stacks = document.setdefault("stacks", {})
        stacks.pop(self.url, None)
        if stack:
            stacks[self.url] = f"{ORGANIZATION}/{self.project.name}/{stack}"
        _write(self._workspace, document)

    def log_in(self, url: str) -> None:
        """Take this backend from now on, unless the environment names one."""
        _write(self._credentials, {**_read(self._credentials), "current": url})

    @property
    def _workspace(self) -> Path:
        digest = hashlib.sha1(str(self.project.file).encode(), usedforsecurity=False).hexdigest()
        return self.home / "workspaces" / f"{self.project.name}-{digest}-workspace.json"

    @property
    def _credentials(self) -> Path:
        return self.home / "credentials.json"


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {' '.join(str(error).split())}; remove it") from error
    return document if isinstance(document, dict) else {}


def _write(file: Path, document: dict[str, Any]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=4) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
