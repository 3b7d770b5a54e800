"""GitHub's REST interface on loopback, as far as delivery uses it, over a real bare repository.

What it keeps it keeps as GitHub does: a tree is made upon another one, a branch moves by force only when
told to, a request has one number. Whatever else is asked for is 404, as is what the token may not see.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-of-a-run"
REPOSITORY = "owner/project"
Answer = tuple[int, Any]
_WHO = ("-c", "user.name=GitHub", "-c", "user.email=github@example.com")


class Repository:
    """What GitHub holds: a bare repository, pull requests and their comments. `asked` is each call, in order;
    `refused` a call's first words, such as `POST /pulls`, with the message that it is refused with.
    """

    def __init__(self, bare: Path) -> None:
        self.bare = bare
        self.pulls: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.refused: dict[str, str] = {}
        self.url = ""

    @property
    def variables(self) -> dict[str, str]:
        """What a workflow's step sees."""
        return {"GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}

    def git(self, *arguments: str, stdin: str | None = None, **variables: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.bare), *_WHO, *arguments],
            input=stdin, capture_output=True, text=True, check=True, env={**os.environ, **variables},
        )  # fmt: skip
        return done.stdout.strip()

    def open_pull(self, branch: str, title: str = "A change", **more: Any) -> int:
        """A person's own request. Returns its number."""
        return int(
            self.create_pull({"head": branch, "base": "main", "title": title, "body": "", **more})[1][
                "number"
            ]
        )

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Answer:
        for call, message in self.refused.items():
            if f"{method} {path}".startswith(call):
                return 403, {"message": message}
        for form, act in _CALLS.items():
            if found := re.fullmatch(form, f"{method} {path}"):
                return act(self, found.groups(), query, body)
        return 404, {"message": "Not Found"}

    def create_pull(self, body: dict[str, Any]) -> Answer:
        if any(each["head"]["ref"] == body["head"] and each["state"] == "open" for each in self.pulls):
            already = f"A pull request already exists for owner:{body['head']}."
            return 422, {"message": "Validation Failed", "errors": [{"message": already}]}
        number = 1 + len(self.pulls)
        made = {
            "number": number, "state": "open", "title": body["title"], "body": body["body"],
            "head": {"ref": body["head"]}, "base": {"ref": body["base"]}, "labels": body.get("labels", []),
            "html_url": f"https://github.example/{REPOSITORY}/pull/{number}",
        }  # fmt: skip
        self.pulls.append(made)
        return 201, made

    def list_pulls(self, query: dict[str, str]) -> Answer:
        head = query.get("head", "owner:").partition(":")[2]
        found = [
            each
            for each in self.pulls
            if each["state"] == query.get("state", "open") and head in ("", each["head"]["ref"])
        ]
        return 200, _page(found, query)

    def tree(self, body: dict[str, Any]) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            index = str(Path(folder) / "index")
            self.git("read-tree", body["base_tree"], GIT_INDEX_FILE=index)
            for entry in body["tree"]:
                blob = self.git("hash-object", "-w", "--stdin", stdin=entry["content"])
                cached = f"{entry['mode']},{blob},{entry['path']}"
                self.git("update-index", "--add", "--cacheinfo", cached, GIT_INDEX_FILE=index)
            return 201, {"sha": self.git("write-tree", GIT_INDEX_FILE=index)}

    def listed(self, name: str) -> Answer:
        if not self.branch(name):
            return 404, {"message": "Not Found"}
        rows = [line.split("\t") for line in self.git("ls-tree", "-r", name).splitlines()]
        return 200, {"tree": [{"path": path, "sha": facts.split()[2]} for facts, path in rows]}

    def commit(self, body: dict[str, Any]) -> Answer:
        parents = [word for parent in body["parents"] for word in ("-p", parent)]
        return 201, {"sha": self.git("commit-tree", body["tree"], *parents, "-m", body["message"])}

    def branch(self, name: str) -> str:
        """The commit of a branch; "" where there is none."""
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{name}")

    def move(self, name: str, body: dict[str, Any]) -> Answer:
        if not body.get("force"):
            return 422, {"message": "Update is not a fast forward"}
        self.git("update-ref", f"refs/heads/{name}", body["sha"])
        return 200, {}

    def file(self, branch: str, path: str) -> str:
        return self.git("show", f"{branch}:{path}")

    def comment(self, number: int, body: str) -> Answer:
        made = {
            "id": 100 + len(self.comments),
            "issue": number,
            "body": body,
            "html_url": f"https://c/{number}",
        }
        made["user"] = {"login": "github-actions[bot]", "type": "Bot"}
        self.comments.append(made)
        return 201, made

    def change_comment(self, number: int, body: str) -> Answer:
        [found] = [each for each in self.comments if each["id"] == number]
        found["body"] = body
        return 200, found

    def delete_comment(self, number: int) -> Answer:
        self.comments = [each for each in self.comments if each["id"] != number]
        return 204, None


