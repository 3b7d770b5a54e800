"""Images that the project's own files and its stacks' outputs name.

IDs are looked for in the whole text: a key that this command does not know, or a line that somebody commented
out for an hour, keeps its image too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.releases.errors import ReleaseError
from scripts.releases.user import CONFIG, OUTPUTS, RECIPE, ROLLBACK, User

_ID = re.compile(r"ami-[0-9a-f]{8,17}(?![0-9a-f])")

Users = dict[str, list[User]]


def of_text(path: Path, stack: str) -> Users:
    """The images that a stack's config file names, wherever in it.

    Raises:
        ReleaseError: it cannot be read.
    """
    return _named(_text(path), User(CONFIG, path.name, stack))


def of_recipes(directory: Path) -> Users:
    """The parents of images that are yet to be built. Raises ReleaseError for a file that cannot be read."""
    found: Users = {}
    for path in sorted((directory / "images" / "recipes").glob("*.yaml")):
        found = _merged(found, _named(_text(path), User(RECIPE, path.name)))
    return found


def of_outputs(stack: str, outputs: Mapping[str, Any]) -> Users:
    """The images in a stack's outputs: what its services run, and what each would go back to."""
    found: Users = {}
    for path, text in _texts(outputs, ()):
        slot = ROLLBACK if path[-1:] == ("previousImage",) else OUTPUTS
        name = f"{path[1]} of {stack}" if path[:1] == ("services",) and len(path) > 1 else stack
        found = _merged(found, _named(text, User(slot, name, stack)))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise ReleaseError(f"{path.name} cannot be read: {error.strerror}") from error


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a document with the keys that lead to it; keys count as texts too."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield path, str(key)
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path)
    elif isinstance(value, str):
        yield path, value


def _named(text: str, user: User) -> Users:
    return {image_id: [user] for image_id in _ID.findall(text)}


def _merged(one: Users, other: Users) -> Users:
    return {key: [*one.get(key, []), *other.get(key, [])] for key in {**one, **other}}
