"""The release in a preview: which services go from which image to which, and where both come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from images.preflight import Facts
from scripts.releases import preflight
from scripts.releases.aws import Account
from scripts.releases.engine_events import Events, Side, Step
from scripts.releases.errors import ReleaseError

#: The resource that replaces a service's servers, whatever module of the program it is in.
ROLLOUT = "instancerefresh:Rollout"
_TEMPLATE = ("launch_template_id", "launch_template_version")


@dataclass(frozen=True)
class Move:
    """What becomes of a service's servers.

    Attributes:
        before: the image that they run, by the last `up` that ended well; None of a new service.
        after: the image that they will run; None of a service that goes.
    """

    service: str
    before: str | None
    after: str | None

    @property
    def renewed(self) -> bool:
        """Whether servers are replaced by others of the same image: the launch template changes alone."""
        return self.before is not None and self.before == self.after


def moves(events: Events) -> tuple[Move, ...]:
    """Every service whose servers are made, replaced or taken away, by name."""
    found = (_move(step) for step in events.changed if step.type.endswith(ROLLOUT))
    return tuple(sorted((move for move in found if move), key=lambda move: move.service))


def _move(step: Step) -> Move | None:
    before, after = _image(step.old), _image(step.new)
    if before == after and not _other_template(step.old, step.new):
        return None
    return Move(step.name, before, after)


def _image(side: Side | None) -> str | None:
    return None if side is None else str(side.inputs.get("image_id") or "") or None


def _other_template(old: Side | None, new: Side | None) -> bool:
    """Percentages and alarms of a rollout may change too: that alone replaces no server."""
    if old is None or new is None:
        return True
    return any(old.inputs.get(name) != new.inputs.get(name) for name in _TEMPLATE)


def facts(account: Account, found: Iterable[Move]) -> dict[str, Facts]:
    """What AWS says of the images, by ID; one that it does not tell of is left out."""
    return dict(_looked_at(account, dict.fromkeys(image for move in found for image in _both(move))))


def _both(move: Move) -> Iterator[str]:
    yield from (image for image in (move.before, move.after) if image is not None)


def _looked_at(account: Account, images: Iterable[str]) -> Iterator[tuple[str, Facts]]:
    for image in images:
        try:
            yield image, preflight.look(account, image, keys=False)
        except ReleaseError:
            continue
