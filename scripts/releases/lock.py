"""One release command at a time may change a config file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.releases.errors import RefusedError, one_line


def path_for(config: Path) -> Path:
    """The lock of a config file: hidden beside it, the same one for every symlink to the file."""
    real = config.resolve()
    return real.with_name(f".{real.name}.lock")


@contextmanager
def held(config: Path, purpose: str) -> Iterator[None]:
    """Holds the lock of `config`; `purpose` (the command) is what a second one is told.

    The kernel drops the lock with the process that holds it, so one that was killed leaves nothing stale: the
    file that it may leave is taken over. There is no waiting, on purpose: whoever comes second looks again.

    Raises:
        RefusedError: another process holds it.
    """
    path = path_for(config)
    descriptor = _acquire(path, config)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {purpose}\n".encode())
        yield
    finally:
        # Removed before it is dropped: whoever opened it in between sees that it is gone and starts afresh.
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(path: Path, config: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = one_line(os.read(descriptor, 200).decode("utf-8", "replace")) or "unknown"
            os.close(descriptor)
            raise RefusedError(
                f"another release command is changing {config.name} (process {holder}); look again after it"
            ) from None
        if _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether `path` names the file that was locked, rather than one made after its holder removed it."""
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False
