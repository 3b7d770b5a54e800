from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal.cloud.local import Local, running
from tests.rehearsal.cloud import scene as scenes
from tests.rehearsal.cloud.scene import Scene


@pytest.fixture
def cloud() -> Iterator[Local]:
    with running() as local:
        yield local


@pytest.fixture
def scene(cloud: Local) -> Scene:
    return scenes.build(cloud)
