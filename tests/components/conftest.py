"""What the tests of components share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.components.recorder import Built, ensure_loop, run


@pytest.fixture(autouse=True)
def loop() -> None:
    """An output that a test makes before the program runs needs one too."""
    ensure_loop()


@pytest.fixture
def build() -> Callable[[Callable[[], Mapping[str, Any]]], Built]:
    """Runs a program against an engine that records; see `recorder.py`."""
    return run
