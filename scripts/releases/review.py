"""Review environments: a stack `pr-N` for a request, made, renewed, taken away, and swept when nobody did so.

What one is stands in its own state, as tags on its resources: the request, and until when it is there. So
whatever became of the workflow that made it, and wherever its config file was, a sweep from any checkout
finds it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.releases import (
    backend,
    deployment,
    preflight,
    pulumi_command,
    review_config,
    review_leftovers,
)
from scripts.releases.backend import Backend
from scripts.releases.config_file import ConfigFile
from scripts.releases.deployment import BusyError, Deployed
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.project import Project
from scripts.releases.pulumi_command import Finished
from scripts.releases.review_config import EXPIRES, REVIEW, Review, moment, number_of, stack_of
from scripts.releases.review_leftovers import Search

Seen = Callable[[str], None]
#: What `pulumi config` keeps beside the config: how the stack's secrets are encrypted.
SECRETS_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")
#: How long an update of the same environment is waited for.
PATIENCE_SECONDS = 1800.0
#: How often it is destroyed again after what kept it from going was deleted.
ROUNDS = 5
#: No update of a review environment takes so long: whoever holds a lock for longer is dead.
DEAD_LOCK = timedelta(hours=2)
_LOCKED_AT = re.compile(r"created by (?P<who>\S+) \(pid \d+\) at (?P<at>\S+)")


@dataclass(frozen=True)
class Standing:
    """A review environment as its state says it is.

    Attributes:
        empty: nothing of it is there, or only what stands for the stack itself.
        ours: its resources say that they are part of this review environment.
        expires: the latest time that a tag names; None where none does.
    """

    stack: str
    empty: bool
    ours: bool
    expires: datetime | None


def standing(found: Backend, stack: str) -> Standing | None:
    """What is there of it; None when there is no such stack.

    Raises:
        ReleaseError: the state cannot be read.
    """
    resources = found.resources(stack)
    if resources is None:
        return None
    own = [each for each in resources if not str(each.get("type", "")).startswith("pulumi:")]
    tags = [_tags(each) for each in own]
    times = [moment(each.get(EXPIRES)) for each in tags if each.get(REVIEW) == stack]
    ours = any(each.get(REVIEW) == stack for each in tags)
    latest = max((time for time in times if time), default=None)
    return Standing(stack, not own, ours, latest)


def _tags(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    inputs = resource.get("inputs")
    tags = inputs.get("tags") if isinstance(inputs, Mapping) else None
    return tags if isinstance(tags, Mapping) else {}


def create(where: Project, source: str, review: Review, seen: Seen) -> Deployed:
    """Brings the environment up, or the one that is there to the image and the config of now.

    Raises:
        RefusedError: the source is none, the image does not pass the pre-flight, the network's block is
            none, or somebody else's stack or file has the name. Nothing was changed.
        ReleaseError: it did not come up; what is there of it goes with `destroy`.
    """
    origin = where.config(source)
    if number_of(source) is not None:
        raise RefusedError(f"{source} is a review environment itself; name the environment that it is like")
    states = backend.choose(where, os.environ)
    known = standing(states, review.stack)
    _refuse_others(where, review.stack, known)
    image = review.image or origin.image(None)
    if review.image is not None:
        preflight.Gate(None).check(origin, image)
    path = _path(where, review.stack)
    if known and not path.exists():
        _restore(where, review.stack, seen)
    path.write_text(review_config.text_of(where, origin, review, _secrets_of(path)), encoding="utf-8")
    if known is None:
        _init(where, review.stack, origin, seen)
    return deployment.bring_up(where, deployment.Order(review.stack), seen)


def _path(where: Project, stack: str) -> Path:
    return where.directory / f"Pulumi.{stack}.yaml"


def _refuse_others(where: Project, stack: str, known: Standing | None) -> None:
    """What has the name and was not made here stays as it is."""
    if known and not known.empty and not known.ours:
        raise RefusedError(
            f"the stack {stack} was not made by review: none of its resources has the tag {REVIEW}: {stack}; "
            f"rename it, or take it away by hand"
        )
    path = _path(where, stack)
    if path.exists():
        config = review_config.load(path).get("config")
        tags = config.get(f"{where.name}:tags") if isinstance(config, Mapping) else None
        if not (isinstance(tags, Mapping) and tags.get(REVIEW) == stack) and not known:
            raise RefusedError(f"{path.name} was not made by review: its tags have no {REVIEW}: {stack}")


def _secrets_of(path: Path) -> dict[str, Any]:
    """How the stack's secrets are encrypted, as its file says; nothing where there is none."""
    if not path.exists():
        return {}
    return {key: value for key, value in review_config.load(path).items() if key in SECRETS_KEYS}


def _init(where: Project, stack: str, origin: ConfigFile, seen: Seen) -> None:
    """With the source's provider of secrets, where its file names one; else with what Pulumi takes."""
    provider = review_config.load(origin.path).get("secretsprovider")
    options = [f"--secrets-provider={provider}"] if provider else []
    done = pulumi_command.run(where, "stack", "init", stack, "--no-select", *options, seen=seen)
    if not done.ok:
        raise ReleaseError(f"the stack {stack} cannot be made: {done.failure}")


def _restore(where: Project, stack: str, seen: Seen) -> None:
    """Gets the config file back that the last update had. One that was killed has left none: what is in the
    state is enough to take everything away.
    """
    done = pulumi_command.run(where, "config", "refresh", f"--stack={stack}", "--force")
    if not done.ok:
        seen(f"the config of {stack} is not to be had ({done.failure}); its state will do")