def _page(found: list[Any], query: dict[str, str]) -> list[Any]:
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return found[size * (number - 1) : size * number]


def _put(it: Repository, number: int, body: dict[str, Any]) -> Answer:
    it.pulls[number - 1].update(body)
    return 200, it.pulls[number - 1]


_Act = Callable[[Repository, tuple[Any, ...], dict[str, str], dict[str, Any]], Answer]
_CALLS: dict[str, _Act] = {
    r"GET /pulls": lambda it, _, query, __: it.list_pulls(query),
    r"POST /pulls": lambda it, _, __, body: it.create_pull(body),
    r"PATCH /pulls/(\d+)": lambda it, at, _, body: _put(it, int(at[0]), body),
    r"GET /pulls/(\d+)": lambda it, at, _, __: (200, it.pulls[int(at[0]) - 1]),
    r"GET /git/commits/([0-9a-f]{40})": lambda it, at, _, __: (
        200,
        {"sha": at[0], "tree": {"sha": it.git("rev-parse", f"{at[0]}^{{tree}}")}},
    ),
    r"GET /git/trees/(.+)": lambda it, at, _, __: it.listed(at[0]),
    r"POST /git/trees": lambda it, _, __, body: it.tree(body),
    r"POST /git/commits": lambda it, _, __, body: it.commit(body),
    r"GET /git/ref/heads/(.+)": lambda it, at, _, __: (
        (200, {"object": {"sha": it.branch(at[0])}}) if it.branch(at[0]) else (404, {"message": "Not Found"})
    ),
    r"POST /git/refs": lambda it, _, __, body: (
        201,
        it.git("update-ref", body["ref"], body["sha"], "0" * 40),
    ),
    r"PATCH /git/refs/heads/(.+)": lambda it, at, _, body: it.move(at[0], body),
    r"GET /issues/(\d+)/comments": lambda it, at, query, _: (
        200,
        _page([each for each in it.comments if each["issue"] == int(at[0])], query),
    ),
    r"POST /issues/(\d+)/comments": lambda it, at, _, body: it.comment(int(at[0]), body["body"]),
    r"PATCH /issues/comments/(\d+)": lambda it, at, _, body: it.change_comment(int(at[0]), body["body"]),
    r"DELETE /issues/comments/(\d+)": lambda it, at, _, __: it.delete_comment(int(at[0])),
}


@contextmanager
def serving(bare: Path) -> Iterator[Repository]:
    """The repository `bare`, answered for at `url` until the end."""
    held = Repository(bare)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_call(self) -> None:
            url = urlsplit(self.path)
            path = url.path.removeprefix(f"/repos/{REPOSITORY}")
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            held.asked.append(f"{self.command} {path}")
            code, document = 401, {"message": "Bad credentials"}
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                code, document = held.answer(self.command, path, query, json.loads(content or b"{}"))
            told = b"" if code == 204 else json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_call  # noqa: N815 - the names that the server looks for

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
