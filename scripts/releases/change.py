"""One change of one image in one config file, from the check of its value to the look after the write."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

from scripts.releases import config_file, lock, promotion
from scripts.releases.config_file import ConfigFile, Owner, Workload
from scripts.releases.errors import ReleaseError
from scripts.releases.project import Project


class Gate(Protocol):
    """What a new image has to pass."""

    def check(self, config: ConfigFile, image: str) -> str:
        """Says in one line what the image is. Raises RefusedError when it does not pass."""

    def again(self, config: ConfigFile, image: str) -> None:
        """Looks once more when the config names it. Raises RefusedError when it must not be used any more."""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        environment: whose config changes.
        owner: the service or the workload whose image changes; None for the one that services share.
        expected: the present value that the caller relies on; None for any.
        dry_run: only show what would change.
        purpose: the command, as a second one that finds the lock held is told.
    """

    environment: str
    owner: Owner
    expected: str | None
    dry_run: bool
    purpose: str

    @property
    def service(self) -> str | None:
        """The service whose own image changes."""
        return self.owner if isinstance(self.owner, str) else None

    @property
    def workload(self) -> str | None:
        """The workload whose image changes."""
        return self.owner.name if isinstance(self.owner, Workload) else None


@dataclass(frozen=True)
class Change:
    """What was done: `before` and `after` are equal when there was nothing to do, and `passed` is empty then;
    else it says what the image is that passed.
    """

    config: ConfigFile
    before: str | None
    after: str
    diff: str
    passed: str = ""


def make(project: Project, request: Request, decide: Callable[[ConfigFile], str], gate: Gate) -> Change:
    """Changes the image to what `decide` says, given the config as it stands, if it passes `gate`.

    The lock is held from before anything is decided until the file is written, so that of two commands at
    once one wins and the other is told. A dry run takes no lock: it writes nothing.

    Raises:
        RefusedError: see `decide`, `promotion.check_expected`, `ConfigFile.with_image`, `lock.held`, `gate`.
        ReleaseError: the image must not be used any more, and the file could not be put back.
        OSError: the file could not be written; it is as it was.
    """
    path = project.config(request.environment).path
    with nullcontext() if request.dry_run else lock.held(path, request.purpose):
        config = project.config(request.environment)
        before = config.written(request.owner)
        promotion.check_expected(config, request.owner, request.expected)
        after = decide(config)
        if before == after:
            return Change(config, before, after, "")
        content = config.with_image(request.owner, after)
        passed = gate.check(config, after)
        if not request.dry_run:
            config_file.write(config, content)
            _look_again(config, content, after, gate)
        return Change(config, before, after, config.diff(content), passed)


def _look_again(config: ConfigFile, written: bytes, image: str, gate: Gate) -> None:
    """Puts the file back when the image was taken out of use before the config named it, and when nobody can
    say (an answer that does not come, Ctrl-C): then it would name an image that is about to be deleted.
    """
    try:
        gate.again(config, image)
    except BaseException as error:
        try:
            config_file.write(replace(config, content=written), config.content)
        except (ReleaseError, OSError) as failed:
            raise ReleaseError(
                f"{error or type(error).__name__}; and {config.path.name} still names {image}: {failed}; put "
                f"the image before back by hand"
            ) from error
        raise
