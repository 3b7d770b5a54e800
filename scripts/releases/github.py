"""GitHub's REST interface, of one repository: asked with the token of a workflow's run, or a person's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

from scripts.releases.errors import RefusedError, ReleaseError, one_line

DEFAULT_URL = "https://api.github.com"
#: The version of the interface; GitHub keeps each for two years after the next one.
API_VERSION = "2022-11-28"
#: GitHub's own largest page.
PAGE_ITEMS = 100
TIMEOUT_SECONDS = 30
#: A comment that is posted twice stands there twice: only what may be repeated is.
_RETRIES = urllib3.Retry(
    total=4,
    backoff_factor=1,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET", "PATCH", "PUT", "DELETE"),
    raise_on_status=False,
)


class NotThereError(ReleaseError):
    """GitHub has no such thing, or does not show it to this token: it tells the two not apart."""


@dataclass(frozen=True)
class GitHub:
    """One repository. `repository` is `OWNER/NAME`, `url` the interface's, without a slash at its end."""

    repository: str
    token: str = field(repr=False)
    url: str = DEFAULT_URL
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=_RETRIES, timeout=TIMEOUT_SECONDS), repr=False
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> GitHub:
        """As GitHub's own variables name it: GITHUB_REPOSITORY, GITHUB_TOKEN, and GITHUB_API_URL where it
        is not github.com.

        Raises:
            RefusedError: one is missing or has another form.
        """
        repository, token = environment.get("GITHUB_REPOSITORY", ""), environment.get("GITHUB_TOKEN", "")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise RefusedError(f"GITHUB_REPOSITORY is {repository!r}; set it to the repository's OWNER/NAME")
        if not token.strip() or not token.isprintable():
            raise RefusedError(
                "GITHUB_TOKEN is not set; in a workflow: env: GITHUB_TOKEN: ${{ github.token }}"
            )
        url = environment.get("GITHUB_API_URL") or DEFAULT_URL
        if not re.match(r"https?://[^/\s]+", url):
            raise RefusedError(f"GITHUB_API_URL is {url!r}; set it to a URL such as {DEFAULT_URL}")
        return cls(repository, token.strip(), url.rstrip("/"))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int) -> Any:
        """What GitHub answers, as JSON; None for an answer without content. `path` is below the repository,
        such as `/pulls`.

        Raises:
            NotThereError: there is no such thing, or the token may not see it.
            ReleaseError: GitHub said no, or cannot be reached; says what, and which right is missing.
        """
        where = f"{method} /repos/{self.repository}{path}"
        address = f"{self.url}/repos/{self.repository}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": "immutable-infrastructure",
            "X-GitHub-Api-Version": API_VERSION,
        }
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = self._pool.request(method, address, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise ReleaseError(f"GitHub cannot be reached at {self.url}: {_cause(error)}") from error
        if answer.status == 404:
            raise NotThereError(f"GitHub: {where}: not found, or this token may not see it")
        try:
            told = json.loads(answer.data) if answer.data else None
        except ValueError as error:
            raise ReleaseError(f"GitHub: {where}: {answer.status}, and the answer is no JSON") from error
        if answer.status >= 400:
            raise ReleaseError(f"GitHub: {where}: {answer.status} {_message(told)}{_right(answer.headers)}")
        return told

    def find(self, path: str, **query: str | int) -> Any:
        """What is there; None where there is no such thing. Raises ReleaseError as `ask`."""
        try:
            return self.ask("GET", path, None, **query)
        except NotThereError:
            return None

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """The items of a list, all pages of it, each asked for when it is needed. Raises as `ask`."""
        number = 1
        while found := self.ask("GET", path, None, **query, per_page=PAGE_ITEMS, page=number):
            yield from found
            if len(found) < PAGE_ITEMS:
                return
            number += 1


def _cause(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return one_line(reason if isinstance(reason, BaseException) else error)


def _message(told: Any) -> str:
    """GitHub's own words, with the first of its details: `Validation Failed` alone says nothing."""
    if not isinstance(told, dict):
        return ""
    details = told.get("errors")
    first = details[0] if isinstance(details, list) and details else None
    more = first.get("message") or first.get("code") if isinstance(first, dict) else first
    return one_line(f"{told.get('message', '')}{f': {more}' if more else ''}")


def _right(headers: Mapping[str, str]) -> str:
    """Which right the token lacks, where GitHub names those that would do."""
    wanted = headers.get("X-Accepted-GitHub-Permissions")
    return f"; the token needs {one_line(wanted.replace('=', ': '))}" if wanted else ""
