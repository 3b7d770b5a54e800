"""What a fleet needs from outside: what servers are made of, and what may take over replacing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rehearsal.cloud.autoscaling.servers import Configuration, Server


class LaunchError(Exception):
    """A server could not be launched; the text is the activity's StatusMessage."""


@dataclass(frozen=True)
class Timings:
    """Emulated seconds. `grace`: a failing health check is forgiven; `warmup`: until a server counts."""

    boot: float = 40.0
    to_healthy: float = 30.0
    to_unhealthy: float = 30.0
    drain: float = 30.0
    grace: float = 300.0
    warmup: float = 0.0


class Substrate(Protocol):
    """What servers are made of. Calls are synchronous and happen at the timeline's present instant."""

    def launch(self, configuration: Configuration, count: int) -> list[tuple[str, str, str]]:
        """(ID, instance type, zone) of each new server. Raises LaunchError."""

    def booted(self, servers: list[Server]) -> None:
        """They run, but are not in service yet: a lifecycle hook holds them back."""

    def started(self, servers: list[Server]) -> None:
        """They run and take traffic."""

    def drained(self, servers: list[Server]) -> None:
        """They take no traffic any more, and run on until a lifecycle hook lets them go."""

    def replaced(self, servers: list[Server]) -> None:
        """They have a new root volume, of the image of their configuration."""

    def ended(self, servers: list[Server]) -> None: ...
    def behaviour(self, image_id: str) -> str:
        """One of BEHAVIOURS."""

    def timings(self) -> Timings: ...
    def checks_targets(self) -> bool:
        """Whether a server must pass the load balancer's health check (health check type ELB)."""


class Rollout(Protocol):
    """What takes over launching and terminating while it is active: an instance refresh."""

    phase: str
    configuration: Configuration
    warmup: float

    def step(self) -> None: ...
