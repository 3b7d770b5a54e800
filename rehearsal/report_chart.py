"""The picture of one fleet: instances in service by image over time, as an SVG that needs no script.

Horizontal places are percentages and vertical ones are pixels, so that the picture takes any width while its
text keeps its size. A fleet changes in steps, so every stretch without a change is one rectangle per image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from rehearsal.report_stages import LINE, line, services_of
from rehearsal.report_time import Axis, clock

MARKERS = 40
PLOT = 150
AXIS = 26
# A marker is 18 pixels wide; on a phone's 320 pixels that is this share of the width.
MARKER_GAP = 6.0
LABEL_SHARE = 5.0


@dataclass(frozen=True)
class Scale:
    """What all the pictures of one page have in common: seconds of the cloud across, instances up."""

    axis: Axis
    instances: int
    services: int = 0

    @property
    def height(self) -> float:
        """Of a picture, in pixels: there is a line for each service below its fleet."""
        return MARKERS + PLOT + self.services * LINE + AXIS

    def x(self, at: float) -> float:
        """The place of a moment, in percent of the width."""
        return 100 * self.axis.place(at)

    def y(self, instances: float) -> float:
        """The place of a number of instances, in pixels from the top."""
        return MARKERS + PLOT * (1 - instances / self.instances)


@dataclass(frozen=True)
class Stretch:
    """`count` instances of `image` from one moment to another, on top of `below` instances of others."""

    start: float
    end: float
    image: str
    below: int
    count: int


def scale_of(document: Mapping[str, Any]) -> Scale:
    """One scale for all fleets of a rehearsal, so that their pictures can be compared."""
    ends = [step["until"] for step in document["steps"]] + [sample["at"] for sample in document["fleet"]]
    totals = [
        sum(counts.values())
        for environment in environments_of(document)
        for _, counts in changes_of(document["fleet"], environment)
    ]
    stages = document.get("stages") or []
    changes = [sample["at"] for sample in [*document["fleet"], *stages]]
    lines = [len(services_of(document, environment)) for environment in environments_of(document)]
    axis = Axis.over(changes, max(ends, default=0))
    return Scale(axis, max(totals, default=0) or 1, max(lines, default=0))


def environments_of(document: Mapping[str, Any]) -> list[str]:
    """The environments in order of appearance."""
    return list(dict.fromkeys(sample["environment"] for sample in document["fleet"]))


def images_of(document: Mapping[str, Any]) -> list[str]:
    """The images in order of appearance."""
    return list(dict.fromkeys(sample["image"] for sample in document["fleet"]))


def changes_of(
    fleet: Sequence[Mapping[str, Any]], environment: str
) -> Iterator[tuple[float, dict[str, int]]]:
    """The moments at which a fleet changed, each with the whole fleet by image from then on."""
    counts: dict[str, int] = {}
    samples = sorted((s for s in fleet if s["environment"] == environment), key=lambda sample: sample["at"])
    for sample, following in pairwise([*samples, None]):
        assert sample is not None  # noqa: S101 - only the last one is None
        counts[sample["image"]] = sample["in_service"]
        if following is None or following["at"] != sample["at"]:
            yield sample["at"], {image: count for image, count in counts.items() if count}


def stretches(document: Mapping[str, Any], environment: str, end: float) -> list[Stretch]:
    """The rectangles of one fleet; images lie on each other in order of their appearance."""
    order = images_of(document)
    moments = [*changes_of(document["fleet"], environment), (end, {})]
    found: list[Stretch] = []
    for (start, counts), (until, _) in pairwise(moments):
        below = 0
        for image in order:
            if counts.get(image) and until > start:
                found.append(Stretch(start, until, image, below, counts[image]))
                below += counts[image]
    return found


def picture(document: Mapping[str, Any], environment: str, scale: Scale) -> str:
    """The SVG of one environment's fleet."""
    images = images_of(document)
    parts = [
        f'<svg class="plot" height="{scale.height}" role="img" data-environment="{escape(environment)}" '
        f'aria-label="{escape(_spoken(document, environment))}">',
        *_bands(document, scale),
        *_grid(scale),
    ]
    labelled: dict[str, Stretch] = {}
    for stretch in stretches(document, environment, scale.axis.end):
        parts.append(_area(stretch, images.index(stretch.image), scale))
        widest = labelled.get(stretch.image)
        if widest is None or stretch.end - stretch.start > widest.end - widest.start:
            labelled[stretch.image] = stretch
    cuts = [_cut(leap, scale) for leap in document.get("leaps") or ()]
    parts += [_label(each, images.index(each.image), scale, cuts) for each in labelled.values()]
    places = [
        (service, MARKERS + PLOT + LINE * n) for n, service in enumerate(services_of(document, environment))
    ]
    for service, y in places:
        parts += line(document, environment, service, scale.axis, y)
    parts += [*_leaps(document, scale), *_markers(document, scale), *_axis(scale), "</svg>"]
    return "\n".join(part for part in parts if part)


def heights(scale: Scale) -> str:
    """The labels of the vertical axis, an SVG of its own that stands left of the picture."""
    texts = "".join(
        f'<text x="24" y="{scale.y(number) + 4:.1f}" text-anchor="end">{number}</text>'
        for number in _ticks(scale.instances)
    )
    return f'<svg class="heights" width="28" height="{scale.height}" aria-hidden="true">{texts}</svg>'


def letter(index: int) -> str:
    """A name for an image that is as short as its place in the picture: A, B, ..."""
    return chr(ord("A") + index % 26)


