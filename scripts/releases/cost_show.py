"""How an estimate looks: a table, what it leaves out, JSON for programs."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.releases import show
from scripts.releases.cost import Estimate, Line
from scripts.releases.cost_hours import MONTH_HOURS
from scripts.releases.cost_parts import LEFT_OUT
from scripts.releases.errors import one_line

COLUMNS = ("part", "what", "a month", "at most")


def as_text(estimate: Estimate) -> None:
    """Prints a table on a terminal, aligned columns in a pipe, then what is not in the sums."""
    rows = [tuple(map(one_line, _row(line))) for line in estimate.lines]
    rows.append(("total", "of what has a price", _amount(estimate.least), _amount(estimate.most)))
    if sys.stdout.isatty():
        table = Table(*COLUMNS)
        for row in rows:
            table.add_row(*map(Text, row))
        Console(file=sys.stdout).print(table)
    else:
        show.columns([COLUMNS, *rows])
    for line in _remarks(estimate):
        print(one_line(line))


def _row(line: Line) -> tuple[str, ...]:
    if line.least is None or line.most is None:
        return line.part.part, line.part.detail, "no price", "no price"
    return line.part.part, line.part.detail, _amount(line.least), _amount(line.most)


def _amount(value: float) -> str:
    return f"{value:.2f}"


def _remarks(estimate: Estimate) -> list[str]:
    missing = sorted({line.part.price for line in estimate.unknown})
    region, currency = estimate.region, estimate.currency
    remarks = [f"in {currency} for {MONTH_HOURS:.0f} hours, with the fewest servers and with the most"]
    if missing:
        names = ", ".join(missing)
        remarks.append(f"the price table does not know of {region}: {names}; give it with --prices FILE")
    remarks.append(f"left out, because only use makes it: {LEFT_OUT}")
    if estimate.dates:
        remarks.append(f"prices of {', '.join(estimate.dates)}; prices.json says where they are from")
    return remarks


def as_json(estimate: Estimate) -> dict[str, Any]:
    """An estimate for programs; see docs/operations.md for the fields."""
    return {
        "ok": True,
        "environment": estimate.environment,
        "region": estimate.region,
        "currency": estimate.currency,
        "hours": MONTH_HOURS,
        "least": round(estimate.least, 2),
        "most": round(estimate.most, 2),
        "unknown": sorted({line.part.price for line in estimate.unknown}),
        "pricesOf": list(estimate.dates),
        "parts": [_line_json(line) for line in estimate.lines],
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "part": line.part.part,
        "what": line.part.detail,
        "price": line.part.price,
        "unit": line.price,
        "least": None if line.least is None else round(line.least, 2),
        "most": None if line.most is None else round(line.most, 2),
    }
