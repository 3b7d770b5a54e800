"""A drawing as a Mermaid flowchart, which GitHub and GitLab show in the middle of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.releases.engine_events import CREATE, DELETE, REPLACE, SAME, UPDATE
from scripts.releases.graph import Box, Drawing, Row, Section

#: What stands before a resource that changes.
SIGNS = {CREATE: "+ ", UPDATE: "~ ", REPLACE: "± ", DELETE: "- ", SAME: ""}
#: A box of more lines is a list, and no picture.
MOST_ROWS = 12
#: GitHub shows nothing of a diagram with more text (Mermaid's `maxTextSize`).
MOST_CHARACTERS = 50_000
#: Fill and border: readable on white and on black.
COLOURS = {
    CREATE: ("#dafbe1", "#1a7f37"),
    UPDATE: ("#fff8c5", "#9a6700"),
    REPLACE: ("#fbefff", "#8250df"),
    DELETE: ("#ffebe9", "#cf222e"),
    SAME: ("#f6f8fa", "#57606a"),
}
WORDS = {CREATE: "created", UPDATE: "updated", REPLACE: "replaced", DELETE: "deleted", SAME: "unchanged"}


def text(drawing: Drawing) -> str:
    """The flowchart, within `MOST_CHARACTERS`: of a larger one, the boxes without what is in them."""
    whole = "\n".join(_lines(drawing, MOST_ROWS)) + "\n"
    return whole if len(whole) <= MOST_CHARACTERS else "\n".join(_lines(drawing, 0)) + "\n"


def _lines(drawing: Drawing, most: int) -> Iterator[str]:
    # Names are longer than the 200 pixels after which Mermaid breaks a line.
    yield '%%{init: {"flowchart": {"wrappingWidth": 600}}}%%'
    yield "flowchart LR"
    for number, box in enumerate(drawing.boxes):
        faded = drawing.of_changes and not box.changed
        yield f'  b{number}["{_label(box, most)}"]:::{"beside" if faded else _op(box)}'
    for one, other in drawing.arrows:
        yield f"  b{one} --> b{other}"
    for op, (fill, border) in COLOURS.items():
        yield f"  classDef {op} fill:{fill},stroke:{border},color:#1f2328,text-align:left"
    yield "  classDef beside fill:none,stroke:#8c959f,stroke-dasharray:4"


def _label(box: Box, most: int) -> str:
    """The component's name, and below it what it is made of: each part by its name, or its resources."""
    title = f"<b>{_safe(box.title)}</b> <i>{_safe(box.kind)}</i>".replace(" <i></i>", "")
    rows = [line for section in box.sections for line in _section(section)]
    if len(rows) > most:
        left = sum(len(row.names) for section in box.sections for row in section.rows)
        rows = [f"{left} resources"] if not most else [*rows[: most - 1], f"… of {left} resources"]
    return "<br/>".join([title, *rows])


def _section(section: Section) -> Iterator[str]:
    """A part that nothing changes in is one line: its resources are many, and its name says what they are."""
    many = sum(len(row.names) for row in section.rows)
    if section.title and many > 1 and all(row.op == SAME for row in section.rows):
        yield f"{_safe(section.title)} <i>{many} resources</i>"
        return
    for row in section.rows:
        where = f" <i>{_safe(section.title)}</i>" if section.title and not _same(section, row) else ""
        yield f"{_safe(SIGNS[row.op] + row_text(row))}{where}"


def _same(section: Section, row: Row) -> bool:
    """Whether the part says nothing that its resource does not say: `LaunchTemplate` of a LaunchTemplate."""
    return section.title.partition(" ")[0] == row.kind


def row_text(row: Row) -> str:
    """`LaunchTemplate web`, `Subnet x6`."""
    return f"{row.kind} {row.names[0]}" if len(row.names) == 1 else f"{row.kind} x{len(row.names)}"


def _op(box: Box) -> str:
    """What is done to all of it; where that differs, it is updated."""
    found = {row.op for section in box.sections for row in section.rows} or {SAME}
    return found.pop() if len(found) == 1 else UPDATE


def _safe(text: str) -> str:
    """Text that Mermaid takes for nothing else. Its entities have a # where HTML has a &."""
    return re.sub(r"[^\w .,:/()+~±-]", lambda found: f"#{ord(found[0])};", text)
