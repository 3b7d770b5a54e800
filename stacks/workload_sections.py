"""The workloads of a stack file: containers, in the words of services for what both have.

Limits are Kubernetes' unless said otherwise; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from pydantic.alias_generators import to_camel

from components.server_access import DATABASE_VARIABLES, VARIABLE_NAME, url_variable
from stacks.container_images import ImageKey
from stacks.pod_sections import CpuConfig, MemoryConfig, RolloutConfig
from stacks.problems import Place, SectionError
from stacks.references import SecretConfig
from stacks.rollouts import RequestAlarmsConfig, WorkloadAlarmsConfig
from stacks.sections import Section
from stacks.services import RouteConfig
from stacks.shared_keys import HealthPath, environment_problems, statement_problems, taken_names

LONGEST_NAME = 63 - len("-migrate-") - 8
"""Characters of a workload's name: a Job's has 63, and that of a migration ends in `-migrate-` and a hash."""


def _port_name(value: str) -> str:
    if not re.fullmatch(r"(?=.*[a-z])[a-z0-9](?:-?[a-z0-9]){0,14}", value) or len(value) > 15:
        text = (
            "is no name for a port; take up to 15 lower-case letters, digits, hyphens, one of them a letter"
        )
        raise ValueError(text)
    if value == HTTP:
        raise ValueError("is the name of port itself; give it another name")
    return value


Port = Annotated[int, Field(ge=1024, le=65_535)]
"""The lower ones are root's, and no container is root."""

HTTP = "http"
"""The name that `port` itself has."""


