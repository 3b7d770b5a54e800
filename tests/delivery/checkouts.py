"""A checkout of a shared repository, made of given files, as a workflow has it: never the project's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_WHO = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false")


class Checkout:
    """`directory` is a clone of the bare repository `shared`, with `main` checked out."""

    def __init__(self, directory: Path, shared: Path) -> None:
        self.directory, self.shared = directory, shared

    @classmethod
    def create(cls, base: Path, files: Mapping[str, str], name: str = "checkout") -> Checkout:
        shared, directory = base / "shared.git", base / name
        _git(base, "init", "--quiet", "--bare", "--initial-branch=main", str(shared))
        _git(base, "clone", "--quiet", str(shared), str(directory))
        made = cls(directory, shared)
        made.git("checkout", "--quiet", "-B", "main")
        made.commit(files, "The beginning")
        return made

    def git(self, *arguments: str) -> str:
        return _git(self.directory, *arguments)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: Mapping[str, str], message: str, branch: str = "main") -> str:
        """Commits the files, as they are given, to a branch that everyone sees. Returns the commit."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        self.git("fetch", "--quiet", "--prune", "origin")
        return self.git("rev-parse", "HEAD")

    def at(self, commit: str) -> None:
        """Checks a commit out, as a workflow's first step does."""
        self.git("fetch", "--quiet", "--prune", "origin")
        self.git("checkout", "--quiet", "--force", "--detach", commit)


def _git(where: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *_WHO, "-C", str(where), *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
    )  # fmt: skip
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.strip()
