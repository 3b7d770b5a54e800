"""`bake --local`, from the recipe's name to what is printed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from scripts.bakes import local
from scripts.bakes.local import Baked
from scripts.releases import recipe_files
from scripts.releases.errors import ReleaseError, one_line
from scripts.releases.project import Project

FOLDER = ".bakes"
"""Where images of this machine are kept, in the project's directory; git leaves it out."""


def run(where: Project, recipe: str, *, fresh: bool, quiet: bool) -> dict[str, Any]:
    """Bakes the recipe on this machine and gives the result for programs.

    Args:
        fresh: whether also the parent is made anew, and none that an earlier bake kept is taken.
        quiet: standard output is for the result; what happens is then told on standard error.

    Raises:
        RefusedError, ReleaseError: see `local.bake`; the failing step's own output was printed before.
    """

    def say(line: str) -> None:
        print(line, file=sys.stderr if quiet else sys.stdout, flush=True)

    try:
        baked = local.bake(recipe_files.load(where, recipe), where.directory / FOLDER, say, fresh)
    except ReleaseError as error:
        for line in error.details.get("log", ()):
            print(f"  {one_line(line)}", file=sys.stderr)
        raise
    _show(baked, say)
    return {"ok": True, **baked.as_json()}


def _show(baked: Baked, say: Callable[[str], None]) -> None:
    say(
        f"{baked.recipe} {baked.hash}: {baked.seconds:g} s in all, {baked.compressed_mb:g} MB compressed, "
        f"booted in {baked.boot_seconds:g} s"
    )
    if baked.left_out:
        say(f"left out, because they need AWS: {', '.join(baked.left_out)}")
    say(f"kept in {baked.folder}; it runs with\n{baked.run}")
