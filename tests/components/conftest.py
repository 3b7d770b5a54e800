"""What the tests of components share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.components.recorder import Built, run


@pytest.fixture
def build() -> Callable[[Callable[[], Mapping[str, Any]]], Built]:
    """Runs a program against an engine that records; see `recorder.py`."""
    return run
