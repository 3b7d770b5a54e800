"""An image of a recipe's present content: the one that is there already, or a build, watched to its end.

A build that was cut off loses nothing: it goes on in AWS, and the next bake of the same content finds it, or
what it made, and does what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from images import preflight
from scripts.releases import amis, build_failure, builds, waiting
from scripts.releases.amis import Ami
from scripts.releases.aws import Account, AwsError
from scripts.releases.build_failure import Failure
from scripts.releases.builds import Build
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.pipelines import Pipeline

POLL_SECONDS = 10.0
#: EC2 may know the tags of an image a moment later than Image Builder knows the image.
TAGS_SECONDS = 300
Look = Callable[[Build], None]
"""Told of the build at every look."""


class BuildFailedError(ReleaseError):
    """The build ended without an image."""

    def __init__(self, build: Build, failure: Failure) -> None:
        where = f" in step {failure.step}" if failure.step else ""
        super().__init__(
            f"{build.name} {build.status}{where}: {failure.message or 'Image Builder gives no reason'}"
        )
        self.build, self.failure = build, failure
        self.details = {
            "build": build.arn,
            "status": build.status,
            "step": failure.step or None,
            "log": list(failure.log),
        }


@dataclass
class Patience:
    """How long a bake waits, by its own pauses; `unfinished` says what goes on without it, and what to do."""

    limit_seconds: float
    unfinished: str
    waited_seconds: float = 0.0
    next_seconds: float = waiting.FIRST_PAUSE

    def pause(self) -> None:
        """Waits until the next look, ever longer. Raises ReleaseError when the time is over."""
        if self.waited_seconds >= self.limit_seconds:
            raise ReleaseError(f"{self.unfinished} (waited {self.limit_seconds / 60:g} minutes)")
        waiting.sleep(self.next_seconds)
        self.waited_seconds += self.next_seconds
        self.next_seconds = min(self.next_seconds * waiting.GROWTH, POLL_SECONDS)


@dataclass(frozen=True)
class Kitchen:
    """Where a recipe is baked: AWS in each region that its images are to be in, by the region's name, the one
    where it is built first; the content's hash.
    """

    recipe: str
    hash: str
    accounts: Mapping[str, Account]

    @property
    def home(self) -> Account:
        return next(iter(self.accounts.values()))


def find(kitchen: Kitchen, build: str | None = None) -> dict[str, Ami] | None:
    """The copies of the newest tested image of this content (of this build) that is in every region and may
    be used there; None when there is none.
    """
    tags = {amis.HASH: kitchen.hash, preflight.TESTS: preflight.PASSED}
    found: dict[str, dict[str, Ami]] = {}
    for region, account in kitchen.accounts.items():
        some = amis.own(account, tags | ({preflight.BUILD: build} if build else {}))
        now = account.now()
        for ami in some:
            if ami.build and ami.recipe == kitchen.recipe and ami.stage(now) == amis.AVAILABLE:
                found.setdefault(ami.build, {}).setdefault(region, ami)
    whole = [copies for copies in found.values() if copies.keys() == kitchen.accounts.keys()]
    home = kitchen.home.region
    return max(whole, key=lambda copies: copies[home].created_at, default=None)


def check(kitchen: Kitchen, pipeline: Pipeline, stack: str) -> None:
    """Refuses a pipeline that would build something else, or would bring it elsewhere, than the files say."""
    deploy = f"bring it there first: pulumi up -s {stack}"
    if pipeline.hash != kitchen.hash:
        raise RefusedError(
            f"the pipeline of {kitchen.recipe} builds {pipeline.hash}, the files are {kitchen.hash}; {deploy}"
        )
    missing = [region for region in kitchen.accounts if region not in pipeline.regions]
    if missing:
        raise RefusedError(
            f"the pipeline of {kitchen.recipe} brings no images to {', '.join(missing)} yet; {deploy}"
        )


def make(kitchen: Kitchen, pipeline: Pipeline, look: Look, patience: Patience) -> dict[str, Ami]:
    """Starts a build, or adopts the one of the same content that runs, and waits for its images.

    Raises:
        BuildFailedError: it ended without an image.
        ReleaseError: it was not over in time, or AWS refused. It goes on.
    """
    home = kitchen.home
    # Asked again after an answer that was lost, the first of the two finds what the second one started.
    arn = waiting.answered(lambda: builds.running(home, pipeline) or builds.start(home, pipeline))
    while (build := waiting.answered(lambda: builds.get(home, arn))).running:
        look(build)
        patience.pause()
    look(build)
    if build.status != builds.AVAILABLE:
        raise BuildFailedError(build, build_failure.of(home, build))
    return _copies(kitchen, build)


def build_of(kitchen: Kitchen, copies: Mapping[str, Ami]) -> Build | None:
    """The build that made these copies; None when Image Builder knows it no longer."""
    arn = next(iter(copies.values())).build
    try:
        return waiting.answered(lambda: builds.get(kitchen.home, arn))
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise


def _copies(kitchen: Kitchen, build: Build) -> dict[str, Ami]:
    found: dict[str, Ami] = {}

    def there() -> bool:
        copies = waiting.answered(lambda: find(kitchen, build.arn))
        found.update(copies or {})
        return bool(found)

    waiting.until(
        there,
        TAGS_SECONDS,
        f"{build.name} is AVAILABLE, and has no copy with the tags of this recipe in each of "
        f"{', '.join(kitchen.accounts)}; look: scripts/release images {kitchen.recipe}",
    )
    return found
