"""How a recipe's parent looks: the pinned image and the newest one with their dates, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from images.recipes import Recipe
from scripts.releases import show
from scripts.releases.amis import Ami
from scripts.releases.errors import one_line
from scripts.releases.parent import Found


@dataclass(frozen=True)
class Seen:
    """What was found and done. `stack` is the factory's; `diff` is empty when nothing is to change."""

    recipe: Recipe
    stack: str
    found: Found
    diff: str
    written: bool


def as_json(seen: Seen) -> dict[str, Any]:
    """For programs; see docs/releases.md for the fields."""
    pinned, newest = seen.found.pinned, seen.found.newest
    return {
        "ok": True,
        "recipe": seen.recipe.name,
        "pinned": _image_json(pinned) if pinned else {"image": seen.recipe.parent.id},
        "newest": _image_json(newest),
        "isNewest": newest.id == seen.recipe.parent.id,
        "written": seen.written,
        "diff": seen.diff,
    }


def _image_json(ami: Ami) -> dict[str, Any]:
    return {"image": ami.id, "name": ami.name, "createdAt": ami.created_at.isoformat()}


def as_text(seen: Seen) -> None:
    """Prints both images, and the next step."""
    name, parent = seen.recipe.name, seen.recipe.parent
    pinned, newest = seen.found.pinned, seen.found.newest
    rows = [
        ("pinned", parent.id, *(_told(pinned) if pinned else ("", "not to be seen any more"))),
        ("newest", newest.id, *_told(newest)),
    ]
    show.columns([tuple(map(one_line, row)) for row in rows])
    if newest.id == parent.id:
        print(f"{name} is built on the newest one: nothing to do")
    elif seen.written:
        print(
            f"images/recipes/{name}.yaml, parent / id: {parent.id} -> {newest.id}; build on it: "
            f"pulumi up -s {seen.stack}, then scripts/release bake {name}"
        )
    elif seen.diff:
        print(seen.diff, end="")
    else:
        print(f"take the newest one: scripts/release parent {name} --write")


def _told(ami: Ami) -> tuple[str, str]:
    return f"{ami.created_at:%Y-%m-%d}", ami.name
