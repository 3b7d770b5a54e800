from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from rehearsal.cloud.local import CREDENTIALS, Local, running
from rehearsal.cloud.world import World as CloudWorld
from rehearsal.provider import aws_provider
from tests.rehearsal.provider.world import IMAGES, REGION, World

# Servers start and stop within milliseconds of the tests' own time.
SPEED = 100_000.0


class Kept:
    """One cloud for all tests here, as long as no other test of this process makes another."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._cloud: Local | None = None

    def get(self) -> Local:
        if self._cloud is None or CloudWorld.current is not self._cloud.world:
            self.close()
            self._cloud = self._stack.enter_context(running(SPEED, REGION))
            for image in IMAGES:
                self._cloud.image(image)
        return self._cloud

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.close()


@pytest.fixture
def cloud(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Local:
    local = kept.get()
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.url)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return local


@pytest.fixture
def world(cloud: Local) -> Iterator[World]:
    provider = aws_provider()
    provider.configure({"region": REGION})
    yield World(cloud, provider)
    # What runs in a cluster takes time at this speed, also when its test is over.
    with cloud.cloud.lock:
        for region, name in list(cloud.world.kubernetes.clusters):
            cloud.world.kubernetes.close(region, name)
