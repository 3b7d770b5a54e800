"""The operations on a stack: preview, up, refresh and destroy, from opening its state to the summary."""

from __future__ import annotations

import contextvars
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from rehearsal.engine import deleting, history
from rehearsal.engine.analyzers import Analyzer
from rehearsal.engine.backend import Backend
from rehearsal.engine.deployment import Deployment, Unrecorded
from rehearsal.engine.display import Display
from rehearsal.engine.events import EventLog
from rehearsal.engine.guardrails import Guardrails
from rehearsal.engine.options import DEFAULT_PARALLEL, Options, Reporter, Reporters
from rehearsal.engine.outcome import Outcome, outcome_of
from rehearsal.engine.project import Project, StackConfig
from rehearsal.engine.providers import Factory
from rehearsal.engine.refreshing import Refresh
from rehearsal.engine.stack_file import StackFile
from rehearsal.engine.state import type_in
from rehearsal.engine.steps import Steps
from rehearsal.errors import UsageError

Operation = Literal["preview", "up", "refresh", "destroy"]

EXIT_FAILED = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    operation: Operation
    stack: str
    parallel: int = DEFAULT_PARALLEL
    targets: tuple[str, ...] = ()
    target_dependents: bool = False
    replace: tuple[str, ...] = ()
    refresh: bool = False
    continue_on_error: bool = False
    clear_pending_creates: bool = False
    message: str = ""
    policy_packs: tuple[Path, ...] = ()


def run(
    request: Request,
    project: Project,
    config: StackConfig,
    backend: Backend,
    factories: Mapping[str, Factory],
    display: Display,
    log: EventLog | None = None,
) -> Outcome:
    """Carry out one operation, and write what happens to `log` too. Raises UsageError before anything was
    touched; other failures are in the outcome.
    """
    began = time.monotonic()
    reporter = display if log is None else Reporters(display, log)
    preview = request.operation == "preview"
    options = _options(request, project, config)
    with (
        _guardrails(request, options, reporter, log) as guardrails,
        backend.open(project.name, request.stack, salt=config.salt, write=not preview) as file,
    ):
        for note in file.notes:
            reporter.message("info", "", note)
        outputs = partial(_stack_outputs, backend, project.name)
        recorder = Unrecorded() if preview else file
        deployment = Deployment(
            options, recorder, file.snapshot.resources, factories, outputs, reporter, guardrails
        )
        _check_targets(deployment)
        if log is not None:
            log.prelude(options.config, options.secret_keys)
        _mention_pending(file, deployment)
        if not preview:
            file.clear_pending(creations=request.clear_pending_creates)
        with _interruptible(deployment, display):
            code, error = _carry_out(request, project, deployment)
        outcome = outcome_of(request.operation, deployment, code, error)
        packs = guardrails.packs if deployment.news else {}
    outcome.packs = [f"{name.partition('|')[0]} {version}" for name, version in sorted(packs.items())]
    outcome.seconds = round(time.monotonic() - began, 3)
    if not preview:
        kind = "update" if request.operation == "up" else request.operation
        update = history.Update(
            kind, request.message, config.raw, outcome.ok, outcome.seconds, outcome.changes
        )
        history.add(backend.root, project.name, request.stack, update)
    if log is not None:
        log.summary(outcome.changes, outcome.seconds, _result(outcome), packs)
    return outcome


@contextmanager
def _guardrails(
    request: Request, options: Options, reporter: Reporter, log: EventLog | None
) -> Iterator[Guardrails]:
    """The policy packs, started beside the program and stopped at the end. Raises UsageError for one that is
    none.
    """
    with ExitStack() as running:
        analyzers = []
        for directory in request.policy_packs:
            analyzer = Analyzer(directory, options, lambda text: reporter.message("info", "", text))
            running.callback(analyzer.close)
            analyzers.append(analyzer)
        if analyzers and log is not None:
            log.policies_load()
        yield Guardrails(analyzers)


def _result(outcome: Outcome) -> str:
    if outcome.exit_code == EXIT_INTERRUPTED:
        return "canceled"
    return "succeeded" if outcome.ok else "failed"


def _options(request: Request, project: Project, config: StackConfig) -> Options:
    return Options(
        project=project.name,
        stack=request.stack,
        root=project.directory.resolve(),
        preview=request.operation == "preview",
        parallel=request.parallel,
        targets=request.targets,
        target_dependents=request.target_dependents,
        replace=frozenset(request.replace),
        continue_on_error=request.continue_on_error,
        config=config.values,
        secret_keys=frozenset(config.secret_keys),
    )


