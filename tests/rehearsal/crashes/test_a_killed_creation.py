"""The first `up`, killed at any moment: what is recorded is gone on from, what may exist besides is named.

Whether a resource that was being created exists, no state knows; the real engine is no better off.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.crashes.release import Release, cloud, forking
from tests.rehearsal.crashes.test_a_killed_release import THOROUGH


@pytest.fixture(scope="module")
def forker() -> Iterator[subprocess.Popen[str]]:
    with forking() as process:
        yield process


def is_cut_off(events: list[str]) -> bool:
    """Whether a creation has begun and is not recorded."""
    journal = [event for event in events if event.startswith("journal")]
    return bool(journal) and journal[-1] == "journal begin"


# The group is recorded; the group exists, and is not recorded.
@pytest.mark.parametrize("number", range(1, 39) if THOROUGH else (17, 14))
def test_a_killed_creation_is_gone_on_from_or_named(
    tmp_path: Path, forker: subprocess.Popen[str], number: int
) -> None:
    with cloud() as scene:
        release = Release(tmp_path, scene, forker)
        release.next_image()
        first = release.up(number)
        again = release.up()
        assert again.code == 0, first.text + again.text
        left = len(release.state()["pending"])
        named = again.text.count("an earlier run was cut off while creating")
        unknown = is_cut_off(first.events) and "told CreateAutoScalingGroup" in first.events[-3:]
        assert (left, named) == ((1, 1) if is_cut_off(first.events) else (0, 0)), first.events
        assert len(release.group_names()) == 1 + unknown
