"""The engines as fixtures."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.engine.engines import Embedded, Engine, Real
from tests.rehearsal.engine.fake import FakeCloud
from tests.rehearsal.engine.serving import served


@pytest.fixture(autouse=True)
def _programs_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test writes its next program within the same second and at times of the same size; bytecode is told
    apart by these two alone, and would bring the program before.
    """
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def embedded(tmp_path: Path) -> Embedded:
    """The embedded engine alone, for what is its own."""
    return Embedded(tmp_path, FakeCloud())


@pytest.fixture(params=["embedded", "pulumi"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each engine in turn, for what they have in common."""
    if request.param == "embedded":
        yield Embedded(tmp_path, FakeCloud())
        return
    if shutil.which("pulumi") is None:
        pytest.skip("needs the pulumi command on the PATH")
    cloud = FakeCloud()
    with served(cloud) as port:
        yield Real(tmp_path, cloud, port)
