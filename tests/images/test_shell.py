"""The shell in the shipped documents, read by shellcheck, and their programs, read by what runs them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from images import documents
from images.documents import Document
from images.recipes import FOLDER
from images.yaml_text import YamlText
from tests.images.written import DOCUMENT, changed, document, folder

SHELLCHECK = str(Path(sys.executable).with_name("shellcheck"))
DOCUMENTS = sorted((FOLDER / "documents").glob("*.yaml"))


def scripts(document: Document, path: Path) -> Iterator[tuple[int, str]]:
    """Every script of a document, with the line of the file before its first."""
    text = YamlText(path, path.parent.parent)
    lines = path.read_text().splitlines()
    for at, phase in enumerate(document.phases):
        for number, step in enumerate(phase.steps):
            if step.script is not None:
                line = text.line(("phases", at, "steps", number, "inputs", "commands", 0))
                yield line if lines[line - 1].endswith("|") else line - 1, step.script


def complaints(name: str, before: int, script: str) -> list[str]:
    checked = subprocess.run(
        [SHELLCHECK, "--shell=bash", "--format=json", "-"], input=script, capture_output=True, text=True
    )
    return [f"{name}:{before + each['line']}: {each['message']}" for each in json.loads(checked.stdout)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_shellcheck_has_nothing_against_a_shipped_script(path: Path) -> None:
    found = [
        said
        for before, script in scripts(documents.load(path), path)
        for said in complaints(path.name, before, script)
    ]
    assert found == []


def test_a_complaint_names_the_line_of_the_document(tmp_path: Path) -> None:
    text = changed(DOCUMENT, "apt-get install -y bash", "echo $1")
    text = changed(text, "[bash --version]", "[echo $1]")
    made, path = document(tmp_path, text), folder(tmp_path, documents_one=text) / "documents" / "one.yaml"
    found = [
        said for before, script in scripts(made, path) for said in complaints("one.yaml", before, script)
    ]
    assert [said.split(": ")[0] for said in found] == ["one.yaml:12", "one.yaml:18"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_command_that_fails_ends_its_step(path: Path) -> None:
    """The orchestrator runs a script with plain bash, which goes on after an error and ends with the last."""
    for _, script in scripts(documents.load(path), path):
        lines = script.splitlines()
        assert lines[0] == "set -euo pipefail" or len(lines) == 1, script


def programs() -> list[Path]:
    return [path for path in FOLDER.glob("*/*") if path.is_file() and path.read_bytes().startswith(b"#!")]


@pytest.mark.parametrize("path", programs(), ids=lambda path: path.name)
def test_a_shipped_program_is_read_by_what_runs_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert path.stat().st_mode & 0o111
    if first.startswith("#!/usr/bin/python3 -I"):
        ast.parse(path.read_text(), feature_version=(3, 11))
        return
    assert first == "#!/bin/sh"
    checked = subprocess.run([SHELLCHECK, str(path)], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
