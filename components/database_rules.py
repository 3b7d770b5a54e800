"""What RDS refuses of a database, found before anything is made. Pure; each problem names its argument."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from .database_engines import ENGINES, RESERVED_ADMINS, has_insights

Problem = tuple[str, str]
"""The argument and what is wrong with it."""

MOST_STORAGE_GIB = 65_536
"""gp3, of every engine (Amazon RDS DB instance storage)."""
MOST_REPLICAS = 15

InsightsDays = Literal[7, 31, 62, 93, 124, 155, 186, 217, 248, 279, 310, 341, 372, 403, 434, 465, 731]
"""How long Performance Insights keeps readings: a week, whole months, or two years."""
MonitoringInterval = Literal[1, 5, 10, 15, 30, 60]
"""Seconds between two readings of Enhanced Monitoring; 0, which turns it off, is left out (RDS.6)."""

_MINUTES_A_DAY = 24 * 60
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_LEAST_WINDOW_MINUTES = 30


class Described(Protocol):
    """What the rules look at."""

    @property
    def engine(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def instance_class(self) -> str: ...
    @property
    def database_name(self) -> str: ...
    @property
    def admin_name(self) -> str: ...
    @property
    def iam_user(self) -> str | None: ...
    @property
    def storage_gib(self) -> int: ...
    @property
    def max_storage_gib(self) -> int: ...
    @property
    def backup_window(self) -> str | None: ...
    @property
    def maintenance_window(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def parameters(self) -> Mapping[str, str]: ...
    @property
    def replicas(self) -> int: ...
    @property
    def blue_green(self) -> bool: ...
    @property
    def proxy(self) -> bool: ...
    @property
    def performance_insights(self) -> bool: ...


def problems(args: Described) -> Iterator[Problem]:
    """Everything that is wrong with the arguments, each in one line."""
    facts = ENGINES[args.engine]
    if not re.fullmatch(facts.version_pattern, args.version):
        text = (
            f"'{args.version}' is not a pinned version of {args.engine}; write one such as '{facts.example}'"
        )
        yield "version", text
    yield from _names(args)
    yield from _storage(args)
    yield from _windows(args)
    if args.port == facts.default_port:
        text = f"{args.port} is where everyone looks for {args.engine} first; write another, or leave it out"
        yield "port", text
    if facts.tls in args.parameters:
        yield "parameters", f"has {facts.tls}, which is always 1: TLS is forced; remove it"
    if args.performance_insights and not has_insights(args.engine, args.instance_class):
        text = f"{args.engine} on {args.instance_class} has none; write false, or take db.t4g.medium or more"
        yield "performance_insights", text
    yield from _combinations(args)


def _names(args: Described) -> Iterator[Problem]:
    # RDS takes 63 characters for postgres and 64, but 32 for an administrator, for the others.
    if args.database_name in ENGINES[args.engine].reserved_names:
        yield "database_name", f"'{args.database_name}' is a name of {args.engine}'s own; write another"
    longest = 63 if args.engine == "postgres" else 32
    for field, user in (("admin_name", args.admin_name), ("iam_user", args.iam_user)):
        if user is None:
            continue
        if user in RESERVED_ADMINS or user.startswith(("pg_", "rds")):
            yield field, f"'{user}' is reserved, or what everyone tries first; write another"
        elif len(user) > longest:
            yield field, f"'{user}' is too long; {args.engine} takes {longest} characters"
    if args.iam_user == args.admin_name:
        # PostgreSQL: who has the role rds_iam logs in with a token only, and RDS could not rotate a password.
        yield "iam_user", f"'{args.iam_user}' is the administrator, who has a password; write another"


def _storage(args: Described) -> Iterator[Problem]:
    least = -(-args.storage_gib * 110 // 100)
    if least > MOST_STORAGE_GIB:
        text = f"{args.storage_gib} leaves no tenth to grow within RDS's {MOST_STORAGE_GIB}; lower it"
        yield "storage_gib", text
    elif args.max_storage_gib < least:
        # Working with storage in RDS: "the maximum storage threshold must be at least 10% more".
        text = (
            f"{args.max_storage_gib} is less than a tenth above storageGib {args.storage_gib}; write {least}"
        )
        yield "max_storage_gib", f"{text} or more"


def _windows(args: Described) -> Iterator[Problem]:
    backup = maintenance = None
    if args.backup_window is not None:
        backup = _daily(args.backup_window)
        if backup is None:
            text = f"'{args.backup_window}' is not half an hour or more of a day in UTC"
            yield "backup_window", f"{text}; write one such as 01:00-01:30"
    if args.maintenance_window is not None:
        maintenance = _weekly(args.maintenance_window)
        if maintenance is None:
            text = f"'{args.maintenance_window}' is not half an hour to a day of a week in UTC"
            yield "maintenance_window", f"{text}; write one such as sun:03:00-sun:04:00"
    if backup and maintenance and _overlap(backup, maintenance):
        text = (
            f"'{args.maintenance_window}' overlaps the backup window {args.backup_window}; move one of them"
        )
        yield "maintenance_window", text


def _daily(window: str) -> tuple[int, int] | None:
    """Start in minutes and length."""
    found = re.fullmatch(f"{_TIME}-{_TIME}", window)
    if not found:
        return None
    first, last = (int(found[at]) * 60 + int(found[at + 1]) for at in (1, 3))
    length = (last - first) % _MINUTES_A_DAY
    return (first, length) if length >= _LEAST_WINDOW_MINUTES else None


def _weekly(window: str) -> tuple[int, int] | None:
    day = f"({'|'.join(_DAYS)})"
    found = re.fullmatch(f"{day}:{_TIME}-{day}:{_TIME}", window)
    if not found:
        return None
    first, last = (
        _DAYS.index(found[at]) * _MINUTES_A_DAY + int(found[at + 1]) * 60 + int(found[at + 2])
        for at in (1, 4)
    )
    length = (last - first) % (7 * _MINUTES_A_DAY)
    return (first, length) if _LEAST_WINDOW_MINUTES <= length <= _MINUTES_A_DAY else None


def _overlap(daily: tuple[int, int], weekly: tuple[int, int]) -> bool:
    """Both may pass midnight: where one starts in the other, counted from the other's start."""
    return (weekly[0] - daily[0]) % _MINUTES_A_DAY < daily[1] or (
        daily[0] - weekly[0]
    ) % _MINUTES_A_DAY < weekly[1]


def _combinations(args: Described) -> Iterator[Problem]:
    if args.blue_green and args.replicas:
        # RDS copies the replicas too, and none of the copies would be the one that the stack knows.
        text = f"true and replicas: {args.replicas} do not go together; take one of them away"
        yield "blue_green", text
    if args.blue_green and args.proxy:
        # Limitations and considerations for Amazon RDS blue/green deployments.
        yield "blue_green", "true and proxy: true do not go together; take one of them away"
    if args.proxy and args.iam_user:
        text = f"'{args.iam_user}' cannot pass the proxy, which logs in by the secret; leave one of them out"
        yield "iam_user", text
