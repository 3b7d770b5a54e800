"""The rehearsal from first to last: sets the stage, runs the steps, and clears up whatever happens."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from rehearsal import factory_files, kept
from rehearsal.cloud_client import CloudProcess
from rehearsal.engines import EngineChoice, choose
from rehearsal.errors import RehearsalError
from rehearsal.fleet import FleetSampler
from rehearsal.processes import uninterrupted
from rehearsal.stage import Stage, StepRecord
from rehearsal.steps import PROD, STAGING, STEPS, Step
from rehearsal.workspace import Workspace

# Emulated seconds in one real second: a roll-out of some minutes takes some seconds.
SPEED = 1000.0


@dataclass(frozen=True)
class Options:
    """What was asked for. `port` 0 takes a free one; `keep` leaves cloud, staging and prod up."""

    engine: EngineChoice = "auto"
    port: int = 0
    speed: float = SPEED
    keep: bool = False


class Teller(Protocol):
    """Shows a person how the story goes on."""

    def begin(self, engine: str, steps: Sequence[Step]) -> None:
        """The stage is set."""

    def step(self, step: Step) -> None:
        """A step begins."""

    def line(self, text: str) -> None:
        """Something happens within the step."""

    def done(self, record: StepRecord) -> None:
        """A step ended, well or not."""


def rehearse(options: Options, teller: Teller) -> tuple[dict[str, Any], int]:
    """Run the whole story and return what the JSON file holds, and the exit code.

    A step that fails ends the story with `ok` false; a step that was refused as bad input, with exit code 2.

    Raises UsageError when it cannot begin as asked, KeyboardInterrupt after clearing up on Ctrl-C.
    """
    if options.keep:
        kept.refuse_a_second()
    began, started = time.monotonic(), datetime.now(UTC)
    records: list[StepRecord] = []
    with _stage(options, teller) as stage:
        teller.begin(stage.engine.name, STEPS)
        with stage.sampler:
            for step in STEPS:
                if options.keep and step.name == "destroy":
                    records.append(StepRecord(step.name, step.title, skipped="the cloud is kept"))
                    continue
                records.append(_run(step, stage, teller))
                if not records[-1].ok:
                    break
        document = {
            "ok": all(record.ok for record in records),
            "engine": stage.engine.name,
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - began, 2),
            "speed": options.speed,
            "steps": [record.document() for record in records],
            "fleet": [asdict(sample) for sample in stage.sampler.samples],
            "stages": [asdict(sample) for sample in stage.sampler.stages],
            "leaps": stage.leaps,
            "not_run": [step.name for step in STEPS[len(records) :]],
            "recorded": sorted(set().union(*(record.recorded for record in records))),
        }
        return document, max(record.exit_code for record in records)


def _run(step: Step, stage: Stage, teller: Teller) -> StepRecord:
    record = StepRecord(step.name, step.title)
    teller.step(step)
    began = time.monotonic()
    try:
        record.at = stage.sampler.sample()
        step.act(stage, record)
        record.until = stage.sampler.sample()
    except RehearsalError as error:
        record.ok, record.reason, record.exit_code = False, str(error), error.exit_code
        record.until = max([record.at, *(sample.at for sample in stage.sampler.samples)])
    record.seconds = time.monotonic() - began
    teller.done(record)
    return record


def _warm(workspace: Workspace) -> None:
    from rehearsal import inventory

    for region in {workspace.region(name) for name in workspace.environments()}:
        inventory.warm(region)


@contextlib.contextmanager
def _stage(options: Options, teller: Teller) -> Iterator[Stage]:
    """A scratch copy and a cloud; both are gone afterwards unless they are to be kept."""
    with uninterrupted():
        root = kept.new_root() if options.keep else Path(tempfile.mkdtemp(prefix="rehearsal-"))
    cloud: CloudProcess | None = None
    is_kept = False
    try:
        workspace = Workspace.create(root / "scratch")
        workspace.require_ready(STAGING, PROD)
        factory = factory_files.find(workspace.project)
        # While the cloud starts there is time for what the first look at it needs.
        warming = threading.Thread(target=_warm, args=(workspace,), daemon=True)
        warming.start()
        with uninterrupted():
            cloud = CloudProcess.start(root / "cloud.log", port=options.port, speed=options.speed)
        cloud.ready()
        engine = choose(options.engine, workspace, workspace.variables(cloud.url))
        sampler = FleetSampler(cloud.client)
        warming.join()
        yield Stage(workspace, factory, cloud, engine, sampler, engine.variables, teller.line)
        if options.keep:
            kept.write(kept.Kept(cloud.url, cloud.pid, str(workspace.root), engine.name))
            is_kept = True
    finally:
        if not is_kept:
            if cloud:
                cloud.stop()
            shutil.rmtree(root, ignore_errors=True)
