"""How a cluster is reached and how its refusals read."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scripts.releases import aws, kubernetes_api
from scripts.releases.errors import RefusedError
from scripts.releases.kubernetes_api import Api, ClusterError
from scripts.releases.project import ROOT
from scripts.releases.state import ClusterState
from tests.scripts.told_cluster import ToldCluster, told_cluster

EXEC = {
    "apiVersion": "client.authentication.k8s.io/v1beta1",
    "command": "aws",
    "args": ["eks", "get-token", "--cluster-name", "demo", "--region", "eu-west-1"],
}


@pytest.fixture
def cluster() -> Iterator[ToldCluster]:
    with told_cluster() as made:
        yield made


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    # One that was made before, with other credentials, would be used again.
    monkeypatch.setattr(aws, "_session", aws._session.__wrapped__)


def api(config: dict[str, Any]) -> Api:
    return Api(ClusterState(name="demo", kubeconfig=json.dumps(config)), "staging")


def test_no_other_command_pays_for_the_client() -> None:
    """It takes longer to import than all else together."""
    code = "import sys, scripts.releases.cli; sys.exit('kubernetes' in sys.modules or 'boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_an_object_is_asked_for_with_the_token_of_the_kubeconfig(cluster: ToldCluster) -> None:
    cluster.objects["/api/v1/x"] = {"a": 1}
    asked = api(cluster.kubeconfig)
    assert asked.get("/api/v1/x", labelSelector="a=b,c=d") == {"a": 1}
    assert asked.get("/api/v1/y") is None
    assert cluster.asked[0] == ("/api/v1/x", {"labelSelector": "a=b,c=d"}, "Bearer a-token")


def test_the_present_is_the_clusters(cluster: ToldCluster) -> None:
    cluster.objects["/version"] = {}
    asked = api(cluster.kubeconfig)
    asked.get("/version")
    assert abs((asked.now() - datetime(2026, 11, 20, 12, tzinfo=UTC)).total_seconds()) < 5


def test_a_collection_is_read_page_by_page(cluster: ToldCluster) -> None:
    cluster.most = 2
    cluster.objects["/api/v1/pods"] = [{"n": number} for number in range(5)]
    found = api(cluster.kubeconfig).every("/api/v1/pods", labelSelector="a=b")
    assert [each["n"] for each in found] == [0, 1, 2, 3, 4]
    assert [query.get("continue") for _, query, _ in cluster.asked] == [None, "2", "4"]
    assert {query["labelSelector"] for _, query, _ in cluster.asked} == {"a=b"}
    assert api(cluster.kubeconfig).every("/api/v1/none") == []


@pytest.mark.parametrize(
    ("code", "passes", "text"),
    [
        (401, False, "the cluster demo does not know these credentials (401 no); give their role an access"),
        (403, False, "the cluster demo refused: 403 no"),
        (429, True, "the cluster demo refused: 429 no"),
        (500, True, "the cluster demo refused: 500 no"),
    ],
)
def test_a_refusal_is_one_line(cluster: ToldCluster, code: int, passes: bool, text: str) -> None:
    cluster.refusals["/api/v1/x"] = (code, "no")
    with pytest.raises(ClusterError) as refused:
        api(cluster.kubeconfig).get("/api/v1/x")
    assert str(refused.value).startswith(text)
    assert refused.value.passes is passes


def test_what_is_no_cluster_is_one_line(cluster: ToldCluster) -> None:
    cluster.objects["/api/v1/x"] = "<html>a proxy</html>"  # type: ignore[assignment]
    with pytest.raises(ClusterError, match="is this Kubernetes"):
        api(cluster.kubeconfig).get("/api/v1/x")


def test_a_cluster_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with told_cluster() as gone:
        config = gone.kubeconfig
    with pytest.raises(ClusterError) as refused:
        api(config).get("/version")
    text = str(refused.value)
    assert text.startswith(
        f"the cluster demo does not answer at {config['clusters'][0]['cluster']['server']}: "
    )
    assert text.endswith("; a private endpoint answers within its own network alone")
    assert "\n" not in text
    assert refused.value.passes


@pytest.mark.parametrize("written", [None, "", "{}", "[secret]", '{"clusters": [], "users": []}', "null"])
def test_a_kubeconfig_that_is_none_is_refused(written: str | None) -> None:
    with pytest.raises(RefusedError, match=r"^the outputs of staging have (no|a) cluster.kubeconfig"):
        Api(ClusterState(kubeconfig=written), "staging")


def test_a_kubeconfig_without_its_context_is_refused(cluster: ToldCluster) -> None:
    config = {**cluster.kubeconfig, "current-context": "another"}
    with pytest.raises(RefusedError, match="the kubeconfig of demo leads nowhere"):
        api(config).get("/version")


def test_a_token_of_eks_is_made_without_the_aws_command(cluster: ToldCluster) -> None:
    cluster.objects["/version"] = {}
    config = cluster.kubeconfig
    config["users"][0]["user"] = {"exec": EXEC}
    api(config).get("/version")
    token = cluster.asked[0][2].removeprefix("Bearer k8s-aws-v1.")
    assert "=" not in token
    url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    assert url.netloc == "sts.eu-west-1.amazonaws.com"
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    assert (query["Action"], query["X-Amz-Expires"]) == ("GetCallerIdentity", "60")
    # Signed for this one cluster: a token that leaks opens no other.
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"


def test_a_token_is_made_anew_before_it_is_too_old(
    cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.objects["/version"] = {}
    made: list[str] = []

    def token(_account: Any, name: str) -> str:
        made.append(name)
        return f"token-{len(made)}"

    monkeypatch.setattr(kubernetes_api, "token", token)
    clock = [0.0]
    monkeypatch.setattr("scripts.releases.kubernetes_api.time.monotonic", lambda: clock[0])
    config = cluster.kubeconfig
    config["users"][0]["user"] = {"exec": EXEC}
    asked = api(config)
    for now in (0.0, kubernetes_api.TOKEN_SECONDS, kubernetes_api.TOKEN_SECONDS + 1):
        clock[0] = now
        asked.get("/version")
    assert [header for _, _, header in cluster.asked] == ["Bearer token-1"] * 2 + ["Bearer token-2"]
    assert made == ["demo", "demo"]


def test_without_credentials_nothing_is_asked(cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    config = cluster.kubeconfig
    config["users"][0]["user"] = {"exec": EXEC}
    with pytest.raises(RefusedError, match="AWS cannot be asked"):
        api(config).get("/version")
    assert cluster.asked == []
