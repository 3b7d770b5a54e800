"""The folder of a bake in the making: whatever ends the bake, nothing of it stays."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from scripts.bakes.requirements import free_mib
from scripts.releases.errors import RefusedError, ReleaseError

FULL_MIB = 64
"""With less free space than this, a step that failed did so because the disk was full."""


@contextlib.contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """A folder for one bake, gone at its end; SIGTERM and a lost terminal end a bake as Ctrl-C does."""
    with _locked(folder):
        for left in folder.glob(".work-*"):
            _remove_unless_used(left)
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=folder))
        used = contextlib.ExitStack()
        used.enter_context(_locked(work))
    with _interrupts(), used:
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _remove_unless_used(work: Path) -> None:
    """Removes what a bake left that was killed: it can no longer hold its lock."""
    with contextlib.suppress(BlockingIOError), _locked(work, fcntl.LOCK_NB):
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, how: int = 0) -> Iterator[None]:
    """Holds a folder's lock, which the kernel lets go with the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _interrupts() -> Iterator[None]:
    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Turns what fails because there is no space left into the refusal that says so."""
    try:
        yield
    except (ReleaseError, OSError) as error:
        free = free_mib(folder)
        if free < FULL_MIB:
            raise RefusedError(
                f"the disk of {folder} is full ({free} MiB left): make room, or bake elsewhere"
            ) from error
        raise
