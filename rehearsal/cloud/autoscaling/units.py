"""The lifecycle program on servers that nobody asks: a worker's reports itself, a job's ends itself.

What a server is, its user data says, as it says to the program of the image (`images/lifecycle`). A run of a
job takes `RUN_SECONDS` and succeeds, with an image that behaves well. With one that errs or crashes it fails,
and with one that is never healthy it does not end until its time is over. All that a server asks of Auto
Scaling, its role has to allow.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

from rehearsal.cloud.autoscaling import agent, journal
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, Server
from rehearsal.cloud.iam import permissions

RUN_SECONDS = 60.0
#: How long a worker's unit may not run until its server reports itself, and how often it does.
ILL_SECONDS = 120.0

_VARIABLE = re.compile(r'^IMMUTABLE_([A-Z_]+)="?([^"\n]*)"?$', re.MULTILINE)


class Told(NamedTuple):
    """What the program is told. `run_seconds` is 0 of what is no job; `role` an ARN, empty without one."""

    has_port: bool
    run_seconds: float
    role: str


class Units:
    """Of all servers of one Auto Scaling group."""

    def __init__(self, group: Any) -> None:
        self._group = group
        self._versions = agent.Versions(group, told)

    def hear(self, what: str, servers: list[Server]) -> None:
        """Let the program do what follows from what servers said."""
        for configuration, some in groupby(servers, key=lambda server: server.configuration):
            told = self._versions.of(configuration)
            if told is None or told.has_port:
                continue
            if told.run_seconds and what == journal.BOOTED:
                self._run(list(some), told)
            elif not told.run_seconds and what == journal.CRASHED:
                self._after(ILL_SECONDS, self._report, list(some), told)

    def _run(self, servers: list[Server], told: Told) -> None:
        behaviour = servers[0].behaviour
        errs = behaviour.errors_after_seconds is not None or behaviour.crashes_after_seconds is not None
        ends_well = behaviour.gets_healthy and not errs
        seconds = min(RUN_SECONDS, told.run_seconds) if behaviour.gets_healthy else told.run_seconds
        how = journal.RUN_SUCCEEDED if ends_well else journal.RUN_FAILED
        self._after(seconds, self._end, servers, told, how)

    def _end(self, servers: list[Server], told: Told, how: str) -> None:
        """Say it, and go with the capacity."""
        there = self._there(servers)
        self._group.fleet.say(how, there)
        for server in there:
            if self._may(told, "autoscaling:TerminateInstanceInAutoScalingGroup"):
                self._group.autoscaling_backend.terminate_server(server.id, decrement=True)

    def _report(self, servers: list[Server], told: Told) -> None:
        """Again and again while the group's grace period lasts: SetInstanceHealth respects it."""
        fleet = self._group.fleet
        for server in self._there(servers):
            if not self._may(told, "autoscaling:SetInstanceHealth"):
                continue
            if fleet.timeline.now - (server.in_service_at or 0) < fleet.substrate.timings().grace:
                self._after(ILL_SECONDS, self._report, [server], told)
            else:
                server.report("Unhealthy")
        fleet.changed()

    def _may(self, told: Told, action: str) -> bool:
        if told.role and permissions.allowed(told.role, action, self._group.arn):
            return True
        print(f"{self._group.name}: a server's role may not {action}", file=sys.stderr, flush=True)
        return False

    def _there(self, servers: list[Server]) -> list[Server]:
        known = self._group.fleet.servers
        return [one for one in servers if known.get(one.id) is one and one.lifecycle == IN_SERVICE]

    def _after(self, seconds: float, act: Callable[..., None], *given: Any) -> None:
        self._group.fleet.timeline.after(seconds, lambda: act(*given))


def told(data: dict[str, Any]) -> Told | None:
    """What a LaunchTemplateData tells the program; None when there is nothing, and so no hooks."""
    for name, content in agent.files(str(data.get("UserData") or "")):
        if name.startswith(f"{agent.FOLDER}/") and name.endswith(".env"):
            variables = dict(_VARIABLE.findall(content))
            if "TERMINATION_SECONDS" in variables:
                role = agent.role_of(data.get("IamInstanceProfile") or {})
                return Told("PORT" in variables, float(variables.get("RUN_SECONDS", 0)), role)
    return None
