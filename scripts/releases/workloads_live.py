"""What a cluster says right now of an environment's workloads, for people who look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scripts.releases import aws, live, workloads
from scripts.releases.alarms import Alarm
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import ReleaseError
from scripts.releases.project import Project
from scripts.releases.workloads import Cluster, Live


@dataclass(frozen=True)
class Seen:
    """Every workload that the outputs name, `at` a time of the cluster's clock.

    Attributes:
        configured: the image that the config gives each.
        alarms: each one's alarms by name, None for one that does not exist.
        notes: why there is nothing to see of them.
    """

    environment: str
    at: datetime | None
    workloads: Sequence[Live]
    configured: Mapping[str, str | None]
    alarms: Mapping[str, Mapping[str, Alarm | None]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def look(where: Project, config: ConfigFile, *, alone: bool) -> Seen:
    """Asks the cluster; nothing where the config has no workloads.

    Args:
        alone: whether there is nothing else to show, so that a cluster that cannot be asked is an error; else
            it is a note beside the servers.

    Raises:
        ReleaseError: see `alone`.
    """
    configured = {name: config.images.get(key) for name, key in config.workloads.items()}
    if not configured:
        return Seen(config.environment, None, (), {})
    try:
        cluster = workloads.reach(where, config.environment)
        found = workloads.look(cluster)
    except ReleaseError as error:
        if alone:
            raise
        notes = (f"the workloads are not shown: {error}",)
        return Seen(config.environment, None, (), configured, notes=notes)
    return Seen(config.environment, cluster.api.now(), found, configured, _alarms(cluster))


def _alarms(cluster: Cluster) -> dict[str, dict[str, Alarm | None]]:
    """Asks AWS about the workloads' alarms, where there are some. Raises AwsError when it refuses."""
    names = {name: list(state.alarms.values()) for name, state in cluster.state.workloads.items()}
    if not any(names.values()):
        return {}
    every = [name for some in names.values() for name in some]
    known = live.states(aws.account(cluster.config), every)
    return {workload: {name: known[name] for name in some} for workload, some in names.items()}