def destroy(where: Project, number: int, seen: Seen, patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Takes the environment away, with its stack and its file, and what killed updates have left of it in AWS
    without its state knowing; an update that runs is waited for.

    Returns False when there was none.

    Raises:
        RefusedError: the stack was not made by review.
        ReleaseError: it could not be taken away; the same again goes on.
    """
    stack = stack_of(number)
    states = backend.choose(where, os.environ)
    known = standing(states, stack)
    _refuse_others(where, stack, known)
    if known is None:
        _path(where, stack).unlink(missing_ok=True)
        return False
    if not _path(where, stack).exists():
        _restore(where, stack, seen)
    beside = review_leftovers.search(where, stack, states.resources(stack) or ())
    arguments = ["destroy", f"--stack={stack}", "--yes", "--skip-preview"]
    done = _unlocked(where, arguments, stack, seen, patience_seconds)
    for _ in range(ROUNDS):
        if done.ok:
            break
        beside = beside.knowing(states.resources(stack) or ())
        if not _freed(beside, done, stack, seen):
            break
        done = _unlocked(where, arguments, stack, seen, patience_seconds)
    if not done.ok:
        raise ReleaseError(f"destroy of {stack} failed: {done.failure}")
    left = beside.clear(seen).left_text
    if left:
        # The stack stays, empty, so that the next sweep looks again.
        raise ReleaseError(
            f"all that the state of {stack} knows is gone, and AWS still has {left}; delete it by hand, "
            "then the same again"
        )
    removed = pulumi_command.run(where, "stack", "rm", stack, "--yes", seen=seen)
    if not removed.ok:
        raise ReleaseError(f"{stack} is empty, and its stack cannot be removed: {removed.failure}")
    _path(where, stack).unlink(missing_ok=True)
    return True


def _freed(beside: Search, done: Finished, stack: str, seen: Seen) -> bool:
    """Whether something was deleted that the state does not know, so that another try may do."""
    try:
        return bool(beside.clear(seen, in_use=False).gone)
    except ReleaseError as error:
        raise ReleaseError(
            f"destroy of {stack} failed: {done.failure}; what it left cannot be looked for: {error}"
        ) from error


def _unlocked(
    where: Project, arguments: list[str], stack: str, seen: Seen, patience_seconds: float
) -> Finished:
    """Runs it, after the lock that a dead process has left is taken away; one that lives is waited for."""
    done = pulumi_command.run(where, *arguments, seen=seen)
    if not done.locked:
        return done
    if _dead(done, datetime.now(UTC)):
        seen(f"the lock of {stack} is older than any update of it takes: its process is dead")
        pulumi_command.run(where, "cancel", stack, "--yes", seen=seen)
    return deployment.run_in_turn(where, arguments, stack, patience_seconds, seen)


def _dead(done: Finished, now: datetime) -> bool:
    """Whether every lock that Pulumi names is too old for an update that still runs."""
    times = [found["at"] for line in done.lines if (found := _LOCKED_AT.search(line))]
    try:
        return bool(times) and all(now - datetime.fromisoformat(each) > DEAD_LOCK for each in times)
    except (ValueError, TypeError):
        return False


@dataclass(frozen=True)
class Fate:
    """What a sweep makes of one review environment, and why."""

    number: int
    goes: bool
    why: str

    @property
    def stack(self) -> str:
        return stack_of(self.number)


def fates(where: Project, now: datetime, open_requests: Collection[int] | None) -> list[Fate]:
    """What is to become of every review environment, by its number. `open_requests`: None when nobody said
    which requests are open, so that the time to live counts alone.

    Raises:
        ReleaseError: the backend cannot be asked.
    """
    states = backend.choose(where, os.environ)
    numbers = sorted(number for name in states.stacks() if (number := number_of(name)) is not None)
    return [_fate(states, number, now, open_requests) for number in numbers]


def _fate(states: Backend, number: int, now: datetime, open_requests: Collection[int] | None) -> Fate:
    found = standing(states, stack_of(number))
    if found is None:
        return Fate(number, False, "it went in the meantime")
    if not found.empty and not found.ours:
        return Fate(number, False, f"it was not made by review: no resource has the tag {REVIEW}")
    if open_requests is not None and number not in open_requests:
        return Fate(number, True, f"request {number} is not open")
    if found.expires is None:
        # Of one that is just being made, or that never got far enough to say.
        return Fate(number, False, "nothing of it says until when it is there")
    time = found.expires.strftime(review_config.TIME)
    return Fate(number, now >= found.expires, f"it is there until {time}")


@dataclass(frozen=True)
class Swept:
    """What a sweep could not take away: stacks with the reason, and those that are being updated."""

    failed: Mapping[str, str]
    busy: frozenset[str]


def sweep(where: Project, leaving: Collection[Fate], seen: Seen) -> Swept:
    """Takes these away, one after the other. One that is being updated now is not waited for: it may
    be about to be renewed.
    """
    failed: dict[str, str] = {}
    busy = set()
    for fate in leaving:
        try:
            destroy(where, fate.number, seen, patience_seconds=0)
        except BusyError:
            busy.add(fate.stack)
        except ReleaseError as error:
            failed[fate.stack] = str(error)
    return Swept(failed, frozenset(busy))
