"""Which images of the factory there are, in every region, and who uses each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from images import recipes
from scripts.releases import amis, usage
from scripts.releases.amis import Ami
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError
from scripts.releases.project import Project
from scripts.releases.usage import Usage


@dataclass(frozen=True)
class Listed:
    """The images, by recipe, the newest first; state and age of each, by its region and ID; who uses them."""

    images: tuple[Ami, ...]
    stages: Mapping[tuple[str, str], str]
    age_seconds: Mapping[tuple[str, str], float]
    usage: Usage


def look(where: Project, recipe: str | None) -> Listed:
    """The images of a recipe, or of all.

    Raises:
        RefusedError: there is neither such a recipe nor an image of it; no region is known.
        AwsError: AWS refused.
    """
    found: list[Ami] = []
    stages, ages = {}, {}
    accounts = {region: Account(region) for region in _regions(where)}
    for region, account in accounts.items():
        some = amis.own(account, {amis.RECIPE: recipe})
        now = account.now()
        for ami in some:
            stages[region, ami.id] = ami.stage(now)
            ages[region, ami.id] = (now - ami.created_at).total_seconds()
        found += some
    known = recipes.names(where.directory / "images")
    if recipe is not None and not found and recipe not in known:
        raise RefusedError(
            f"there is neither a recipe {recipe!r} nor an image of it in {', '.join(accounts)}; known: "
            f"{', '.join(known) or 'none'}"
        )
    order = list(accounts)
    found.sort(key=lambda ami: order.index(ami.region))
    found.sort(key=lambda ami: ami.created_at, reverse=True)
    found.sort(key=lambda ami: ami.recipe)
    return Listed(tuple(found), stages, ages, usage.find(where, accounts, found))


def _regions(where: Project) -> list[str]:
    """The factory's, and those of environments: an image may have come there by another way."""
    found: list[str] = []
    problem: RefusedError | None = None
    try:
        found += where.factory().regions
    except RefusedError as error:
        problem = error
    for environment in where.environments():
        try:
            region = where.config(environment).region
        except RefusedError:
            # Its users are then listed as unread.
            continue
        found += [region] if region else []
    if problem and not found:
        raise problem
    return list(dict.fromkeys(found))
