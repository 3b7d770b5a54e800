"""Which `pulumi` a process finds: the real one with the provider of this repository, or the one that stands
in for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rehearsal.workspace import REPOSITORY, Workspace

# Where the `pulumi` is that stands in for Pulumi's.
STAND_IN = REPOSITORY / "rehearsal" / "bin"


def commands_of(engine: str, workspace: Workspace) -> Path:
    """The folder that goes first on the PATH: with the `pulumi` that is the embedded engine, or with the
    provider that the real one is to find.
    """
    return STAND_IN if engine == "embedded" else workspace.root / "bin"


def without_stand_in(variables: Mapping[str, str]) -> str:
    """The PATH without the `pulumi` of this repository, which a kept rehearsal puts there."""
    return os.pathsep.join(
        folder for folder in variables.get("PATH", "").split(os.pathsep) if folder != str(STAND_IN)
    )
