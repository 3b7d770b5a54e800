"""The workloads of a stack file: containers, in the words of services for what both have.

Limits are Kubernetes' unless said otherwise; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from components.server_access import DATABASE_VARIABLES, VARIABLE_NAME, url_variable
from stacks.container_images import ImageKey
from stacks.problems import Place, SectionError, shown
from stacks.references import SecretConfig
from stacks.sections import Section
from stacks.services import RouteConfig
from stacks.shared_keys import HealthPath, environment_problems, statement_problems, taken_names

LONGEST_NAME = 63 - len("-migrate-") - 8
"""Characters of a workload's name: a Job's has 63, and that of a migration ends in `-migrate-` and a hash."""

_MILLI = 1000
_BYTES = {"Mi": 1 << 20, "Gi": 1 << 30, "M": 10**6, "G": 10**9}


def _cpu(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*m|\d+(?:\.\d{1,3})?", value) or not milli_cpu(value):
        raise ValueError(
            f"{shown(value)} is no amount of processor; write one such as 250m, a quarter of one"
        )
    return value


def _memory(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*(?:Mi|Gi|M|G)", value):
        raise ValueError(f"{shown(value)} is no amount of memory; write one such as 256Mi or 2Gi")
    return value


def milli_cpu(value: str) -> int:
    """`250m` and `0.25` as 250."""
    return int(value[:-1]) if value.endswith("m") else int(Decimal(value) * _MILLI)


def memory_bytes(value: str) -> int:
    """`256Mi` in bytes."""
    unit = value.lstrip("0123456789")
    return int(value.removesuffix(unit)) * _BYTES[unit]


class CpuConfig(Section):
    """How much of a processor a pod is given."""

    request: Annotated[str, AfterValidator(_cpu)] = Field(description="what it has for sure, such as 250m")
    limit: Annotated[str, AfterValidator(_cpu)] = Field(description="the most it may use, such as 500m")

    @model_validator(mode="after")
    def _agrees(self) -> CpuConfig:
        if milli_cpu(self.limit) < milli_cpu(self.request):
            SectionError.raise_any([_below(self.limit, self.request)])
        return self


class MemoryConfig(Section):
    """How much memory a pod is given. One that takes more than the limit is ended and started anew."""

    request: Annotated[str, AfterValidator(_memory)] = Field(
        description="what it has for sure, such as 256Mi"
    )
    limit: Annotated[str, AfterValidator(_memory)] = Field(description="the most it may use, such as 256Mi")

    @model_validator(mode="after")
    def _agrees(self) -> MemoryConfig:
        if memory_bytes(self.limit) < memory_bytes(self.request):
            SectionError.raise_any([_below(self.limit, self.request)])
        return self


def _below(limit: str, request: str) -> tuple[Place, str]:
    return ("limit",), f"{limit} is below the request of {request}; raise it, or lower the request"


def _surge(value: str) -> str:
    if not re.fullmatch(r"(?:[1-9]\d?|100)%|[1-9]\d{0,2}", value):
        raise ValueError(f'{shown(value)} is no number of pods; write one such as "25%" or "1"')
    return value


class RolloutConfig(Section):
    """How a release replaces pods. There are never fewer than before that answer."""

    max_surge: Annotated[str, AfterValidator(_surge)] = Field(
        default="25%", description='how many pods more there may be meanwhile, such as "25%" or "1"'
    )
    min_ready_seconds: int = Field(
        default=10, ge=0, le=600, description="seconds that a new pod must stay ready before it counts"
    )
    progress_deadline_seconds: int = Field(
        default=600, ge=30, le=7200, description="seconds without a step forward until a release failed"
    )
    timeout_seconds: int = Field(
        default=3600, ge=60, le=86_400, description="seconds that an update waits for a release"
    )

    @model_validator(mode="after")
    def _agrees(self) -> RolloutConfig:
        if self.timeout_seconds < self.progress_deadline_seconds:
            text = f"{self.timeout_seconds} is over before progressDeadlineSeconds "
            text += f"{self.progress_deadline_seconds}; raise it or lower that"
            SectionError.raise_any([(("timeoutSeconds",), text)])
        return self


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
        if self.port is None and self.route is not None:
            text = "is missing; set it to the TCP port that the container listens on"
            yield ("port",), f"{text}, or take route out for a worker"
        if self.probed is None and "health_path" in self.model_fields_set:
            yield ("healthPath",), "is asked on no port; set port or healthPort, or take it out for a worker"
        if self.route is None and "deregistration_delay_seconds" in self.model_fields_set:
            yield ("deregistrationDelaySeconds",), "is for workloads with a route; set route, or take it out"


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
