"""How a rollout reaches a cluster: by a token of AWS, or as the kubeconfig says; and what it is told."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import NoCredentialsError
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from components.kubernetes import connection, kubeconfig
from components.kubernetes.connection import Connection, explained, is_an_answer, is_transient, status_of
from rehearsal.cloud.local import CREDENTIALS


class Server(HTTPServer):
    """Answers everything with `status` and `body`, and keeps what it was asked."""

    status, body, date = 200, b'{"kind": "Thing"}', "Sat, 21 Nov 2026 10:20:30 GMT"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, body))
        self.send_response_only(self.server.status)
        self.send_header("Date", self.server.date)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Not on the screen of the tests."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with Server() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def of_eks(url: str) -> Connection:
    return Connection(json.dumps(kubeconfig.document("demo-1a2b", url, "", "eu-central-1")))


def of_token(url: str) -> Connection:
    known = kubeconfig.document("demo", url, "", "eu-central-1")
    known["users"][0]["user"] = {"token": "secret"}
    return Connection(json.dumps(known))


def token_of(headers: dict[str, str]) -> str:
    return headers["authorization"].removeprefix("Bearer ")


def test_a_token_of_eks_is_a_signed_question_of_who_asks_for_this_cluster_alone(server: Server) -> None:
    of_eks(server.url).get("/version")
    token = token_of(server.asked[0][2])
    assert token.startswith("k8s-aws-v1.")
    assert not token.endswith("=")
    text = token.removeprefix("k8s-aws-v1.")
    url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.netloc == "sts.eu-central-1.amazonaws.com"
    assert (asked["Action"], asked["Version"]) == ("GetCallerIdentity", "2011-06-15")
    assert (asked["X-Amz-SignedHeaders"], asked["X-Amz-Expires"]) == ("host;x-k8s-aws-id", "60")
    assert "/eu-central-1/sts/aws4_request" in asked["X-Amz-Credential"]


def test_a_token_is_used_for_some_minutes_and_then_made_anew(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def token(cluster: str, region: str) -> str:
        made.append(f"{cluster}-{region}-{len(made)}")
        return made[-1]

    monkeypatch.setattr(connection, "eks_token", token)
    api = of_eks(server.url)
    for _ in range(3):
        api.get("/version")
    assert made == ["demo-1a2b-eu-central-1-0"]
    monkeypatch.setattr(connection, "TOKEN_SECONDS", 0.0)
    api.get("/version")
    assert token_of(server.asked[-1][2]) == "demo-1a2b-eu-central-1-1"


def test_any_other_kubeconfig_is_taken_as_it_is(server: Server) -> None:
    of_token(server.url).get("/version")
    assert token_of(server.asked[0][2]) == "secret"


def test_whoever_has_no_credentials_is_told_so_in_one_line(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    with pytest.raises(NoCredentialsError) as missing:
        of_eks(server.url).get("/version")
    assert is_an_answer(missing.value)
    assert not is_transient(missing.value)
    assert explained(missing.value).startswith("the cluster was not reached: Unable to locate credentials; ")


def test_what_is_asked_and_applied_arrives_as_kubernetes_wants_it(server: Server) -> None:
    api = of_token(server.url)
    api.get("/api/v1/pods", labelSelector="a=b,c=d")
    api.apply("/api/v1/thing", {"kind": "Thing", "spec": {"port": 8080, "none": {}}}, "manager")
    (_, asked, _, _), (method, path, headers, body) = server.asked
    assert parse_qs(urlsplit(asked).query) == {"labelSelector": ["a=b,c=d"]}
    assert (method, headers["content-type"]) == ("PATCH", "application/apply-patch+yaml")
    assert parse_qs(urlsplit(path).query) == {"fieldManager": ["manager"], "force": ["true"]}
    assert json.loads(body) == {"kind": "Thing", "spec": {"port": 8080, "none": {}}}


def test_the_time_is_the_clusters(server: Server) -> None:
    api = of_token(server.url)
    api.get("/version")
    assert api.now == datetime(2026, 11, 21, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "passes"), [(429, True), (500, True), (503, True), (401, False), (409, False)]
)
def test_what_a_cluster_refuses_is_told_in_its_words_and_some_of_it_passes(
    server: Server, status: int, passes: bool
) -> None:
    server.status, server.body = status, json.dumps({"message": "because\nof that"}).encode()
    with pytest.raises(ApiException) as refused:
        of_token(server.url).get("/version")
    assert len(server.asked) == 1, "whoever asks tries again, and says so"
    assert (status_of(refused.value), is_transient(refused.value)) == (status, passes)
    assert explained(refused.value) == f"the cluster answers {status}: because of that"


def test_a_cluster_that_is_not_reached_is_asked_once_and_may_be_back(server: Server) -> None:
    with pytest.raises(HTTPError) as broken:
        of_token("http://127.0.0.1:1").get("/version")
    assert is_transient(broken.value)
    assert is_an_answer(broken.value)
    assert status_of(broken.value) == 0


def test_what_is_gone_already_may_be_deleted_and_what_is_refused_may_not(server: Server) -> None:
    server.status = 404
    of_token(server.url).delete("/api/v1/thing")
    server.status = 403
    with pytest.raises(ApiException):
        of_token(server.url).delete("/api/v1/thing")


def test_a_certificate_that_is_not_the_clusters_is_not_waited_for() -> None:
    refused = ApiException(status=0, reason="SSLError\ncertificate verify failed")
    assert not is_transient(refused)
    assert explained(refused).startswith("the cluster was not reached: ")


def test_a_fault_of_the_program_is_no_answer_of_a_cluster() -> None:
    assert not is_an_answer(KeyError("items"))
    assert not is_transient(KeyError("items"))
