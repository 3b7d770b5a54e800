"""The provider as a plugin of the real engine: prints its port and answers gRPC until it is stopped."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from rehearsal.provider import aws_provider
from rehearsal.provider.server import serve


def _stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    sys.exit(0)


def main() -> None:
    """Serve until the engine ends this process."""
    # Ctrl-C reaches the whole group of processes: the engine decides when its providers end, not the
    # terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    serve(aws_provider())


if __name__ == "__main__":
    main()
