"""The errors that the laptop cloud shows to a person as one line, never as a traceback."""

from __future__ import annotations


class RehearsalError(Exception):
    """An operation failed. Its text is one line: what is wrong, the value, what to do. Exit status 1."""

    exit_code = 1


class UsageError(RehearsalError):
    """Bad input, or a refusal: nothing was changed. Exit status 2."""

    exit_code = 2
