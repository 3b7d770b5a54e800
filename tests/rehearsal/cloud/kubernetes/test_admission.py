"""What is turned away before it is stored. tests/kubernetes compares the words with a real API server's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.rehearsal.cloud.kubernetes.api import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JOBS,
    MERGE,
    PODS,
    Api,
    Refusal,
    config_map,
    container,
    deployment,
    job,
)

SECURE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(**context: Any) -> dict[str, Any]:
    given = [{"name": "app", "image": "x", "securityContext": SECURE | context}]
    return {"metadata": {"name": "web"}, "spec": {"containers": given}}


def test_an_unknown_field_is_warned_of_and_left_out_or_refused_when_asked(api: Api) -> None:
    given = deployment()
    given["spec"]["replica"] = 2
    assert "replica" not in api.post(DEPLOYMENTS, given)["spec"]
    assert api.warnings == '299 - "unknown field \\"spec.replica\\""'
    with pytest.raises(Refusal, match=r'strict decoding error: unknown field "spec\.replica"') as refused:
        api.post(f"{DEPLOYMENTS}?fieldValidation=Strict", given)
    assert refused.value.code == 400


def test_a_value_of_the_wrong_type_is_refused_as_go_does(api: Api) -> None:
    text = r"cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32"
    with pytest.raises(Refusal, match=text):
        api.post(DEPLOYMENTS, deployment(replicas="3"))  # type: ignore[arg-type]


def at(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(given: Any) -> None:
        *parts, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in parts:
            given = given[part]
        given[last] = value

    return change


APP = "spec.template.spec.containers.0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (at("metadata.name", "Web_1"), 'name: Invalid value: "Web_1": a lowercase RFC 1123 subdomain'),
        (at("metadata.labels", {"a": "b c"}), 'metadata.labels: Invalid value: "b c": a valid label must be'),
        (at("spec.selector", {"matchLabels": {"a": "b"}}), "`selector` does not match template `labels`"),
        (at(f"{APP}.image", ""), "containers[0].image: Required value"),
        (at(f"{APP}.resources", {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
         'resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'),
        (at(f"{APP}.volumeMounts", [{"name": "no", "mountPath": "/x"}]), '[0].name: Not found: "no"'),
        (at(f"{APP}.readinessProbe", {}), "readinessProbe: Required value: must specify a handler type"),
        (at(f"{APP}.ports", [{"containerPort": 70000}]), "must be between 1 and 65535, inclusive"),
        (at(f"{APP}.lifecycle", {"preStop": {"sleep": {"seconds": 99}}}),
         "must be non-negative and less than terminationGracePeriodSeconds (30)"),
        (at("spec.strategy", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
         "may not be 0 when `maxSurge` is 0"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_right_are_told_with_their_fields(
    api: Api, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    given = deployment()
    change(given)
    with pytest.raises(Refusal) as refused:
        api.post(DEPLOYMENTS, given)
    assert words in refused.value.message
    assert (refused.value.code, refused.value.body["reason"]) == (422, "Invalid")
    assert refused.value.body["details"]["causes"]
    assert api.names(DEPLOYMENTS) == []


def test_what_is_immutable_stays(api: Api) -> None:
    api.post(CONFIG_MAPS, config_map(a="1") | {"immutable": True})
    api.post(DEPLOYMENTS, deployment())
    api.post(JOBS, job())
    with pytest.raises(Refusal, match="data: Forbidden: field is immutable when `immutable` is set"):
        api.ask("PATCH", f"{CONFIG_MAPS}/settings", {"data": {"a": "2"}}, MERGE)
    labels = {"app": "web", "new": "label"}
    wider = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}
    with pytest.raises(Refusal, match=r"spec\.selector: Invalid value: .*: field is immutable"):
        api.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": wider}, MERGE)
    other = {"spec": {"template": {"spec": {"containers": [{"name": "migrate", "image": "y"}]}}}}
    with pytest.raises(Refusal, match=r"spec\.template: Invalid value: .*: field is immutable"):
        api.ask("PATCH", f"{JOBS}/migrate", other, MERGE)


def test_a_restricted_namespace_takes_no_pod_that_may_too_much(api: Api) -> None:
    api.namespace("safe", enforce="restricted")
    where = "/api/v1/namespaces/safe/pods"
    with pytest.raises(Refusal) as refused:
        api.post(
            where, {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "x"}]}}
        )
    assert refused.value.code == 403
    assert refused.value.message == (
        'pods "web" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
        ' (container "app" must set securityContext.allowPrivilegeEscalation=false), unrestricted'
        ' capabilities (container "app" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot !='
        ' true (pod or container "app" must set securityContext.runAsNonRoot=true), seccompProfile (pod or'
        ' container "app" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )
    assert api.post(where, pod())["metadata"]["name"] == "web"


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"privileged": True}, "must not set securityContext.privileged=true"),
        ({"runAsUser": 0}, 'runAsUser=0 (container "app" must not set runAsUser=0)'),
        ({"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}, 'must not include "CHOWN"'),
        ({"seccompProfile": {"type": "Unconfined"}}, 'seccompProfile.type to "Unconfined"'),
    ],
)
def test_each_part_of_the_restricted_level_counts(api: Api, context: dict[str, Any], words: str) -> None:
    api.namespace("safe", enforce="restricted")
    with pytest.raises(Refusal) as refused:
        api.post("/api/v1/namespaces/safe/pods", pod(**context))
    assert words in refused.value.message


def test_the_baseline_level_forbids_what_reaches_the_node(api: Api) -> None:
    api.namespace("plain", enforce="baseline")
    given = pod()
    given["spec"] |= {"hostNetwork": True, "volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}]}
    with pytest.raises(Refusal) as refused:
        api.post("/api/v1/namespaces/plain/pods", given)
    assert 'host namespaces (hostNetwork=true), hostPath volumes (volume "logs")' in refused.value.message
    assert api.post("/api/v1/namespaces/plain/pods", pod(allowPrivilegeEscalation=True))


def test_a_deployment_is_warned_of_what_its_pods_would_violate(api: Api) -> None:
    api.namespace("told", warn="restricted")
    api.post("/apis/apps/v1/namespaces/told/deployments", deployment())
    assert "would violate PodSecurity" in api.warnings


def test_a_pod_of_an_unknown_service_account_is_refused(api: Api) -> None:
    given = pod()
    given["spec"]["serviceAccountName"] = "none"
    with pytest.raises(Refusal, match='serviceaccount "none" not found'):
        api.post(PODS, given)


def test_a_pod_gets_a_token_unless_it_wants_none(api: Api) -> None:
    mounted = api.post(PODS, pod())["spec"]
    assert mounted["volumes"][0]["name"].startswith("kube-api-access-")
    given = pod() | {"metadata": {"name": "without"}}
    given["spec"]["automountServiceAccountToken"] = False
    assert "volumes" not in api.post(PODS, given)["spec"]


def test_what_is_left_open_is_filled_in(api: Api) -> None:
    spec = api.post(DEPLOYMENTS, deployment())["spec"]
    app = spec["template"]["spec"]["containers"][0]
    assert (spec["revisionHistoryLimit"], spec["strategy"]["type"]) == (10, "RollingUpdate")
    assert (app["imagePullPolicy"], app["ports"][0]["protocol"]) == ("IfNotPresent", "TCP")
    assert app["readinessProbe"]["failureThreshold"] == 3
    amounts = container(resources={"requests": {"cpu": "1000m", "memory": "1024Mi"}})
    given = deployment(template={"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [amounts]}})
    asked = api.post(f"{DEPLOYMENTS}?dryRun=All", given | {"metadata": {"name": "other"}})
    resources = asked["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "1", "memory": "1Gi"}}


def test_a_variable_that_hides_another_is_warned_of(api: Api) -> None:
    given = deployment()
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    given["spec"]["template"]["spec"]["containers"][0]["env"] = twice
    api.post(f"{DEPLOYMENTS}?dryRun=All", given)
    assert 'env[1]: hides previous definition of \\"A\\"' in api.warnings
