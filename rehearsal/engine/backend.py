"""State on disk, laid out as Pulumi's file backend lays it out, so that both engines can take over from each
other.

    .pulumi/meta.yaml                                         version: 1
    .pulumi/stacks/<project>/<stack>.json                     the checkpoint; .bak is the one before
    .pulumi/stacks/<project>/<stack>.json.journal             steps since: while it runs, or after a kill
    .pulumi/locks/organization/<project>/<stack>/<uuid>.json  who works on it
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rehearsal.engine import history
from rehearsal.engine.locks import Lock
from rehearsal.engine.options import ORGANIZATION
from rehearsal.engine.secrets import Secrets
from rehearsal.engine.stack_file import StackFile as StackFile
from rehearsal.engine.state import STACK_TYPE
from rehearsal.engine.values import Properties, contains_secret
from rehearsal.errors import UsageError

_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class Backend:
    """The directory that PULUMI_BACKEND_URL names."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self._environ = environ

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Backend:
        """Raises UsageError when PULUMI_BACKEND_URL is missing, or not a `file://` URL of a directory that
        exists.
        """
        url = environ.get("PULUMI_BACKEND_URL", "")
        if not url.startswith("file://"):
            given = f"is {url!r}, which is not on this machine" if url else "is not set"
            raise UsageError(f"PULUMI_BACKEND_URL {given}: set it to file://<directory>")
        root = Path(unquote(url.removeprefix("file://").partition("?")[0])).expanduser()
        if not root.is_dir():
            raise UsageError(f"PULUMI_BACKEND_URL names {root}, which is not a directory: make it first")
        return cls(root, environ)

    def open(
        self, project: str, stack: str, *, salt: str | None = None, write: bool = True, fresh: bool = False
    ) -> StackFile:
        """Open a stack, as a context manager; one that does not exist is empty, and is created by the first
        step.

        `salt` (of the stack's config file) is used when the state names none. `write=False` is for previews:
        it takes no lock and records nothing. `fresh` leaves out what is there, for an import. Raises
        UsageError when the stack is locked or damaged.
        """
        file = self._file(project, stack)
        lock = Lock(self.root, project, stack) if write else None
        self._check_layout(write=write)
        if lock is not None:
            lock.acquire()
        try:
            opened = StackFile(
                f"{ORGANIZATION}/{project}/{stack}", file, Secrets(salt, self._environ), lock, fresh=fresh
            )
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        if lock is not None:
            opened.notes += [
                f"removed the lock of a process that no longer runs: {dead}" for dead in lock.cleared
            ]
        return opened

    def stacks(self, project: str) -> list[str]:
        """The names of the project's stacks that have state, sorted."""
        directory = self.root / ".pulumi" / "stacks" / project
        names = [file.name.removesuffix(".json") for file in directory.glob("*.json")]
        return sorted(name for name in names if _STACK_NAME.fullmatch(name))

    def stack_outputs(self, reference: str, project: str) -> tuple[Properties, list[str]] | None:
        """For a stack reference: its outputs (secrets marked) and the names of the secret ones.

        `reference` is `stack`, `organization/stack` or `organization/project/stack`; `project` is the one of
        the program that asks. None when there is no such stack. Raises UsageError for another organization.
        """
        parts = reference.split("/")
        if len(parts) > 3 or (len(parts) > 1 and parts[0] != ORGANIZATION):
            raise UsageError(
                f"stack reference {reference!r}: the organization of a file backend is {ORGANIZATION!r}"
            )
        project, stack = (parts[1] if len(parts) == 3 else project), parts[-1]
        if not self._file(project, stack).exists():
            return None
        root = self.open(project, stack, write=False).snapshot.stack
        outputs: dict[str, Any] = root.outputs if root is not None else {}
        return outputs, [name for name, value in outputs.items() if contains_secret(value)]

    def remove(self, project: str, stack: str, *, force: bool = False) -> None:
        """Remove an empty stack's files, as `pulumi stack rm`; with `force`, any stack's. Raises UsageError
        when resources are left in it.
        """
        with self.open(project, stack) as opened:
            left = sum(state.type != STACK_TYPE for state in opened.snapshot.resources)
            if left and not force:
                raise UsageError(f"stack {stack} still has {left} resources: destroy them first")
            opened.file.unlink(missing_ok=True)
            for suffix in (".bak", ".attrs", ".bak.attrs"):
                opened.file.with_name(opened.file.name + suffix).unlink(missing_ok=True)
            shutil.rmtree(history.folder_of(self.root, project, stack), ignore_errors=True)

    def cancel(self, project: str, stack: str) -> list[str]:
        """Remove the stack's locks, as `pulumi cancel`; returns who held them."""
        self._file(project, stack)
        return [str(holder) for holder in Lock(self.root, project, stack).remove_all()]

    def _file(self, project: str, stack: str) -> Path:
        for name in (project, stack):
            if not _STACK_NAME.fullmatch(name) or name in (".", ".."):
                raise UsageError(
                    f"{name!r} cannot be the name of a stack or project: "
                    "it may hold 1 to 100 letters, digits, underscores, hyphens and periods"
                )
        file = self.root / ".pulumi" / "stacks" / project / f"{stack}.json"
        for compressed in (file.with_name(file.name + ".gz"), file.with_name(file.name + ".zst")):
            if compressed.exists():
                raise UsageError(
                    f"the state {compressed} is compressed, which is not supported: decompress it first"
                )
        return file

    def _check_layout(self, *, write: bool) -> None:
        """Raises UsageError for a layout other than version 1: stacks in a directory per project."""
        meta = self.root / ".pulumi" / "meta.yaml"
        if meta.exists():
            version = re.search(rb"^version:\s*(\d+)", meta.read_bytes(), re.MULTILINE)
            if version is None or version[1] != b"1":
                raise UsageError(f"{meta} does not say `version: 1`: upgrade it with `pulumi state upgrade`")
        elif any((self.root / ".pulumi" / "stacks").glob("*.json")):
            raise UsageError(
                f"{self.root} has the layout of old versions: upgrade it with `pulumi state upgrade`"
            )
        elif write:
            meta.parent.mkdir(parents=True, exist_ok=True)
            meta.write_text("version: 1\n", encoding="utf-8")
