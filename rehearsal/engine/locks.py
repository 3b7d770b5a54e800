"""Who works on a stack: the lock files of Pulumi's file backend, so that both engines keep out of each
other's way.

A lock is `.pulumi/locks/organization/<project>/<stack>/<uuid>.json`. As in Pulumi, a process looks for locks
of others, writes its own, and looks again: of two that come at once, both may give up. Here they try again
after a short random time, so that one of them wins.
"""

from __future__ import annotations

import getpass
import json
import os
import random
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.errors import UsageError

_ATTEMPTS = 5
_MOST_SECONDS_BETWEEN = 0.05


@dataclass(frozen=True)
class Holder:
    """What a lock file says; `pid` is 0 when it cannot be read."""

    file: Path
    pid: int
    username: str
    hostname: str
    timestamp: str

    def __str__(self) -> str:
        if not self.pid:
            return f"someone (its lock cannot be read: {self.file})"
        return f"{self.username}@{self.hostname} (pid {self.pid}) at {self.timestamp}"

    @property
    def is_dead(self) -> bool:
        """Whether this was a process on this machine that no longer runs."""
        if not self.pid or self.hostname != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return _has_ended(self.pid)


class Lock:
    """The lock of one stack. `cleared` lists the holders of locks that were removed because they are dead."""

    def __init__(self, root: Path, project: str, stack: str) -> None:
        self._locks = root / ".pulumi" / "locks"
        self._directory = self._locks / "organization" / project / stack
        self._file = self._directory / f"{uuid.uuid4()}.json"
        self._stack = stack
        self.cleared: list[Holder] = []

    def acquire(self) -> None:
        """Take the lock. Raises UsageError, one line, with who holds it."""
        for attempt in range(_ATTEMPTS):
            self._refuse_if_held()
            self._write()
            try:
                self._refuse_if_held()
            except UsageError:
                self.release()
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0, _MOST_SECONDS_BETWEEN))  # noqa: S311 (no secret depends on it)
            else:
                return

    def release(self) -> None:
        """Let go of the lock; without one, nothing happens."""
        self._file.unlink(missing_ok=True)

    def holders(self) -> list[Holder]:
        """The others that hold the stack; Pulumi counts every file in the directory as a lock."""
        return list(self._others())

    def remove_all(self) -> list[Holder]:
        """Remove the locks of everyone, as `pulumi cancel` does; returns who held them."""
        holders = self.holders()
        for holder in holders:
            holder.file.unlink(missing_ok=True)
        return holders

    def _refuse_if_held(self) -> None:
        held = []
        for holder in self._others():
            if holder.is_dead:
                holder.file.unlink(missing_ok=True)
                self.cleared.append(holder)
            else:
                held.append(holder)
        if held:
            # Pulumi's words, which those who wait for a lock look for; its lines are one here.
            raise UsageError(
                f"the stack is currently locked by {len(held)} lock(s). Either wait for the other "
                f"process(es) to end or delete the lock file with `pulumi cancel --stack {self._stack}`: "
                + ", ".join(f"{holder.file}: created by {holder}" for holder in held)
            )

    def _others(self) -> Iterator[Holder]:
        try:
            files = sorted(self._directory.iterdir())
        except FileNotFoundError:
            return
        for file in files:
            # The real engine's storage keeps the attributes of each file in another beside it.
            if file == self._file or file.suffix == ".attrs":
                continue
            try:
                said = json.loads(file.read_bytes())
            except FileNotFoundError:
                continue
            except ValueError:
                said = {}
            yield _holder(file, said if isinstance(said, dict) else {})

    def _write(self) -> None:
        """Appears whole under its name: another process must never read half a lock."""
        self._directory.mkdir(parents=True, exist_ok=True)
        content = {
            "pid": os.getpid(),
            "username": _username(),
            "hostname": socket.gethostname(),
            "timestamp": datetime.now().astimezone().isoformat(),
        }
        # In the directory above, because whatever lies beside the lock counts as a lock.
        unfinished = self._locks / f"{self._file.stem}.tmp"
        unfinished.write_text(json.dumps(content), encoding="utf-8")
        unfinished.replace(self._file)


def _has_ended(pid: int) -> bool:
    """Whether the process is there in name alone, until its parent asks how it ended. Of one whose parent was
    killed too, that is whatever runs as process 1: it may take its time, or in a container never ask.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state == "Z"


def _holder(file: Path, said: dict[str, Any]) -> Holder:
    pid = said.get("pid")
    return Holder(
        file=file,
        pid=pid if isinstance(pid, int) and pid > 0 else 0,
        username=str(said.get("username", "")),
        hostname=str(said.get("hostname", "")),
        timestamp=_second(str(said.get("timestamp", ""))),
    )


def _second(moment: str) -> str:
    """An RFC 3339 moment to the second, in UTC; what is none, as it is."""
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return parsed.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _username() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a user that has no name
        return str(os.getuid())
