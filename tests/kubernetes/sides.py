"""The same request to the real control plane and the emulated one, and what must be equal in the answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client
from kubernetes.client import ApiException

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

_OWN = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink", "generation"}
"""What no two control planes have in common."""
_ALLOCATED = {"clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"}


@dataclass(frozen=True)
class Request:
    """`label` says in a test's name what is asked."""

    label: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    content: str = "application/json"
    query: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.label.replace(" ", "-")


@dataclass(frozen=True)
class Answer:
    status: int
    document: Mapping[str, Any]

    @property
    def refusal(self) -> tuple[int, Any, Any, Any]:
        """What a client sees of a refusal: code, reason, the words, and which fields are to blame."""
        details = self.document.get("details") or {}
        causes = sorted(
            (each.get("reason", ""), each.get("field", ""), _brief(each.get("message", "")))
            for each in details.get("causes") or ()
        )
        return self.status, self.document.get("reason"), _brief(self.document.get("message", "")), causes

    @property
    def content(self) -> Any:
        """The object, without what is each control plane's own."""
        return without(self.document, _OWN | _ALLOCATED)


@dataclass(frozen=True)
class Side:
    """One control plane."""

    name: str
    api: client.ApiClient

    def ask(self, request: Request) -> Answer:
        headers = {"Content-Type": request.content, "Accept": "application/json"}
        # JSON is YAML: an apply is sent as it is.
        body = None if request.body is None else dict(request.body)
        try:
            response = self.api.call_api(
                request.path,
                request.method,
                query_params=list(request.query.items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
            )[0]
            return Answer(response.status, json.loads(response.data))
        except ApiException as refused:
            return Answer(refused.status, _document(refused.body))

    def get(self, path: str, **query: str) -> Any:
        """What is there now. Raises AssertionError when it is refused."""
        answer = self.ask(Request("read", "GET", path, query=query))
        assert answer.status == 200, answer.document
        return answer.document

    def make(self, path: str, body: Mapping[str, Any]) -> Any:
        """Creates an object. Raises AssertionError when it is refused."""
        answer = self.ask(Request("make", "POST", path, body))
        assert answer.status == 201, answer.document
        return answer.document

    def until(self, look: Callable[[], Any], seconds: float = 60) -> Any:
        """The first true answer of `look`."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, f"{self.name}: it does not become true"
            time.sleep(0.1)
        return found


def _brief(message: str) -> str:
    """Without whole objects: the real one writes them as they are within its program."""
    return re.sub(r"Invalid value: \{.*\}: ", "Invalid value: {}: ", message)


def without(value: Any, keys: set[str]) -> Any:
    """A copy without these keys, wherever they stand; without what is empty, too."""
    if isinstance(value, Mapping):
        found = {key: without(each, keys) for key, each in value.items() if key not in keys}
        return {key: each for key, each in found.items() if each not in ({}, [], None)}
    if isinstance(value, list):
        return [without(each, keys) for each in value]
    return value


def _document(body: str | bytes | None) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(body or "{}")
    except ValueError:
        return {"message": str(body)}
    return found
