"""The emulated cloud as the rehearsal sees it: its process, and its admin interface over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.errors import RehearsalError, UsageError
from rehearsal.processes import stop_group

START_SECONDS = 120.0
STOP_SECONDS = 5.0
REQUEST_SECONDS = 60.0
READY = "listening on "
#: Tags of an image that an environment takes.
TESTED = {"immutable:tests": "passed", "immutable:findings": "critical=0 high=0 medium=0"}


class CloudClient:
    """The admin interface: it prepares the account and looks at it. Nothing of the program uses it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """GET, or POST when there is a body. Raises RehearsalError when the cloud is gone or refuses."""
        request = urllib.request.Request(  # noqa: S310 - the address is the loopback cloud's
            f"{self.url}/rehearsal/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        # A proxy from the environment has no business between two processes of one machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=REQUEST_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace").strip()
            raise RehearsalError(f"the emulated cloud refused {path}: {text or error}") from error
        except (OSError, ValueError) as error:
            raise RehearsalError(
                f"the emulated cloud at {self.url} does not answer {path}: {error}"
            ) from error
        return found

    def register_image(
        self,
        name: str,
        tags: Mapping[str, str],
        image_id: str | None = None,
        *,
        owner: str | None = None,
        architecture: str | None = None,
    ) -> str:
        """Put an image there, the account's own unless another one owns it; without an ID the cloud makes one
        up. Returns the ID.
        """
        body: dict[str, Any] = {"name": name, "tags": dict(tags)}
        said = {"imageId": image_id, "owner": owner, "architecture": architecture}
        body |= {key: value for key, value in said.items() if value}
        return str(self.call("images", body)["imageId"])

    def register_certificate(self, arn: str, domain: str) -> None:
        """Put an issued certificate into the account, as one that the owner of the domain has validated."""
        self.call("certificates", {"arn": arn, "domain": domain})

    def register_zone(self, zone_id: str, domain: str) -> None:
        """Put a public hosted zone into the account, as one to which the domain is delegated."""
        self.call("zones", {"zoneId": zone_id, "domain": domain})

    def register_container_image(self, reference: str, behaviour: str = "healthy") -> None:
        """Say what containers of an image do: healthy, missing, crash-loop, never-ready, slow or
        migration-fails. Who runs already goes on as it is.
        """
        self.call("container-images", {"reference": reference, "behaviour": behaviour})

    def open_kubernetes_cluster(self, name: str, **given: Any) -> dict[str, Any]:
        """A cluster without EKS, with `region`, `version`, `nodes` and `addOns` as they are given.
        `{"endpoint", "token", "kubeconfig"}`.
        """
        return self.call("kubernetes-clusters", {"name": name} | given)

    def fleet(self) -> dict[str, Any]:
        """`{"at": emulated seconds, "groups": [...]}`: every group with its instances."""
        return self.call("fleet")

    def step_clock(self, seconds: float) -> None:
        """Let emulated time pass at once: all that is due until then happens, in its order."""
        self.call("clock", {"step": seconds})

    def speed(self, speed: float | None = None) -> float:
        """Emulated seconds in one real second; gives it another value where there is one."""
        return float(self.call("clock", None if speed is None else {"speed": speed})["speed"])

    def healthy(self) -> bool:
        """True when a cloud of ours answers at this address."""
        try:
            self.call("health")
        except RehearsalError:
            return False
        return True


class CloudProcess:
    """The emulated cloud, started as a process of its own and stopped with all that it holds."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log
        self.url = ""

    @property
    def client(self) -> CloudClient:
        """The admin interface of a cloud that is ready."""
        return CloudClient(self.url)

    @property
    def pid(self) -> int:
        """The process ID, for the record of a kept cloud."""
        return self._process.pid

    @classmethod
    def start(cls, log: Path, *, port: int = 0, speed: float | None = None) -> CloudProcess:
        """Start it; port 0 takes a free one, its output goes to `log`. It answers once it is `ready`."""
        command = [sys.executable, "-m", "rehearsal.cloud", "--port", str(port)]
        if speed is not None:
            command += ["--speed", str(speed)]
        # A session of its own: the terminal's Ctrl-C must not take the cloud away from an engine that is
        # still writing down what it made, and a kept cloud outlives the terminal.
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=Path(__file__).resolve().parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        return cls(process, log)

    def ready(self) -> CloudProcess:
        """Wait until it answers, and return it.

        Raises UsageError when the port is taken, RehearsalError when it does not come up; it is stopped then.
        """
        try:
            self.url = _wait_until_ready(self._process, self._log)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the process; all it holds is in memory and goes with it."""
        stop_group(self._process, signal.SIGTERM, STOP_SECONDS)


def _wait_until_ready(process: subprocess.Popen[str], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll()
        lines = log.read_text(errors="replace").splitlines()
        for line in lines:
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
        if ended is not None:
            reason = next((line for line in reversed(lines) if line.strip()), f"exit code {ended}")
            raise (UsageError if ended == 2 else RehearsalError)(reason)
        time.sleep(0.02)
    raise RehearsalError(
        f"the emulated cloud was not ready within {START_SECONDS:.0f} s; its output is in {log}"
    )


def stop_kept(pid: int, client: CloudClient) -> bool:
    """Stop a kept cloud by the process ID in its record; False when it was gone already.

    The process is ours only as long as the cloud answers at its address: a process ID may be taken anew.
    """
    if not client.healthy():
        return False
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal_number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not client.healthy():
                return True
            time.sleep(0.02)
    raise RehearsalError(f"process {pid} of the kept cloud does not stop; end it with `kill -9 {pid}`")
