"""The rehearsal's provider on a real API server: what it takes for the ways of one, are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kubernetes import images
from tests.kubernetes.control_plane import ControlPlane
from tests.rehearsal.provider.kubernetes.stack import Stack, stack_on

# Collected here a second time, with the fixtures of this file.
from tests.rehearsal.provider.kubernetes.test_objects import *  # noqa: F403


@pytest.fixture
def kubeconfig(control_plane: ControlPlane) -> dict[str, Any]:
    return control_plane.kubeconfig()


@pytest.fixture
def stack(kubeconfig: dict[str, Any]) -> Iterator[Stack]:
    made = stack_on(kubeconfig)
    yield made
    for kind, name in list(made.known):
        made.delete(kind, name)


@pytest.fixture
def failing_image() -> str:
    return images.FAILING
