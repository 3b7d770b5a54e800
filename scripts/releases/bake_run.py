"""`bake`, from the recipe's name to what is printed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from images import preflight as rules
from images.preflight import Facts
from scripts.releases import (
    amis,
    backend,
    bake,
    bake_record,
    bake_show,
    change,
    pipelines,
    preflight,
    recipe_files,
    show,
    waiting,
)
from scripts.releases.amis import Ami
from scripts.releases.aws import Account
from scripts.releases.bake import Kitchen, Patience
from scripts.releases.bake_record import NoFindingsError
from scripts.releases.bake_show import Follower
from scripts.releases.builds import Build
from scripts.releases.change import Request
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.factory import Factory
from scripts.releases.pipelines import Pipeline
from scripts.releases.project import Project

#: Stands for the image to come, when it is asked whether the config has a line for it.
SOME_IMAGE = "ami-00000000000000000"


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        to: the environment whose config gets the image.
        service: the service there whose own image it is; None for the shared one.
        rebuild: build, also what is there already.
        minutes: how long to wait.
    """

    recipe: str
    to: str | None = None
    rebuild: bool = False
    minutes: int = 120
    service: str | None = None

    @property
    def again(self) -> str:
        """The command that goes on where this one stops waiting: it adopts a build that runs."""
        options = [
            f" --to {self.to}" if self.to else "",
            f" --service {self.service}" if self.service else "",
            " --rebuild" if self.rebuild else "",
        ]
        return f"scripts/release bake {self.recipe}{''.join(options)}"


class StoppedWaitingError(ReleaseError):
    """Ctrl-C: what AWS does goes on."""

    exit_code = 130


def run(where: Project, order: Order, *, quiet: bool) -> dict[str, Any]:
    """Bakes, prints what happens unless `quiet`, and returns the result for programs.

    Raises:
        RefusedError: bad input, or a pipeline that is behind the files; nothing was changed.
        BuildFailedError: the build ended without an image; the end of its log was printed.
        StoppedWaitingError: Ctrl-C.
        ReleaseError: it took too long, or AWS refused.
    """
    began = time.monotonic()
    factory = where.factory()
    kitchen = _kitchen(where, factory, order.recipe)
    region = _region(where, factory, order.to, order.service) if order.to else None
    patience = Patience(order.minutes * 60, f"the build goes on; to go on waiting: {order.again}")
    unscanned: NoFindingsError | None = None
    with _interruptible(order), Follower(kitchen.home, quiet) as look:
        known = None if order.rebuild else waiting.answered(lambda: bake.find(kitchen), unheard=False)
        copies = known or bake.make(kitchen, _pipeline(where, factory, kitchen), look, patience)
        build = bake.build_of(kitchen, copies)
        copies = bake_record.protect(kitchen, copies)
        try:
            copies = bake_record.findings(kitchen, copies, build, look, patience) if build else copies
        except NoFindingsError as error:
            unscanned = error
    document = _document(kitchen, copies, build, known is None)
    if not quiet:
        bake_show.baked(document)
    if unscanned:
        unscanned.details = document
        raise unscanned
    changed = _write(where, order, copies[region].id, quiet) if order.to and region else None
    return document | {"change": changed, "seconds": round(time.monotonic() - began, 1)}


def _kitchen(where: Project, factory: Factory, name: str) -> Kitchen:
    recipe = recipe_files.load(where, name)
    if name not in factory.recipes:
        raise RefusedError(
            f"{factory.path.name} has no recipe {name}, so that nothing builds it; known: "
            f"{', '.join(factory.recipes)}"
        )
    return Kitchen(name, recipe.hash, {region: Account(region) for region in factory.regions})


def _pipeline(where: Project, factory: Factory, kitchen: Kitchen) -> Pipeline:
    found = pipelines.read(backend.choose(where, os.environ), factory).get(kitchen.recipe)
    if found is None:
        raise RefusedError(
            f"{kitchen.recipe} has no pipeline yet; bring it up first: pulumi up -s {factory.stack}"
        )
    bake.check(kitchen, found, factory.stack)
    return found


def _region(where: Project, factory: Factory, environment: str, service: str | None) -> str:
    """The environment's region.

    Raises:
        RefusedError: it is no environment, no image goes to its region, or its config has no line for one.
    """
    config = where.config(environment)
    if config.region not in factory.regions:
        raise RefusedError(
            f"{environment} is in {config.region or 'no region'}, and images go to "
            f"{', '.join(factory.regions)}; add its region to {where.name}:distribution / regions in "
            f"{factory.path.name}"
        )
    # Found out now, and not when the image is there.
    config.written(service)
    config.with_image(service, SOME_IMAGE)
    return str(config.region)


@contextmanager
def _interruptible(order: Order) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise StoppedWaitingError(
            f"interrupted; a build that was started goes on in AWS, and this follows it: {order.again}"
        ) from error


def _document(
    kitchen: Kitchen, copies: Mapping[str, Ami], build: Build | None, built: bool
) -> dict[str, Any]:
    """The result for programs; see docs/releases.md for the fields."""
    home = copies[kitchen.home.region]
    facts = Facts(home.id, home.region, tags=home.tags)
    others: dict[str, dict[str, str]] = {}
    for (account, region), image in build.images.items() if build else ():
        if account != home.owner:
            others.setdefault(account, {})[region] = image
    return {
        "ok": True,
        "recipe": kitchen.recipe,
        "hash": kitchen.hash,
        "build": home.build,
        "built": built,
        "images": {region: ami.id for region, ami in copies.items()},
        "otherAccounts": others,
        "commit": home.tags.get(amis.COMMIT),
        "parent": home.tags.get(amis.PARENT),
        "tests": home.tags.get(rules.TESTS),
        "findings": rules.findings(facts),
    }


def _write(where: Project, order: Order, image: str, quiet: bool) -> dict[str, Any]:
    """Puts the image into the environment's config, as `set-image` does."""
    request = Request(str(order.to), order.service, None, False, f"bake --to {order.to}")
    done = change.make(where, request, lambda _: image, preflight.Gate(None))
    if not quiet:
        show.change_text(done, request)
    return show.change_json(done, request)
