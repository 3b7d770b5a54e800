"""What ends a release command early, and the exit code that each means."""

from collections.abc import Mapping
from typing import Any


class ReleaseError(Exception):
    """The command could not finish its work; its text is the one line that the user reads, and `details` are
    more of it for programs.
    """

    exit_code = 1
    details: Mapping[str, Any] = {}


class RefusedError(ReleaseError):
    """Bad input, or a release that must not happen. Nothing was changed."""

    exit_code = 2


class NotDeployedError(RefusedError):
    """The environment has no stack, or its stack has no outputs yet: no `up` of it ever finished."""


def one_line(text: object) -> str:
    """`text` on one line and without control characters, which could redraw a terminal."""
    printable = "".join(character if character.isprintable() else " " for character in str(text))
    return " ".join(printable.split())
