"""What is answered outside the emulated cloud's one lock, as it takes long or asks the cloud itself."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.cloud.server import Answer


class Outside(Exception):  # noqa: N818 - no error: the way out of moto's layers
    """Raised by an operation; `work` is then done without the lock, and what it gives is the answer."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        super().__init__("answered outside the lock")
        self.work = work
