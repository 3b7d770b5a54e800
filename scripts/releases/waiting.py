"""Waiting for AWS, which answers before it has done what it was asked."""

import time
from collections.abc import Callable
from typing import TypeVar

import tenacity

from scripts.releases.aws import AwsError
from scripts.releases.errors import ReleaseError

T = TypeVar("T")

#: Seconds between two looks: short at first, for what is quick, then ever longer.
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.5, 10.0, 1.5
#: How often a call may fail, each time after `aws.ATTEMPTS` tries of its own, until there is no hope.
MISSED_ANSWERS = 20


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


def answered(call: Callable[[], T], *, unheard: bool = True) -> T:
    """What `call` returns, asked again while AWS asks to come back later, or does not answer.

    Args:
        unheard: False for a first call, where no answer may mean an endpoint that is not there; that is asked
            once.

    Raises:
        AwsError: AWS refused for another reason, or did not answer `MISSED_ANSWERS` times.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda error: isinstance(error, AwsError) and error.passes and (unheard or bool(error.code))
        ),
        stop=tenacity.stop_after_attempt(MISSED_ANSWERS),
        wait=tenacity.wait_exponential(FIRST_PAUSE, LONGEST_PAUSE, GROWTH),
        sleep=lambda seconds: sleep(seconds),
        reraise=True,
    )
    return retrying(call)
