"""How GitHub is asked: what it refuses is one line with the right that is missing, and what passes is tried
again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import urllib3

from scripts.releases import github
from scripts.releases.errors import ReleaseError
from scripts.releases.github import GitHub, NotThereError

Told = tuple[int, dict[str, str], str]


class Scripted:
    """Answers what it was told to, in order, the last one for ever; `seen` is each request line."""

    def __init__(self) -> None:
        self.answers: list[Told] = [(200, {}, "{}")]
        self.seen: list[str] = []
        self.headers: dict[str, str] = {}
        self.url = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    scripted = Scripted()
    monkeypatch.setattr(github, "_RETRIES", github._RETRIES.new(backoff_factor=0))

    class Handler(BaseHTTPRequestHandler):
        def act(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            scripted.seen.append(f"{self.command} {self.path}")
            scripted.headers = dict(self.headers)
            answers = scripted.answers
            code, headers, text = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PATCH = act  # noqa: N815 - the names that the server looks for

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as held:
        scripted.url = f"http://127.0.0.1:{held.server_address[1]}"
        thread = threading.Thread(target=held.serve_forever, daemon=True)
        thread.start()
        yield scripted
        held.shutdown()
        thread.join()


def asked(server: Scripted) -> GitHub:
    return GitHub.from_environment(
        {
            "GITHUB_REPOSITORY": "owner/project",
            "GITHUB_TOKEN": "secret-token",
            "GITHUB_API_URL": f"{server.url}/",
        }
    )


def test_it_is_asked_with_the_token_and_a_version(server: Scripted) -> None:
    assert asked(server).ask("GET", "/pulls", state="open") == {}
    assert server.seen == ["GET /repos/owner/project/pulls?state=open"]
    assert server.headers["Authorization"] == "Bearer secret-token"
    assert server.headers["X-GitHub-Api-Version"] == "2022-11-28"


def test_a_right_that_is_missing_is_named(server: Scripted) -> None:
    needs = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
    server.answers = [(403, needs, '{"message": "Resource not accessible by integration"}')]
    with pytest.raises(ReleaseError) as refused:
        asked(server).ask("POST", "/issues/7/comments", {"body": "text"})
    assert str(refused.value) == (
        "GitHub: POST /repos/owner/project/issues/7/comments: 403 Resource not accessible by integration; "
        "the token needs issues: write; pull_requests: write"
    )


def test_the_first_detail_of_a_refusal_is_told(server: Scripted) -> None:
    server.answers = [(422, {}, '{"message": "Validation Failed", "errors": [{"message": "No commits"}]}')]
    with pytest.raises(ReleaseError, match=r"422 Validation Failed: No commits$"):
        asked(server).ask("POST", "/pulls", {})


def test_what_is_not_there_is_none_where_it_is_looked_for(server: Scripted) -> None:
    server.answers = [(404, {}, '{"message": "Not Found"}')]
    assert asked(server).find("/git/ref/heads/gone") is None
    with pytest.raises(NotThereError, match="not found, or this token may not see it"):
        asked(server).ask("GET", "/git/ref/heads/gone")


def test_a_bad_moment_is_waited_out(server: Scripted) -> None:
    server.answers = [(502, {}, "<html>"), (429, {"Retry-After": "0"}, ""), (200, {}, "[1]")]
    assert asked(server).ask("GET", "/pulls") == [1]


def test_what_would_stand_there_twice_is_not_sent_twice(server: Scripted) -> None:
    server.answers = [(502, {}, "<html>"), (201, {}, "{}")]
    with pytest.raises(ReleaseError, match="502, and the answer is no JSON"):
        asked(server).ask("POST", "/issues/7/comments", {"body": "text"})
    assert len(server.seen) == 1


def test_all_pages_of_a_list_are_read(server: Scripted) -> None:
    server.answers = [(200, {}, str(list(range(100)))), (200, {}, "[100]")]
    assert list(asked(server).pages("/pulls", state="open")) == list(range(101))
    assert server.seen[1] == "GET /repos/owner/project/pulls?state=open&per_page=100&page=2"


def test_a_full_last_page_is_followed_by_an_empty_one(server: Scripted) -> None:
    server.answers = [(200, {}, str(list(range(100)))), (200, {}, "[]")]
    assert len(list(asked(server).pages("/pulls"))) == 100


def test_a_server_that_is_away_is_one_line_without_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "_RETRIES", urllib3.Retry(total=0))
    away = {
        "GITHUB_REPOSITORY": "o/p",
        "GITHUB_TOKEN": "secret-token",
        "GITHUB_API_URL": "http://127.0.0.1:9",
    }
    with pytest.raises(ReleaseError, match=r"GitHub cannot be reached at http://127\.0\.0\.1:9: ") as failed:
        GitHub.from_environment(away).ask("GET", "/pulls")
    assert "secret-token" not in f"{failed.value}{GitHub.from_environment(away)}"