def _stack_outputs(backend: Backend, project: str, reference: str) -> tuple[dict[str, Any], list[str]] | None:
    return backend.stack_outputs(reference, project)


def _mention_pending(file: StackFile, deployment: Deployment) -> None:
    """What an earlier run left in the air: a refresh finds out about all but creations."""
    for operation in file.snapshot.pending:
        what = f"{operation.resource.type} {operation.resource.name!r}"
        # What was half created has no ID here, so that nobody can look it up: a second one is made, or cannot
        # be made beside the first. The real engine is no better off.
        todo = (
            "it may exist unknown to the state; look, delete it or import it, "
            "then run `refresh --clear-pending-creates`"
        )
        deployment.warn(
            operation.resource.urn,
            f"an earlier run was cut off while {operation.kind} {what}: "
            f"{todo if operation.kind == 'creating' else 'run a refresh'}",
        )


def _check_targets(deployment: Deployment) -> None:
    """A replacement of what is not there, or (without a program to add it) a target that is not, is a typing
    error.
    """
    missing = sorted(deployment.options.replace - deployment.olds.keys())
    if missing:
        raise UsageError(
            f"--replace {missing[0]}: there is no such resource in stack {deployment.options.stack}"
        )


def _carry_out(request: Request, project: Project, deployment: Deployment) -> tuple[int, str | None]:
    if request.operation in ("refresh", "destroy"):
        contextvars.copy_context().run(_without_program, request, deployment)
        return _verdict(deployment, 0, None)
    return _with_program(request, project.main, deployment)


def _without_program(request: Request, deployment: Deployment) -> None:
    from rehearsal.engine import runner

    missing = deployment.targets.missing(deployment.olds)
    if missing:
        raise UsageError(
            f"--target {missing[0]}: there is no such resource in stack {deployment.options.stack}"
        )
    runner.configure(deployment.options, None, None)
    if request.operation == "refresh" or request.refresh:
        Refresh(deployment, counted=request.operation == "refresh").run()
    if request.operation == "destroy" and not deployment.stopping:
        states = deleting.chosen(deployment, list(deployment.resources))
        deleting.Deletions(deployment, Steps(deployment), states).run()


def _with_program(request: Request, main: Path, deployment: Deployment) -> tuple[int, str | None]:
    from rehearsal.engine import runner
    from rehearsal.engine.engine_log import EngineLog
    from rehearsal.engine.monitor import Monitor
    from rehearsal.engine.registering import Registrations

    if request.refresh:
        _without_program(replace(request, operation="up"), deployment)
    registrations = Registrations(deployment)
    log = EngineLog(deployment.reporter.message)
    monitor = Monitor(deployment, registrations)
    ending, text = runner.run(deployment.options, main, monitor, log, deployment.refuse)
    error: str | None = None
    code = 0
    untouched = deployment.options.preview or not _has_changed_anything(deployment)
    if ending in ("refused", "failed") and not deployment.interrupted:
        deployment.reporter.message("error", "", text)
        error = text
        code = EXIT_REFUSED if ending == "refused" and untouched else EXIT_FAILED
    code, error = _verdict(deployment, code, error)
    if code == EXIT_FAILED and untouched and deployment.is_bad_input:
        code = EXIT_REFUSED
    registrations.close(failed=code != 0)
    deployment.callbacks.close()
    if ending == "done" and not deployment.failures and not deployment.interrupted:
        deployment.guard_stack()
        return _verdict(deployment, code, error)
    return code, error


def _has_changed_anything(deployment: Deployment) -> bool:
    """Beside providers, which are settings and nothing in a cloud."""
    return any(
        op not in ("same", "read") and not type_in(urn).startswith("pulumi:providers:")
        for urn, op in deployment.ops.items()
    )


def _verdict(deployment: Deployment, code: int, error: str | None) -> tuple[int, str | None]:
    """The exit code and the error that the whole operation ends with: the first that was reported."""
    problems = deployment.failures or deployment.refusals
    if deployment.interrupted:
        return EXIT_INTERRUPTED, problems[0] if problems else "interrupted"
    if problems:
        return EXIT_FAILED, problems[0]
    return code, error


@contextmanager
def _interruptible(deployment: Deployment, display: Display) -> Iterator[None]:
    """The first Ctrl-C (or a SIGTERM) starts nothing new; the second ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        del frame
        if deployment.interrupted and number == signal.SIGINT:
            os._exit(EXIT_INTERRUPTED)
        deployment.interrupted = True
        display.line(
            "interrupted: what runs is being finished, nothing new starts; Ctrl-C again ends at once"
        )

    before: dict[int, Callable[..., Any] | int | None] = {
        number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
