"""Compares what each environment's config says with what its fleet runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.releases import digests, promotion, state
from scripts.releases.backend import Backend
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import NotDeployedError, RefusedError, ReleaseError
from scripts.releases.project import Project
from scripts.releases.state import EnvironmentState, ServiceState, WorkloadState


@dataclass(frozen=True)
class ServiceStatus:
    """One service: the image that the config gives it, and its fleet, None while it is not up."""

    name: str
    configured: str | None
    fleet: ServiceState | None

    @property
    def agrees(self) -> bool:
        """Whether the configured image is the one that runs, proven by its last refresh."""
        return (
            self.fleet is not None
            and self.fleet.image == self.configured
            and promotion.is_proven(self.fleet.refresh)
        )


@dataclass(frozen=True)
class WorkloadStatus:
    """One workload: the image that the config gives it, and what runs, None while it is not up.

    Attributes:
        ran_in: as of an environment, by the digest.
    """

    name: str
    configured: str | None
    fleet: WorkloadState | None
    ran_in: dict[str, str] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether the configured image is the one that runs, proven by its last rollout."""
        return (
            self.fleet is not None
            and self.fleet.image == self.configured
            and promotion.is_proven(self.fleet.rollout)
        )


@dataclass(frozen=True)
class EnvironmentStatus:
    """One environment.

    Attributes:
        problem: why its config or its state could not be read, or None.
        damaged: whether the problem is more than an environment that is not up yet.
        ran_in: the other environments whose fleet runs its shared image ("now") or ran it before ("before").
        others: the other environments, as far as they are up: where its workloads' images ran.
    """

    name: str
    config: ConfigFile | None = None
    state: EnvironmentState | None = None
    problem: str | None = None
    damaged: bool = False
    ran_in: dict[str, str] = field(default_factory=dict)
    others: Mapping[str, EnvironmentState] = field(default_factory=dict)

    @property
    def services(self) -> list[ServiceStatus]:
        """The services of the config, then those that still run but are no longer in it."""
        own = dict(self.config.services) if self.config else {}
        shared = self.config.shared if self.config else None
        fleets = self.state.services if self.state else {}
        rows = [ServiceStatus(name, image or shared, fleets.get(name)) for name, image in own.items()]
        return rows + [ServiceStatus(name, None, fleet) for name, fleet in fleets.items() if name not in own]

    @property
    def workloads(self) -> list[WorkloadStatus]:
        """As `services`."""
        keys = dict(self.config.workloads) if self.config else {}
        images = self.config.images if self.config else {}
        fleets = self.state.workloads if self.state else {}
        rows = [
            WorkloadStatus(name, images.get(key), fleets.get(name), self._ran(images.get(key)))
            for name, key in keys.items()
        ]
        left = [WorkloadStatus(name, None, fleet) for name, fleet in fleets.items() if name not in keys]
        return rows + left

    def _ran(self, image: str | None) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, other in self.others.items():
            fleets = other.workloads.values()
            if any(
                digests.same(fleet.image, image) and promotion.is_proven(fleet.rollout) for fleet in fleets
            ):
                found[name] = "now"
            elif any(digests.same(fleet.previous_image, image) for fleet in fleets):
                found[name] = "before"
        return found

    @property
    def agrees(self) -> bool:
        """Whether every service and every workload runs what the config says."""
        return self.problem is None and all(each.agrees for each in self.every)

    @property
    def every(self) -> list[ServiceStatus | WorkloadStatus]:
        """Services and workloads."""
        return [*self.services, *self.workloads]


def collect(project: Project, backend: Backend, environment: str | None) -> list[EnvironmentStatus]:
    """The status of one environment, or of all. Every one is read, as provenance is a question to the others.

    Raises:
        RefusedError: `environment` is unknown.
    """
    if environment is not None:
        project.config(environment)
    read = [_read(project, backend, name) for name in project.environments()]
    up = {each.name: each.state for each in read if each.state is not None}
    return [
        replace(
            each,
            ran_in=_ran_in(each, read),
            others={name: state for name, state in up.items() if name != each.name},
        )
        for each in read
        if environment in (None, each.name)
    ]


def _read(project: Project, backend: Backend, name: str) -> EnvironmentStatus:
    """One that cannot be read is shown with its problem, beside the others: trouble is when one asks."""
    try:
        config = project.config(name)
    except RefusedError as error:
        return EnvironmentStatus(name, problem=str(error), damaged=True)
    try:
        return EnvironmentStatus(name, config, state.read(backend, name))
    except NotDeployedError as error:
        return EnvironmentStatus(name, config, problem=str(error))
    except ReleaseError as error:
        return EnvironmentStatus(name, config, problem=str(error), damaged=True)


def _ran_in(status: EnvironmentStatus, others: Iterable[EnvironmentStatus]) -> dict[str, str]:
    image = status.config.shared if status.config else None
    found: dict[str, str] = {}
    for other in others:
        if image is None or other.name == status.name or other.state is None:
            continue
        fleets = other.state.services.values()
        if any(fleet.image == image and promotion.is_proven(fleet.refresh) for fleet in fleets):
            found[other.name] = "now"
        elif any(fleet.previous_image == image for fleet in fleets):
            found[other.name] = "before"
    return found


def as_json(statuses: Iterable[EnvironmentStatus]) -> dict[str, Any]:
    """The status for programs; see docs/releases.md for the fields."""
    environments = list(statuses)
    return {
        "ok": not any(each.damaged for each in environments),
        "environments": [
            {
                "environment": each.name,
                "image": each.config.shared if each.config else None,
                "agrees": each.agrees,
                "ranIn": each.ran_in,
                "problem": each.problem,
                "services": {service.name: _service_json(service) for service in each.services},
                "workloads": {workload.name: _workload_json(workload) for workload in each.workloads},
            }
            for each in environments
        ],
    }


def _service_json(service: ServiceStatus) -> dict[str, Any]:
    fleet = service.fleet.model_dump(by_alias=True) if service.fleet else {}
    return {
        "configured": service.configured,
        "running": fleet.get("image"),
        "previousImage": fleet.get("previousImage"),
        "launchTemplateVersion": fleet.get("launchTemplateVersion"),
        "refresh": fleet.get("refresh"),
        "agrees": service.agrees,
    }


def _workload_json(workload: WorkloadStatus) -> dict[str, Any]:
    fleet = workload.fleet.model_dump(by_alias=True) if workload.fleet else {}
    return {
        "configured": workload.configured,
        "running": fleet.get("image"),
        "previousImage": fleet.get("previousImage"),
        "imageKey": fleet.get("imageKey"),
        "rollout": fleet.get("rollout"),
        "ranIn": workload.ran_in,
        "agrees": workload.agrees,
    }
