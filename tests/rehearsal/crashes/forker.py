"""Runs the embedded engine in processes that are killed at a given moment: forks of this one, which has
imported everything, as most of a start is imports.

Reads requests from standard input, one JSON object a line, and answers each with one when the process is
over: {"code": exit code, negative for a signal, "events": what happened up to there}.

    {"arguments": ["up", ...], "environ": {...}, "output": FILE, "kill": NUMBER or 0}

An event is an AWS request that goes out ("ask NAME"), its answer that came in ("told NAME"), a line of the
journal ("journal OP"), and the checkpoint before and after it is written ("write", "written"). The process
is killed by SIGKILL right at event `kill`; 0 is never.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.httpsession
import dill  # noqa: F401  (what a dynamic provider needs)
import pulumi_aws  # noqa: F401  (what the program needs)

import rehearsal.engine.__main__
import rehearsal.engine.monitor
import rehearsal.provider.provider
from components import refresh_polling
from rehearsal.engine import journal, stack_file, state_files


class Moments:
    """Counts what happens, notes it in a file that outlives the process, and ends the process in time."""

    def __init__(self, file: Path, kill: int) -> None:
        self._notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        self._left = kill
        self._lock = threading.Lock()

    def happened(self, what: str) -> None:
        with self._lock:
            os.write(self._notes, f"{what}\n".encode())
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Put this into the engine, the provider and the waiter, which are all of this process."""
        self._around(botocore.httpsession.URLLib3Session, "send", _asked)
        append, write = journal.Journal.append, state_files.write_durably

        def appended(log: journal.Journal, text: str) -> None:
            append(log, text)
            self.happened(f"journal {json.loads(text)['op']}")

        def written(file: Path, data: bytes) -> None:
            self.happened("write")
            write(file, data)
            self.happened("written")

        journal.Journal.append = appended  # type: ignore[method-assign, assignment]
        stack_file.state_files.write_durably = written  # type: ignore[attr-defined]

    def _around(self, owner: Any, name: str, naming: Callable[[Any], str]) -> None:
        original = getattr(owner, name)

        def wrapped(session: Any, request: Any) -> Any:
            self.happened(f"ask {naming(request)}")
            answer = original(session, request)
            self.happened(f"told {naming(request)}")
            return answer

        setattr(owner, name, wrapped)


def _asked(request: Any) -> str:
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    if "Action=" in body:
        return body.partition("Action=")[2].partition("&")[0]
    target = request.headers.get("X-Amz-Target", b"?")
    return str(target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]


def run(request: dict[str, Any]) -> int:
    """One command, in the process of its own."""
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(request["environ"])
    sys.path.insert(0, request["program"])
    refresh_polling.FIRST_SECONDS = 0.02
    Moments(Path(request["events"]), request["kill"]).watch()
    return rehearsal.engine.__main__.main(request["arguments"])


def main() -> None:
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 70
            try:
                code = run(request)
            finally:
                sys.stdout.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
