"""`comment`: one comment on a request, told by its mark, against GitHub's interface on loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.releases import comment_size
from scripts.releases.cli import app
from tests.delivery import github_server
from tests.delivery.github_server import Repository

MARK = "<!-- immutable:preview -->\n"
RUN = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "77", "GITHUB_ACTIONS": "true"}


class Requests:
    """A repository with one request, in whose workflow commands run."""

    def __init__(self, folder: Path, github: Repository) -> None:
        self.folder, self.github = folder, github
        self.variables = {**github.variables, **RUN}

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        env: dict[str, str | None] = {"GITHUB_TOKEN": None, **self.variables}
        runner = CliRunner(env=env)
        done = runner.invoke(app, ["comment", *arguments], catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    def put(self, text: str, *options: str) -> str:
        code, out, error = self.run("1", "--file", self.write("a.md", text), *options)
        assert (code, error) == (0, "")
        return out

    @property
    def bodies(self) -> list[str]:
        return [each["body"] for each in self.github.comments]


@pytest.fixture
def requests(tmp_path: Path) -> Iterator[Requests]:
    bare = tmp_path / "bare"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    with github_server.serving(bare) as github:
        yield Requests(tmp_path, github)


def test_the_first_time_it_is_made_and_then_changed_in_place(requests: Requests) -> None:
    assert requests.put("one\n") == "comment on 1: created, https://c/1\n"
    assert requests.bodies == [f"{MARK}one\n"]
    assert requests.put("two\n") == "comment on 1: updated, https://c/1\n"
    assert requests.bodies == [f"{MARK}two\n"]


def test_the_same_text_changes_nothing(requests: Requests) -> None:
    requests.put("one\n")
    requests.github.comments[0]["body"] = f"{MARK}one".replace("\n", "\r\n")
    assert requests.put("one\n") == "comment on 1: unchanged, https://c/1\n"
    assert [call for call in requests.github.asked if not call.startswith("GET")] == [
        "POST /issues/1/comments"
    ]


def test_each_mark_has_a_comment_of_its_own(requests: Requests) -> None:
    requests.put("preview\n")
    requests.put("review\n", "--marker", "review")
    requests.put("preview again\n")
    assert requests.bodies == [f"{MARK}preview again\n", "<!-- immutable:review -->\nreview\n"]


def test_it_is_found_among_hundreds(requests: Requests) -> None:
    for number in range(150):
        requests.github.comment(1, f"talk {number}")
    requests.put("one\n")
    assert requests.put("two\n").startswith("comment on 1: updated")
    assert len(requests.bodies) == 151


def test_a_persons_comment_with_the_mark_is_not_ours(requests: Requests) -> None:
    """They could change later what readers take for ours."""
    requests.github.comment(1, f"{MARK}mine\n")
    requests.github.comments[0]["user"] = {"login": "someone", "type": "User"}
    assert requests.put("one\n").startswith("comment on 1: created")
    assert requests.bodies == [f"{MARK}mine\n", f"{MARK}one\n"]


def test_outside_of_a_workflow_a_person_updates_their_own(requests: Requests) -> None:
    del requests.variables["GITHUB_ACTIONS"]
    requests.put("one\n")
    requests.github.comments[0]["user"] = {"login": "someone", "type": "User"}
    assert requests.put("two\n").startswith("comment on 1: updated")


def test_a_mark_that_is_only_quoted_is_none(requests: Requests) -> None:
    requests.github.comment(1, f"> {MARK}quoted\n")
    assert requests.put("one\n").startswith("comment on 1: created")


def test_several_files_and_directories_are_joined_in_order(requests: Requests) -> None:
    for name in ("previews/staging.md", "previews/prod.md", "previews/notes.txt"):
        requests.write(name, f"{name}\n")
    first = requests.write("first.md", "first\n")
    assert requests.run("1", "--file", first, "--file", str(requests.folder / "previews"))[0] == 0
    assert requests.bodies == [f"{MARK}first\n\npreviews/prod.md\n\npreviews/staging.md\n"]


def test_a_text_over_githubs_limit_is_shortened_and_linked(requests: Requests) -> None:
    fold = f"<details>\n<summary>The full diff</summary>\n\n{'x' * 70_000}\n\n</details>\n"
    requests.put(f"what matters\n\n{fold}")
    (body,) = requests.bodies
    assert len(body) <= comment_size.LIMIT
    assert body.startswith(f"{MARK}what matters\n")
    assert "https://github.com/owner/project/actions/runs/77" in body
    requests.put(f"what matters\n\n{fold}", "--link", "https://example.com/whole")
    assert "(https://example.com/whole)" in requests.bodies[0]


def test_a_text_as_long_as_the_limit_is_whole_with_its_mark(requests: Requests) -> None:
    requests.put("x" * (comment_size.LIMIT - len(MARK) - 1))
    assert len(requests.bodies[0]) == comment_size.LIMIT
    requests.put("y" * (comment_size.LIMIT - len(MARK)))
    assert len(requests.bodies[0]) <= comment_size.LIMIT
    assert requests.bodies[0].startswith(MARK)


def test_it_can_be_taken_away(requests: Requests) -> None:
    requests.put("one\n")
    assert requests.run("1", "--delete") == (0, "comment on 1: deleted, https://c/1\n", "")
    assert requests.bodies == []
    assert requests.run("1", "--delete") == (0, "comment on 1: none\n", "")


def test_later_steps_and_programs_get_what_became_of_it(requests: Requests) -> None:
    output = requests.folder / "output"
    out = requests.put("one\n", "--output", str(output), "--json")
    assert output.read_text() == "url=https://c/1\nid=100\naction=created\n"
    assert json.loads(out) == {"ok": True, "action": "created", "id": 100, "url": "https://c/1"}


def test_a_right_that_is_missing_is_one_line(requests: Requests) -> None:
    requests.github.refused["POST /issues"] = "Resource not accessible by integration"
    code, out, error = requests.run("1", "--file", requests.write("a.md", "one\n"))
    assert (code, out) == (1, "")
    assert error.startswith("release: GitHub: POST /repos/owner/project/issues/1/comments: 403 Resource not ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("1",), "give either --file FILE, with what to say, or --delete"),
        (("1", "--file", "gone.md", "--delete"), "give either --file FILE, with what to say, or --delete"),
        (("1", "--file", "gone.md"), "--file gone.md: "),
        (("1", "--file", "{folder}/empty.md"), "--file {folder}/empty.md is empty"),
        (("1", "--file", "{folder}/none"), "--file {folder}/none is a directory without any .md in it"),
        (("1", "--file", "{folder}/a.md", "--marker", "a --> b"), "--marker 'a --> b' is not a name"),
        (("1", "--file", "{folder}/a.md", "--output", "/gone/file"), "--output /gone/file cannot be written"),
        (("0", "--file", "{folder}/a.md"), "Invalid value for 'N': "),
    ],
)
def test_bad_input_asks_nothing(requests: Requests, arguments: tuple[str, ...], refusal: str) -> None:
    requests.write("a.md", "one\n")
    requests.write("empty.md", " \n")
    (requests.folder / "none").mkdir()
    folder = str(requests.folder)
    code, out, error = requests.run(*(each.replace("{folder}", folder) for each in arguments))
    assert (code, out, requests.github.asked) == (2, "", [])
    assert error.startswith(f"release: {refusal.replace('{folder}', folder)}")
    assert error.count("\n") == 1


def test_without_a_token_it_says_which_variable_is_missing(requests: Requests) -> None:
    del requests.variables["GITHUB_TOKEN"]
    code, _, error = requests.run("1", "--file", requests.write("a.md", "one\n"))
    assert code == 2
    assert error.startswith("release: GITHUB_TOKEN is not set")
