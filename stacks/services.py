"""The services of a stack file: how requests reach one, what servers it has, what they are told.

Limits are AWS's unless said otherwise; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from components.cron import checked
from components.lifecycle_hooks import VARIABLES
from components.server_access import DATABASE_VARIABLES, url_variable
from components.user_data import LOG_GROUP, environment_file
from stacks import kinds, sessions
from stacks.instance_types import InstanceType, conflicts
from stacks.problems import Place, SectionError, shown
from stacks.references import SecretConfig
from stacks.rollouts import AlarmsConfig, LifecycleConfig, RefreshConfig
from stacks.sections import ImageId, Section, TimeZone
from stacks.shared_keys import HealthPath, environment_problems, statement_problems, taken_names

_HOST = re.compile(r"[A-Za-z0-9.*?-]+\.[A-Za-z*?]+")
_PATH = re.compile(r"/[A-Za-z0-9_.$/~\"'@:+&*?-]*")
_VALUES_A_CONDITION = 3
_VALUES_A_RULE = 5
_CONDITION_LENGTH = 128


class RouteConfig(Section):
    """Which requests a service answers: the listener rule with the lowest priority number wins."""

    priority: int = Field(ge=1, le=50_000, description="the rule's place, 1 to 50000; the lowest number wins")
    hosts: tuple[str, ...] = Field(default=(), description="host names; * and ? are wildcards")
    paths: tuple[str, ...] = Field(default=(), description='paths, such as "/api/*"; * and ? are wildcards')

    @model_validator(mode="after")
    def _matches_something(self) -> RouteConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if not self.hosts and not self.paths:
            yield (), 'has neither hosts nor paths; give it paths: ["/*"] to answer every request'
        if len(self.hosts) + len(self.paths) > _VALUES_A_RULE:
            count = len(self.hosts) + len(self.paths)
            yield (), f"has {count} hosts and paths; a listener rule takes {_VALUES_A_RULE}"
        for key, patterns, form in (("hosts", self.hosts, _HOST), ("paths", self.paths, _PATH)):
            if len(patterns) > _VALUES_A_CONDITION:
                yield (key,), f"has {len(patterns)} entries; a listener rule takes {_VALUES_A_CONDITION}"
            for index, pattern in enumerate(patterns):
                if len(pattern) > _CONDITION_LENGTH:
                    yield (key, index), f"{shown(pattern)} is over {_CONDITION_LENGTH} characters; shorten it"
                elif not form.fullmatch(pattern):
                    example = "app.example.com" if key == "hosts" else "/api/*"
                    yield (key, index), f"{shown(pattern)} cannot be matched; write one such as {example}"
                # Host names are compared without case, paths with it.
                before = [each.lower() if key == "hosts" else each for each in patterns[:index]]
                if (pattern.lower() if key == "hosts" else pattern) in before:
                    yield (key, index), f"{shown(pattern)} stands there twice; remove one"


class ServiceConfig(Section):
    """One service: a fleet of like servers. `kinds.py` says what it is by the keys that it has."""

    port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="the TCP port that the servers listen on; none for a worker or a job",
    )
    route: RouteConfig | None = Field(
        default=None, description="a priority with hosts, paths or both; none if other services alone call it"
    )
    schedule: Annotated[str, AfterValidator(checked)] | None = Field(
        default=None, description="of a job: when it runs, such as cron(0 3 * * ? *) for every night at three"
    )
    time_zone: TimeZone = Field(default="UTC", description="of a job: an IANA time zone for its schedule")
    timeout_minutes: int = Field(
        default=60, ge=1, le=1380, description="of a job: the minutes that a run may take, up to 23 hours"
    )
    instance_types: tuple[InstanceType, ...] = Field(
        min_length=1, max_length=40, description="one or more instance types, the preferred one first"
    )
    image_id: ImageId | None = Field(default=None, description="an image of its own")
    health_path: HealthPath = Field(default="/healthz", description="the path that answers 200")
    min: int = Field(default=2, ge=1, le=500, description="the least number of servers")
    max: int = Field(default=4, ge=1, le=500, description="the greatest number of servers")
    environment: dict[str, str] = Field(default={}, description="environment variables; no secrets")
    not_secret: tuple[str, ...] = Field(
        default=(), description="variables that look like secrets and are none, by name"
    )
    database: str | None = Field(default=None, description="a database of this environment, by name")
    secrets: dict[str, SecretConfig] = Field(
        default={}, description="references to secrets, by the variable that gets the value on the server"
    )
    sessions: bool = Field(
        default=False, description=f"true to get the environment's session keys in {sessions.VARIABLE}"
    )
    calls: tuple[str, ...] = Field(default=(), description="other services that it calls, by name")
    policy_statements: tuple[dict[str, Any], ...] = Field(
        default=(), description="IAM statements for what the service itself may do, such as writing a queue"
    )
    root_device_name: str = Field(
        default="/dev/xvda", description="the image's root device: /dev/xvda, or /dev/sda1 for Ubuntu"
    )
    volume_size_gib: int = Field(default=20, ge=8, le=16_384, description="the root volume's size in GiB")
    health_check_grace_seconds: int = Field(
        default=300, ge=1, le=7200, description="seconds a new server has until health checks count"
    )
    warmup_seconds: int = Field(default=120, ge=1, le=3600, description="seconds until a new server counts")
    deregistration_delay_seconds: int = Field(
        default=60, ge=0, le=3600, description="seconds that open requests may take when a server leaves"
    )
    slow_start_seconds: int = Field(
        default=30, ge=0, le=900, description="seconds until a new server gets its full load: 0, or 30 to 900"
    )
    on_demand_base_capacity: int = Field(
        default=0, ge=0, description="the servers that are never spot ones, before the percentage counts"
    )
    on_demand_percentage: int = Field(
        default=100, ge=0, le=100, description="the share of servers that are not spot ones, 0 to 100"
    )
    cpu_target_percent: int = Field(default=60, ge=10, le=95, description="the processor use to scale for")
    requests_per_target: int | None = Field(
        default=None, ge=1, le=1_000_000, description="the requests a minute and server to scale for"
    )
    max_instance_lifetime_days: int = Field(
        default=30, ge=1, le=365, description="days until a server is replaced by a fresh one"
    )
    lifecycle: LifecycleConfig = Field(
        default=LifecycleConfig(), description="how long servers may take to come and to go"
    )
    alarms: AlarmsConfig = Field(default=AlarmsConfig(), description="from where on it does badly")
    refresh: RefreshConfig = Field(default=RefreshConfig(), description="how a release replaces servers")

    @model_validator(mode="after")
    def _agrees(self) -> ServiceConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        yield from kinds.problems(self)
        if self.min > self.max:
            yield ("min",), f"{self.min} is more than max {self.max}; lower min or raise max"
        if 0 < self.slow_start_seconds < 30:
            yield ("slowStartSeconds",), f"{self.slow_start_seconds} is not possible; write 0, or 30 to 900"
        if self.warmup_seconds > self.health_check_grace_seconds:
            # A server would be watched for longer than it may fail: one that is slow is replaced for ever.
            text = f"{self.warmup_seconds} is more than healthCheckGraceSeconds "
            yield ("warmupSeconds",), f"{text}{self.health_check_grace_seconds}; lower it or raise that"
        yield from ((("instanceTypes", index), text) for index, text in conflicts(self.instance_types))
        yield from environment_problems(
            self.environment, self.not_secret, _refuse, what="service", shown_by="user data"
        )
        set_by = variables(self)
        yield from taken_names(
            self.environment, self.secrets, lambda name: set_by.get(name) or reserved(name)
        )
        yield from statement_problems(self.policy_statements)


def _refuse(name: str, value: str) -> None:
    environment_file({name: value})


def variables(service: ServiceConfig) -> dict[str, str]:
    """What the servers are told beside environment and secrets, with the key that tells it."""
    found = {url_variable(callee): f"calls: [{callee}]" for callee in service.calls}
    if service.database is not None:
        found |= dict.fromkeys(DATABASE_VARIABLES, f"database: {service.database}")
    if service.sessions:
        found[sessions.VARIABLE] = "sessions: true"
    return found


def reserved(name: str) -> str | None:
    """Who sets a variable on every server; None for one that a service may have."""
    return "the program on every server" if name == LOG_GROUP or name.startswith(VARIABLES) else None
