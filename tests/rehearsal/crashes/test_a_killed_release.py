"""`up` of a release, killed at any moment: the next one ends in the same state, with one refresh."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.crashes.release import Release, Run, cloud, forking

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


@pytest.fixture(scope="module")
def forker() -> Iterator[subprocess.Popen[str]]:
    with forking() as process:
        yield process


@pytest.fixture
def release(tmp_path: Path, forker: subprocess.Popen[str]) -> Iterator[Release]:
    with cloud() as scene:
        release = Release(tmp_path, scene, forker)
        release.next_image()
        assert release.up().code == 0
        yield release


def undisturbed(release: Release) -> tuple[Run, dict[str, Any]]:
    """What a release does and records when nothing comes in between."""
    release.next_image()
    run = release.up()
    assert (run.code, release.started()) == (0, 1), run.text
    return run, release.state()


def moments(events: list[str]) -> list[int]:
    """Numbers of the events to be killed at: all of them, or one of each kind that matters."""
    if THOROUGH:
        return list(range(1, len(events) + 1))
    start = events.index("told StartInstanceRefresh") + 1
    puts = [number for number, event in enumerate(events, 1) if event == "journal put"]
    return [
        puts[0],  # the template is recorded, the rollout not begun
        start,  # AWS has accepted it, and nobody knows
        start + 4,  # waiting
        puts[-3] - 1,  # AWS has said Successful, and it is not recorded
        events.index("write") + 1,  # all is done but the checkpoint
    ]


def test_a_killed_release_ends_as_an_undisturbed_one_with_one_refresh(release: Release) -> None:
    calm, expected = undisturbed(release)
    for number in moments(calm.events):
        before = release.started()
        image_id = release.next_image()
        killed = release.up(number)
        where = f"killed at {number}, {killed.events[-1]}: "
        assert killed.code in (-signal.SIGKILL, 0), where + killed.text
        again = release.up()
        assert again.code == 0, where + again.text
        assert release.state() == expected, where
        assert release.images_in_service() == {image_id}, where
        assert release.started() - before == 1, where + killed.text + again.text


def test_a_release_that_is_killed_again_and_again_starts_one_refresh(release: Release) -> None:
    calm, expected = undisturbed(release)
    start = calm.events.index("told StartInstanceRefresh") + 1
    image_id = release.next_image()
    for number in (start, start - 4):
        assert release.up(number).code == -signal.SIGKILL
    assert release.up().code == 0
    assert (release.state(), release.images_in_service()) == (expected, {image_id})
    assert release.started() == 2
