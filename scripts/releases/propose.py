"""A change of config files as a pull request: what a command wrote into the checkout, as a commit on a
branch.

It goes by GitHub's interface, not by `git push`: so the checkout holds no token, and the commit is signed
by GitHub.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from scripts.releases import source
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.github import GitHub
from scripts.releases.project import Project

#: What commands of a release write, and nothing else goes into a proposal.
PATHS = ("Pulumi.*.yaml", "images/recipes/*.yaml")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_NOT_PERMITTED = "not permitted to create or approve pull requests"


@dataclass(frozen=True)
class Proposal:
    """What is asked for: the branch, its request's title and the branch that it is to go to."""

    branch: str
    title: str
    base: str


@dataclass(frozen=True)
class Proposed:
    """What was done: `action` is created, updated or unchanged; none of the rest without a change."""

    action: str
    paths: tuple[str, ...] = ()
    number: int | None = None
    url: str = ""


def check(proposal: Proposal) -> None:
    """Raises RefusedError when a branch's name is none, or it would be proposed to itself."""
    for name in (proposal.branch, proposal.base):
        if not _BRANCH.fullmatch(name) or ".." in name or name.endswith((".lock", ".")):
            raise RefusedError(f"{name!r} is no name of a branch; take one such as rollback/prod")
    if proposal.branch == proposal.base:
        raise RefusedError(f"{proposal.branch} cannot be proposed to itself; name another branch")
    if not proposal.title.strip():
        raise RefusedError("the title is empty; say what the change is")


def changed(where: Project) -> dict[str, str]:
    """The files of `PATHS` that differ from the commit that is checked out, from the top of the checkout,
    with what they hold now. A file that is not in the commit is none of them.

    Raises:
        RefusedError: it is no checkout.
    """
    told = source.git(where, "diff", "--name-only", "--diff-filter=M", "-z", "HEAD", "--", *PATHS)
    top = source.git(where, "rev-parse", "--show-cdup").strip()
    return {path: (where.directory / top / path).read_text("utf-8") for path in told.split("\0") if path}


def make(where: Project, proposal: Proposal, github: GitHub) -> Proposed:
    """Puts what changed on the branch, as one commit upon the commit that is checked out, and opens a pull
    request or brings the open one up to date. A branch of an earlier proposal is taken over, whatever it
    held.

    Raises:
        RefusedError: see `changed`.
        ReleaseError: GitHub said no; what is on the branch by then stays.
    """
    files = changed(where)
    if not files:
        return Proposed("unchanged")
    request = _open_request(github, proposal)
    if request is None or not _holds(github, proposal.branch, files):
        _commit(where, github, proposal, files)
        action = "created" if request is None else "updated"
    else:
        action = "unchanged"
    body = _body(where)
    if request is None:
        request = _request(github, proposal, body)
    elif action == "updated":
        github.ask("PATCH", f"/pulls/{request['number']}", {"title": proposal.title, "body": body})
    return Proposed(action, tuple(files), request["number"], request["html_url"])


def _open_request(github: GitHub, proposal: Proposal) -> dict[str, Any] | None:
    owner = github.repository.partition("/")[0]
    head = f"{owner}:{proposal.branch}"
    found: dict[str, Any] | None = next(
        github.pages("/pulls", state="open", head=head, base=proposal.base), None
    )
    return found


def _holds(github: GitHub, branch: str, files: dict[str, str]) -> bool:
    """Whether the branch has these very files already: a new commit would only dismiss reviews of it."""
    tree = github.find(f"/git/trees/{branch}", recursive=1) or {"tree": []}
    there = {each["path"]: each["sha"] for each in tree["tree"]}
    return all(there.get(path) == _blob(text) for path, text in files.items())


def _blob(text: str) -> str:
    """The ID that git gives to a file of this content."""
    content = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _commit(where: Project, github: GitHub, proposal: Proposal, files: dict[str, str]) -> None:
    parent = source.git(where, "rev-parse", "HEAD").strip()
    entries = [
        {"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in files.items()
    ]
    base = github.ask("GET", f"/git/commits/{parent}")["tree"]["sha"]
    tree = github.ask("POST", "/git/trees", {"base_tree": base, "tree": entries})
    made = github.ask(
        "POST", "/git/commits", {"message": proposal.title, "tree": tree["sha"], "parents": [parent]}
    )
    if github.find(f"/git/ref/heads/{proposal.branch}") is None:
        github.ask("POST", "/git/refs", {"ref": f"refs/heads/{proposal.branch}", "sha": made["sha"]})
    else:
        github.ask("PATCH", f"/git/refs/heads/{proposal.branch}", {"sha": made["sha"], "force": True})


def _request(github: GitHub, proposal: Proposal, body: str) -> dict[str, Any]:
    asked = {"title": proposal.title, "head": proposal.branch, "base": proposal.base, "body": body}
    try:
        made: dict[str, Any] = github.ask("POST", "/pulls", asked)
    except ReleaseError as error:
        if _NOT_PERMITTED not in str(error):
            raise
        raise ReleaseError(
            f"the branch {proposal.branch} is there, but workflows may not open pull requests in "
            f"{github.repository}: allow it (Settings, Actions, General, Workflow permissions), or open it "
            "by hand"
        ) from error
    return made


def _body(where: Project) -> str:
    """What changes, as a diff."""
    diff = source.git(where, "diff", "--no-color", "--no-ext-diff", "HEAD", "--", *PATHS)
    return f"```diff\n{diff.strip()}\n```\n"
