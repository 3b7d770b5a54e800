"""Where a preview runs: beside the project, so that nothing of it is written to; and a backend for a stack
that is not made yet.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from scripts.releases import backend
from scripts.releases.project import Project


def linked(where: Project, stack: str, folder: Path) -> Project:
    """The project in `folder`: links to all that it has, and a copy of the stack's config file.

    Pulumi puts what it needs for secrets into that file when it is not there, in a preview too.
    """
    made = folder / "project"
    made.mkdir()
    own = where.stack_file(stack)
    for path in where.directory.iterdir():
        if path != own:
            (made / path.name).symlink_to(path)
    shutil.copy2(own, made / own.name)
    return Project(made, where.name)


def own_backend(where: Project, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that lead to the backend from there: a relative directory starts at the project."""
    url = environment.get("PULUMI_BACKEND_URL", "")
    if not url.startswith(backend.FILE_SCHEME):
        return {}
    path, _, options = url.partition("?")
    directory = backend.directory_of(path, where.directory).absolute()
    return {"PULUMI_BACKEND_URL": f"{directory.as_uri()}{f'?{options}' if options else ''}"}


def empty_backend(where: Project, stack: str, folder: Path) -> dict[str, str]:
    """The variables that lead to a backend in `folder`, in which the stack is and nothing in it."""
    state = folder / "state"
    stacks = state / ".pulumi" / "stacks" / where.name
    stacks.mkdir(parents=True)
    (state / ".pulumi" / "meta.yaml").write_text("version: 1\n")
    checkpoint = {"version": 3, "checkpoint": {"stack": f"organization/{where.name}/{stack}", "latest": None}}
    (stacks / f"{stack}.json").write_text(json.dumps(checkpoint))
    # Nothing is encrypted with the passphrase: a new stack has no secrets.
    return {"PULUMI_BACKEND_URL": state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "preview"}
