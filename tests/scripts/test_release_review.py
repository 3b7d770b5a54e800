"""`review create` and `review destroy`: environments of requests; against a `pulumi` that answers as told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml

from scripts.releases import preflight, review_config
from scripts.releases.errors import RefusedError
from tests.scripts.release_project import NEW, OLD
from tests.scripts.reviews import PAST, SOON, Reviews, lock, reviews

__all__ = ["reviews"]


def test_a_new_environment_is_a_file_a_stack_and_an_up(reviews: Reviews, tmp_path: Path) -> None:
    output, markdown = tmp_path / "output", tmp_path / "text"
    code, _, error = reviews.run(
        "create",
        "12",
        "--from",
        "staging",
        "--image",
        NEW,
        "--output",
        str(output),
        "--markdown",
        str(markdown),
    )
    # The state of an `up` that never really ran is not there.
    assert (code, error.startswith("release: up of pr-12 is over, and what runs cannot be read")) == (1, True)
    assert reviews.asked == ["stack init pr-12 --no-select", "up --stack=pr-12"]
    config = yaml.safe_load(reviews.project.file("pr-12").read_text())["config"]
    assert config["immutable:imageId"] == NEW
    assert config["immutable:services"]["web"] == {"port": 8080, "min": 1, "max": 2}
    assert config["immutable:tags"]["review"] == "pr-12"
    assert "did not come up: up of pr-12 is over" in markdown.read_text()


def test_the_one_that_is_there_gets_the_image_and_the_time_of_now(reviews: Reviews, tmp_path: Path) -> None:
    reviews.stack(12, PAST)
    reviews.file(12, {"review": "pr-12"})
    output, markdown = tmp_path / "output", tmp_path / "text"
    files = ["--output", str(output), "--markdown", str(markdown)]
    code, out, error = reviews.run(
        "create", "12", "--from", "staging", "--image", NEW, "--ttl-hours", "5", *files
    )
    assert (code, error) == (0, "")
    assert reviews.asked == ["up --stack=pr-12"]
    tags = yaml.safe_load(reviews.project.file("pr-12").read_text())["config"]["immutable:tags"]
    expires = review_config.moment(tags["expires"])
    assert expires is not None
    assert abs(expires - datetime.now(UTC) - timedelta(hours=5)) < timedelta(minutes=1)
    assert out[-1].endswith(f"; https://pr-12.example.com; until {tags['expires']}")
    assert output.read_text().splitlines() == [
        "stack=pr-12", "url=https://pr-12.example.com", f"expires={tags['expires']}", f"image={NEW}",
    ]  # fmt: skip
    assert (
        f"| Address | <https://pr-12.example.com> |\n| Image | `{NEW}` |\n| Until | " in markdown.read_text()
    )


def test_a_checkout_without_the_file_gets_it_back_before_an_update(reviews: Reviews) -> None:
    """With it comes the key that its secrets are encrypted with."""
    reviews.stack(12, SOON)
    assert reviews.run("create", "12", "--from", "staging", "--image", NEW)[0] == 0
    assert reviews.asked == ["config refresh --stack=pr-12 --force", "up --stack=pr-12"]


def test_the_stack_has_the_secrets_provider_of_its_source(reviews: Reviews) -> None:
    file = reviews.project.file("staging")
    file.write_text("secretsprovider: awskms://alias/state\n" + file.read_text())
    reviews.run("create", "12", "--from", "staging")
    assert reviews.asked[0] == "stack init pr-12 --no-select --secrets-provider=awskms://alias/state"


def test_an_image_that_does_not_pass_the_preflight_makes_nothing(
    reviews: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight.Gate, "check", Mock(side_effect=RefusedError("it is deprecated")))
    assert reviews.refused("create", "12", "--from", "staging", "--image", NEW) == "it is deprecated"


def test_a_stack_that_cannot_be_made_is_one_line(reviews: Reviews) -> None:
    reviews.pulumi.answers("error: no bucket", code=255)
    code, _, error = reviews.run("create", "12", "--from", "staging")
    assert (code, error) == (1, "release: the stack pr-12 cannot be made: no bucket\n")


def test_a_review_environment_goes_with_its_stack_and_its_file(reviews: Reviews, tmp_path: Path) -> None:
    reviews.stack(12, SOON)
    file = reviews.file(12, {"review": "pr-12"})
    output = tmp_path / "output"
    code, out, error = reviews.run("destroy", "12", "--output", str(output))
    assert (code, out[-1], error) == (0, "pr-12 is gone", "")
    assert reviews.asked == ["destroy --stack=pr-12", "stack rm pr-12"]
    assert not file.exists()
    assert output.read_text() == "stack=pr-12\ndestroyed=true\n"


def test_one_without_its_file_gets_its_config_back_first(reviews: Reviews) -> None:
    reviews.stack(12, SOON)
    assert reviews.run("destroy", "12")[0] == 0
    assert reviews.asked == [
        "config refresh --stack=pr-12 --force",
        "destroy --stack=pr-12",
        "stack rm pr-12",
    ]


def test_one_whose_config_is_lost_goes_all_the_same(reviews: Reviews) -> None:
    """A first update that was killed has left none behind."""
    reviews.stack(12, SOON)
    reviews.pulumi.answers("error: no previous deployment", "", then=0, code=255)
    code, out, _ = reviews.run("destroy", "12")
    assert code == 0
    assert out[0] == "the config of pr-12 is not to be had (no previous deployment); its state will do"


def test_nothing_to_take_away_is_no_failure(reviews: Reviews, tmp_path: Path) -> None:
    file = reviews.file(12, {"review": "pr-12"})
    code, out, error = reviews.run("destroy", "12", "--markdown", str(tmp_path / "text"))
    assert (code, out, error) == (0, ["there is no pr-12"], "")
    assert reviews.asked == []
    assert not file.exists()
    assert (tmp_path / "text").read_text() == "The review environment `pr-12` is gone.\n"


def test_the_lock_of_a_dead_process_is_taken_away(reviews: Reviews) -> None:
    reviews.stack(12, SOON)
    reviews.file(12, {"review": "pr-12"})
    reviews.pulumi.answers(lock(hours=3), "", then=0, code=255)
    code, out, _ = reviews.run("destroy", "12")
    assert code == 0
    assert reviews.asked == [
        "destroy --stack=pr-12",
        "cancel pr-12",
        "destroy --stack=pr-12",
        "stack rm pr-12",
    ]
    assert "the lock of pr-12 is older than any update of it takes: its process is dead" in out


def test_the_lock_of_an_update_that_runs_is_waited_for(reviews: Reviews) -> None:
    reviews.stack(12, SOON)
    reviews.file(12, {"review": "pr-12"})
    reviews.pulumi.answers(lock(hours=1), lock(hours=1), "", then=0, code=255)
    assert reviews.run("destroy", "12")[0] == 0
    assert reviews.asked == [*["destroy --stack=pr-12"] * 3, "stack rm pr-12"]


def test_what_could_not_be_taken_away_is_said_and_its_file_stays(reviews: Reviews, tmp_path: Path) -> None:
    reviews.stack(12, SOON)
    file = reviews.file(12, {"review": "pr-12"})
    reviews.pulumi.answers("error: DependencyViolation", code=255)
    code, _, error = reviews.run("destroy", "12", "--markdown", str(tmp_path / "text"))
    assert (code, error) == (1, "release: destroy of pr-12 failed: DependencyViolation\n")
    assert "is still there: destroy of pr-12 failed" in (tmp_path / "text").read_text()
    assert file.exists()
    assert reviews.asked == ["destroy --stack=pr-12"]


@pytest.mark.parametrize("command", [("create", "12", "--from", "staging"), ("destroy", "12")])
def test_somebody_elses_stack_of_the_name_stays_as_it_is(reviews: Reviews, command: tuple[str, ...]) -> None:
    reviews.stack(12, SOON, review="pr-13")
    assert reviews.refused(*command).startswith(
        "the stack pr-12 was not made by review: none of its resources"
    )


@pytest.mark.parametrize("command", [("create", "12", "--from", "staging"), ("destroy", "12")])
def test_somebody_elses_file_of_the_name_stays_as_it_is(reviews: Reviews, command: tuple[str, ...]) -> None:
    reviews.file(12, {"owner": "someone"})
    refusal = reviews.refused(*command)
    assert refusal == "Pulumi.pr-12.yaml was not made by review: its tags have no review: pr-12"


def test_the_documents_for_programs(reviews: Reviews) -> None:
    reviews.stack(12, PAST)
    swept = reviews.project.run("review", "sweep", "--dry-run", "--json")
    assert json.loads(swept.out) == {
        "ok": True,
        "dryRun": True,
        "environments": {
            "pr-12": {"goes": True, "why": f"it is there until {PAST:%Y-%m-%dT%H:%M:%SZ}"},
        },
        "failed": {},
    }
    gone = reviews.project.run("review", "destroy", "12", "--json")
    assert json.loads(gone.out) == {"ok": True, "stack": "pr-12", "destroyed": True}
    reviews.stack(12, SOON)
    made = json.loads(
        reviews.project.run("review", "create", "12", "--from", "staging", "--image", NEW, "--json").out
    )
    assert (made["ok"], made["stack"], made["url"]) == (True, "pr-12", "https://pr-12.example.com")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("create", "0", "--from", "staging"), "0 is no number of a request; take 1 to 999999999"),
        (("create", "12", "--from", "stagin"), "there is no environment 'stagin' in "),
        (("create", "12", "--from", "pr-1"), "there is no environment 'pr-1' in "),
        (("create", "12", "--from", "staging", "--image", "latest"), "--image: 'latest' is not an AMI ID"),
        (("create", "12", "--from", "staging", "--ttl-hours", "0"), "Invalid value for '--ttl-hours': "),
        (("create", "12", "--from", "staging", "--markdown", "/gone/x"), "--markdown /gone/x cannot be "),
        (("destroy", "0"), "0 is no number of a request; take 1 to 999999999"),
        (("sweep", "--open", "1", "--github"), "--open and --github both say which requests are open"),
        (("sweep", "--github"), "GITHUB_REPOSITORY is ''"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    reviews: Reviews, arguments: tuple[str, ...], refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    assert reviews.refused(*arguments).startswith(refusal)


def test_a_review_environment_is_no_source_of_another(reviews: Reviews) -> None:
    reviews.project.configure("pr-1", OLD)
    assert reviews.refused("create", "12", "--from", "pr-1").startswith("pr-1 is a review environment itself")
