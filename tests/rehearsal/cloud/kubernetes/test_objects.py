from __future__ import annotations

import pytest
from kubernetes import client, dynamic

from tests.rehearsal.cloud.kubernetes.api import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    PODS,
    STRATEGIC,
    Api,
    Refusal,
    config_map,
    deployment,
)


def test_the_kubernetes_client_works_as_it_is(api: Api) -> None:
    core, apps = client.CoreV1Api(api.cluster.api), client.AppsV1Api(api.cluster.api)
    core.create_namespaced_config_map("shop", config_map(a="1"))
    assert core.read_namespaced_config_map("settings", "shop").data == {"a": "1"}
    apps.create_namespaced_deployment("shop", deployment())
    apps.patch_namespaced_deployment_scale("web", "shop", {"spec": {"replicas": 5}})
    assert apps.read_namespaced_deployment("web", "shop").spec.replicas == 5
    assert client.VersionApi(api.cluster.api).get_code().minor == "36"
    assert dynamic.DynamicClient(api.cluster.api).resources.get(api_version="apps/v1", kind="Deployment")


def test_a_list_is_selected_by_labels_and_fields(api: Api) -> None:
    for name, labels in (("a", {"tier": "web"}), ("b", {"tier": "db"}), ("c", {})):
        api.post(CONFIG_MAPS, {"metadata": {"name": name, "labels": labels}})
    assert api.names(f"{CONFIG_MAPS}?labelSelector=tier%3Dweb") == ["a"]
    assert api.names(f"{CONFIG_MAPS}?labelSelector=tier%20in%20(web,db),tier!%3Ddb") == ["a"]
    assert api.names(f"{CONFIG_MAPS}?labelSelector=tier") == ["a", "b"]
    assert api.names(f"{CONFIG_MAPS}?labelSelector=%21tier&fieldSelector=metadata.name%3Dc") == ["c"]
    assert "kube-root-ca.crt" in api.names(CONFIG_MAPS)
    with pytest.raises(Refusal, match=r'"spec\.x" is not a known field selector'):
        api.get(f"{CONFIG_MAPS}?fieldSelector=spec.x%3D1")


def test_every_change_has_a_version_and_an_old_one_is_refused(api: Api) -> None:
    first = api.post(CONFIG_MAPS, config_map(a="1"))
    second = api.ask("PUT", f"{CONFIG_MAPS}/settings", config_map(a="2"))
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    with pytest.raises(Refusal, match="the object has been modified") as refused:
        api.ask("PUT", f"{CONFIG_MAPS}/settings", first)
    assert refused.value.code == 409


def test_a_write_that_changes_nothing_leaves_the_version(api: Api) -> None:
    first = api.post(CONFIG_MAPS, config_map(a="1"))
    again = api.ask("PATCH", f"{CONFIG_MAPS}/settings", {"data": {"a": "1"}}, MERGE)
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_dry_run_changes_nothing(api: Api) -> None:
    assert api.post(f"{CONFIG_MAPS}?dryRun=All", config_map(a="1"))["data"] == {"a": "1"}
    with pytest.raises(Refusal, match='configmaps "settings" not found'):
        api.get(f"{CONFIG_MAPS}/settings")
    api.post(CONFIG_MAPS, config_map(a="1"))
    assert api.ask("PATCH", f"{CONFIG_MAPS}/settings?dryRun=All", {"data": {"a": "2"}}, MERGE)["data"] == {
        "a": "2"
    }
    api.ask("DELETE", f"{CONFIG_MAPS}/settings?dryRun=All")
    assert api.get(f"{CONFIG_MAPS}/settings")["data"] == {"a": "1"}


def test_patches_merge_each_in_its_way(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    extra = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "side:1"}]}}}}
    both = api.ask("PATCH", f"{DEPLOYMENTS}/web", extra, STRATEGIC)["spec"]["template"]["spec"]["containers"]
    assert {each["name"] for each in both} == {"app", "side"}
    drop = {"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}}
    left = api.ask("PATCH", f"{DEPLOYMENTS}/web", drop, STRATEGIC)["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in left] == ["app"]
    alone = api.ask("PATCH", f"{DEPLOYMENTS}/web", extra, MERGE)["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in alone] == ["side"]
    by_path = [{"op": "replace", "path": "/spec/replicas", "value": 7}]
    assert api.ask("PATCH", f"{DEPLOYMENTS}/web", by_path, JSON_PATCH)["spec"]["replicas"] == 7


def test_the_generation_counts_changes_of_the_spec_alone(api: Api) -> None:
    assert api.post(DEPLOYMENTS, deployment())["metadata"]["generation"] == 1
    noted = api.ask("PATCH", f"{DEPLOYMENTS}/web", {"metadata": {"annotations": {"a": "b"}}}, MERGE)
    assert noted["metadata"]["generation"] == 1
    assert (
        api.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, MERGE)["metadata"]["generation"]
        == 2
    )


def test_a_status_is_written_at_its_own_address_alone(api: Api) -> None:
    api.post(
        PODS.replace("pods", "services"), {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    )
    where = "/api/v1/namespaces/shop/services/web"
    loaded = {"status": {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}}
    assert api.ask("PATCH", where, loaded, MERGE)["status"] == {"loadBalancer": {}}
    assert api.ask("PATCH", f"{where}/status", loaded, MERGE)["status"] == loaded["status"]


def test_a_name_may_be_generated(api: Api) -> None:
    name = api.post(CONFIG_MAPS, {"metadata": {"generateName": "settings-"}})["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 5


@pytest.mark.parametrize(
    ("method", "path", "code", "words"),
    [
        ("GET", f"{DEPLOYMENTS}/none", 404, 'deployments.apps "none" not found'),
        ("GET", "/apis/apps/v1/namespaces/shop/none", 404, "could not find the requested resource"),
        ("GET", "/apis/none/v1/things", 404, "404 page not found"),
        ("POST", "/api/v1/namespaces/none/configmaps", 404, 'namespaces "none" not found'),
        ("POST", f"{CONFIG_MAPS}/kube-root-ca.crt", 405, "does not allow this method"),
        ("DELETE", "/api/v1/namespaces/default", 403, "this namespace may not be deleted"),
    ],
)
def test_what_is_not_there_is_told_as_by_a_real_one(
    api: Api, method: str, path: str, code: int, words: str
) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        api.ask(method, path, config_map() if method == "POST" else None)
    assert refused.value.code == code


def test_a_watch_tells_what_changed_since(api: Api) -> None:
    import json

    version = api.get(CONFIG_MAPS)["metadata"]["resourceVersion"]
    api.post(CONFIG_MAPS, config_map(a="1"))
    api.ask("PATCH", f"{CONFIG_MAPS}/settings", {"data": {"a": "2"}}, MERGE)
    api.ask("DELETE", f"{CONFIG_MAPS}/settings")
    told = api.ask("GET", f"{CONFIG_MAPS}?watch=true&resourceVersion={version}")
    assert [json.loads(line)["type"] for line in told.splitlines()] == ["ADDED", "MODIFIED", "DELETED"]
