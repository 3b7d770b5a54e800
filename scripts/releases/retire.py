"""Retires images: at most one stage each in a run, and none that somebody uses.

Before every stage: first the flag, then the look. The flag is the deprecation, which a promotion looks at
after it wrote a config; the look reads every use. Whichever comes second sees the other, so that no config
ends on an image that is gone, however they interleave.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.releases import amis, retire_families, retire_plan, retire_stages, retire_versions, usage
from scripts.releases.amis import DISABLED, Ami
from scripts.releases.aws import Account, AwsError
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.project import Project
from scripts.releases.retire_families import Family
from scripts.releases.retire_plan import DELETE, DEPRECATE, DISABLE, FAILED, RESTORE, Settings, Verdict
from scripts.releases.retire_versions import Old
from scripts.releases.usage import Usage

Say = Callable[[str], None]


@dataclass
class Retirement:
    """What was done, or with a dry run would be. `versions` of launch templates were deleted first; `failed`
    are lines about what AWS refused.
    """

    dry_run: bool
    versions: list[Old] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    snapshots_left: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For programs; see docs/releases.md for the fields."""
        return {
            "ok": not self.failed,
            "dryRun": self.dry_run,
            "templateVersions": [
                {"group": old.group, "template": old.template, "versions": list(old.versions)}
                for old in self.versions
            ],
            "images": [verdict.as_json() for verdict in self.verdicts],
            "snapshotsLeft": self.snapshots_left,
            "failed": self.failed,
        }


def run(
    where: Project,
    accounts: Mapping[str, Account],
    recipe: str | None,
    settings: Settings,
    *,
    dry_run: bool,
    say: Say,
) -> Retirement:
    """Moves each image that nobody uses one stage on, and takes back what is used.

    Raises:
        RefusedError: there is no such recipe, or something cannot be read, so that any image is perhaps
            used; nothing was changed.
        ReleaseError: a version of a launch template stays; no image was changed.
    """
    try:
        families = retire_families.read(accounts, where.name, recipe)
    except AwsError as error:
        raise RefusedError(f"nothing is retired: {error}") from error
    known = where.factory().recipes
    # A recipe that has no pipeline any more has images all the same; a misspelled one has none.
    if recipe is not None and recipe not in known and not families:
        raise RefusedError(f"there is no recipe {recipe!r}, and no image of one; known: {', '.join(known)}")
    now = _now(accounts)
    asked = retire_plan.candidates(families, settings, now)
    seen = _certain(where, accounts, asked)
    done = Retirement(dry_run)
    if settings.template_versions is not None:
        _forget(where, accounts, settings.template_versions, done, say)
        if done.versions and not dry_run:
            seen = _certain(where, accounts, asked)
    done.verdicts = retire_plan.decide(families, seen, settings, now)
    if not dry_run:
        _Run(where, accounts, done, say).all()
    return done


def _forget(where: Project, accounts: Mapping[str, Account], keep: int, done: Retirement, say: Say) -> None:
    """Deletes old versions of launch templates, with a dry run none."""
    for account in accounts.values():
        for old in retire_versions.find(account, where.name, keep):
            done.versions.append(old)
            if not done.dry_run:
                retire_versions.delete(account, old)
                say(f"{DELETE} {old.text}")


def _certain(where: Project, accounts: Mapping[str, Account], families: Collection[Family]) -> Usage:
    """Who uses these images.

    Raises:
        RefusedError: something cannot be read.
    """
    seen = _look(where, accounts, families, shared=True)
    if seen.unread:
        more = f" (and {len(seen.unread) - 1} more)" if len(seen.unread) > 1 else ""
        raise RefusedError(f"nothing is retired, as any image is perhaps used: {seen.unread[0]}{more}")
    return seen


def _look(
    where: Project, accounts: Mapping[str, Account], families: Collection[Family], *, shared: bool = False
) -> Usage:
    """`shared`: what other accounts use too; once a run, as AWS's reports of it are a day old anyway."""
    copies = [copy for family in families for copy in family.copies]
    return usage.find(where, accounts, copies, shared=shared)


