"""A `pulumi` command that answers as a test says, and notes what it was asked."""

from __future__ import annotations

import json
import os
import shlex
import stat
from pathlib import Path

import pytest


class PulumiOnPath:
    """The first `pulumi` on the PATH. What it is asked is answered in order; the last answer stands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        folder.mkdir()
        self._answers: list[tuple[int, str]] = []
        script = folder / "pulumi"
        script.write_text(
            f"#!/bin/sh\ncd {shlex.quote(str(folder))} || exit 9\n"
            'printf "%s\\n" "$*" >>asked\n'
            "number=$(wc -l <asked)\n"
            'while [ ! -e "answer-$number" ]; do number=$((number - 1)); done\n'
            'cat "answer-$number"\nexit "$(cat "code-$number")"\n'
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        self.answers("")

    def answers(self, *texts: str, code: int = 0, then: int | None = None) -> None:
        """Every call is answered with the next text and `code`, the last one with `then` if given."""
        for number, text in enumerate(texts, 1):
            (self._folder / f"answer-{number}").write_text(text and f"{text}\n")
            last = then if then is not None and number == len(texts) else code
            (self._folder / f"code-{number}").write_text(json.dumps(last))

    @property
    def asked(self) -> list[list[str]]:
        """The arguments of every call."""
        noted = self._folder / "asked"
        return [line.split() for line in noted.read_text().splitlines()] if noted.exists() else []