def _area(stretch: Stretch, index: int, scale: Scale) -> str:
    left, right = scale.x(stretch.start), scale.x(stretch.end)
    top, height = scale.y(stretch.below + stretch.count), PLOT * stretch.count / scale.instances
    return (
        f'<rect class="area image-{index % 6}" x="{left:.3f}%" width="{right - left:.3f}%" '
        f'y="{top:.1f}" height="{height:.1f}" data-image="{escape(stretch.image)}" '
        f'data-in-service="{stretch.count}" data-from="{stretch.start}" data-to="{stretch.end}">'
        f"<title>{escape(stretch.image)}: {stretch.count} in service, "
        f"{clock(stretch.start)} to {clock(stretch.end)}</title></rect>"
    )


def _label(stretch: Stretch, index: int, scale: Scale, cuts: Sequence[float]) -> str:
    left, right = scale.x(stretch.start), scale.x(stretch.end)
    if right - left < LABEL_SHARE:
        return ""
    if any(abs((left + right) / 2 - cut) < LABEL_SHARE / 2 for cut in cuts):
        right = (left + right) / 2
    middle = scale.y(stretch.below + stretch.count / 2) + 5
    return (
        f'<text class="on-image" x="{(left + right) / 2:.3f}%" y="{middle:.1f}" '
        f'text-anchor="middle" aria-hidden="true">{letter(index)}</text>'
    )


def _bands(document: Mapping[str, Any], scale: Scale) -> Iterator[str]:
    for number, step in enumerate(document["steps"]):
        left, right = scale.x(step["at"]), scale.x(step["until"])
        if number % 2 == 0 and not step.get("skipped"):
            yield (
                f'<rect class="band" x="{left:.3f}%" width="{right - left:.3f}%" '
                f'y="{MARKERS}" height="{PLOT}"></rect>'
            )


def _grid(scale: Scale) -> Iterator[str]:
    for number in _ticks(scale.instances):
        y = f"{scale.y(number):.1f}"
        yield f'<line class="grid" x1="0%" x2="100%" y1="{y}" y2="{y}"></line>'


def _cut(leap: Mapping[str, float], scale: Scale) -> float:
    return (scale.x(leap["at"]) + scale.x(leap["at"] + leap["seconds"])) / 2


def _leaps(document: Mapping[str, Any], scale: Scale) -> Iterator[str]:
    """A cut through the picture where time passed at once, with how much it was."""
    for leap in document.get("leaps") or ():
        x = _cut(leap, scale)
        # Beside the cut on the side where there is room.
        anchor, aside = ("end", -7) if x > 50 else ("start", 7)
        yield (
            f'<g class="leap" data-seconds="{leap["seconds"]:.0f}">'
            f'<line x1="{x:.3f}%" x2="{x:.3f}%" y1="{MARKERS}" y2="{MARKERS + PLOT}"></line>'
            f'<text x="{x:.3f}%" dx="{aside}" y="{MARKERS + 13}" text-anchor="{anchor}">'
            f"{clock(leap['seconds'])} pass</text></g>"
        )


def _markers(document: Mapping[str, Any], scale: Scale) -> Iterator[str]:
    """A number for each step, moved aside where they would cover each other, with a line to its moment."""
    steps = [(n, s) for n, s in enumerate(document["steps"], 1) if not s.get("skipped")]
    places = spread([scale.x(step["at"]) for _, step in steps])
    for (number, step), place in zip(steps, places, strict=True):
        moment = scale.x(step["at"])
        failed = "" if step["ok"] else " failed"
        title = f"{number}. {escape(step['name'])}, at {clock(step['at'])}"
        yield (
            f'<g class="marker{failed}" data-step="{escape(step["name"])}"><title>{title}</title>'
            f'<line x1="{place:.3f}%" y1="19" x2="{moment:.3f}%" y2="{MARKERS - 2}"></line>'
            f'<line class="moment" x1="{moment:.3f}%" y1="{MARKERS - 2}" '
            f'x2="{moment:.3f}%" y2="{MARKERS + PLOT}"></line>'
            f'<circle cx="{place:.3f}%" cy="10" r="9"></circle>'
            f'<text x="{place:.3f}%" y="14" text-anchor="middle">{number}</text></g>'
        )


def spread(places: Sequence[float]) -> list[float]:
    """The places in percent, moved apart to MARKER_GAP at least, kept in order and within the width."""
    edge = MARKER_GAP / 2
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + MARKER_GAP if found else edge))
    limit = 100 - edge
    for index in reversed(range(len(found))):
        found[index] = min(found[index], limit)
        limit = found[index] - MARKER_GAP
    return found


def _axis(scale: Scale) -> Iterator[str]:
    """The moments at even places: the places of round moments would be anywhere."""
    for percent in (0, 25, 50, 75, 100):
        # A label at the very edge would be cut off.
        anchor = {0: "start", 100: "end"}.get(percent, "middle")
        # A narrow screen has no room for these.
        between = " between" if percent in (25, 75) else ""
        yield (
            f'<text class="tick{between}" x="{percent}%" y="{scale.height - 8}" text-anchor="{anchor}" '
            f'aria-hidden="true">{clock(scale.axis.moment(percent / 100))}</text>'
        )


def _ticks(instances: int) -> list[int]:
    every = max(1, math.ceil(instances / 4))
    return list(range(0, instances + 1, every))


def _spoken(document: Mapping[str, Any], environment: str) -> str:
    """The picture in a sentence, for a reader who does not see it."""
    told = [
        f"at {clock(at)} " + (", ".join(f"{count} on {image}" for image, count in counts.items()) or "none")
        for at, counts in changes_of(document["fleet"], environment)
    ]
    ends = told if len(told) <= 4 else [told[0], f"{len(told) - 2} changes between", told[-1]]
    return f"Instances of {environment} in service by image over time: {'; '.join(ends)}"