def _now(accounts: Mapping[str, Account]) -> Any:
    return next(iter(accounts.values())).now()


@dataclass
class _Run:
    """One run: `done.verdicts` say at its end what became of each image."""

    where: Project
    accounts: Mapping[str, Account]
    done: Retirement
    say: Say

    def all(self) -> None:
        for verdict in self._with(RESTORE):
            self._restore(verdict, verdict.why)
        self._stage(DEPRECATE, retire_stages.deprecate)
        self._stage(DISABLE, retire_stages.disable)
        for verdict in self._with(DELETE):
            self._delete(verdict)

    def _with(self, action: str) -> list[Verdict]:
        return [verdict for verdict in self.done.verdicts if verdict.action == action]

    def _stage(self, action: str, stage: Callable[[Account, Ami], None]) -> None:
        """All images first, then one look for all: who came to use one in the meantime gets it back."""
        wanted = self._with(action)
        if not wanted:
            return
        moved: list[Verdict] = []
        # What failed half way is looked at as well: a copy of it may be at the stage.
        try:
            for verdict in wanted:
                moved.append(verdict)
                self._move(verdict, stage)
            seen = _look(self.where, self.accounts, [verdict.family for verdict in moved])
        except BaseException:
            # Ctrl-C: nobody has looked, so that anybody may use it.
            for verdict in moved:
                self._restore(verdict, "interrupted before the look")
            raise
        for verdict in moved:
            why = _perhaps_used(seen, verdict.family)
            if why:
                self._restore(verdict, why)
        for verdict in self._with(action):
            self.say(verdict.text)

    def _move(self, verdict: Verdict, stage: Callable[[Account, Ami], None]) -> None:
        try:
            for copy in verdict.family.copies:
                stage(self.accounts[copy.region], copy)
        except ReleaseError as error:
            self._failed(verdict, error)

    def _delete(self, verdict: Verdict) -> None:
        """The look comes right before; what it does not see is that the image was brought back meanwhile,
        which its own state tells.
        """
        why = _perhaps_used(_look(self.where, self.accounts, [verdict.family]), verdict.family)
        if why:
            self._restore(verdict, why)
            return
        try:
            copies = self._again(verdict.family)
            for copy in copies:
                if copy.state != DISABLED:
                    raise ReleaseError(f"{copy.id} was enabled in the meantime")
            for copy in copies:
                self.done.snapshots_left += retire_stages.delete(self.accounts[copy.region], copy)
        except ReleaseError as error:
            self._failed(verdict, error)
        else:
            self.say(verdict.text)

    def _restore(self, verdict: Verdict, why: str) -> None:
        try:
            for copy in self._again(verdict.family):
                retire_stages.restore(self.accounts[copy.region], copy)
        except ReleaseError as error:
            self._failed(verdict, error)
        else:
            self._became(RESTORE, verdict, why)
            self.say(f"{RESTORE} {verdict.family.recipe} {verdict.family.ids}: {why}")

    def _again(self, family: Family) -> list[Ami]:
        """Its copies as they are now; those that are gone by now are left out. Raises AwsError."""
        found = []
        for copy in family.copies:
            found += amis.known(self.accounts[copy.region], copy.id)
        return found

    def _failed(self, verdict: Verdict, error: ReleaseError) -> None:
        self.done.failed.append(f"{verdict.action} {verdict.family.recipe} {verdict.family.ids}: {error}")
        self._became(FAILED, verdict, str(error))

    def _became(self, action: str, verdict: Verdict, why: str) -> None:
        """Whatever became of this image before: a stage that failed may be taken back too."""
        after = Verdict(verdict.family, action, why, verdict.users)
        self.done.verdicts = [after if each.family is verdict.family else each for each in self.done.verdicts]


def _perhaps_used(seen: Usage, family: Family) -> str:
    """Why an image must stay, "" when it need not: who uses it, or what cannot be read any more."""
    users = seen.of(family.copies)
    if users:
        return f"used by {retire_plan.named(users)}"
    return f"perhaps used: {seen.unread[0]}" if seen.unread else ""
