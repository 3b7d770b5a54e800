"""The kinds of services: web, worker and job. The keys that a service has say which it is.

With `port` it is asked by somebody and stands behind a load balancer. Without, it is a worker, which finds
its work itself; with `schedule` beside, a job, which has one server while it runs and none otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic.alias_generators import to_camel

from components.lifecycle_hooks import Lifecycle
from stacks.problems import Place

if TYPE_CHECKING:
    from components.job_run import JobRun
    from stacks.services import ServiceConfig

Kind = Literal["web", "worker", "job"]

_ASKED = ("health_path", "requests_per_target", "deregistration_delay_seconds", "slow_start_seconds")
_ASKED_ALARMS = ("error_percent", "latency_seconds", "unhealthy_hosts")
_STAYING = (
    "min",
    "max",
    "health_check_grace_seconds",
    "warmup_seconds",
    "on_demand_base_capacity",
    "on_demand_percentage",
    "cpu_target_percent",
    "max_instance_lifetime_days",
)
_STAYING_LIFECYCLE = ("launch_timeout_seconds",)
_TIMED = ("time_zone", "timeout_minutes")


def kind_of(service: ServiceConfig) -> Kind:
    """By its keys."""
    if service.port is not None:
        return "web"
    return "worker" if service.schedule is None else "job"


def problems(service: ServiceConfig) -> Iterator[tuple[Place, str]]:
    """Keys that mean nothing for a service of this kind, lest one believe that they do."""
    if service.port is not None:
        if service.schedule is not None:
            yield ("schedule",), "is for services without a port; take port out for a job, or take this out"
    else:
        yield from _without_a_port(service)
    if service.schedule is None:
        yield from _given((), service.model_fields_set, _TIMED, "is for jobs; set schedule, or take it out")


def _without_a_port(service: ServiceConfig) -> Iterator[tuple[Place, str]]:
    if service.route is not None:
        text = "is missing; set it to the TCP port that the servers listen on"
        yield ("port",), f"{text}, or take route out for a worker"
    why = "is for services with a port; set port, or take it out"
    yield from _given((), service.model_fields_set, _ASKED, why)
    yield from _given(("alarms",), service.alarms.model_fields_set, _ASKED_ALARMS, why)
    if service.schedule is None:
        return
    why = "is for services that stay, and a job has one server while it runs; take it out"
    yield from _given((), service.model_fields_set, _STAYING, why)
    yield from _given(("lifecycle",), service.lifecycle.model_fields_set, _STAYING_LIFECYCLE, why)
    if not service.lifecycle.termination_timeout_seconds:
        place = ("lifecycle", "terminationTimeoutSeconds")
        yield place, "0 would lose the last lines of every run; write 30 to 7200"


def _given(
    place: Place, names: Collection[str], refused: Collection[str], why: str
) -> Iterator[tuple[Place, str]]:
    return (((*place, to_camel(name)), why) for name in refused if name in names)


def lifecycle_of(service: ServiceConfig) -> Lifecycle:
    """As the components take it. A job has no launch hook: a server given up would be launched again."""
    launch = 0 if kind_of(service) == "job" else service.lifecycle.launch_timeout_seconds
    leave = service.lifecycle.termination_timeout_seconds
    return Lifecycle(launch_timeout_seconds=launch, termination_timeout_seconds=leave)


def sizes_of(service: ServiceConfig) -> tuple[int, int]:
    """The least and the greatest number of servers."""
    return (0, 1) if kind_of(service) == "job" else (service.min, service.max)


def run_of(service: ServiceConfig) -> JobRun | None:
    """When a job runs; None for what is none."""
    if service.schedule is None:
        return None
    from components.job_run import JobRun

    return JobRun(
        schedule=service.schedule,
        time_zone=service.time_zone,
        timeout_minutes=service.timeout_minutes,
    )
