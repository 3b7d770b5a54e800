"""The provider as a plugin of the real engine: prints its port and answers gRPC until it is stopped."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import PackageNotFoundError, version
from types import FrameType

from rehearsal.provider import PROVIDERS
from rehearsal.provider.server import serve


def _stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    sys.exit(0)


def main(package: str) -> None:
    """Serve the provider of a package until the engine ends this process."""
    # Ctrl-C reaches the whole group of processes: the engine decides when its providers end, not the
    # terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    serve(package, PROVIDERS[package](), _version(package))


def _version(package: str) -> str:
    """The version of the SDK's types that this answers for: the engine warns of a provider that is older."""
    try:
        return version(f"pulumi_{package}")
    except PackageNotFoundError:
        return "0.0.0"


if __name__ == "__main__":
    main(sys.argv[1])
