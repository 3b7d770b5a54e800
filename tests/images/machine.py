"""A server for its lifecycle program: metadata and health by HTTP, `aws` and `systemctl` that write down."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "images/lifecycle/immutable-lifecycle"
TOKEN = "a-token"
LONGEST_SECONDS = 20

# Refuses as AWS does while there is a file that says how often and with which words.
AWS = """#!/bin/sh
printf 'aws %s\\n' "$*" >>events
shift; operation=$1
[ ! -s "$operation.refusals" ] || {
    sed 1q "$operation.refusals" >&2
    sed -i 1d "$operation.refusals"
    exit 254
}
"""
# What it is asked about a unit is in a file a property.
SYSTEMCTL = """#!/bin/sh
case $1 in
show) exec cat "unit-$3" ;;
is-system-running) exec cat system ;;
esac
printf 'systemctl %s\\n' "$*" >>events
[ ! -e "hangs-$2" ] || exec sleep 60
[ ! -e "missing-$2" ] || exit 5
"""
NOT_WAITING = (
    "An error occurred (ValidationError) when calling the operation: "
    "No active Lifecycle Action found with instance ID i-1"
)


@dataclass
class Machine:
    """What the program finds; a test changes it while the program runs."""

    directory: Path
    metadata: dict[str, str] = field(
        default_factory=lambda: {
            "instance-id": "i-1",
            "placement/region": "eu-central-1",
            "tags/instance/aws:autoscaling:groupName": "web-group",
            "autoscaling/target-lifecycle-state": "InService",
        }
    )
    health: int = 200
    slow_answers: int = 0
    asked: list[str] = field(default_factory=list)
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str, **environment: str) -> None:
        """Run the program for the service `web`, looking every 20th of a second. A variable that is given as
        empty is not there."""
        given = {
            "PATH": f"{self.directory}:/usr/bin:/bin",
            "IMMUTABLE_METADATA_URL": self.url,
            "IMMUTABLE_POLL_SECONDS": "0.05",
            "IMMUTABLE_PORT": self.url.rpartition(":")[2],
            "IMMUTABLE_HEALTH_PATH": "/healthz",
            "IMMUTABLE_LAUNCH_SECONDS": "600",
            "IMMUTABLE_TERMINATION_SECONDS": "300",
            **environment,
        }
        self.process = subprocess.Popen(
            ["sh", str(PROGRAM), *(arguments or ("web.service",))],
            cwd=self.directory, env={name: value for name, value in given.items() if value},
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def ended(self) -> tuple[int, str]:
        """Its exit code and what it said."""
        assert self.process is not None
        _, said = self.process.communicate(timeout=LONGEST_SECONDS)
        return self.process.returncode, said

    def events(self) -> list[str]:
        """What it called, the words that are the same for every call of `aws` left out."""
        path = self.directory / "events"
        same = " --region eu-central-1 --instance-id i-1 --cli-connect-timeout 5 --cli-read-timeout 15"
        called = path.read_text().replace(same, "") if path.exists() else ""
        return called.replace(" --auto-scaling-group-name web-group", "").splitlines()

    def refuse(self, operation: str, *words: str) -> None:
        """The next calls of this operation fail with these words."""
        (self.directory / f"{operation}.refusals").write_text("".join(f"{each}\n" for each in words))

    def unit(self, **properties: str | int) -> None:
        """What systemd says of the service's unit from now on."""
        for name, value in properties.items():
            new = self.directory / f"new-{name}"
            new.write_text(f"{value}\n")
            new.rename(self.directory / f"unit-{name}")

    def mark(self, name: str) -> None:
        (self.directory / name).touch()

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while not true():
            assert time.monotonic() < deadline, f"it never came to that; it called {self.events()}"
            time.sleep(0.01)


@contextmanager
def machine(directory: Path) -> Iterator[Machine]:
    """A machine with its servers on, and nothing of it left afterwards."""
    for name, script in (("aws", AWS), ("systemctl", SYSTEMCTL)):
        (directory / name).write_text(script)
        (directory / name).chmod(0o755)
    made = Machine(directory)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            os.killpg(made.process.pid, 9)
            made.process.communicate()
        server.shutdown()
        server.server_close()


def _handler(machine: Machine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            """Version 2 of the metadata service: a token first, with a time to live."""
            lives = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            known = self.path == "/latest/api/token" and lives.isdigit()
            self._answer(200 if known else 400, TOKEN)

        def do_GET(self) -> None:
            machine.asked.append(self.path)
            if machine.slow_answers > 0:
                machine.slow_answers -= 1
                return self.close_without_answer()
            if self.path == "/healthz":
                return self._answer(machine.health, "")
            if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
                return self._answer(401, "")
            found = machine.metadata.get(self.path.removeprefix("/latest/meta-data/"))
            return self._answer(404 if found is None else 200, found or "")

        def close_without_answer(self) -> None:
            self.close_connection = True

        def _answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
