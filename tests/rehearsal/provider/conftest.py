from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal.cloud.local import CREDENTIALS, Local, running
from rehearsal.provider import aws_provider
from tests.rehearsal.provider.world import IMAGES, REGION, World

# Servers start and stop within milliseconds of the tests' own time.
SPEED = 100_000.0


@pytest.fixture(scope="session")
def local() -> Iterator[Local]:
    with running(SPEED, REGION) as cloud:
        for image in IMAGES:
            cloud.image(image)
        yield cloud


@pytest.fixture
def cloud(local: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.url)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return local


@pytest.fixture
def world(cloud: Local) -> World:
    provider = aws_provider()
    provider.configure({"region": REGION})
    return World(cloud, provider)
