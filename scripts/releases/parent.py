"""The parent of a recipe: the image that is pinned, the newest of its kind, and the one line between them."""

from __future__ import annotations

import difflib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from images.recipes import Recipe
from scripts.releases import amis, config_file, lock, yaml_line
from scripts.releases.amis import Ami
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError

KEY = ("parent", "id")


@dataclass(frozen=True)
class Found:
    """What AWS says; `pinned` is None when there is no such image any more that this account sees."""

    pinned: Ami | None
    newest: Ami


def look(account: Account, recipe: Recipe) -> Found:
    """The pinned parent, and the newest image that has the name, the owner and the architecture of it.

    Raises:
        RefusedError: there is no image of that kind.
        AwsError: AWS refused.
    """
    parent = recipe.parent
    kind = {"name": parent.name, "architecture": recipe.architecture}
    filters = [{"Name": name, "Values": [value]} for name, value in kind.items()]
    # Others' deprecated images are left out of the answer, the own ones are not.
    found = amis.described(account, Owners=[parent.owner], Filters=filters)
    now = account.now()
    usable = [ami for ami in found if ami.stage(now) == amis.AVAILABLE]
    if not usable:
        raise RefusedError(
            f"{parent.owner} has no {recipe.architecture} image {parent.name!r} in {account.region}; look at "
            f"parent / owner and name of images/recipes/{recipe.name}.yaml"
        )
    filters = [{"Name": "image-id", "Values": [parent.id]}]
    pinned = amis.described(account, Filters=filters, IncludeDeprecated=True)
    return Found(pinned[0] if pinned else None, usable[0])


def path_of(directory: Path, recipe: str) -> Path:
    """The recipe's file, in the project's directory."""
    return directory / "images" / "recipes" / f"{recipe}.yaml"


def write(path: Path, pinned: str, image: str, *, dry_run: bool) -> str:
    """Puts `image` in the place of the `pinned` parent, every other byte as it was; returns the diff. A dry
    run writes nothing.

    Raises:
        RefusedError: the file changed meanwhile, another command is changing it, or the parent does not stand
            on one plain line.
        OSError: the disk refuses; the file is as it was.
    """
    with nullcontext() if dry_run else lock.held(path, f"parent {path.stem} --write"):
        before = path.read_bytes()
        try:
            text = before.decode()
            if pinned != _written(text):
                raise RefusedError(f"{path.name} was changed by someone else in the meantime; look again")
            after = yaml_line.replace(text, KEY, image)
        except ValueError as problem:
            raise RefusedError(f"{path.name}: {problem}") from problem
        if not dry_run:
            config_file.put(path, before, after.encode())
    name, lines = f"images/recipes/{path.name}", [content.split("\n") for content in (text, after)]
    diff = difflib.unified_diff(lines[0], lines[1], f"a/{name}", f"b/{name}", lineterm="")
    return "".join(f"{line}\n" for line in diff)


def _written(text: str) -> str | None:
    parent = yaml_line.entries(yaml_line.parse(text)).get(KEY[0])
    return yaml_line.scalar(yaml_line.entries(parent).get(KEY[1]))
