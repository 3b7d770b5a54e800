"""One `pulumi up`, from the wait for its turn to what the fleet runs afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from images import containers
from scripts.releases import backend, pulumi_command, status, touched, waiting
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.project import Project
from scripts.releases.pulumi_command import Finished

POLICIES = "policies"
#: Between two tries while another update of the stack runs.
PAUSE_SECONDS = 15.0


class BusyError(ReleaseError):
    """Another update of the stack did not end in time."""


@dataclass(frozen=True)
class Order:
    """What is asked for. `packs`: directories of guardrails, none for the project's own."""

    stack: str
    packs: tuple[Path, ...] = ()
    patience_seconds: float = 3600.0


@dataclass(frozen=True)
class Deployed:
    """How a stack stands after its `up`. `services`, `workloads`: what each runs; None for what is no
    environment.
    """

    stack: str
    image: str | None = None
    url: str | None = None
    services: dict[str, str | None] | None = None
    workloads: dict[str, str | None] | None = None
    disagree: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every service and workload runs what the config says."""
        return not self.disagree

    @property
    def outputs(self) -> dict[str, str | bool | None]:
        """For later steps."""
        return {"stack": self.stack, "image": self.image, "url": self.url, "agrees": self.agrees}

    @property
    def text(self) -> str:
        """In one line."""
        if self.services is None:
            return f"{self.stack} is up"
        if self.disagree:
            return f"{', '.join(self.disagree)} of {self.stack} runs another image than its config says"
        every = {**self.services, **(self.workloads or {})}
        runs = ", ".join(f"{name} runs {containers.short(str(image))}" for name, image in every.items())
        return f"{self.stack} is up: {runs}" + (f"; {self.url}" if self.url else "")

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "image": self.image,
            "url": self.url,
            "services": self.services,
            "workloads": self.workloads,
        }


def bring_up(where: Project, order: Order, seen: Callable[[str], None]) -> Deployed:
    """Runs it; `seen` gets every line that Pulumi prints.

    Raises:
        RefusedError: there is no such stack, or no such pack, or no pulumi command; or Pulumi refused the
            stack's file. Nothing was changed.
        ReleaseError: it failed, or another update did not end in time.
    """
    where.stack_file(order.stack)
    packs = [f"--policy-pack={each}" for each in packs_of(where, order.packs)]
    arguments = ["up", f"--stack={order.stack}", "--yes", "--skip-preview", *packs]
    done = run_in_turn(where, arguments, order.stack, order.patience_seconds, seen)
    check(done, "up", order.stack)
    return state_of(where, order.stack)


def printer(quiet: bool) -> Callable[[str], None]:
    """Where Pulumi's lines go: with `quiet` standard output is for a program."""
    stream = sys.stderr if quiet else sys.stdout
    return lambda line: print(line, file=stream, flush=True)


def packs_of(where: Project, given: tuple[Path, ...]) -> list[Path]:
    """The guardrails to run with: those given, else the project's own, where it has some.

    Raises:
        RefusedError: one that is given is none.
    """
    for pack in given:
        if not (pack / "PulumiPolicy.yaml").is_file():
            raise RefusedError(f"--policy-pack {pack} is no policy pack: it has no PulumiPolicy.yaml")
    own = where.directory / POLICIES
    # Pulumi reads a relative path from its own working directory.
    return [each.resolve() for each in given] or ([own] if (own / "PulumiPolicy.yaml").is_file() else [])


def run_in_turn(
    where: Project,
    arguments: list[str],
    stack: str,
    patience_seconds: float,
    seen: Callable[[str], None],
) -> Finished:
    """Runs a command of Pulumi, again and again while another update holds the stack.

    Raises:
        BusyError: it is held for longer than the patience.
    """
    waited = 0.0
    while True:
        done = pulumi_command.run(where, *arguments, seen=seen)
        if not done.locked:
            return done
        if waited >= patience_seconds:
            raise BusyError(
                f"another update of {stack} still runs after {waited / 60:.0f} minutes; look at it, raise "
                f"--wait-minutes, or when its process is dead: pulumi cancel {stack}"
            )
        if not waited:
            print(f"waiting for another update of {stack} to end", file=sys.stderr, flush=True)
        waiting.sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS


def check(done: Finished, operation: str, stack: str) -> None:
    """Raises unless it ended well: RefusedError where the stack's file is at fault, else ReleaseError."""
    if done.ok:
        return
    if done.failure.startswith(f"Pulumi.{stack}.yaml: "):
        raise RefusedError(done.failure)
    raise ReleaseError(f"{operation} of {stack} failed: {done.failure}")


def state_of(where: Project, stack: str) -> Deployed:
    """What the stack's outputs say its fleet runs, beside its config."""
    if touched.kind(where, stack) != touched.ENVIRONMENT:
        return Deployed(stack)
    (found,) = status.collect(where, backend.choose(where, os.environ), stack)
    if found.problem is not None or found.config is None or found.state is None:
        raise ReleaseError(f"up of {stack} is over, and what runs cannot be read: {found.problem}")
    return Deployed(
        stack,
        image=found.config.shared,
        url=found.state.url,
        services={each.name: each.fleet.image if each.fleet else None for each in found.services},
        workloads={each.name: each.fleet.image if each.fleet else None for each in found.workloads},
        disagree=tuple(each.name for each in found.every if not each.agrees),
    )
