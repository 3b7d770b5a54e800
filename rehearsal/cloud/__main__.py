"""`python -m rehearsal.cloud --port 0 --speed 60`: the emulated AWS as a process of its own."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from types import FrameType


def main() -> int:
    arguments = _arguments()
    if not 0 <= arguments.port <= 65535:
        return _refuse(f"--port {arguments.port} is not a port; use 0 to 65535, 0 picks a free one")
    if not 0 <= arguments.speed < 1e9:
        return _refuse(
            f"--speed {arguments.speed:g} is not a speed; use 0 or more emulated seconds a real one"
        )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    from rehearsal.cloud.server import Server

    try:
        server = Server(lambda environ: cloud(environ), arguments.port)
    except OSError as busy:
        return _refuse(f"--port {arguments.port} cannot be used ({busy.strerror}); 0 picks a free one")
    with server:
        from rehearsal.cloud.app import Cloud
        from rehearsal.cloud.clock import Clock
        from rehearsal.cloud.world import World

        cloud = Cloud(World(Clock(arguments.speed)))
        cloud.preload()
        gc.freeze()  # the imported modules stay; without this every full collection walks them
        print(f"listening on {server.url}", flush=True)
        server.serve_forever(poll_interval=0.1)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.cloud", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 picks a free one (default)")
    parser.add_argument(
        "--speed", type=float, default=60.0, help="emulated seconds per real one (default 60)"
    )
    return parser.parse_args()


def _refuse(line: str) -> int:
    print(line, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
