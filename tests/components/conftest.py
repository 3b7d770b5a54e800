"""What the tests of components share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.components.recorder import Built, ensure_loop, run

if TYPE_CHECKING:
    from tests.components.rollouts import Watched
    from tests.rehearsal.cloud.scene import Scene


@pytest.fixture(autouse=True)
def loop() -> None:
    """An output that a test makes before the program runs needs one too."""
    ensure_loop()


@pytest.fixture
def build() -> Callable[[Callable[[], Mapping[str, Any]]], Built]:
    """Runs a program against an engine that records; see `recorder.py`."""
    return run


@pytest.fixture
def scene() -> Iterator[Scene]:
    """An emulated cloud whose clock stands still."""
    # Imported here: most tests of components need no cloud.
    from rehearsal.cloud.local import running
    from tests.rehearsal.cloud import scene as scenes

    with running() as cloud:
        yield scenes.build(cloud)


@pytest.fixture
def watched(scene: Scene) -> Watched:
    """A rollout in it whose pauses move the clock on."""
    from tests.components.rollouts import Watched

    return Watched(scene)
