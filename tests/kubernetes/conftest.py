"""The real control plane, one for all tests of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from rehearsal.cloud.kubernetes.testing import cluster
from rehearsal.cloud.local import running as running_cloud
from rehearsal.cloud_client import CloudClient
from tests.kubernetes import build, images
from tests.kubernetes.control_plane import ControlPlane, running
from tests.kubernetes.sides import Side

NODES = 6
BEHAVIOURS = {
    images.MISSING: "missing",
    images.CRASHING: "crash-loop",
    images.NEVER_READY: "never-ready",
    images.FAILING: "migration-fails",
}
SPEED = 60.0
"""Emulated seconds in a real one."""


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


@pytest.fixture(scope="session")
def real(control_plane: ControlPlane) -> Side:
    return Side("real", control_plane.client())


@pytest.fixture(scope="session")
def emulated() -> Iterator[Side]:
    """The emulated one: with as many nodes, and images that fare the same."""
    with running_cloud(speed=SPEED) as cloud:
        for image, behaviour in BEHAVIOURS.items():
            CloudClient(cloud.url).register_container_image(image, behaviour)
        yield Side("emulated", cluster(cloud, nodes=NODES).api)
