"""A backend in which a stack is, and nothing in it: for the preview of a stack that is not made yet."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from scripts.releases.project import Project


def make(where: Project, stack: str, folder: Path) -> tuple[Project, dict[str, str]]:
    """The project as it is, but for a config file of its own, and the variables that lead to the backend.

    Pulumi puts what it needs for secrets into the config file of a new stack. So the stack's file is a copy
    and all the rest of the project is linked to: nothing of the project is written to.

    Args:
        folder: where both are made; the caller removes it.
    """
    state, project = folder / "state", folder / "project"
    stacks = state / ".pulumi" / "stacks" / where.name
    stacks.mkdir(parents=True)
    (state / ".pulumi" / "meta.yaml").write_text("version: 1\n")
    checkpoint = {"version": 3, "checkpoint": {"stack": f"organization/{where.name}/{stack}", "latest": None}}
    (stacks / f"{stack}.json").write_text(json.dumps(checkpoint))
    project.mkdir()
    own = where.stack_file(stack)
    for path in where.directory.iterdir():
        if path != own:
            (project / path.name).symlink_to(path)
    shutil.copy2(own, project / own.name)
    # Nothing is encrypted with the passphrase: a new stack has no secrets.
    variables = {"PULUMI_BACKEND_URL": state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "preview"}
    return Project(project, where.name), variables
