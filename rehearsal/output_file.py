"""A file that is written at the end of a long run: whether it can be is found out before the run begins."""

from __future__ import annotations

from pathlib import Path

from rehearsal.errors import UsageError


def require_writable(option: str, file: Path) -> None:
    """Raises UsageError, naming the option, unless `file` can be written; what it holds is left alone."""
    new = not file.exists()
    try:
        # Asking for permissions is not enough: to root everything is permitted, and on some file systems
        # nothing is possible.
        with file.open("ab"):
            pass
        if new:
            file.unlink()
    except OSError as error:
        raise UsageError(f"{option} {file} cannot be written: {error.strerror}; name another file") from error
