"""An AWS that is busy is asked again, ever later, and not for ever."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from scripts.releases import waiting
from scripts.releases.aws import AwsError
from scripts.releases.errors import RefusedError

BUSY, LOST, DENIED = AwsError("busy", "Throttling"), AwsError("lost"), AwsError("no", "AccessDenied")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(waiting, "sleep", slept.append)
    return slept


def test_the_answer_comes_after_throttling_and_lost_answers(pauses: list[float]) -> None:
    assert waiting.answered(Mock(side_effect=[BUSY, LOST, BUSY, "answer"])) == "answer"
    assert len(pauses) == 3
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[2]


def test_an_aws_that_stays_busy_is_given_up(pauses: list[float]) -> None:
    call = Mock(side_effect=BUSY)
    with pytest.raises(AwsError, match="busy"):
        waiting.answered(call)
    assert call.call_count == waiting.MISSED_ANSWERS
    assert max(pauses) == waiting.LONGEST_PAUSE


@pytest.mark.parametrize("error", [DENIED, RefusedError("no")])
def test_a_refusal_is_not_asked_again(pauses: list[float], error: Exception) -> None:
    call = Mock(side_effect=error)
    with pytest.raises(type(error)):
        waiting.answered(call)
    assert (call.call_count, pauses) == (1, [])


def test_a_first_call_without_an_answer_is_not_asked_again(pauses: list[float]) -> None:
    with pytest.raises(AwsError, match="lost"):
        waiting.answered(Mock(side_effect=LOST), unheard=False)
    assert waiting.answered(Mock(side_effect=[BUSY, "answer"]), unheard=False) == "answer"
