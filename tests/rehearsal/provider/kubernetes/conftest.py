"""The emulated cloud's Kubernetes API: a cluster of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.cloud.kubernetes.testing import cluster
from rehearsal.cloud.local import running
from rehearsal.cloud_client import CloudClient
from tests.rehearsal.provider.kubernetes.stack import Stack, stack_on

FAILING = "registry.example/failing@sha256:" + "f" * 64


@pytest.fixture
def kubeconfig() -> Iterator[dict[str, Any]]:
    with running(speed=1000) as cloud:
        CloudClient(cloud.url).register_container_image(FAILING, "migration-fails")
        yield cluster(cloud).kubeconfig


@pytest.fixture
def failing_image() -> str:
    """One whose program ends with an error."""
    return FAILING


@pytest.fixture
def stack(kubeconfig: dict[str, Any]) -> Iterator[Stack]:
    made = stack_on(kubeconfig)
    yield made
    for kind, name in list(made.known):
        made.delete(kind, name)
