"""The programs of an image where its documents put them, in a folder of the test."""

from __future__ import annotations

from pathlib import Path

from images import documents
from images.recipes import FOLDER


def place(root: Path, *names: str) -> None:
    """Writes the files of these documents below `root`, as an image has them below `/`."""
    for name in names:
        for step in documents.load(FOLDER / "documents" / f"{name}.yaml").phase("build"):
            for file in step.inputs if step.action == "CreateFile" else ():
                path = root / file["path"].lstrip("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file["content"])
                path.chmod(int(file["permissions"], 8))
