"""A result for programs that goes to a file, or with `-` to standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.releases import show
from scripts.releases.errors import RefusedError, ReleaseError, one_line

STANDARD_OUTPUT = "-"


def check(file: str, option: str) -> None:
    """Finds out whether `file` can be written, before the work whose result goes there.

    Raises:
        RefusedError: naming the option, unless it can be; what it holds is left alone.
    """
    if file == STANDARD_OUTPUT:
        return
    path = Path(file)
    new = not path.exists()
    try:
        # Asking for permissions is not enough: to root everything is permitted, and on some file systems
        # nothing is possible.
        with path.open("ab"):
            pass
        if new:
            path.unlink()
    except OSError as error:
        raise RefusedError(
            f"{option} {file} cannot be written: {error.strerror}; name another file"
        ) from error


def write(file: str, document: dict[str, Any]) -> None:
    """Writes the document. Raises OSError when the disk refuses."""
    if file == STANDARD_OUTPUT:
        show.as_json(document)
    else:
        Path(file).write_text(json.dumps(document, indent=2) + "\n")


@contextmanager
def errors(file: str | None) -> Iterator[None]:
    """A program that reads `file` finds an error there too; a refusal leaves a real file as it is."""
    try:
        yield
    except ReleaseError as error:
        if file == STANDARD_OUTPUT or (file is not None and error.exit_code != RefusedError.exit_code):
            write(file, {**error.details, "ok": False, "error": one_line(error)})
        raise
