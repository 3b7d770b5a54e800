"""What an environment has left in AWS that its state does not know: found by its tags, and deleted.

A resource that was being created when a process was killed may be there without the state knowing its ID. It
keeps a network from going (`DependencyViolation`), and costs. Whatever needs it would have been made later:
so nothing that the state knows is in the way of deleting it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.releases import leftovers_network, leftovers_tagged, waiting
from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.errors import ReleaseError
from scripts.releases.leftovers_network import Kind, Tags

#: A database takes minutes to come up, and cannot be deleted before; then as many to go.
PATIENCE_SECONDS = 1800.0
BEING_DELETED = "it is being deleted"
KINDS: dict[str, Kind] = {**leftovers_network.KINDS, **leftovers_tagged.KINDS}
_GONE = ("DoesNotExist", "NoSuch", "NotFound")
#: Something else is in the way.
_IN_USE = (
    "Conflict", "DependencyViolation", "InUse", "InvalidDBParameterGroupState", "InvalidDBSubnetGroupState",
)  # fmt: skip
#: It changes itself just now.
_CHANGES = (
    "ConcurrentModification", "IncorrectState", "InvalidDBInstanceState", "InvalidDBProxyState",
    "InvalidState", "OperationAborted", "ResourceContention", "ScalingActivityInProgress",
)  # fmt: skip


@dataclass(frozen=True)
class Leftover:
    """One resource. `kind` is "" where its ARN says what it is."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}".strip()


@dataclass
class Cleared:
    """What became of the leftovers: those that are gone, and the others with the reason."""

    gone: list[Leftover] = field(default_factory=list)
    left: dict[Leftover, str] = field(default_factory=dict)

    @property
    def left_text(self) -> str:
        """What is left, in one line; "" for nothing."""
        return "; ".join(f"{each} ({why})" for each, why in self.left.items())


def known(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """The IDs and ARNs of what a state holds."""
    found = set()
    for each in resources:
        outputs = each.get("outputs")
        named = outputs if isinstance(outputs, Mapping) else {}
        found |= {str(value) for value in (each.get("id"), named.get("arn"), named.get("id")) if value}
    return found


def look(account: Account, tags: Tags, without: Collection[str] = ()) -> list[Leftover]:
    """All that has every one of the tags, but what is in `without`.

    Raises:
        AwsError: AWS refused.
        RefusedError: there are no credentials.
    """
    with errors():
        found = [Leftover(kind, each) for kind, row in KINDS.items() for each in row.find(account, tags)]
        found += [Leftover("", arn) for arn in leftovers_tagged.tagged(account, tags)]
    return [each for each in found if each.id not in without]


def clear(
    account: Account,
    tags: Tags,
    found: Collection[Leftover],
    seen: Callable[[str], None],
    *,
    in_use: bool = True,
) -> Cleared:
    """Deletes these, and waits for those that take their time, and with `in_use` for those that others use:
    without it these are left, for what uses them may be Pulumi's to delete. What comes to have the tags
    meanwhile stays: an update may have begun.

    Raises as `look`.
    """
    work = _Work(account, tags, list(found), seen, in_use)
    try:
        waiting.until(work.over, PATIENCE_SECONDS, "")
    except AwsError:
        raise
    except ReleaseError:
        pass
    work.cleared.left |= work.waits
    return work.cleared


class _Work:
    """The deletion of some leftovers, in as many rounds as it takes."""

    def __init__(
        self,
        account: Account,
        tags: Tags,
        found: list[Leftover],
        seen: Callable[[str], None],
        in_use: bool,
    ) -> None:
        self._account, self._tags, self._seen, self._in_use = account, tags, seen, in_use
        self._used: set[Leftover] = set()
        self._missed: set[Leftover] = set()
        self.cleared = Cleared()
        self.waits = dict.fromkeys(found, "")
        self._accepted: set[Leftover] = set()

    def over(self) -> bool:
        """One round. Returns whether nothing is left to wait for."""
        before = len(self.waits)
        looked = self._accepted | self._missed
        there = set(waiting.answered(self._look)) if looked else set()
        for each in list(self.waits):
            if each in looked and each not in there:
                self._gone(each)
            elif each not in self._accepted:
                self._delete(each)
        stuck = not self._in_use and len(self.waits) == before and self._used.issuperset(self.waits)
        return stuck or not self.waits

    def _look(self) -> list[Leftover]:
        return look(self._account, self._tags)

    def _delete(self, each: Leftover) -> None:
        try:
            with errors():
                slow = _begin(self._account, each)
        except AwsError as error:
            if any(word in error.code for word in _GONE):
                # Once nothing tells of it any more: the code may be about something that it belongs to.
                self._used.add(each)
                self._missed.add(each)
                self.waits[each] = str(error)
            elif any(word in error.code for word in _IN_USE):
                self._used.add(each)
                self._wait(each, str(error))
            elif error.passes or any(word in error.code for word in _CHANGES):
                self._used.discard(each)
                self._wait(each, str(error))
            else:
                del self.waits[each]
                self.cleared.left[each] = str(error)
        else:
            if slow is False:
                self._gone(each)
                return
            self._accepted.add(each)
            self._wait(each, "nothing here knows how to delete it" if slow is None else BEING_DELETED)

    def _wait(self, each: Leftover, why: str) -> None:
        if self.waits[each] != why:
            self._seen(f"waiting for {each} to go: {why}")
        self.waits[each] = why

    def _gone(self, each: Leftover) -> None:
        del self.waits[each]
        if each in self._missed:
            return
        self.cleared.gone.append(each)
        self._seen(f"deleted {each}: it has the tags of {self._tags['environment']}, whose state has it not")


def _begin(account: Account, each: Leftover) -> bool | None:
    """As `leftovers_tagged.delete`. Raises botocore's errors."""
    if each.kind not in KINDS:
        return leftovers_tagged.delete(account, each.id)
    kind = KINDS[each.kind]
    kind.delete(account, each.id)
    return kind.slow
