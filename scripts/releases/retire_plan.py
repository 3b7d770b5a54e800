"""What is to become of each image: decided from what is there and who uses it. Nothing is asked here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scripts.releases.retire_families import Family, Stage
from scripts.releases.usage import Usage
from scripts.releases.user import User

KEEP, WAIT, RESTORE, FAILED = "keep", "wait", "restore", "failed"
DEPRECATE, DISABLE, DELETE = "deprecate", "disable", "delete"
NEXT = {Stage.AVAILABLE: DEPRECATE, Stage.DEPRECATED: DISABLE, Stage.DISABLED: DELETE}
#: How many users a line names.
NAMED = 3


@dataclass(frozen=True)
class Settings:
    """`keep`: so many of the newest of each recipe stay. `older_than`: none that is younger begins to go.
    `grace`: an image is so long at each stage. `template_versions`: so many of the newest of each launch
    template stay, None: all.
    """

    keep: int
    older_than: timedelta
    grace: timedelta
    template_versions: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What to do with an image, and why. `users` are those that keep it."""

    family: Family
    action: str
    why: str
    users: tuple[User, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.action} {self.family.recipe} {self.family.ids}: {self.why}"

    def as_json(self) -> dict[str, Any]:
        return {
            "recipe": self.family.recipe,
            "images": {copy.region: copy.id for copy in self.family.copies},
            "created": self.family.created_at.isoformat(),
            "action": self.action,
            "why": self.why,
            "users": [user.as_json() for user in self.users],
        }


def candidates(families: Iterable[Family], settings: Settings, now: datetime) -> list[Family]:
    """Those about whose users AWS has to be asked: all but what stays by number or age."""
    found = list(families)
    return [verdict.family for verdict in decide(found, Usage({}), settings, now) if verdict.action != KEEP]


def decide(families: Sequence[Family], usage: Usage, settings: Settings, now: datetime) -> list[Verdict]:
    """A verdict for each image, the newest first."""
    newest = _newest(families, settings.keep)
    return [_verdict(family, family.ids in newest, usage, settings, now) for family in families]


def _newest(families: Sequence[Family], keep: int) -> set[str]:
    """The IDs of the newest sound ones of each recipe, as many as are to stay, and of whatever is newer than
    the last of them; all, while there are fewer.
    """
    kept: set[str] = set()
    for recipe in {family.recipe for family in families}:
        sound = 0
        for family in families:
            if family.recipe == recipe and sound < keep:
                kept.add(family.ids)
                sound += family.sound
    return kept


def _verdict(family: Family, newest: bool, usage: Usage, settings: Settings, now: datetime) -> Verdict:
    users = usage.of(family.copies)
    stage, since = family.stage(now)
    if not family.settled:
        return Verdict(family, KEEP, "not every copy of it is available", users)
    if users or newest:
        why = f"used by {named(users)}" if users else f"one of the newest {settings.keep}"
        return Verdict(family, RESTORE if family.ours else KEEP, why, users)
    if stage is Stage.AVAILABLE:
        age = now - family.created_at
        if age < settings.older_than:
            return Verdict(family, KEEP, f"{days(age)} old")
        return Verdict(family, DEPRECATE, f"{days(age)} old, used by nobody")
    if now - since < settings.grace:
        due = f"{since + settings.grace:%Y-%m-%d %H:%M} UTC"
        return Verdict(family, WAIT, f"{stage.name.lower()} since {since:%Y-%m-%d}; {NEXT[stage]} from {due}")
    return Verdict(family, NEXT[stage], f"{stage.name.lower()} for {days(now - since)}, used by nobody")


def named(users: Collection[User]) -> str:
    """The first few users, and how many more there are."""
    texts = [user.text for user in users]
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(texts[:NAMED]) + more


def days(span: timedelta) -> str:
    return "1 day" if span.days == 1 else f"{span.days} days"
