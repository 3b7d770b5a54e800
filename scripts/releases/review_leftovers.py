"""What a review environment has left in AWS beside its state, after updates that were killed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scripts.releases import leftovers, review_config
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError
from scripts.releases.leftovers import Cleared
from scripts.releases.project import Project
from scripts.releases.review_config import REVIEW, number_of

PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True)
class Search:
    """What is looked for, and where.

    Attributes:
        tags: all of which a resource has to have, so that nothing of another environment is ever touched.
        known: what the state holds, and held before anything was deleted: Pulumi sees to these, and AWS may
            tell of them for a while after they are gone.
    """

    tags: Mapping[str, str]
    regions: tuple[str, ...]
    known: frozenset[str]

    def knowing(self, resources: Iterable[Mapping[str, Any]]) -> Search:
        """The same, with what the state holds by now: an update that was killed may have left steps which
        the next one takes over.
        """
        return replace(self, known=self.known | leftovers.known(resources))

    def clear(self, seen: Callable[[str], None], *, in_use: bool = True) -> Cleared:
        """Deletes what is found. `in_use` as for `leftovers.clear`; raises as `leftovers.look`."""
        cleared = Cleared()
        for region in self.regions:
            account = Account(region)
            found = leftovers.look(account, self.tags, self.known)
            done = leftovers.clear(account, self.tags, found, seen, in_use=in_use)
            cleared.gone += done.gone
            cleared.left |= done.left
        return cleared


def search(where: Project, stack: str, resources: Iterable[Mapping[str, Any]]) -> Search:
    """For the environment whose state holds `resources` now.

    Raises:
        RefusedError: the stack is no review environment's.
    """
    if number_of(stack) is None:
        raise RefusedError(f"{stack} is no review environment; nothing of it is looked for")
    held = list(resources)
    tags = {"project": where.name, "environment": stack, REVIEW: stack}
    return Search(tags, tuple(sorted(_regions(where, stack, held))), frozenset(leftovers.known(held)))


def _regions(where: Project, stack: str, held: Iterable[Mapping[str, Any]]) -> set[str]:
    """Where its provider works; before a state has one, where its file says, or any of the project's."""
    told = {_text(each.get("inputs"), "region") for each in held if each.get("type") == PROVIDER} - {""}
    files = where.files()
    for paths in ([files[stack]] if stack in files else [], list(files.values())):
        if not told:
            told = {_text(review_config.load(path).get("config"), "aws:region") for path in paths} - {""}
    return told


def _text(given: Any, key: str) -> str:
    value = given.get(key) if isinstance(given, Mapping) else None
    return value if isinstance(value, str) else ""
