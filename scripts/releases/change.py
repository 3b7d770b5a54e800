"""One change of one image in one config file, from the check of its present value to the write."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from scripts.releases import config_file, lock, promotion
from scripts.releases.config_file import ConfigFile
from scripts.releases.project import Project


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        environment: whose config changes.
        service: the service whose own image changes; None for the shared one.
        expected: the present value that the caller relies on; None for any.
        dry_run: only show what would change.
        purpose: the command, as a second one that finds the lock held is told.
    """

    environment: str
    service: str | None
    expected: str | None
    dry_run: bool
    purpose: str


@dataclass(frozen=True)
class Change:
    """What was done: `before` and `after` are equal when there was nothing to do."""

    config: ConfigFile
    before: str | None
    after: str
    diff: str


def make(project: Project, request: Request, decide: Callable[[ConfigFile], str]) -> Change:
    """Changes the image to what `decide` says, given the config as it stands.

    The lock is held from before anything is decided until the file is written, so that of two commands at
    once one wins and the other is told. A dry run takes no lock: it writes nothing.

    Raises:
        RefusedError: see `decide`, `promotion.check_expected`, `ConfigFile.with_image`, `lock.held`.
        OSError: the file could not be written; it is as it was.
    """
    path = project.config(request.environment).path
    with nullcontext() if request.dry_run else lock.held(path, request.purpose):
        config = project.config(request.environment)
        before = config.written(request.service)
        promotion.check_expected(config, request.service, request.expected)
        after = decide(config)
        if before == after:
            return Change(config, before, after, "")
        content = config.with_image(request.service, after)
        if not request.dry_run:
            config_file.write(config, content)
        return Change(config, before, after, config.diff(content))
