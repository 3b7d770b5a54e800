"""Waiting for AWS, which answers before it has done what it was asked."""

import time
from collections.abc import Callable

from scripts.releases.errors import ReleaseError

#: Seconds between two looks: short at first, for what is quick, then ever longer.
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.5, 10.0, 1.5


def sleep(seconds: float) -> None:
    """The one place where the commands stand still."""
    time.sleep(seconds)


def until(done: Callable[[], bool], limit_seconds: float, unfinished: str) -> None:
    """Looks until `done`, for `limit_seconds` of pauses at most.

    Raises:
        ReleaseError: it was not done by then; `unfinished` says what is, and what to do.
    """
    waited, pause = 0.0, FIRST_PAUSE
    while not done():
        if waited >= limit_seconds:
            raise ReleaseError(f"{unfinished} (waited {limit_seconds / 60:g} minutes)")
        sleep(pause)
        waited += pause
        pause = min(pause * GROWTH, LONGEST_PAUSE)
