"""A drawing as an SVG file: for a page, a printer, or a screen wide enough."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from scripts.releases.engine_events import SAME
from scripts.releases.graph import Box, Drawing, Row
from scripts.releases.graph_layout import MARGIN, Layout, Placed, Size, lay_out
from scripts.releases.graph_mermaid import COLOURS, SIGNS, WORDS, row_text

LINE, HEADER, PADDING, MOST_ROWS = 17.0, 26.0, 10.0, 40
#: Of a letter at the sizes below, in pixels: wide rather than narrow, for fonts differ.
LETTER, TITLE_LETTER = 6.7, 7.8
_STYLE = """\
text { font: 12px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 13px; font-weight: 600 } .kind { fill: #57606a; font-weight: 400 }
.part { font-weight: 600; fill: #424a53 } .head { font-size: 16px; font-weight: 600 }
.arrow { fill: none; stroke: #8c959f; stroke-width: 1.4 }
.faded { opacity: .75 }"""


def text(drawing: Drawing, title: str) -> str:
    """The file's content: the title, what colours and arrows mean, and the boxes.

    An arrow leads to what a component needs; one that follows from others is left out.
    """
    lines = {number: list(_lines(box)) for number, box in enumerate(drawing.boxes)}
    sizes = {number: _size(drawing.boxes[number], written) for number, written in lines.items()}
    layout = lay_out(drawing, sizes, top=92.0)
    width = max(layout.width, 640.0, len(title) * 10 + 2 * MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{layout.height:.0f}" '
        f'viewBox="0 0 {width:.0f} {layout.height:.0f}" role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0 8 4 0 8z" fill="#8c959f"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{layout.height:.0f}" fill="#ffffff"/>',
        f'<text class="head" x="{MARGIN}" y="32">{escape(title)}</text>',
        *_legend(drawing),
        *_arrows(drawing, layout),
    ]
    for number, box in enumerate(drawing.boxes):
        parts += _box(box, lines[number], layout.placed[number], faded=drawing.of_changes and not box.changed)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lines(box: Box) -> Iterator[tuple[str, Row | None]]:
    """What stands in a box: the title of a part, with None, and its resources."""
    left = MOST_ROWS
    for section in box.sections:
        if section.title and left:
            yield section.title, None
        for row in section.rows[:left]:
            yield f"{SIGNS[row.op]}{row_text(row)}", row
        left = max(0, left - len(section.rows))
    many = sum(len(section.rows) for section in box.sections)
    if many > MOST_ROWS:
        yield f"… {many - MOST_ROWS} more lines", None


def _size(box: Box, lines: list[tuple[str, Row | None]]) -> Size:
    longest = max((len(written) for written, _ in lines), default=0) * LETTER + 12
    width = max(longest, (len(box.title) + len(box.kind) + 1) * TITLE_LETTER) + 2 * PADDING
    return Size(width, HEADER + (len(lines) * LINE + PADDING if lines else 4))


def _legend(drawing: Drawing) -> Iterator[str]:
    used = {row.op for box in drawing.boxes for section in box.sections for row in section.rows}
    x, y = MARGIN, 54
    said = "an arrow leads to what a component needs; one that follows from others is left out"
    yield f'<text class="kind" x="{x}" y="{y}">{said}</text>'
    for op in (each for each in COLOURS if each in used and (drawing.of_changes or each != SAME)):
        fill, border = COLOURS[op]
        yield f'<rect x="{x}" y="{y + 11}" width="12" height="12" rx="2" fill="{fill}" stroke="{border}"/>'
        yield f'<text x="{x + 18}" y="{y + 21}">{WORDS[op]}</text>'
        x += 40 + len(WORDS[op]) * LETTER


def _arrows(drawing: Drawing, layout: Layout) -> Iterator[str]:
    for one, other in drawing.arrows:
        start, end = layout.placed[one], layout.placed[other]
        x1, x2 = (start.right, end.x) if end.x > start.x else (start.x, end.right)
        bend = max(40.0, abs(x2 - x1) / 2) * (1 if end.x > start.x else -1)
        y1, y2 = start.middle, end.middle
        path = f"M{x1:.1f} {y1:.1f} C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        yield f'<path class="arrow" d="{path}" marker-end="url(#end)"/>'


def _box(box: Box, lines: list[tuple[str, Row | None]], at: Placed, *, faded: bool) -> Iterator[str]:
    x, y, width, height = at.x, at.y, at.size.width, at.size.height
    dashed = ' stroke-dasharray="4"' if faded else ""
    yield f"<g{_faded(faded)}>"
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6" fill="#ffffff" '
        f'stroke="#8c959f"{dashed}/>'
    )
    title = f'<tspan>{escape(box.title)}</tspan> <tspan class="kind">{escape(box.kind)}</tspan>'
    yield f'<text class="title" x="{x + PADDING:.1f}" y="{y + 18:.1f}">{title}</text>'
    for index, (written, row) in enumerate(lines):
        yield from _line(written, row, x, y + HEADER + index * LINE, width)
    yield "</g>"


def _faded(faded: bool) -> str:
    return ' class="faded"' if faded else ""


def _line(written: str, row: Row | None, x: float, y: float, width: float) -> Iterator[str]:
    if row is None:
        yield f'<text class="part" x="{x + PADDING:.1f}" y="{y + 12.5:.1f}">{escape(written)}</text>'
        return
    if row.op != SAME:
        fill, _ = COLOURS[row.op]
        where = f'x="{x + 4:.1f}" y="{y:.1f}" width="{width - 8:.1f}" height="{LINE}"'
        yield f'<rect {where} rx="2" fill="{fill}"/>'
    names = escape(", ".join(row.names))
    yield f'<text x="{x + PADDING + 8:.1f}" y="{y + 12.5:.1f}">{escape(written)}<title>{names}</title></text>'
