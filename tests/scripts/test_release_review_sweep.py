"""`review sweep`: what nobody took away; against a `pulumi` that answers as told."""

from __future__ import annotations

import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest

from scripts.releases import commands_review
from scripts.releases.errors import ReleaseError
from tests.delivery import github_server
from tests.scripts.reviews import PAST, SOON, Reviews, lock, reviews

__all__ = ["reviews"]


def test_a_sweep_takes_what_is_past_its_time_and_nothing_else(reviews: Reviews, tmp_path: Path) -> None:
    reviews.stack(12, PAST)
    reviews.stack(13, SOON)
    output = tmp_path / "output"
    code, out, error = reviews.run("sweep", "--output", str(output))
    assert (code, error) == (0, "")
    assert out[-2:] == [
        f"pr-12 is gone: it is there until {PAST:%Y-%m-%dT%H:%M:%SZ}",
        f"pr-13 stays: it is there until {SOON:%Y-%m-%dT%H:%M:%SZ}",
    ]
    assert "destroy --stack=pr-12" in reviews.asked
    assert not [call for call in reviews.asked if "pr-13" in call]
    assert output.read_text().splitlines() == ['destroyed=["pr-12"]', "failed=[]", 'kept=["pr-13"]']


def test_a_sweep_takes_what_no_open_request_is_for(reviews: Reviews) -> None:
    for number in (12, 13):
        reviews.stack(number, SOON)
    reviews.stack(14, None, empty=True)
    code, out, _ = reviews.run("sweep", "--open", "13")
    assert code == 0
    assert [line.split(":")[0] for line in out[-3:]] == ["pr-12 is gone", "pr-13 stays", "pr-14 is gone"]
    assert [call for call in reviews.asked if call.startswith("destroy")] == [
        "destroy --stack=pr-12", "destroy --stack=pr-14",
    ]  # fmt: skip


def test_an_open_request_past_its_time_loses_its_environment(reviews: Reviews) -> None:
    reviews.stack(12, PAST)
    assert reviews.run("sweep", "--open", "12")[1][-1].startswith("pr-12 is gone: ")


def test_a_sweep_leaves_what_it_cannot_judge(reviews: Reviews) -> None:
    """One that is just being made, one of somebody else, and every other stack."""
    reviews.stack(12, None, empty=True)
    reviews.stack(13, PAST, review="other")
    code, out, _ = reviews.run("sweep")
    assert (code, reviews.asked) == (0, [])
    assert out == [
        "pr-12 stays: nothing of it says until when it is there",
        "pr-13 stays: it was not made by review: no resource has the tag review",
    ]
    assert reviews.run("sweep", "--open", "99")[1][-1].startswith("pr-13 stays: ")


def test_a_dry_run_touches_nothing(reviews: Reviews) -> None:
    reviews.stack(12, PAST)
    code, out, _ = reviews.run("sweep", "--dry-run")
    assert (code, reviews.asked) == (0, [])
    assert out[0].startswith("pr-12 would go: ")


def test_one_failure_does_not_keep_the_others(reviews: Reviews) -> None:
    for number in (12, 13):
        reviews.stack(number, PAST)
        reviews.file(number, {"review": f"pr-{number}"})
    reviews.pulumi.answers("error: DependencyViolation", "", then=0, code=255)
    code, out, error = reviews.run("sweep")
    assert code == 1
    assert error == "release: pr-12: destroy of pr-12 failed: DependencyViolation\n"
    assert out[-2].startswith(
        "pr-12 is still there: destroy of pr-12 failed: DependencyViolation: it is there "
    )
    assert out[-1].startswith("pr-13 is gone: ")


def test_one_that_is_being_updated_is_left_to_the_next_sweep(reviews: Reviews) -> None:
    """It may be about to be renewed."""
    reviews.stack(12, PAST)
    reviews.file(12, {"review": "pr-12"})
    reviews.pulumi.answers(lock(hours=0.1), code=255)
    code, out, _ = reviews.run("sweep")
    assert code == 0
    assert out[-1].startswith("pr-12 stays: it is there until ")
    assert out[-1].endswith(", but an update of it runs; the next sweep looks again")
    assert reviews.asked == ["destroy --stack=pr-12"] * 2


def test_nothing_to_sweep_is_said(reviews: Reviews) -> None:
    assert reviews.run("sweep") == (0, ["there is no review environment"], "")


def test_github_can_be_asked_which_requests_are_open(
    reviews: Reviews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        reviews.stack(number, SOON)
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "bare")], check=True)
    with github_server.serving(tmp_path / "bare") as github:
        for branch in ("one", "two"):
            github.open_pull(branch)
        github.pulls[0]["state"] = "closed"
        for name, value in github.variables.items():
            monkeypatch.setenv(name, value)
        code, out, _ = reviews.run("sweep", "--github", "--dry-run")
        assert (code, github.asked) == (0, ["GET /pulls"])
    assert [line.split(":")[0] for line in out] == ["pr-1 would go", "pr-2 stays", "pr-3 would go"]


def test_when_github_does_not_answer_nothing_goes(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    reviews.stack(12, PAST)
    monkeypatch.setenv("GITHUB_TOKEN", "token")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/project")
    monkeypatch.setattr(commands_review, "_open", Mock(side_effect=ReleaseError("GitHub cannot be reached")))
    code, _, error = reviews.run("sweep", "--github")
    assert (code, error, reviews.asked) == (1, "release: GitHub cannot be reached\n", [])
