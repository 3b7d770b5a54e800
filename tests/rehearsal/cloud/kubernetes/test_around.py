"""What stands around the pods: services, autoscalers, owners, namespaces, definitions of kinds."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from tests.rehearsal.cloud.kubernetes.api import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    MERGE,
    PODS,
    REPLICA_SETS,
    Api,
    Refusal,
    condition,
    config_map,
    deployment,
)

SERVICES = "/api/v1/namespaces/shop/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
SCALERS = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8080}]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": "web"}, "ports": ports} | spec}


def test_a_service_leads_to_the_pods_that_are_ready(api: Api) -> None:
    api.post(SERVICES, service())
    api.post(DEPLOYMENTS, deployment())
    api.cloud.step(5)
    (found,) = api.items(SLICES)
    assert [each["conditions"]["ready"] for each in found["endpoints"]] == [False] * 3
    api.cloud.step(60)
    (found,) = api.items(SLICES)
    assert [each["conditions"]["ready"] for each in found["endpoints"]] == [True] * 3
    assert (found["ports"][0]["port"], found["metadata"]["labels"]["kubernetes.io/service-name"]) == (
        8080,
        "web",
    )
    (subset,) = api.get("/api/v1/namespaces/shop/endpoints/web")["subsets"]
    assert len(subset["addresses"]) == 3


def test_a_services_address_and_node_port_are_its_own_and_stay(api: Api) -> None:
    first, second = (api.post(SERVICES, service(name, type="NodePort"))["spec"] for name in ("web", "other"))
    assert first["clusterIP"] != second["clusterIP"]
    assert first["ports"][0]["nodePort"] != second["ports"][0]["nodePort"]
    assert 30000 <= first["ports"][0]["nodePort"] <= 32767
    again = api.ask("PUT", f"{SERVICES}/web", service(type="NodePort"))["spec"]
    assert (again["clusterIP"], again["ports"]) == (first["clusterIP"], first["ports"])
    taken = service("third", type="NodePort", ports=[{"port": 80, "nodePort": first["ports"][0]["nodePort"]}])
    with pytest.raises(Refusal, match="provided port is already allocated"):
        api.post(SERVICES, taken)
    api.ask("DELETE", f"{SERVICES}/web")
    assert api.post(SERVICES, taken)


def test_an_autoscaler_keeps_its_target_between_least_and_most(api: Api) -> None:
    given = deployment()
    del given["spec"]["replicas"]
    api.apply(DEPLOYMENTS, given)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    api.post(
        SCALERS,
        {"metadata": {"name": "web"}, "spec": {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": target}},
    )
    assert api.get(f"{DEPLOYMENTS}/web")["spec"]["replicas"] == 2
    api.ask("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 9}}, MERGE)
    assert api.get(f"{DEPLOYMENTS}/web")["spec"]["replicas"] == 4
    assert api.apply(DEPLOYMENTS, given)["spec"]["replicas"] == 4
    with pytest.raises(
        Refusal, match=r'"kube-controller-manager" with subresource "scale" .*\.spec\.replicas'
    ):
        api.apply(DEPLOYMENTS, deployment())
    assert condition(api.get(f"{SCALERS}/web"), "AbleToScale") == ("True", "ReadyForNewScale")


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_what_is_owned_goes_with_its_owner(api: Api, policy: str) -> None:
    api.post(DEPLOYMENTS, deployment())
    api.cloud.step(60)
    api.ask("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy={policy}")
    assert (api.names(DEPLOYMENTS) == ["web"]) is (policy == "Foreground")
    api.cloud.step(60)
    assert (api.names(DEPLOYMENTS), api.names(REPLICA_SETS), api.names(PODS)) == ([], [], [])


def test_what_is_orphaned_stays(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    api.ask("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Orphan")
    api.cloud.step(60)
    assert api.names(DEPLOYMENTS) == []
    assert len(api.names(PODS)) == 3
    assert "ownerReferences" not in api.items(REPLICA_SETS)[0]["metadata"]


def test_any_owner_takes_what_names_it_along(api: Api) -> None:
    owner = api.post("/api/v1/namespaces/shop/serviceaccounts", {"metadata": {"name": "web"}})["metadata"]
    reference = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "web", "uid": owner["uid"]}
    owned = config_map(a="1")
    owned["metadata"]["ownerReferences"] = [reference]
    api.post(CONFIG_MAPS, owned)
    api.ask("DELETE", "/api/v1/namespaces/shop/serviceaccounts/web")
    assert "settings" not in api.names(CONFIG_MAPS)


def test_an_object_with_a_finalizer_waits_for_it(api: Api) -> None:
    held = config_map(a="1")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    api.post(CONFIG_MAPS, held)
    api.ask("DELETE", f"{CONFIG_MAPS}/settings")
    assert api.get(f"{CONFIG_MAPS}/settings")["metadata"]["deletionTimestamp"]
    api.ask("PATCH", f"{CONFIG_MAPS}/settings", {"metadata": {"finalizers": None}}, MERGE)
    assert "settings" not in api.names(CONFIG_MAPS)


def test_a_namespace_ends_with_all_that_is_in_it(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    api.cloud.step(60)
    api.ask("DELETE", "/api/v1/namespaces/shop")
    ending = api.get("/api/v1/namespaces/shop")
    assert ending["status"]["phase"] == "Terminating"
    with pytest.raises(Refusal, match="because it is being terminated"):
        api.post(CONFIG_MAPS, config_map())
    api.cloud.step(60)
    with pytest.raises(Refusal, match='namespaces "shop" not found'):
        api.get("/api/v1/namespaces/shop")


def test_a_secret_provider_class_is_known_with_its_add_on(api: Api) -> None:
    where = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/shop/secretproviderclasses"
    given = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClass",
        "metadata": {"name": "web"}, "spec": {"provider": "aws", "parameters": {"objects": "[]"}},
    }  # fmt: skip
    with pytest.raises(Refusal, match="404 page not found"):
        api.post(where, given)
    api.cluster.facts.add_ons_now.add("aws-secrets-store-csi-driver-provider")
    assert api.apply(where, given)["spec"]["provider"] == "aws"
    wrong = given | {"spec": {"providers": "aws"}}
    with pytest.raises(Refusal, match=r"\.spec\.providers: field not declared in schema"):
        api.apply(where, wrong)


def test_a_pod_waits_for_the_secrets_that_its_role_may_read(api: Api) -> None:
    api.cluster.facts.add_ons_now.add("aws-secrets-store-csi-driver-provider")
    api.cluster.facts.other_pods_role = None
    arn = api.cloud.client("secretsmanager").create_secret(Name="key", SecretString="x")["ARN"]
    parameters = {"objects": f'[{{"objectName": "{arn}", "objectAlias": "KEY"}}]', "usePodIdentity": "true"}
    given = {"metadata": {"name": "web"}, "spec": {"provider": "aws", "parameters": parameters}}
    api.post("/apis/secrets-store.csi.x-k8s.io/v1/namespaces/shop/secretproviderclasses", given)
    attributes = {"secretProviderClass": "web"}
    csi = {"driver": "secrets-store.csi.k8s.io", "readOnly": True, "volumeAttributes": attributes}
    web = deployment(replicas=1)
    web["spec"]["template"]["spec"]["volumes"] = [{"name": "secrets", "csi": csi}]
    api.post(DEPLOYMENTS, web)
    api.cloud.step(60)
    told = [text for reason, text in api.events() if reason == "FailedMount"]
    assert "no pod identity association found for service account default" in told[0]
    role = allow(api, "arn:aws:secretsmanager:*:*:secret:other-*")
    api.cluster.facts.pod_roles[("shop", "default")] = role
    api.cloud.step(60)
    told = [text for reason, text in api.events() if reason == "FailedMount"]
    assert any(text.endswith(f"required permissions are granted for: {arn}") for text in told)
    allow(api, arn)
    api.cloud.step(60)
    assert api.get(f"{DEPLOYMENTS}/web")["status"]["readyReplicas"] == 1


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(api: Api, resource: str) -> str:
    """A role of pods that may read such secrets."""

    iam = api.cloud.client("iam")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
    }
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="web", AssumeRolePolicyDocument=document(trust))
    read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource}
    iam.put_role_policy(RoleName="web", PolicyName="read", PolicyDocument=document(read))
    return str(iam.get_role(RoleName="web")["Role"]["Arn"])
