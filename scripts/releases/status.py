"""Compares what each environment's config says with what its fleet runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scripts.releases import promotion, state
from scripts.releases.backend import Backend
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import NotDeployedError, RefusedError, ReleaseError
from scripts.releases.project import Project
from scripts.releases.state import EnvironmentState, ServiceState


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
class EnvironmentStatus:
    """One environment.

    Attributes:
        problem: why its config or its state could not be read, or None.
        damaged: whether the problem is more than an environment that is not up yet.
        ran_in: the other environments whose fleet runs its shared image ("now") or ran it before ("before").
    """

    name: str
    config: ConfigFile | None = None
    state: EnvironmentState | None = None
    problem: str | None = None
    damaged: bool = False
    ran_in: dict[str, str] = field(default_factory=dict)

    @property
    def services(self) -> list[ServiceStatus]:
        """The services of the config, then those that still run but are no longer in it."""
        own = dict(self.config.services) if self.config else {}
        shared = self.config.shared if self.config else None
        fleets = self.state.services if self.state else {}
        rows = [ServiceStatus(name, image or shared, fleets.get(name)) for name, image in own.items()]
        return rows + [ServiceStatus(name, None, fleet) for name, fleet in fleets.items() if name not in own]

    @property
    def agrees(self) -> bool:
        """Whether every service runs what the config says."""
        return self.problem is None and all(service.agrees for service in self.services)


def collect(project: Project, backend: Backend, environment: str | None) -> list[EnvironmentStatus]:
    """The status of one environment, or of all. Every one is read, as provenance is a question to the others.

    Raises:
        RefusedError: `environment` is unknown.
    """
    if environment is not None:
        project.config(environment)
    read = [_read(project, backend, name) for name in project.environments()]
    return [
        EnvironmentStatus(each.name, each.config, each.state, each.problem, each.damaged, _ran_in(each, read))
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
