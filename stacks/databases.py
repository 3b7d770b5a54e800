"""The databases of an environment: what is wrong between them and the file, and how they are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from stacks.database_sections import DatabaseConfig
from stacks.problems import Place, nearest, shown
from stacks.sections import SleepConfig

if TYPE_CHECKING:
    from components.alert_topic import AlertTopic
    from components.network import Network
    from stacks.config import EnvironmentConfig
    from stacks.databases_live import Running
    from stacks.databases_made import Declared


class _Service(Protocol):
    @property
    def database(self) -> str | None: ...


class _Sleeping(Protocol):
    @property
    def databases(self) -> Mapping[str, DatabaseConfig]: ...
    @property
    def sleep(self) -> SleepConfig | None: ...


class _Environment(_Sleeping, Protocol):
    @property
    def region(self) -> str: ...
    @property
    def services(self) -> Mapping[str, _Service]: ...


def owned(config: _Environment) -> dict[str, DatabaseConfig]:
    """Those that this program makes."""
    return {name: each for name, each in config.databases.items() if each.external is None}


def sleeps(config: _Sleeping, name: str) -> bool:
    """Whether the database is stopped while the environment sleeps."""
    return config.sleep is not None and config.databases[name].sleep


def unknown(
    section: str, users: Mapping[str, _Service], known: Mapping[str, DatabaseConfig]
) -> Iterator[tuple[Place, str]]:
    """Databases that a service or workload of this section names and that the file does not have."""
    for name, user in users.items():
        if user.database is not None and user.database not in known:
            advice = nearest(user.database, known) if known else "add it under databases"
            yield (
                (section, name, "database"),
                f"{shown(user.database)} is no database of this file; {advice}",
            )


def problems(config: _Environment) -> Iterator[tuple[Place, str]]:
    """What is wrong between databases and the rest of the file."""
    yield from unknown("services", config.services, config.databases)
    for name, database in config.databases.items():
        place = ("databases", name)
        if database.backup_copy_region == config.region:
            text = f"{config.region} is where the database is; name another region, or leave it out"
            yield (*place, "backupCopyRegion"), text
        if database.replicas and sleeps(config, name):
            # RDS, Stopping an instance temporarily: neither one with replicas nor a replica can be stopped.
            text = (
                f"{database.replicas} keeps it from sleeping with the environment; write sleep: false, or 0"
            )
            yield (*place, "replicas"), text
        if (
            database.external is not None
            and (region := database.external.secret_arn.split(":")[3]) != config.region
        ):
            text = f"is of {region}, the stack of {config.region}; name one in {config.region}"
            yield (*place, "external", "secretArn"), text


def running(stack: str, config: EnvironmentConfig) -> dict[str, Running]:
    """What each database is to run on with, as RDS was asked; see `databases_live.check`."""
    if not owned(config):
        return {}
    # Imported here: an environment without databases starts without.
    from stacks import databases_live

    return databases_live.check(stack, config)


def declare(
    stack: str,
    config: EnvironmentConfig,
    running: Mapping[str, Running],
    network: Network,
    alerts: AlertTopic,
    tags: dict[str, str],
) -> dict[str, Declared]:
    """Every database of the file, by name; see `databases_made.declare`."""
    if not config.databases:
        return {}
    from stacks import databases_made

    return databases_made.declare(stack, config, running, network, alerts, tags)
