"""The one error of a rollout, and how it reaches the user as one line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable


class RolloutError(Exception):
    """A rollout failed or cannot begin; the text is one line that says what, why, and what to do."""


def show_rollout_errors_as_one_line() -> None:
    """Let `traceback.format_exc()` give just the text of a RolloutError; any other error keeps its traceback.

    Pulumi's dynamic provider process reports every exception of a provider as `traceback.format_exc()`
    (`_abort_with_traceback` in pulumi/dynamic/__main__.py) and offers no other way to fail: without this the
    reason of a failed release stands below a page of frames from inside this project. Called in that process
    only, from the provider's `configure`; calling it again changes nothing.
    """
    original = traceback.format_exc
    if getattr(original, "shows_one_line", False):
        return
    traceback.format_exc = _one_line(original)


def _one_line(original: Callable[..., str]) -> Callable[..., str]:
    def format_exc(limit: int | None = None, chain: bool = True) -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, RolloutError) else original(limit, chain)

    vars(format_exc)["shows_one_line"] = True
    return format_exc
