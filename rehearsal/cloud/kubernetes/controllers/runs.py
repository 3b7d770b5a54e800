"""One container of a pod on its node: what state it is in, and how that is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

#: Seconds that a container without trouble takes until it listens, and one that is slow.
BOOT_SECONDS, SLOW_BOOT_SECONDS = 5.0, 240.0
JOB_SECONDS, FAILING_SECONDS, INIT_SECONDS = 10.0, 2.0, 1.0
FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS = 10.0, 300.0
#: So long a container must run that its crashes are forgotten.
FORGIVEN_SECONDS = 600.0


@dataclass
class Container:
    """`state` and `last` are in the API's form; `turn` tells what was planned for an earlier run."""

    spec: Object
    init: bool
    state: Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: Object = field(default_factory=dict)
    restarts: int = 0
    crashes: int = 0
    pull_failures: int = 0
    started: bool = False
    ready: bool = False
    done: bool = False
    turn: int = 0
    since: float = 0.0
    log: list[str] = field(default_factory=list)
    previous_log: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        return str(self.spec["image"])

    def back_off(self) -> float:
        """Seconds to wait before the next start; the first one comes at once."""
        if self.crashes <= 1:
            return 0.0
        return float(min(FIRST_BACK_OFF_SECONDS * 2 ** (self.crashes - 2), LONGEST_BACK_OFF_SECONDS))

    def identity(self, pod: str) -> str:
        digest = hashlib.sha256(f"{pod}/{self.name}/{self.restarts}".encode()).hexdigest()
        return f"containerd://{digest}"

    def status(self, pod: str) -> Object:
        told: Object = {
            "name": self.name,
            "state": self.state,
            "lastState": self.last,
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": self.image if "@" in self.image and "waiting" not in self.state else "",
            "started": self.started,
        }
        if "waiting" not in self.state or self.last:
            told["containerID"] = self.identity(pod)
        return told


@dataclass
class Run:
    """A pod on its node. `ending`: it was told to stop."""

    key: Key
    uid: str
    containers: list[Container]
    address: str
    started_at: str
    job: bool
    restart_policy: str
    mounted: bool = False
    ending: bool = False

    def of(self, name: str) -> Container | None:
        return next((each for each in self.containers if each.name == name), None)

    @property
    def inits(self) -> list[Container]:
        return [each for each in self.containers if each.init]

    @property
    def apps(self) -> list[Container]:
        return [each for each in self.containers if not each.init]

    @property
    def initialized(self) -> bool:
        return all(each.done for each in self.inits)

    def phase(self) -> str:
        codes = [each.state.get("terminated", {}).get("exitCode") for each in self.apps if each.done]
        failed_init = any(
            each.state.get("terminated", {}).get("exitCode") and each.done for each in self.inits
        )
        if failed_init or (len(codes) == len(self.apps) and any(codes)):
            return "Failed"
        if len(codes) == len(self.apps):
            return "Succeeded"
        running = any(
            "running" in each.state or each.last or "terminated" in each.state for each in self.apps
        )
        return "Running" if running else "Pending"


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def terminated(code: int, reason: str, started: str, finished: str, identity: str) -> Object:
    told: dict[str, Any] = {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": finished}
    return {"terminated": told | {"containerID": identity}}
