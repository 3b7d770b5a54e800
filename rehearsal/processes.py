"""Running another program: its lines as they come, what it cost, and a clean end on Ctrl-C.

Each program gets a process group of its own. A terminal's Ctrl-C therefore reaches only the rehearsal, which
passes one SIGINT on and waits: an engine that is told to stop finishes the resource at hand and leaves valid
state.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPT_GRACE_SECONDS = 20.0


@dataclass(frozen=True)
class Finished:
    """How a program ended. CPU time covers the program and every descendant that it waited for."""

    exit_code: int
    lines: tuple[str, ...]
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float

    @property
    def last_line(self) -> str:
        """The last line that says anything; programs of this project put their one error line there."""
        return next((line.strip() for line in reversed(self.lines) if line.strip()), "")


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    variables: Mapping[str, str],
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run `command` to its end with exactly `variables` as environment; both streams come as lines.

    Raises FileNotFoundError when there is no such program, KeyboardInterrupt after a clean stop on Ctrl-C.
    """
    began = time.monotonic()
    process: subprocess.Popen[str] | None = None
    lines: list[str] = []
    try:
        with uninterrupted():
            process = subprocess.Popen(
                list(command),
                cwd=cwd,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for above
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if on_line:
                on_line(lines[-1])
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        if process is not None:
            stop_group(process, signal.SIGINT, INTERRUPT_GRACE_SECONDS)
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(
        exit_code=process.returncode,
        lines=tuple(lines),
        seconds=time.monotonic() - began,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_rss_mb=usage.ru_maxrss / 1024,
    )


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off a Ctrl-C until the block is done: a process that has started and has no name yet would be lost.

    Outside the main thread there is nothing to put off.
    """
    handlers = {}
    arrived: list[int] = []
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in INTERRUPTIONS}
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, lambda received, _: arrived.append(received))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if arrived:
        os.kill(os.getpid(), arrived[0])


def stop_group(process: subprocess.Popen[str], first: signal.Signals, grace_seconds: float) -> None:
    """Send `first` to the process's group and, after the grace, SIGKILL; returns when the process is gone."""
    # A second Ctrl-C must not break off the stop half-way; it only takes the patience out of it.
    for signal_number, patience in ((first, grace_seconds), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal_number)
        try:
            process.wait(patience)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue
        break
    # Whatever the leader started and left behind is in its group still.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
