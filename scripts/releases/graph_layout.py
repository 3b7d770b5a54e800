"""Where the boxes of a drawing stand: in columns, so that every arrow leads to the right as far as it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.releases.graph import Drawing

GAP_ACROSS, GAP_DOWN, MARGIN = 90.0, 28.0, 24.0


@dataclass(frozen=True)
class Size:
    """In pixels."""

    width: float
    height: float


@dataclass(frozen=True)
class Placed:
    """A box with its upper left corner, in pixels."""

    x: float
    y: float
    size: Size

    @property
    def right(self) -> float:
        return self.x + self.size.width

    @property
    def middle(self) -> float:
        return self.y + self.size.height / 2


@dataclass(frozen=True)
class Layout:
    """Every box by its number, and the size of the whole."""

    placed: Mapping[int, Placed]
    width: float
    height: float


def lay_out(drawing: Drawing, sizes: Mapping[int, Size], top: float) -> Layout:
    """Puts each box in the column after the last one of those that need it, in the order in which arrows
    cross least; `top` pixels stay free above.
    """
    columns = _columns(drawing, list(sizes))
    order = _ordered(drawing, columns)
    placed: dict[int, Placed] = {}
    tallest = max((_height(column, sizes) for column in order), default=0.0)
    x = MARGIN
    for column in order:
        y = top + (tallest - _height(column, sizes)) / 2
        for box in column:
            placed[box] = Placed(x, y, sizes[box])
            y += sizes[box].height + GAP_DOWN
        x += max(sizes[box].width for box in column) + GAP_ACROSS
    return Layout(placed, max(x - GAP_ACROSS, 0.0) + MARGIN, top + tallest + MARGIN)


def _height(column: list[int], sizes: Mapping[int, Size]) -> float:
    return sum(sizes[box].height for box in column) + GAP_DOWN * (len(column) - 1)


def _columns(drawing: Drawing, boxes: list[int]) -> dict[int, int]:
    """Each box's column: one after the last of those that need it. Where boxes need each other in a circle,
    the way that closes it counts for nothing.
    """
    column = dict.fromkeys(boxes, 0)
    # A way through all boxes has that many steps: what still moves then is in a circle.
    for _ in boxes:
        for one, other in drawing.arrows:
            if column[other] <= column[one] < len(boxes) - 1 and not _back(drawing, one, other):
                column[other] = column[one] + 1
    return column


def _back(drawing: Drawing, one: int, other: int) -> bool:
    """Whether the arrow closes a circle; of its arrows the one from the box with the highest number does."""
    if one < other:
        return False
    seen, waiting = {other}, [other]
    while waiting:
        here = waiting.pop()
        further = {end for start, end in drawing.arrows if start == here} - seen
        seen |= further
        waiting += further
    return one in seen


def _ordered(drawing: Drawing, columns: Mapping[int, int]) -> list[list[int]]:
    """The columns from left to right, each in the order of the middle of what leads to its boxes."""
    found: list[list[int]] = []
    place: dict[int, float] = {}
    for number in sorted(set(columns.values())):
        boxes = [box for box, column in columns.items() if column == number]

        def middle(box: int) -> float:
            before = [place[one] for one, other in drawing.arrows if other == box and one in place]
            return sum(before) / len(before) if before else 0.5

        boxes.sort(key=middle)
        place.update({box: (index + 0.5) / len(boxes) for index, box in enumerate(boxes)})
        found.append(boxes)
    return found
