"""What differs between the engines of RDS: ports, parameter groups, logs, how TLS is forced. Pure data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Engine = Literal["postgres", "mysql", "mariadb"]

MOST_CONNECTIONS = {"postgres": 5000, "mysql": 16_000, "mariadb": 12_000}
"""The ceiling of what RDS lets an engine take (Quotas and constraints for Amazon RDS)."""


@dataclass(frozen=True)
class EngineFacts:
    """What RDS documents of one engine."""

    version_pattern: str
    """A pinned version; RDS's own suffixes (`-R2`, `-rds.20250101`) belong to it."""
    example: str
    family_parts: int
    """How many parts of a version its parameter group's family is named by: postgres16, mysql8.4."""
    default_port: int
    """The port that everyone tries first: ours is the next one (control RDS.23)."""
    tls: str
    """The parameter that refuses connections without TLS."""
    parameters: Mapping[str, str]
    """What the exported logs need."""
    logs: tuple[str, ...]
    """Log types that go to CloudWatch Logs. MySQL's and MariaDB's general log holds every statement with its
    values, and their audit log needs an option group: both are left out (control RDS.9 asks for them)."""
    proxy_family: Literal["POSTGRESQL", "MYSQL"]
    bytes_a_connection: int
    """By which RDS divides an instance's memory for `max_connections`."""
    reserved_names: frozenset[str]
    """Databases that are there already, or that RDS refuses."""


_MYSQL_PARAMETERS = MappingProxyType({"log_output": "FILE", "slow_query_log": "1"})
_MYSQL_NAMES = frozenset({"information_schema", "innodb", "mysql", "performance_schema", "sys", "tmp"})

ENGINES: Mapping[str, EngineFacts] = MappingProxyType(
    {
        "postgres": EngineFacts(
            version_pattern=r"1\d\.\d{1,2}(?:-R\d+)?",
            example="16.4",
            family_parts=1,
            default_port=5432,
            tls="rds.force_ssl",
            parameters=MappingProxyType({}),
            logs=("postgresql", "upgrade"),
            proxy_family="POSTGRESQL",
            bytes_a_connection=9_531_392,
            reserved_names=frozenset({"db", "postgres", "rdsadmin", "template0", "template1"}),
        ),
        "mysql": EngineFacts(
            version_pattern=r"[5-9]\.\d\.\d{1,2}(?:-rds\.\d{8})?",
            example="8.4.3",
            family_parts=2,
            default_port=3306,
            tls="require_secure_transport",
            parameters=_MYSQL_PARAMETERS,
            logs=("error", "slowquery"),
            proxy_family="MYSQL",
            bytes_a_connection=12_582_880,
            reserved_names=_MYSQL_NAMES,
        ),
        "mariadb": EngineFacts(
            version_pattern=r"1\d\.\d{1,2}\.\d{1,2}(?:-rds\.\d{8})?",
            example="11.4.4",
            family_parts=2,
            default_port=3306,
            tls="require_secure_transport",
            parameters=_MYSQL_PARAMETERS,
            logs=("error", "slowquery"),
            proxy_family="MYSQL",
            bytes_a_connection=25_165_760,
            reserved_names=_MYSQL_NAMES,
        ),
    }
)

VERSION_TAG = "immutable-engine-version"
"""On an instance: the version that its owner named. What runs may be newer: RDS brings minor versions."""
ORIGIN_TAG = "immutable-restored-from"
"""On an instance: what it was restored from."""

RESERVED_ADMINS = frozenset(
    {"admin", "administrator", "awsuser", "mysql", "postgres", "public", "rdsadmin", "root", "user"}
)
"""Names that RDS refuses, and those that everyone tries first (control RDS.25)."""

_GIB_OF_LARGE = {"t": 8, "m": 8, "c": 4, "r": 16, "x": 32, "z": 16}
_OF_LARGE = {"micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1, "xlarge": 2}


def family(engine: str, version: str) -> str:
    """The parameter group's family: `postgres16` of 16.4, `mysql8.4` of 8.4.3."""
    return engine + ".".join(version.split(".")[: ENGINES[engine].family_parts])


def order(version: str) -> tuple[int, ...]:
    """What versions are compared by: 16.10 comes after 16.9."""
    return tuple(map(int, re.findall(r"\d+", version)))


def origin_text(snapshot: str | None, database: str | None, time: str | None) -> str:
    """Where a database has its data from, in a tag's words."""
    return f"{database} at {time or 'latest'}" if database else str(snapshot)


def own_port(engine: str) -> int:
    """The port unless the owner names one."""
    return ENGINES[engine].default_port + 1


def parameters(engine: str, own: Mapping[str, str]) -> dict[str, str]:
    """Those of the engine's group: TLS is forced, whatever the owner asks for."""
    facts = ENGINES[engine]
    return {**facts.parameters, **own, facts.tls: "1"}


def has_insights(engine: str, instance_class: str) -> bool:
    """Whether Performance Insights is offered: MySQL and MariaDB need more than a small instance's memory
    (Amazon RDS DB engine, Region, and instance class support for Performance Insights).
    """
    return engine == "postgres" or not re.fullmatch(r"db\.t\dg?\.(?:micro|small)", instance_class)


def connections(engine: str, instance_class: str) -> int:
    """About how many connections RDS lets an instance of the class take, unless a parameter says otherwise.

    By the family's memory: RDS keeps some of it for itself, so the true number is a little lower.
    """
    _, kind, size = instance_class.split(".")[:3]
    times = re.fullmatch(r"(\d+)xlarge", size)
    larges = int(times[1]) * 2 if times else _OF_LARGE.get(size, 1)
    memory = _GIB_OF_LARGE.get(kind[0], 8) * larges * 2**30
    return min(int(memory / ENGINES[engine].bytes_a_connection), MOST_CONNECTIONS[engine])
