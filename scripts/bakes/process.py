"""Other programs, none of which outlives the bake that started it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from scripts.bakes.executor import TIMED_OUT, Ended
from scripts.releases.errors import ReleaseError, one_line

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for: some systems keep the administrator's out of a user's PATH."""


def find(program: str) -> str | None:
    return shutil.which(program, path=SEARCH_PATH)


@contextlib.contextmanager
def started(
    command: Sequence[str], output: int | IO[bytes], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs beside; it and all that it started are gone at the end, however that comes.

    A Ctrl-C reaches only the bake, which ends its programs itself; when the bake is killed, the kernel does.
    """
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": SEARCH_PATH, **(environment or {})},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(
    command: Sequence[str], log: Path, timeout_seconds: int = -1, environment: Mapping[str, str] | None = None
) -> Ended:
    """Runs a program to its end, or to its time limit; -1: none. `log` holds its output meanwhile."""
    with log.open("wb") as output, started(command, output, environment) as process:
        try:
            code = process.wait(None if timeout_seconds == -1 else timeout_seconds)
        except subprocess.TimeoutExpired:
            code = TIMED_OUT
    return Ended(code, log.read_text(errors="replace"))


def must(command: Sequence[str], log: Path, what: str, environment: Mapping[str, str] | None = None) -> str:
    """The output of a program that has to succeed. Raises ReleaseError with `what` and its last line."""
    ended = run(command, log, environment=environment)
    if ended.code != 0:
        raise failure(what, ended)
    return ended.output


def failure(what: str, ended: Ended) -> ReleaseError:
    lines = [one_line(line) for line in ended.output.splitlines() if line.strip()]
    error = ReleaseError(f"{what}: {lines[-1] if lines else f'exit code {ended.code}'}")
    error.details = {"step": what, "exitCode": ended.code, "log": lines[-60:]}
    return error
