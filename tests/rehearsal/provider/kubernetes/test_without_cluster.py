"""A preview needs no cluster, an update says what it lacks, and no kubeconfig leads off this machine."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rehearsal.cloud.local import running
from rehearsal.plugin import UNKNOWN, ProviderError
from rehearsal.provider import kubernetes_provider
from rehearsal.provider.kubernetes import token
from rehearsal.provider.kubernetes.client import Cluster
from rehearsal.provider.server import _diff_response
from tests.rehearsal.provider.kubernetes.stack import Stack, deployment, stack_on, urn

DEPLOYMENT = "apps/v1:Deployment"
NOWHERE = "http://127.0.0.1:9"


def kubeconfig(server: str = NOWHERE, user: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


@pytest.fixture(params=["unknown", "unreachable"])
def stack(request: pytest.FixtureRequest) -> Stack:
    if request.param == "unreachable":
        return stack_on(kubeconfig())
    provider = kubernetes_provider()
    # The engine leaves out what is not known yet.
    provider.configure({})
    return Stack(provider)


def test_a_preview_says_what_the_program_says(stack: Stack) -> None:
    assert stack.preview(DEPLOYMENT, "shop", deployment("shop")).outputs["spec"] == deployment("shop")["spec"]


def test_an_update_says_that_there_is_no_cluster(stack: Stack) -> None:
    stack.preview(DEPLOYMENT, "shop", deployment("shop"))
    with pytest.raises(ProviderError, match="configured Kubernetes cluster is unreachable: "):
        stack.create(DEPLOYMENT, "shop", deployment("shop"))


def test_what_cannot_be_tried_is_held_against_the_newest_schema(stack: Stack) -> None:
    wrong = deployment("shop")
    wrong["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    _, failures = stack.provider.check(urn(DEPLOYMENT, "shop"), {}, wrong, b"")
    assert [failure.property for failure in failures] == ["spec.template.spec.containers[0]"]
    assert "'imagee' was unexpected" in failures[0].reason


def test_a_kind_that_nobody_has_a_schema_of_is_taken_as_it_is(stack: Stack) -> None:
    own = {"apiVersion": "example.com/v1", "kind": "Own", "metadata": {"name": "x"}, "spec": {"any": 1}}
    assert stack.check("example.com/v1:Own", "x", own)["spec"] == {"any": 1}


def test_a_kubeconfig_that_leads_off_this_machine_is_refused() -> None:
    with pytest.raises(ProviderError, match=r"leads to https://10.0.0.1: .* on this machine only"):
        stack_on(kubeconfig("https://10.0.0.1"))


def test_a_kubeconfig_that_is_none_is_refused() -> None:
    for text in ("[", "just words", "{}"):
        with pytest.raises(ProviderError, match="failed to parse kubeconfig"):
            Cluster(text)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with running() as cloud:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        yield cloud.url


def test_the_token_for_eks_is_a_signed_address_bound_to_the_cluster(aws: str) -> None:
    made = token.make("staging", "eu-central-1")
    encoded = made.removeprefix("k8s-aws-v1.")
    assert encoded != made and "=" not in encoded
    address = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    query = parse_qs(address.query)
    assert f"{address.scheme}://{address.netloc}" == aws
    assert query["Action"] == ["GetCallerIdentity"] and query["X-Amz-Expires"] == ["60"]
    assert "x-k8s-aws-id" in query["X-Amz-SignedHeaders"][0].split(";")


def test_a_user_who_asks_the_aws_command_for_a_token_needs_no_such_command() -> None:
    arguments = ["eks", "get-token", "--cluster-name", "staging", "--region", "eu-central-1"]
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": arguments,
    }
    assert token.cluster_and_region({"exec": plugin}) == ("staging", "eu-central-1")
    assert token.cluster_and_region({"exec": {**plugin, "command": "other"}}) is None
    assert token.cluster_and_region({"token": "t"}) is None


def test_another_cluster_or_one_that_is_not_known_yet_replaces_the_provider() -> None:
    provider = kubernetes_provider()
    moved_by = provider.moved_by  # type: ignore[attr-defined]
    one, same = json.dumps(kubeconfig()), json.dumps(kubeconfig(user={"token": "new"}))
    other = json.dumps(kubeconfig("http://127.0.0.1:10"))
    assert moved_by({"kubeconfig": one}, {"kubeconfig": other}) == ("kubeconfig",)
    assert moved_by({"kubeconfig": one}, {"kubeconfig": UNKNOWN}) == ("kubeconfig",)
    assert moved_by({"kubeconfig": one}, {"kubeconfig": same}) == ()


def test_a_path_that_changed_is_told_to_the_real_engine_as_what_became_of_it(stack: Stack) -> None:
    old, new = deployment("shop"), deployment("shop", env=[{"name": "A", "value": "1"}])
    diff = stack.provider.diff(urn(DEPLOYMENT, "shop"), "default/shop", old, old, new, [])
    told = _diff_response(diff, old, new).detailedDiff
    (path,) = told
    assert path == "spec.template.spec.containers[0].env"
    assert told[path].kind == told[path].Kind.Value("ADD")


def test_a_provider_of_another_package_loads_nothing_of_kubernetes() -> None:
    code = "import sys; from rehearsal.provider import PROVIDERS; PROVIDERS['aws'](); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "kubernetes" not in {name.split(".")[0] for name in loaded.split()}
    assert "rehearsal.provider.kubernetes" not in loaded.split()
