"""What AWS says of an environment's databases, asked by every preview and up before the first resource.

A database never goes back and never becomes another one, so what runs decides what may be asked for. It is
found by its tags: the names of instances have a random end. What the answers must be is pure, below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws
from pydantic.alias_generators import to_camel

from components.database_engines import ORIGIN_TAG, VERSION_TAG, order
from stacks.config import EnvironmentConfig, refusal
from stacks.database_sections import DatabaseConfig
from stacks.databases import owned
from stacks.problems import Place, shown

_NOTHING = "couldn't find resource"


class Live(NamedTuple):
    """What is known of a database that is there."""

    identifier: str
    engine: str
    version: str
    """What runs: RDS brings minor versions by itself."""
    database_name: str
    admin_name: str
    named_version: str
    """What the stack file named last."""
    origin: str | None
    """What it was restored from."""
    managed_password: bool
    """Whether RDS keeps its password."""


class Running(NamedTuple):
    """What a database is to run on with."""

    version: str
    """The file's, or a newer minor one that RDS has brought."""
    own_password: bool
    """Whether RDS keeps its password no longer."""


class _UnansweredError(Exception):
    """AWS gave no answer, or refused one; the text is AWS's own, on one line."""


def check(stack: str, config: EnvironmentConfig) -> dict[str, Running]:
    """What each database that this program makes is to run on with.

    Raises pulumi.RunError when the file asks for what RDS cannot do with what is there, with a line for each
    problem, or when RDS does not answer.
    """
    databases = owned(config)
    if not databases:
        return {}
    found: list[tuple[Place, str]] = []
    running = {}
    try:
        live = _live(stack)
        for name, database in databases.items():
            here = live.get(name)
            own_password = here is not None and not here.managed_password
            running[name] = Running(running_version(database, here), own_password)
            wrong = [] if here is None else list(changes(database, here))
            wrong = wrong or list(_version_problems(database, here))
            found += [(("databases", name, to_camel(field)), text) for field, text in wrong]
    except _UnansweredError as error:
        text = f"{config.region} does not tell of databases ({error}); check credentials and network"
        raise refusal(stack, [(("databases",), text)]) from None
    if found:
        raise refusal(stack, found)
    for name, (version, _) in running.items():
        if version != databases[name].version:
            pulumi.log.info(f"database {name} runs {version}, which RDS has brought: write it into the file")
    return running


def running_version(database: DatabaseConfig, live: Live | None) -> str:
    """What RDS is asked for: never less than what runs, unless the file's owner goes back on purpose."""
    version = str(database.version)
    if live is None or order(version) >= order(live.version):
        return version
    return live.version


def changes(database: DatabaseConfig, live: Live) -> Iterator[tuple[str, str]]:
    """What would make another database of it: (field, what is wrong)."""
    here = live.identifier
    if database.engine != live.engine:
        text = f"{shown(str(database.engine))} is not what {here} is, {live.engine}; add another database"
        yield "engine", text
        return
    origin = None if database.restore_from is None else database.restore_from.text
    if origin != live.origin and origin is not None:
        text = f"{shown(origin)} cannot become {here}, which is there already; restore under another name"
        yield "restore_from", text
    elif origin != live.origin:
        yield "restore_from", f"is missing: {here} was restored from {live.origin}; put it back"
    if origin is None:
        for field, named, known in (
            ("database_name", database.database_name, live.database_name),
            ("admin_name", database.admin_name, live.admin_name),
        ):
            if named != known:
                text = f"{shown(named)} is not what {here} has, {shown(known)}; put that back"
                yield field, f"{text}, or add another database"
    version = str(database.version)
    newest = live.named_version
    # A minor version that RDS brought is no one's going back; a major one it never brings.
    if _major(live) > order(version)[: len(_major(live))]:
        newest = max(live.named_version, live.version, key=order)
    if order(version) < order(newest):
        text = f"{shown(version)} goes back from {newest}, which RDS cannot; write '{live.version}'"
        yield "version", f"{text}, or restore a snapshot into another database"


def _major(live: Live) -> tuple[int, ...]:
    return order(live.version)[: 1 if live.engine == "postgres" else 2]


def _version_problems(database: DatabaseConfig, live: Live | None) -> Iterator[tuple[str, str]]:
    """Of a version that does not run yet: that it exists, and can be reached from what runs."""
    version = str(database.version)
    if live is not None and order(version) <= order(live.version):
        return
    known = _version(database.engine, version)
    if known is None:
        text = f"{shown(version)} is no version that RDS has of {database.engine}; aws rds "
        yield "version", f"{text}describe-db-engine-versions --engine {database.engine} lists them"
    elif live is not None:
        now = _version(live.engine, live.version)
        targets = list(now.valid_upgrade_targets or []) if now is not None else []
        if targets and version not in targets:
            text = f"{shown(version)} cannot be reached from {live.version} in one step"
            yield "version", f"{text}; write one of {', '.join(targets)}"


def _version(engine: str | None, version: str) -> Any:
    try:
        return _answer(aws.rds.get_engine_version, engine=engine, version=version)
    except _UnansweredError as error:
        if _NOTHING in str(error) or "no RDS" in str(error):
            return None
        raise


def _live(stack: str) -> dict[str, Live]:
    """The databases of the environment that are there, by name; replicas have names of their own.

    One that was left behind by a destroyed stack is among them. Of two the newer version counts: whoever
    gets its backups must not have an older one.
    """
    tags = {"project": pulumi.get_project(), "environment": stack}
    identifiers = _answer(aws.rds.get_instances, tags=tags).instance_identifiers
    found: dict[str, Live] = {}
    for identifier in identifiers:
        instance = _answer(aws.rds.get_instance, db_instance_identifier=identifier)
        tags = dict(instance.tags or {})
        live = Live(
            identifier=identifier,
            engine=instance.engine,
            version=instance.engine_version,
            database_name=instance.db_name,
            admin_name=instance.master_username,
            named_version=tags.get(VERSION_TAG, instance.engine_version),
            origin=tags.get(ORIGIN_TAG),
            managed_password=bool(instance.master_user_secrets),
        )
        name = tags.get("Name", identifier)
        if name not in found or order(live.version) > order(found[name].version):
            found[name] = live
    return found


def _answer(function: Any, **arguments: Any) -> Any:
    try:
        return function(**arguments)
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        raise _UnansweredError(" ".join(str(error).split())) from None
