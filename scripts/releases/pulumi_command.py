"""The `pulumi` command: found, run with its output passed on line by line, and its failure as one line."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from scripts.releases.errors import RefusedError, ReleaseError, one_line
from scripts.releases.project import Project

#: What Pulumi says of a stack that another update holds: its file and object stores, and its own service.
LOCKED = ("the stack is currently locked by", "Another update is currently in progress")
#: Colour marks of a terminal, and those of Pulumi's own, which a log may hold.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m|<\{%.*?%\}>")
_MORE = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt): |\* ")
#: How a line begins that names a permission that is missing.
DENIED = "missing permission"
_DENIED = (
    # As most services say it: who is not authorized to perform what, on what, and because of what.
    re.compile(r"(?P<who>arn:\S+) is not authorized to perform: (?P<what>[\w-]+:\w+)(?P<why>.*)"),
    # S3, for one, says no more than "Access Denied", and the SDKs of Go and Python add which call that was.
    re.compile(r"operation error (?P<service>[\w ]+): (?P<call>\w+),.* AccessDenied\w*"),
    re.compile(r"\(AccessDenied\w*\) when calling the (?P<call>\w+) operation"),
)


@dataclass(frozen=True)
class Finished:
    """How the command ended. Pulumi's exit codes other than 0 differ between versions: none has a meaning."""

    code: int
    lines: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def locked(self) -> bool:
        """Whether another update held the stack, so that nothing was begun."""
        return not self.ok and any(phrase in line for line in self.lines for phrase in LOCKED)

    @property
    def failure(self) -> str:
        """Why it failed, in one line: the permission that is missing, or the first error that it printed."""
        lines = [line for line in map(_bare, self.lines) if line]
        errors = [line for line in lines if line.startswith("error: ")]
        for line in (*errors, *lines):
            if denied := _denied(line):
                return denied
        said = [text for text in (_told(line) for line in errors) if text]
        first = (said or lines[-1:] or [f"exit code {self.code}"])[0]
        # "Program failed with an unhandled exception:" has what it was at the end of the trace, and
        # "1 error occurred:" behind a bullet.
        more = [line for line in lines if _MORE.match(line)] if first.endswith(":") else []
        return f"{first} {more[0].removeprefix('* ')}" if more else first


def _bare(line: str) -> str:
    return one_line(_COLOURS.sub("", line))


def _told(line: str) -> str:
    """An error line without its mark; "" for those that say only that there was an error."""
    text = line.removeprefix("error: ")
    return "" if text in ("update failed", "preview failed", "an unhandled error occurred") else text


def _denied(line: str) -> str | None:
    """Which permission is missing, and for which call, when AWS says so in this line."""
    for form in _DENIED:
        if not (found := form.search(line)):
            continue
        parts = found.groupdict()
        if "what" in parts:
            where = re.search(r" on resource: (\S+)", parts["why"])
            what, call = parts["what"], parts["what"].partition(":")[2]
            return (
                f"{DENIED} {what} for the call {call}"
                f"{f' on {where[1]}' if where else ''}; {parts['who'].rstrip(':')} needs it"
            )
        return f"{DENIED} for the call {parts['call']}: {line.removeprefix('error: ')}"
    return None


def find(environment: Mapping[str, str]) -> str:
    """The path of the command.

    Raises:
        RefusedError: there is none on the PATH.
    """
    found = shutil.which("pulumi", path=environment.get("PATH"))
    if found is None:
        raise RefusedError(
            "there is no pulumi command on the PATH; install it (https://www.pulumi.com/docs/install/), or "
            "take the variables that scripts/rehearse --keep prints"
        )
    return found


def run(
    where: Project,
    *arguments: str,
    seen: Callable[[str], None] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Finished:
    """Runs it in the project's directory, never interactively, to its end; `seen` gets each line as it comes.

    Ctrl-C and a request to end reach it, which then stops in its own way and leaves its state whole: it is
    waited for.

    Raises:
        RefusedError: there is no such command.
        ReleaseError: it cannot be run.
    """
    command = [find(os.environ), *arguments, "--non-interactive", "--color=never", f"--cwd={where.directory}"]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(variables or {})},
            # A terminal's Ctrl-C comes here alone and is passed on once: a second one would end it at once.
            start_new_session=True,
        )
    except OSError as error:
        raise ReleaseError(f"{command[0]} cannot be run: {error.strerror}") from error
    with _passed_on(process):
        lines = tuple(_read(process.stdout or (), seen))
        return Finished(process.wait(), lines)


def _read(stream: Iterable[str], seen: Callable[[str], None] | None) -> Iterator[str]:
    for line in stream:
        text = line.rstrip("\n")
        if seen:
            seen(text)
        yield text


@contextmanager
def _passed_on(process: subprocess.Popen[str]) -> Iterator[None]:
    """Passes an interruption on, and a request to end as one (it is how a workflow is cancelled): Pulumi
    finishes the resource at hand and writes its state. Every further one is passed on too.
    """
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if main else None
    try:
        yield
    except BaseException:
        while process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            with suppress(KeyboardInterrupt):
                process.communicate()
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
