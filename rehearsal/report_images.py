"""The images of a rehearsal, on its page and on the terminal: what each was built from, how it was tested."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

SHORT_COMMIT = 12
CHANGED = ", changed since"
_DIRTY = "-dirty"
_FACTS = {
    "recipe": "recipe",
    "commit": "commit",
    "parent": "parent",
    "tests": "tests",
    "findings": "findings",
}


def built(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Every image that the rehearsal built, with the name of its step, in order."""
    return [(step["name"], image) for step in document["steps"] for image in step.get("images", ())]


def content(image: Mapping[str, Any]) -> str:
    """Recipe and hash of the content that an image was built from."""
    return f"{image['recipe']} {image['hash']}"


def commit(image: Mapping[str, Any]) -> str:
    """The commit, shortened; that the files were changed since is told."""
    told = str(image["commit"])
    changed = CHANGED if told.endswith(_DIRTY) else ""
    return told.removesuffix(_DIRTY)[:SHORT_COMMIT] + changed


def of_step(step: Mapping[str, Any]) -> str:
    """The images that a step built, as a table; nothing where it built none."""
    images = step.get("images") or []
    if not images:
        return ""
    head = "".join(f'<th scope="col">{word}</th>' for word in ("image", *_FACTS, "in"))
    rows = "".join(_row(image) for image in images)
    return (
        f'<div class="wide"><table class="images"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(image: Mapping[str, Any]) -> str:
    facts = {**{name: str(image[name]) for name in _FACTS}, "recipe": content(image), "commit": commit(image)}
    told = "".join(f"<td>{escape(fact)}</td>" for fact in facts.values())
    regions = ", ".join(image["regions"])
    return (
        f'<tr data-built="{escape(image["image"])}"><td><code>{escape(image["image"])}</code></td>'
        f"{told}<td>{escape(regions)}</td></tr>"
    )