class WorkloadConfig(Section):
    """One workload: pods of one image. Without `port` it is a worker, which finds its work itself."""

    image: ImageKey | None = Field(
        default=None, description="the key of its image in images; the workload's own name without it"
    )
    port: Port | None = Field(
        default=None, description="the TCP port that the container listens on; none for a worker"
    )
    ports: dict[Annotated[str, AfterValidator(_port_name)], Port] = Field(
        default={}, description="further ports by name, such as metrics: 9090"
    )
    health_path: HealthPath = Field(default="/healthz", description="the path that answers 200")
    health_port: Port | None = Field(
        default=None, description="the port that healthPath is asked on; port without it"
    )
    min: int = Field(default=2, ge=1, le=500, description="the least number of pods")
    max: int = Field(default=4, ge=1, le=500, description="the greatest number of pods")
    cpu_target_percent: int = Field(
        default=50, ge=10, le=95, description="the use of the requested processor to scale for"
    )
    cpu: CpuConfig = Field(description="a map with request and limit, such as 250m and 500m")
    memory: MemoryConfig = Field(description="a map with request and limit, such as 256Mi for both")
    route: RouteConfig | None = Field(
        default=None,
        description="a priority with hosts, paths or both; none if other workloads alone call it",
    )
    environment: dict[str, str] = Field(default={}, description="environment variables; no secrets")
    not_secret: tuple[str, ...] = Field(
        default=(), description="variables that look like secrets and are none, by name"
    )
    secrets: dict[str, SecretConfig] = Field(
        default={}, description="references to secrets, by the name of the file that holds the value"
    )
    database: str | None = Field(default=None, description="a database of this environment, by name")
    calls: tuple[str, ...] = Field(default=(), description="other workloads that it calls, by name")
    policy_statements: tuple[dict[str, Any], ...] = Field(
        default=(), description="IAM statements for what the workload itself may do, such as writing a queue"
    )
    command: tuple[str, ...] = Field(
        default=(), description="what is run instead of the image's own command, a word an entry"
    )
    migrate: tuple[str, ...] = Field(
        default=(), description="what is run once, with the new image, before its pods; a word an entry"
    )
    startup_seconds: int = Field(
        default=120, ge=10, le=3600, description="seconds that a new pod may take until it first answers"
    )
    migrate_timeout_seconds: int = Field(
        default=1800, ge=10, le=86_400, description="seconds that migrate may take, over all tries"
    )
    drain_seconds: int = Field(
        default=15, ge=0, le=3600, description="seconds that a pod goes on answering when it is to stop"
    )
    termination_grace_seconds: int = Field(
        default=60, ge=1, le=7200, description="seconds until a pod that is to stop is ended, draining too"
    )
    deregistration_delay_seconds: int = Field(
        default=60, ge=0, le=3600, description="seconds that open requests may take when a node leaves"
    )
    tmp_size_mib: int = Field(
        default=256,
        ge=1,
        le=65_536,
        description="what may be written, in /tmp, in MiB; all else is read-only",
    )
    user_id: int | None = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        description="the number of the user that it runs as; the image's without",
    )
    service_account_token: bool = Field(
        default=False, description="true for pods that speak to the cluster's API themselves"
    )
    alarms: WorkloadAlarmsConfig = Field(
        default=WorkloadAlarmsConfig(), description="from where on it does badly"
    )
    rollout: RolloutConfig = Field(default=RolloutConfig(), description="how a release replaces pods")

    @model_validator(mode="after")
    def _agrees(self) -> WorkloadConfig:
        SectionError.raise_any(self._problems())
        return self

    @property
    def served(self) -> tuple[int, ...]:
        """Every port that the container listens on."""
        return (*(() if self.port is None else (self.port,)), *self.ports.values())

    @property
    def probed(self) -> int | None:
        """The port that probes ask; None for a worker that nobody asks."""
        return self.health_port or self.port

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if self.min > self.max:
            yield ("min",), f"{self.min} is more than max {self.max}; lower min or raise max"
        if self.drain_seconds >= self.termination_grace_seconds:
            text = f"{self.drain_seconds} leaves nothing of terminationGraceSeconds "
            yield ("drainSeconds",), f"{text}{self.termination_grace_seconds}; lower it or raise that"
        start = self.startup_seconds + self.rollout.min_ready_seconds
        if self.rollout.progress_deadline_seconds <= start:
            text = (
                f"{self.rollout.progress_deadline_seconds} is over before a pod may be ready, after {start} s"
            )
            place = ("rollout", "progressDeadlineSeconds")
            yield place, f"{text} of startupSeconds and minReadySeconds; raise it"
        yield from self._port_problems()
        yield from environment_problems(
            self.environment, self.not_secret, _refuse, what="workload", shown_by="the cluster"
        )
        yield from taken_names(self.environment, self.secrets, variables(self).get)
        yield from statement_problems(self.policy_statements)

    def _port_problems(self) -> Iterator[tuple[Place, str]]:
        taken = {} if self.port is None else {self.port: "port"}
        for name, port in self.ports.items():
            if port in taken:
                yield ("ports", name), f"{port} is also {taken[port]}; give each its own"
            taken[port] = f"ports.{name}"
        if self.health_port is not None and self.health_port not in taken:
            served = ", ".join(map(str, taken)) or "none"
            yield ("healthPort",), f"{self.health_port} is not served; {_one_of(served)}"
        elif self.route is not None and self.probed != self.port and self.port is not None:
            text = f"{self.health_port} is not port {self.port}, where the load balancer asks healthPath too"
            yield ("healthPort",), f"{text}; answer it there and take this out"
        if self.port is None and self.route is not None:
            text = "is missing; set it to the TCP port that the container listens on"
            yield ("port",), f"{text}, or take route out for a worker"
        if self.probed is None and "health_path" in self.model_fields_set:
            yield ("healthPath",), "is asked on no port; set port or healthPort, or take it out for a worker"
        if self.route is None:
            yield from self._without_a_route()
        if not self.migrate and "migrate_timeout_seconds" in self.model_fields_set:
            yield ("migrateTimeoutSeconds",), "is for workloads that migrate; set migrate, or take it out"

    def _without_a_route(self) -> Iterator[tuple[Place, str]]:
        why = "is for workloads with a route; set route, or take it out"
        if "deregistration_delay_seconds" in self.model_fields_set:
            yield ("deregistrationDelaySeconds",), why
        for name in RequestAlarmsConfig.model_fields:
            if name in self.alarms.model_fields_set:
                yield ("alarms", to_camel(name)), why


def _one_of(served: str) -> str:
    return "write port or one of ports" if served == "none" else f"write one that is: {served}"


def _refuse(name: str, value: str) -> None:
    if not VARIABLE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for an environment variable; use letters, digits and _")
    if "\0" in value:
        raise ValueError(f"the value of {name} holds a zero byte, which ends it; take it out")


def variables(workload: WorkloadConfig) -> dict[str, str]:
    """What pods are told beside their environment, with the key that tells it."""
    found = {url_variable(callee): f"calls: [{callee}]" for callee in workload.calls}
    if workload.database is not None:
        names = (*DATABASE_VARIABLES, "DATABASE_SECRET_FILE")
        found |= dict.fromkeys(names, f"database: {workload.database}")
    return found | {f"{name}_FILE": f"secrets: {name}" for name in workload.secrets}
