"""How the images look: a table with a row for each, and JSON with everything."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from images import preflight
from scripts.releases import amis, show, user
from scripts.releases.amis import Ami
from scripts.releases.errors import one_line
from scripts.releases.images_list import Listed
from scripts.releases.user import User

COLUMNS = (
    "image", "region", "recipe", "age", "commit", "tests", "critical/high/medium", "state", "used by",
)  # fmt: skip
#: Digits of a commit that are shown.
COMMIT = 12
#: What is listed by name in one cell; beyond it the rest is counted.
NAMED = 3
#: How a stack's use of an image is told, by the kind of user.
IN_ENVIRONMENT = {user.CONFIG: "config", user.OUTPUTS: "runs", user.ROLLBACK: "rollback"}


def as_text(listed: Listed) -> None:
    """Prints a table on a terminal, aligned columns with the same words in a pipe."""
    rows = [_row(listed, ami) for ami in listed.images]
    if not rows:
        print("there are no images of the factory")
    elif sys.stdout.isatty():
        table = Table(*COLUMNS)
        for row in rows:
            table.add_row(*map(Text, row))
        Console(file=sys.stdout).print(table)
    else:
        show.columns([COLUMNS, *rows])
    for line in listed.usage.unread:
        print(one_line(f"note: {line}; so its images are perhaps used"))


def as_json(listed: Listed) -> dict[str, Any]:
    """The images for programs; see docs/releases.md for the fields."""
    return {
        "ok": True,
        "images": [_image_json(listed, ami) for ami in listed.images],
        "unread": [one_line(line) for line in listed.usage.unread],
    }


def _image_json(listed: Listed, ami: Ami) -> dict[str, Any]:
    return {
        "image": ami.id,
        "region": ami.region,
        "recipe": ami.recipe,
        "hash": ami.hash or None,
        "build": ami.build or None,
        "createdAt": ami.created_at.isoformat(),
        "ageSeconds": round(listed.age_seconds[ami.region, ami.id]),
        "commit": ami.tags.get(amis.COMMIT),
        "parent": ami.tags.get(amis.PARENT),
        "tests": ami.tags.get(preflight.TESTS),
        "findings": preflight.findings(_facts(ami)),
        "state": listed.stages[ami.region, ami.id],
        "deprecatedAt": ami.deprecated_at.isoformat() if ami.deprecated_at else None,
        "protected": ami.protected,
        "users": [each.as_json() for each in listed.usage.of([ami])],
    }


def _row(listed: Listed, ami: Ami) -> tuple[str, ...]:
    findings = preflight.findings(_facts(ami))
    cells = (
        ami.id,
        ami.region,
        ami.recipe,
        age(listed.age_seconds[ami.region, ami.id]),
        _commit(ami.tags.get(amis.COMMIT, "")),
        ami.tags.get(preflight.TESTS, ""),
        "/".join(map(str, findings.values())) if findings else "",
        listed.stages[ami.region, ami.id],
        used_by(listed.usage.of([ami])),
    )
    return tuple(one_line(cell) or "-" for cell in cells)


def _facts(ami: Ami) -> preflight.Facts:
    return preflight.Facts(ami.id, ami.region, tags=ami.tags)


def age(seconds: float) -> str:
    """Such as `12 d`, `5 h`, `40 min`."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now"


def _commit(commit: str) -> str:
    """Its first digits, and whether files were changed since."""
    digits, dash, changed = commit.partition("-")
    return digits[:COMMIT] + dash + changed


def used_by(users: Collection[User]) -> str:
    """Such as `staging (config, runs), prod (rollback); web version 3; 2 servers`."""
    servers = sum(each.kind == user.SERVER for each in users)
    others = [each for each in users if each.kind not in {*IN_ENVIRONMENT, user.TEMPLATE, user.SERVER}]
    parts = [
        _environments(users),
        _named(each.name for each in users if each.kind == user.TEMPLATE),
        f"{servers} server{'s'[: servers > 1]}" if servers else "",
        _named(each.text for each in others),
    ]
    return "; ".join(part for part in parts if part)


def _environments(users: Iterable[User]) -> str:
    found: dict[str, list[str]] = {}
    for each in users:
        if each.kind in IN_ENVIRONMENT:
            said = found.setdefault(each.environment or each.name, [])
            said += [IN_ENVIRONMENT[each.kind]] if IN_ENVIRONMENT[each.kind] not in said else []
    return ", ".join(f"{name} ({', '.join(said)})" for name, said in found.items())


def _named(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(names))
    more = [f"and {len(found) - NAMED} more"] if len(found) > NAMED else []
    return ", ".join(found[:NAMED] + more)
