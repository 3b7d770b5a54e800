"""What an environment was declared to be, as far as its config file and its stack's outputs say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases import preferences
from scripts.releases.config_file import ConfigFile
from scripts.releases.hooks import LAUNCHING, TERMINATING, Hook
from scripts.releases.schedules import Action
from scripts.releases.state import EnvironmentState, ServiceState

#: What the program gives where the config is silent: a test holds all of these to the program's own values.
DEFAULTS: Mapping[str, Any] = {
    "min": 2, "max": 4, "maxInstanceLifetimeDays": 30, "launchTimeoutSeconds": 600,
    "terminationTimeoutSeconds": 300, "days": ("mon", "tue", "wed", "thu", "fri"),
}  # fmt: skip
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAINTENANCE = "100 to 110"
HEALTH_CHECK, UNASKED = "ELB", "EC2"
JOB = "job"
UNASKED_KINDS = ("worker", JOB)
"""Those behind no load balancer."""

LEAST, GREATEST = "the least number of servers", "the greatest number of servers"
KEPT, CHECK = "the percentage kept healthy", "the health check"
VERSION, LIFETIME = "the launch template's version", "the days that a server may live"


def number(value: object) -> str:
    """A whole number as AWS writes it: Pulumi may say 3.0 for 3. "" for None."""
    return "" if value is None else str(value).removesuffix(".0")


@dataclass(frozen=True)
class Declared:
    """The two sources together. `project` is the Pulumi project's name, which every server has as a tag."""

    project: str
    config: ConfigFile
    state: EnvironmentState

    @property
    def environment(self) -> str:
        """The stack's name."""
        return self.config.environment

    def service(self, service: str) -> ServiceState | None:
        """What the outputs say of a service."""
        return self.state.services.get(service)

    def settings(self, service: str) -> dict[str, tuple[str, str]]:
        """Where each setting of a service's group is declared, and what it is there.

        Left out is what no source says: all that is in the config of a service that left it.
        """
        program, file = "the program", self.config.path.name
        state, kind = self.service(service), self.kind(service)
        check = UNASKED if kind in UNASKED_KINDS else HEALTH_CHECK
        found = {KEPT: (program, MAINTENANCE), CHECK: (program, check)}
        if version := number(state.launch_template_version if state else None):
            found[VERSION] = ("the stack", version)
        if service in self.config.services:
            section = self._section(service)
            for setting, key in ((LEAST, "min"), (GREATEST, "max"), (LIFETIME, "maxInstanceLifetimeDays")):
                found[setting] = (file, str(section.get(key, DEFAULTS[key])))
        if kind == JOB:
            found |= {LEAST: (program, "0"), GREATEST: (program, "1")}
        return found

    def kind(self, service: str) -> str | None:
        """What the stack says that a service is, as of the last `up`."""
        state = self.service(service)
        return state.kind if state else None

    def hooks(self, service: str) -> dict[str, Hook]:
        """The hooks of a service's group by name; a time-out of 0 in the config is none."""
        if service not in self.config.services:
            return {}
        given = self._section(service).get("lifecycle")
        written: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        both = {
            "launch": (LAUNCHING, "launchTimeoutSeconds", "ABANDON"),
            "termination": (TERMINATING, "terminationTimeoutSeconds", "CONTINUE"),
        }
        found = {
            name: Hook(name, transition, float(written.get(key, DEFAULTS[key])), result)
            for name, (transition, key, result) in both.items()
        }
        if self.kind(service) == JOB:
            del found["launch"]
        return {name: hook for name, hook in found.items() if hook.timeout_seconds}

    @property
    def sleeps(self) -> bool:
        """Whether the environment has hours at which it has no servers."""
        return bool(self._sleep)

    def schedule(self, service: str) -> dict[str, Action]:
        """The scheduled actions of a service's group by name."""
        sleep = self._sleep
        if not sleep or service not in self.config.services or self.kind(service) == JOB:
            return {}
        sizes = self.settings(service)
        least, most = int(sizes[LEAST][1]), int(sizes[GREATEST][1])
        days = [day.upper() for day in WEEK if day in (sleep.get("days") or DEFAULTS["days"])]

        def action(name: str, time: object, size: int) -> Action:
            hour, _, minute = str(time).partition(":")
            when = f"{int(minute)} {int(hour)} * * {','.join(days)}"
            return Action(name, size, most, size, when, str(sleep.get("timeZone")), None)

        return {
            "sleep": action("sleep", sleep.get("from"), 0),
            "wake": action("wake", sleep.get("until"), least),
        }

    @property
    def _sleep(self) -> Mapping[str, Any]:
        found = preferences.section(self.config, "sleep")
        times = (found.get("from"), found.get("until"))
        return found if all(isinstance(time, str) and ":" in time for time in times) else {}

    def _section(self, service: str) -> Mapping[str, Any]:
        return preferences.service_section(self.config, service)
