"""How often to look: exponentially more seldom while nothing changes, never longer than until the next
line.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tenacity

FIRST_SECONDS = 0.25
#: The longest between two lines, and so between two looks.
LINE_SECONDS = 12.0
#: After so long without a line, one says that AWS has not answered: what is shown is never older than 15 s.
SILENCE_SECONDS = 14.5

#: Error codes with which AWS asks to come back later.
TRANSIENT = frozenset(
    {
        "InternalError", "InternalFailure", "InternalServiceError", "PriorRequestNotComplete",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "RequestTimeout",
        "ResourceContention", "ServiceUnavailable", "SlowDown", "Throttling", "ThrottledException",
        "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well be answered a little later."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in TRANSIENT or status >= 500
    return isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError)


Look = tuple[bool, str, str]
"""What one look saw: whether it is done, what counts as a change, and the line that tells it, if any."""


class Voice:
    """Says lines, and while `never_silent`, that there is no answer of `whose` when none has come for long.

    boto3 tries again by itself, which may take it minutes, and says nothing meanwhile.
    """

    def __init__(self, say: Callable[[str], None], whose: str = "AWS") -> None:
        self._say = say
        self._whose = whose
        self._said_at = time.monotonic()

    def say(self, text: str) -> None:
        self._said_at = time.monotonic()
        self._say(text)

    @contextmanager
    def never_silent(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        self._said_at = time.monotonic()
        while not over.wait(max(0.0, self._said_at + SILENCE_SECONDS - time.monotonic())):
            if time.monotonic() - self._said_at >= SILENCE_SECONDS:
                self.say(f"still waiting for an answer of {self._whose}")


class Polling:
    """Looks until done or until `deadline` (of `time.monotonic`), and says a line at every change."""

    def __init__(
        self,
        deadline: float,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        transient: Callable[[BaseException], bool] = is_transient,
    ) -> None:
        self._deadline = deadline
        self._say = say
        self._sleep = sleep
        self._transient = transient
        self._state: str | None = None
        self._said_at = 0.0
        self._unchanged = 0

    def until(self, look: Callable[[], Look]) -> bool:
        """True when `look` says that it is done, False at the deadline. Errors that are not transient
        rise.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda done: not done)
            | tenacity.retry_if_exception(self._transient),
            wait=self._wait,
            stop=lambda _: time.monotonic() >= self._deadline,
            sleep=self._sleep,
            retry_error_callback=self._give_up,
        )
        return bool(retrying(self._look, look))

    def _look(self, look: Callable[[], Look]) -> bool:
        self._unchanged += 1
        try:
            done, state, line = look()
        except Exception as error:
            if self._transient(error):
                self._tell(self._state, f"still waiting ({type(error).__name__})")
            raise
        self._tell(state, line)
        return done

    def _tell(self, state: str | None, line: str) -> None:
        now = time.monotonic()
        if state != self._state:
            self._unchanged = 0
        elif now - self._said_at < LINE_SECONDS:
            return
        self._state, self._said_at = state, now
        if line:
            self._say(line)

    def _wait(self, _: tenacity.RetryCallState) -> float:
        """Twice as long each time; a change of what is seen starts over, as the next one may follow soon."""
        now = time.monotonic()
        line_is_due = max(FIRST_SECONDS, self._said_at + LINE_SECONDS - now)
        left = max(0.0, self._deadline - now)
        return min(FIRST_SECONDS * 2.0 ** min(self._unchanged, 10), line_is_due, left)

    @staticmethod
    def _give_up(state: tenacity.RetryCallState) -> Any:
        outcome = state.outcome
        if outcome is not None and outcome.failed:
            outcome.result()  # raises what the last look raised
        return False
