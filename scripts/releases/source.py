"""Where this checkout stands in the history that everyone shares: whether a newer commit, or a rollback,
has the say over a stack.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from scripts.releases import touched
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.project import Project

ROLLBACK = "rollback/"
"""How the branch begins on which a rollback of an environment waits to be merged; the environment's name
follows.
"""

_IMAGE = re.compile(r"\bami-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")


@dataclass(frozen=True)
class Standing:
    """Whether a checkout may be deployed to a stack, and why, in one line."""

    current: bool
    why: str


def standing(where: Project, stack: str, branch: str) -> Standing:
    """Whether this checkout is what `branch` says of the stack.

    It is not when the branch holds a newer commit that touches the stack, for then that one's deploy is to
    come last; and not when a rollback waits to be merged whose image this checkout still names: it would
    bring back what someone just took away.

    Raises:
        RefusedError: there is no such stack or branch, it is no checkout, or its history is not there.
    """
    where.stack_file(stack)
    newer = touched.find(where, touched.changed(where, "HEAD", branch))
    if stack in newer.stacks or stack in newer.removed:
        tip = git(where, "log", "-1", "--format=%h (%s)", branch, "--").strip()
        return Standing(
            False, f"{branch} has newer changes of {stack}, up to {one_line(tip)}: their run brings them"
        )
    if waiting := _rollback(where, stack, branch):
        return Standing(False, waiting)
    return Standing(True, f"this checkout is what {branch} says of {stack}")


def _rollback(where: Project, stack: str, branch: str) -> str | None:
    """What waits on the rollback's branch; None when there is no such branch, or what it took away is not
    named here any more.
    """
    remote = branch.rpartition("/")[0]
    proposal = f"{remote}/{ROLLBACK}{stack}" if remote else f"{ROLLBACK}{stack}"
    if not _is_there(where, proposal):
        return None
    began = git(where, "merge-base", branch, proposal).strip()
    away = _images(where, began, stack) - _images(where, proposal, stack)
    named = sorted(away & _images(where, "HEAD", stack))
    if not named:
        return None
    return (
        f"a rollback of {stack} took {', '.join(named)} away and is not merged, and Pulumi.{stack}.yaml "
        f"still names it: merge {proposal}, or delete that branch"
    )


def _images(where: Project, commit: str, stack: str) -> frozenset[str]:
    """The images that the stack's file names at a commit, comments left out; none when it is not there."""
    try:
        text = git(where, "show", f"{commit}:./Pulumi.{stack}.yaml")
    except RefusedError:
        return frozenset()
    return frozenset(_IMAGE.findall("\n".join(line.partition("#")[0] for line in text.splitlines())))


def _is_there(where: Project, name: str) -> bool:
    return bool(
        git(where, "for-each-ref", "--format=%(refname)", f"refs/heads/{name}", f"refs/remotes/{name}")
    )


def git(where: Project, *arguments: str) -> str:
    """What git prints in the project's directory.

    Raises:
        RefusedError: it is no checkout, git is not there, or what was asked for is not.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(where.directory), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise RefusedError(f"git cannot be run: {error.strerror}") from error
    if done.returncode:
        said = one_line(done.stderr).removeprefix("fatal: ") or f"exit code {done.returncode}"
        raise RefusedError(f"git {arguments[0]}: {said}")
    return done.stdout
