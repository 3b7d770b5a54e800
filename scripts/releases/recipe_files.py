"""The project's recipes, as commands ask for them."""

from __future__ import annotations

from images import recipes
from images.problems import DocumentError
from images.recipes import Recipe
from scripts.releases.errors import RefusedError
from scripts.releases.project import Project


def load(where: Project, name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        RefusedError: there is none, or it or one of its documents is refused: with file and line.
    """
    folder = where.directory / "images"
    known = recipes.names(folder)
    if name not in known:
        raise RefusedError(
            f"there is no recipe {name!r} in {folder / 'recipes'}; known: {', '.join(known) or 'none'}"
        )
    try:
        return recipes.load(folder, name)
    except DocumentError as error:
        raise RefusedError("; ".join(error.problems)) from error
    except OSError as error:
        raise RefusedError(f"{error.filename} cannot be read: {error.strerror}") from error
