"""The real control plane, one for all tests of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.kubernetes import build
from tests.kubernetes.control_plane import ControlPlane, running

NODES = 6


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Skips where it is not built; waits while it is being built."""
    if build.building():
        build.build()
    binary = build.binary()
    if not os.access(binary, os.X_OK):
        pytest.skip("no control plane is built: python -m tests.kubernetes.build")
    with running(binary, tmp_path_factory.mktemp("control-plane"), NODES) as plane:
        yield plane
