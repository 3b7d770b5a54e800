"""Pieces of Markdown as GitHub and GitLab read it, from values that must not become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from scripts.releases.errors import one_line


def code(text: object) -> str:
    """A value in code: nothing in it is markup, and no `@name` calls somebody."""
    plain = one_line(text)
    fence = "`" * (max(map(len, re.findall("`+", plain)), default=0) + 1)
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain or ' '}{space}{fence}"


def words(text: object) -> str:
    """A text on one line, with what could be markup as letters; what stands between two backticks is code. An
    `@` gets a blank of no width behind it, so that it calls nobody.
    """
    pieces = re.split(r"`([^`]+)`", one_line(text))
    return "".join(code(piece) if number % 2 else _letters(piece) for number, piece in enumerate(pieces))


def _letters(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]|~#])", r"\\\1", plain).replace("@", "@\u200b")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; its cells are Markdown already, and a bar in them is kept from ending the cell."""
    for cells in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in cells) + " |"
    yield ""


def fenced(language: str, lines: Iterable[str]) -> Iterator[str]:
    """A block of code, in a fence that no line of it ends."""
    inside = list(lines)
    longest = max((len(run) for line in inside for run in re.findall("`{3,}", line)), default=2)
    fence = "`" * (longest + 1)
    yield from (f"{fence}{language}", *inside, fence, "")


def folded(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """What a reader opens; `comment_size` takes it out of a comment that is too long."""
    yield from ("<details>", f"<summary>{summary}</summary>", "", *lines, "</details>", "")


def alert(kind: str, lines: Iterable[str]) -> Iterator[str]:
    """A box that is seen first: `CAUTION`, `WARNING` or `NOTE`."""
    yield f"> [!{kind}]"
    yield from (f"> {line}" for line in lines)
    yield ""
