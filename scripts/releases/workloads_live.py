"""What a cluster says right now of an environment's workloads, for people who look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scripts.releases import workloads
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import ReleaseError
from scripts.releases.project import Project
from scripts.releases.workloads import Live


@dataclass(frozen=True)
class Seen:
    """Every workload that the outputs name, `at` a time of the cluster's clock.

    Attributes:
        configured: the image that the config gives each.
        notes: why there is nothing to see of them.
    """

    environment: str
    at: datetime | None
    workloads: Sequence[Live]
    configured: Mapping[str, str | None]
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
        return Seen(config.environment, None, (), configured, (f"the workloads are not shown: {error}",))
    return Seen(config.environment, cluster.api.now(), found, configured)
