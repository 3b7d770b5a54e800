"""What is wrong between workloads and the rest of a stack file, before anything exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from images import containers
from images.containers import Reference
from stacks import calls, databases
from stacks.cluster_sections import ClusterConfig
from stacks.container_images import LOG_AGENT, OF_CLUSTERS
from stacks.database_sections import DatabaseConfig
from stacks.problems import Place, nearest, shown
from stacks.sections import NetworkConfig, SleepConfig
from stacks.services import ServiceConfig
from stacks.workload_sections import LONGEST_NAME, WorkloadConfig

_MOST_ROUTES = 50
"""Target groups of an Auto Scaling group, which is that of the nodes (Quotas for Amazon EC2 Auto Scaling)."""


class _Environment(Protocol):
    @property
    def region(self) -> str: ...
    @property
    def image_id(self) -> str | None: ...
    @property
    def network(self) -> NetworkConfig: ...
    @property
    def cluster(self) -> ClusterConfig | None: ...
    @property
    def images(self) -> Mapping[str, str]: ...
    @property
    def services(self) -> Mapping[str, ServiceConfig]: ...
    @property
    def workloads(self) -> Mapping[str, WorkloadConfig]: ...
    @property
    def databases(self) -> Mapping[str, DatabaseConfig]: ...
    @property
    def sleep(self) -> SleepConfig | None: ...


def name_of(value: str) -> str:
    """`value`, if a workload can have it for a name; raises ValueError otherwise."""
    if len(value) > LONGEST_NAME:
        text = "with what is put behind it, Kubernetes takes no more for the name of a Job"
        raise ValueError(f"has {len(value)} characters, {LONGEST_NAME} are the most: {text}; shorten it")
    if not re.fullmatch(r"[a-z](?:-?[a-z0-9])*", value):
        raise ValueError("is not a workload's name; take lower-case letters, digits, hyphens, a letter first")
    if value in OF_CLUSTERS:
        raise ValueError("is kept for what every cluster has; take another name")
    return value


def image_key(name: str, workload: WorkloadConfig) -> str:
    """The key in `images` of what a workload runs."""
    return workload.image or name


def problems(config: _Environment) -> Iterator[tuple[Place, str]]:
    """Each on the key to change."""
    if not config.services and not config.workloads:
        yield ("services",), "is missing; set it to a map of services by name, or workloads to one of those"
    if config.services and config.image_id is None:
        yield ("imageId",), "is missing; set it to the ID of the image that servers start from, ami-..."
    if config.workloads and config.cluster is None:
        text = "is missing, and workloads run in one; set it to a map with version, nodes, addOns and admins"
        yield ("cluster",), text
    for name in config.workloads.keys() & config.services.keys():
        yield ("workloads", name), "is also a service's name, and both have logs and routes by it; rename one"
    yield from _image_problems(config)
    yield from calls.problems(config.workloads, "workloads", config.services)
    yield from _database_problems(config)
    routed = [name for name, workload in config.workloads.items() if workload.route]
    if len(routed) > _MOST_ROUTES:
        text = f"has {len(routed)} with a route; the nodes' Auto Scaling group takes {_MOST_ROUTES}"
        yield ("workloads",), f"{text} target groups"


def _image_problems(config: _Environment) -> Iterator[tuple[Place, str]]:
    for name, workload in config.workloads.items():
        if image_key(name, workload) in config.images:
            continue
        if workload.image is None:
            text = f"is missing, and images holds no {name}; write the key of its image, or add {name} there"
            yield ("workloads", name, "image"), text
        else:
            known = nearest(workload.image, config.images) if config.images else "add it there"
            yield ("workloads", name, "image"), f"{shown(workload.image)} is no key of images; {known}"
    if config.cluster is not None and LOG_AGENT not in config.images:
        text = "is missing, and without it nothing that pods say is kept; set it to an image of Fluent Bit"
        yield ("images", LOG_AGENT), f"{text} by digest"
    yield from _reference_problems(config)


def _reference_problems(config: _Environment) -> Iterator[tuple[Place, str]]:
    used = {image_key(name, workload) for name, workload in config.workloads.items()}
    # A key with a slip in it is one problem, not also that nobody uses the right one.
    slipped = not used <= config.images.keys()
    used |= set() if config.cluster is None else OF_CLUSTERS
    for key, reference in config.images.items():
        if key not in used:
            if slipped:
                continue
            why = "needs a cluster" if key in OF_CLUSTERS else "is the image of no workload"
            yield ("images", key), f"{why}; remove it, or name it in the image of one"
            continue
        yield from ((("images", key), text) for text in _pull_problems(containers.parse(reference), config))


def _pull_problems(image: Reference, config: _Environment) -> Iterator[str]:
    registry = image.registry
    if registry is not None and registry.region != config.region:
        text = f"is of {registry.region}, the stack of {config.region}"
        yield f"{text}; have ECR replicate it to {config.region} and name that one"
    elif registry is None and config.network.egress == "endpoints":
        host = image.repository.partition("/")[0]
        text = f"is pulled from {host}, and network.egress: endpoints leads to AWS alone"
        yield f"{text}; copy it to ECR and name that one"


def _database_problems(config: _Environment) -> Iterator[tuple[Place, str]]:
    yield from databases.unknown("workloads", config.workloads, config.databases)
    for name, workload in config.workloads.items():
        used = workload.database
        if used is not None and used in config.databases and databases.sleeps(config, used):
            text = f"{shown(used)} is stopped while the environment sleeps, and workloads stay awake"
            yield ("workloads", name, "database"), f"{text}; write sleep: false at databases.{used}"
