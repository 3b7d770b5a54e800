from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.signers import RequestSigner

from tests.rehearsal.cloud.kubernetes.api import CONFIG_MAPS, DEPLOYMENTS, PODS, Api, Refusal, config_map

ROLE = "arn:aws:iam::123456789012:role/release"


def token(session: Any, header: str = "x-k8s-aws-id") -> str:
    """As `aws eks get-token` makes it."""
    service = session.get_service_model("sts").service_id
    keys, events = session.get_credentials(), session.get_component("event_emitter")
    signer = RequestSigner(service, "eu-central-1", "sts", "v4", keys, events)
    request = {
        "method": "GET",
        "url": "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {header: "demo"},
        "context": {},
    }
    url = signer.generate_presigned_url(request, "eu-central-1", 60, "")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def session(key: str, secret: str = "test", session_token: str | None = None) -> Any:  # noqa: S107
    import botocore.session

    made = botocore.session.Session()
    made.set_credentials(key, secret, session_token)
    return made


def of_role(api: Api) -> Any:
    given = api.cloud.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="tests")["Credentials"]
    return session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


@pytest.mark.parametrize("given", ["", "nonsense", "k8s-aws-v1.nonsense", "k8s-aws-v1."])
def test_who_is_not_known_is_told_nothing(api: Api, given: str) -> None:
    api.token = given
    with pytest.raises(Refusal) as refused:
        api.get(PODS)
    assert (refused.value.code, refused.value.message) == (401, "Unauthorized")


def test_the_token_must_be_signed_for_a_cluster(api: Api) -> None:
    api.token = token(session("test"), "x-other")
    with pytest.raises(Refusal, match="Unauthorized"):
        api.get(PODS)
    api.token = token(session("test"))
    assert api.names(PODS) == []


def test_a_role_needs_an_access_entry(api: Api) -> None:
    api.token = token(of_role(api))
    with pytest.raises(Refusal, match="Unauthorized"):
        api.get(PODS)
    api.cluster.facts.roles[ROLE] = "admin"
    assert api.post(CONFIG_MAPS, config_map(a="1"))["data"] == {"a": "1"}


def test_a_viewer_reads_but_no_secrets_and_writes_nothing(api: Api) -> None:
    api.cluster.facts.roles[ROLE] = "view"
    api.token = token(of_role(api))
    assert api.names(DEPLOYMENTS) == []
    with pytest.raises(Refusal) as refused:
        api.post(CONFIG_MAPS, config_map())
    assert refused.value.code == 403
    assert refused.value.message == (
        f'configmaps is forbidden: User "{ROLE}" cannot create resource "configmaps" in API group "" in the'
        ' namespace "shop"'
    )
    with pytest.raises(Refusal, match='cannot list resource "secrets"'):
        api.get("/api/v1/namespaces/shop/secrets")


def test_the_clouds_own_interface_opens_clusters_and_says_what_images_do(api: Api) -> None:
    from rehearsal.cloud_client import CloudClient
    from rehearsal.errors import RehearsalError

    client = CloudClient(api.cloud.url)
    made = client.open_kubernetes_cluster("other", nodes=1, addOns=["aws-secrets-store-csi-driver-provider"])
    assert made["endpoint"] == f"{api.cloud.url}/kubernetes/eu-central-1/other"
    assert made["kubeconfig"]["clusters"][0]["cluster"]["server"] == made["endpoint"]
    client.register_container_image("web:1", "missing")
    assert api.cloud.world.container_images == {"web:1": "missing"}
    with pytest.raises(RehearsalError, match="behaviour 'odd' is none of healthy, missing"):
        client.register_container_image("web:1", "odd")
    with pytest.raises(RehearsalError, match=r"version '1\.12' has no schemas here"):
        client.open_kubernetes_cluster("old", version="1.12")
