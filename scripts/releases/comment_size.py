"""A comment within the size that GitHub takes: what is folded away goes first, and a link says where it is.

A fold is `<details>` at the beginning of a line, a `<summary>` of one line, and `</details>` on a line of its
own; folds are not nested.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: GitHub's limit for the body of a comment, in characters.
LIMIT = 65_536

_FOLD = re.compile(r"^<details>\n<summary>(?P<summary>.*?)</summary>\n.*?^</details>\n?", re.M | re.S)
_OPEN, _CLOSE = "<details>\n", "</details>\n"
_FENCE = re.compile(r"^(`{3,})", re.M)


def fit(parts: Sequence[str], link: str | None, limit: int = LIMIT) -> str:
    """The parts as one text of at most `limit` characters.

    The largest fold goes first, and as many as must; in its place stands what it was. Without folds that
    could go the text ends at a whole line, and says so.

    Args:
        parts: Markdown, such as one preview a stack, in order.
        link: where the whole text is; None when there is no such place.
    """
    text = "\n".join(part.strip("\n") + "\n" for part in parts)
    while len(text) > limit:
        # What is hardly longer than the line in its place is not worth its loss.
        found = [fold for fold in _FOLD.finditer(text) if len(fold[0]) > len(_instead(fold, link))]
        if not found:
            return _cut(text, link, limit)
        largest = max(found, key=lambda fold: len(fold[0]))
        text = text[: largest.start()] + _instead(largest, link) + text[largest.end() :]
    return text


def _instead(fold: re.Match[str], link: str | None) -> str:
    what = f"{fold['summary']}: left out here, {len(fold[0]):,} characters"
    return f"_{what}; {_where(link)}._\n"


def _where(link: str | None) -> str:
    return f"[the whole text]({link})" if link else "`scripts/release preview` shows it"


def _cut(text: str, link: str | None, limit: int) -> str:
    """The beginning of the text, with the fence and the fold closed that are open there."""
    end = f"\n_Cut off here: {len(text):,} characters in all; {_where(link)}._\n"
    # The fence that has to be closed is not longer than the longest that is there.
    longest = max((len(fence[1]) + 1 for fence in _FENCE.finditer(text)), default=0)
    room = max(0, limit - len(end) - longest - len(_CLOSE))
    kept = text[:room].rpartition("\n")[0] + "\n"
    fences = [fence[1] for fence in _FENCE.finditer(kept)]
    closing = f"{fences[-1]}\n" if len(fences) % 2 else ""
    if kept.count(_OPEN) > kept.count(_CLOSE):
        closing += _CLOSE
    return (kept + closing + end)[:limit]
