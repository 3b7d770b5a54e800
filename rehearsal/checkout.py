"""Where the scratch copy came from: lets `git` tell in the copy what it tells in the checkout.

A program that asks git for the commit of its files gets it by two variables of git's own. Nothing of the
checkout is written to: git's optional lock of the index is left alone.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_TIMEOUT_SECONDS = 30


def variables(source: Path, project: Path) -> dict[str, str]:
    """git's variables for a process that works in `project`, a copy of the checkout `source`; none when
    `source` is no checkout, or there is no git.
    """
    folder = _git_folder(source)
    if not folder:
        return {}
    return {
        "GIT_DIR": folder,
        "GIT_WORK_TREE": str(project),
        "GIT_OPTIONAL_LOCKS": "0",
        # What the checkout ignores, such as compiled bytecode, is in the copy too.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.excludesFile",
        "GIT_CONFIG_VALUE_0": str(source / ".gitignore"),
    }


def _git_folder(source: Path) -> str:
    """The absolute path of the git directory of which `source` is the top."""
    command = ["git", "-C", str(source), "rev-parse", "--show-toplevel", "--absolute-git-dir"]
    try:
        told = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT_SECONDS,
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return ""
    return told[1] if len(told) == 2 and Path(told[0]) == source.resolve() else ""
