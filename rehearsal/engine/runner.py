"""Runs the program in this process, the way Pulumi's own Python executor does, against our monitor and
engine.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pulumi
import pulumi.runtime
from pulumi.runtime import settings, stack

from rehearsal.engine.options import ORGANIZATION, Options

Ending = Literal["done", "stopped", "refused", "failed"]
"""How a program ended: by itself; because the engine stopped it; with a RunError; with another exception."""

THREADS_PER_OPERATION = 4
"""Threads for the SDK's calls, as in Pulumi's executor: most of them wait for a free operation."""


def configure(options: Options, monitor: Any, engine: Any) -> None:
    """Make the SDK's settings those of this operation, in the present context."""
    values = dict(options.config)
    pulumi.runtime.set_all_config(values, sorted(options.secret_keys))
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=options.project,
            stack=options.stack,
            monitor=monitor,
            engine=engine,
            parallel=options.parallel,
            dry_run=options.preview,
            organization=ORGANIZATION,
            root_directory=str(options.root),
        )
    )


def run(
    options: Options, main: Path, monitor: Any, engine: Any, on_refusal: Callable[[], None]
) -> tuple[Ending, str]:
    """Run the program in `main` (a directory or a file). Returns how it ended, and what to tell the user
    then.

    `on_refusal` is called when the program's own text ends in a RunError: it found its input bad, and what it
    has registered so far, which the SDK is about to send, is not to be made.
    """
    return contextvars.copy_context().run(_run, options, main, monitor, engine, on_refusal)


def _run(
    options: Options, main: Path, monitor: Any, engine: Any, on_refusal: Callable[[], None]
) -> tuple[Ending, str]:
    configure(options, monitor, engine)
    # The SDK leaves futures unobserved when a program ends early; asyncio would report each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = options.parallel * (1 if options.preview else THREADS_PER_OPERATION)
    executor = ThreadPoolExecutor(max_workers=max(threads, 4))
    loop.set_default_executor(executor)
    refusals: list[pulumi.RunError] = []

    def execute() -> None:
        try:
            runpy.run_path(str(main), run_name="__main__")
        except pulumi.RunError as error:
            refusals.append(error)
            on_refusal()
            raise

    with _surroundings(main), _linear_waiting(), _rare_collection():
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(execute))
        except pulumi.RunError as error:
            error = refusals[0] if refusals else error
            return ("stopped", "") if _by_us(error) else ("refused", str(error))
        except SystemExit as error:
            return ("done", "") if error.code in (None, 0) else ("failed", _exit_text(error.code))
        except Exception as error:  # noqa: BLE001 (the program may raise anything)
            return "failed", "the program failed with an unhandled exception:\n" + _user_trace(main, error)
        finally:
            executor.shutdown(wait=True)
            asyncio.set_event_loop(None)
            loop.close()
    return "done", ""


async def _wait_for_program(await_all_outstanding_tasks: bool = True) -> None:
    """The SDK's `wait_for_rpcs`, in time that grows with the program and not with its square.

    The SDK waits for the first of all outstanding outputs, then for the first of all that are left, and so
    on: at 3,000 resources that is most of a preview. Here all are waited for at once; the first failure is
    raised, as there.
    """
    manager = settings.SETTINGS.rpc_manager
    outputs, lock = settings.SETTINGS.outputs, settings.SETTINGS.lock
    while True:
        while manager.rpcs:
            await asyncio.sleep(0)
            try:
                await manager.rpcs.pop()
            except Exception as error:
                cause = manager.unhandled_exception
                raise error from (cause.with_traceback(manager.exception_traceback) if cause else None)
        if manager.unhandled_exception is not None:
            raise manager.unhandled_exception.with_traceback(manager.exception_traceback)
        while await_all_outstanding_tasks:
            with lock:
                pending = list(outputs)
                outputs.clear()
            if not pending:
                break
            done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                await task
        if not manager.rpcs:
            return


@contextmanager
def _linear_waiting() -> Iterator[None]:
    original = stack.wait_for_rpcs
    stack.wait_for_rpcs = _wait_for_program
    try:
        yield
    finally:
        stack.wait_for_rpcs = original


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Look for garbage seldom: what a program builds lives to its end, and each look goes over all of it."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def _surroundings(main: Path) -> Iterator[None]:
    """The program's directory as the working directory and first on the module path; put back afterwards."""
    directory = main if main.is_dir() else main.parent
    old_argv, old_path, old_directory = sys.argv, sys.path, Path.cwd()
    sys.argv = [str(main)]
    sys.path = [str(directory), *(path for path in old_path if path not in ("", str(old_directory)))]
    os.chdir(directory)
    try:
        yield
    finally:
        sys.argv, sys.path = old_argv, old_path
        os.chdir(old_directory)


def _by_us(error: pulumi.RunError) -> bool:
    """Whether this is how the SDK puts a monitor that refuses to go on."""
    return str(error) == "Resource monitor has terminated, shutting down"


def _exit_text(code: object) -> str:
    return code if isinstance(code, str) else f"the program ended with exit status {code}"


def _user_trace(main: Path, error: BaseException) -> str:
    """The traceback from the program's first frame on."""
    frames = traceback.extract_tb(error.__traceback__)
    program = (main / "__main__.py" if main.is_dir() else main).resolve()
    for position, frame in enumerate(frames):
        if Path(frame.filename).resolve() == program:
            kept = len(frames) - position
            return "".join(traceback.format_exception(error, limit=-kept)).rstrip()
    return "".join(traceback.format_exception(error)).rstrip()
