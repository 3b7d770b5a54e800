"""What a command tells the steps after it: lines `name=value` at the end of a file.

It is the form of GitHub's `$GITHUB_OUTPUT`, of GitLab's dotenv reports, and of a shell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from scripts.releases import json_file
from scripts.releases.errors import one_line

Value = str | bool | Sequence[str] | None

OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output", metavar="FILE", help="Append name=value lines for later steps, as to $GITHUB_OUTPUT."
    ),
]


def check(file: str | None) -> None:
    """Finds out whether the file can be written, before any work. Raises RefusedError unless it can."""
    if file is not None:
        json_file.check(file, "--output")


def append(file: str | None, values: Mapping[str, Value]) -> None:
    """Appends the values: a list as JSON, true and false in lower case, nothing for None. Each is one line:
    a value with a line break could set any other name.
    """
    if file is not None:
        lines = [f"{name}={one_line(_text(value))}\n" for name, value in values.items()]
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.writelines(lines)


def _text(value: Value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value if isinstance(value, bool) else list(value))
