"""An image of the factory with its copies in all regions, which are retired together, and how far that is.

How far is told by what EC2 says itself, and by one tag that `retire` sets: EC2 keeps no date of disabling,
and an image that somebody else deprecated or disabled is not this command's to bring back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from scripts.releases import amis
from scripts.releases.amis import AVAILABLE, DISABLED, Ami
from scripts.releases.aws import Account

#: On an image that is being retired: `deprecated` or `disabled`, and since when.
TAG = "immutable:retire"


class Stage(IntEnum):
    """How far an image is on its way out; the next one is done next."""

    AVAILABLE = 0
    DEPRECATED = 1
    DISABLED = 2


@dataclass(frozen=True)
class Family:
    """One image: `copies` come from one build, in one region each, the factory's own region first."""

    recipe: str
    copies: tuple[Ami, ...]

    @property
    def created_at(self) -> datetime:
        return min(copy.created_at for copy in self.copies)

    @property
    def ids(self) -> str:
        """For messages: every ID with its region."""
        return ", ".join(f"{copy.id} ({copy.region})" for copy in self.copies)

    @property
    def sound(self) -> bool:
        """Whether servers may start from it: tested, and on no way out."""
        return all(
            copy.tested and copy.state == AVAILABLE and copy.deprecated_at is None for copy in self.copies
        )

    @property
    def settled(self) -> bool:
        """Whether each copy is there; one that is still being made is left alone with all the others."""
        return all(copy.state in (AVAILABLE, DISABLED) for copy in self.copies)

    @property
    def ours(self) -> bool:
        """Whether this command began to retire it."""
        return any(TAG in copy.tags for copy in self.copies)

    def stage(self, now: datetime) -> tuple[Stage, datetime]:
        """The stage that every copy has reached, and since when the last one of them has."""
        reached = [_stage(copy, now) for copy in self.copies]
        least = min(stage for stage, _ in reached)
        return least, max((since for stage, since in reached if stage == least), default=self.created_at)


def read(accounts: Mapping[str, Account], project: str, recipe: str | None) -> list[Family]:
    """The images of this project's factory of a recipe (None: of all), the newest first. One of another
    project's factory, whose configs nobody sees from here, says so by its tag.

    Raises:
        AwsError: a region cannot be asked.
    """
    found = [ami for account in accounts.values() for ami in amis.own(account, {amis.RECIPE: recipe})]
    return grouped(ami for ami in found if ami.tags.get("project", project) == project)


def grouped(found: Iterable[Ami]) -> list[Family]:
    """Copies have the ARN of one build; an image without one is alone."""
    families: dict[tuple[str, str], list[Ami]] = {}
    for ami in found:
        families.setdefault((ami.recipe, ami.build or f"{ami.region} {ami.id}"), []).append(ami)
    made = [Family(recipe, tuple(copies)) for (recipe, _), copies in families.items()]
    return sorted(made, key=lambda family: (family.created_at, family.ids), reverse=True)


def mark(stage: Stage, now: datetime) -> str:
    """The tag's value."""
    return f"{stage.name.lower()} {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _stage(copy: Ami, now: datetime) -> tuple[Stage, datetime]:
    word, _, date = copy.tags.get(TAG, "").partition(" ")
    if word == "disabled" and copy.state == DISABLED:
        try:
            return Stage.DISABLED, amis.moment(date)
        except ValueError:
            # A date that a hand wrote: disabled again, which dates it.
            pass
    deprecated = copy.deprecated_at
    if word and deprecated is not None and deprecated <= now:
        return Stage.DEPRECATED, deprecated
    return Stage.AVAILABLE, copy.created_at
