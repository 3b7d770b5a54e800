"""One comment on a request, found again by a mark that nobody sees, and updated in place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.releases import comment_size
from scripts.releases.errors import RefusedError
from scripts.releases.github import GitHub

CREATED, UPDATED, UNCHANGED, DELETED, NONE = "created", "updated", "unchanged", "deleted", "none"


@dataclass(frozen=True)
class Comment:
    """What became of it. `id` and `url` are None where there is none."""

    action: str
    id: int | None = None
    url: str | None = None


def mark(name: str) -> str:
    """What stands at the comment's beginning.

    Raises:
        RefusedError: the name could end the mark, or is none.
    """
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9]){0,39}", name):
        raise RefusedError(
            f"--marker {name!r} is not a name; take up to 40 lower-case letters, digits and hyphens"
        )
    return f"<!-- immutable:{name} -->"


def texts(files: Sequence[str]) -> list[str]:
    """The texts of these files, and of every `*.md` in these directories by name, in the order given.

    Raises:
        RefusedError: one cannot be read, or is empty.
    """
    found = [path for file in files for path in _paths(Path(file))]
    try:
        read = [path.read_text("utf-8") for path in found]
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"--file {getattr(error, 'filename', None) or found[-1]}: {error}") from error
    for path, text in zip(found, read, strict=True):
        if not text.strip():
            raise RefusedError(f"--file {path} is empty, so that there is nothing to say")
    return read


def _paths(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.md"))
    if not found:
        raise RefusedError(f"--file {path} is a directory without any .md in it")
    return found


def body(parts: Sequence[str], name: str, link: str | None) -> str:
    """The comment's text, within GitHub's limit: over it, folded parts go, the largest first."""
    first = f"{mark(name)}\n"
    return first + comment_size.fit(parts, link, comment_size.LIMIT - len(first))


def put(github: GitHub, number: int, name: str, text: str, *, bots_only: bool) -> Comment:
    """Brings the comment to this text: a new one, or the one that is there.

    `bots_only`: comments of people are none of ours. Whoever writes the mark into their own would have the
    right to change what stands there later.

    Raises:
        ReleaseError: GitHub said no.
    """
    found = find(github, number, name, bots_only=bots_only)
    if found is None:
        made = github.ask("POST", f"/issues/{number}/comments", {"body": text})
        return _comment(CREATED, made)
    # GitHub gives a text back with the line ends that a browser would have sent.
    if str(found["body"]).replace("\r\n", "\n").strip() == text.strip():
        return _comment(UNCHANGED, found)
    return _comment(UPDATED, github.ask("PATCH", f"/issues/comments/{found['id']}", {"body": text}))


def delete(github: GitHub, number: int, name: str, *, bots_only: bool) -> Comment:
    """Takes the comment away, where there is one. Raises ReleaseError when GitHub said no."""
    found = find(github, number, name, bots_only=bots_only)
    if found is None:
        return Comment(NONE)
    github.ask("DELETE", f"/issues/comments/{found['id']}")
    return _comment(DELETED, found)


def find(github: GitHub, number: int, name: str, *, bots_only: bool) -> Mapping[str, Any] | None:
    """The first comment that begins with the mark."""
    for each in github.pages(f"/issues/{number}/comments"):
        ours = not bots_only or (each.get("user") or {}).get("type") == "Bot"
        if ours and str(each.get("body") or "").startswith(mark(name)):
            found: Mapping[str, Any] = each
            return found
    return None


def _comment(action: str, said: Mapping[str, Any]) -> Comment:
    return Comment(action, int(said["id"]), str(said.get("html_url") or "") or None)


def run_page(environment: Mapping[str, str]) -> str | None:
    """The page of the workflow's run, where the whole text is; None outside of one."""
    server, repository, run = (
        environment.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None
