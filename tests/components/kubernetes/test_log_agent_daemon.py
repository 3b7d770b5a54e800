from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
import yaml
from pydantic import ValidationError

from components.kubernetes import log_agent_settings
from components.kubernetes.labels import LOG_GROUP
from components.kubernetes.log_agent import LogAgent, LogAgentArgs
from components.kubernetes.roles import pod_trust
from tests.components.kubernetes.clusters import ARN, Build
from tests.components.recorder import ACCOUNT, REGION, Built

IMAGE = f"public.ecr.aws/aws-observability/aws-for-fluent-bit@sha256:{'a' * 64}"
GROUPS = {name: f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}-1a2b3c4" for name in ("shop", "billing")}
GIVEN: dict[str, Any] = {
    "image": IMAGE,
    "cluster_name": "main-1a2b3c4d",
    "cluster_arn": ARN,
    "region": REGION,
    "log_group_arns": GROUPS,
    "tags": {"owner": "platform"},
}
LABELS = {
    "app.kubernetes.io/name": "log-agent",
    "app.kubernetes.io/part-of": "log-agent",
    "app.kubernetes.io/managed-by": "pulumi",
}


def agent(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        provider = pulumi_kubernetes.Provider("main", kubeconfig="{}")
        made = LogAgent(
            "log-agent", LogAgentArgs(**{**GIVEN, **changed}), pulumi.ResourceOptions(provider=provider)
        )
        return {"namespace": made.namespace, "role": made.role_arn}

    return build(program)


def pod(build: Build, **changed: Any) -> dict[str, Any]:
    made = agent(build, **changed).inputs()["DaemonSet log-agent"]
    found: dict[str, Any] = made["spec"]["template"]["spec"]
    return found


def container(build: Build, **changed: Any) -> dict[str, Any]:
    (found,) = pod(build, **changed)["containers"]
    assert isinstance(found, dict)
    return found


def metadata(name: str = "log-agent") -> dict[str, Any]:
    """As each of its objects in its namespace has it."""
    return {
        "name": name,
        "namespace": "log-agent",
        "labels": LABELS,
        "annotations": {"pulumi.com/patchForce": "true"},
    }


def test_a_pod_reads_the_nodes_logs_and_changes_none(build: Build) -> None:
    assert {each["name"]: each for each in pod(build)["volumes"]}["logs"] == {
        "name": "logs",
        "hostPath": {"path": "/var/log", "type": "Directory"},
    }
    mounts = {each["name"]: each for each in container(build)["volumeMounts"]}
    assert mounts["logs"] == {"name": "logs", "mountPath": "/var/log", "readOnly": True}
    assert not mounts["state"].get("readOnly")
    assert [each["name"] for each in pod(build)["volumes"] if "hostPath" in each] == ["logs"]


def test_a_pod_is_root_who_owns_the_logs_and_may_nothing_else(build: Build) -> None:
    assert container(build)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsUser": 0,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    found = pod(build)
    assert not {"hostNetwork", "hostPID", "hostIPC"} & found.keys()
    assert found["enableServiceLinks"] is False


def test_its_image_is_a_digest_and_its_program_reads_the_settings(build: Build) -> None:
    found = container(build)
    assert found["image"] == IMAGE
    assert found["command"] == ["/fluent-bit/bin/fluent-bit", "--config", "/settings/fluent-bit.yaml"]
    assert found["resources"] == {
        "requests": {"cpu": "50m", "memory": "128Mi"},
        "limits": {"cpu": "500m", "memory": "256Mi"},
    }


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_it_is_asked_whether_it_runs_where_it_answers(build: Build, probe: str) -> None:
    found = container(build)
    asked = found[probe]["httpGet"]
    assert asked["port"] == log_agent_settings.document(REGION)["service"]["http_port"]
    assert asked["port"] in [each["containerPort"] for each in found["ports"]]


def test_there_is_one_on_every_node_and_it_ends_after_what_it_reads(build: Build) -> None:
    found = pod(build)
    assert found["tolerations"] == [{"operator": "Exists"}]
    assert found["priorityClassName"] == "system-node-critical"
    grace = log_agent_settings.document(REGION)["service"]["grace"]
    assert found["terminationGracePeriodSeconds"] > grace


def test_one_node_after_the_other_gets_a_new_one(build: Build) -> None:
    spec = agent(build).inputs()["DaemonSet log-agent"]["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_its_namespace_takes_what_is_not_restricted_and_holds_nothing_else(build: Build) -> None:
    built = agent(build)
    space = built.inputs()["Namespace log-agent"]["metadata"]
    assert space["name"] == "log-agent"
    assert space["labels"] == LABELS | {
        f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("audit", "enforce", "warn")
    }
    for key in ("ConfigMap", "DaemonSet", "NetworkPolicy", "ServiceAccount"):
        (made,) = built.inputs(key).values()
        assert made["metadata"] == metadata(made["metadata"]["name"])


def test_it_may_look_at_a_pod_that_it_knows_and_nothing_more(build: Build) -> None:
    inputs = agent(build).inputs()
    assert inputs["ClusterRole log-agent"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    ]
    binding = inputs["ClusterRoleBinding log-agent"]
    assert binding["roleRef"]["name"] == inputs["ClusterRole log-agent"]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "log-agent", "namespace": "log-agent"}]
    assert pod(build)["serviceAccountName"] == "log-agent"
    assert pod(build)["automountServiceAccountToken"] is True
    assert inputs["ServiceAccount log-agent"]["automountServiceAccountToken"] is False


def test_nobody_calls_it_and_it_calls_names_aws_and_kubernetes(build: Build) -> None:
    spec = agent(build, api_cidrs=("10.20.0.0/16",)).inputs()["NetworkPolicy log-agent"]["spec"]
    assert (spec["podSelector"], spec["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert "ingress" not in spec
    dns, apis, identity = spec["egress"]
    assert {(each["protocol"], each["port"]) for each in dns["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert apis == {
        "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}],
        "ports": [{"protocol": "TCP", "port": 443}],
    }
    assert identity == {
        "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}],
        "ports": [{"protocol": "TCP", "port": 80}],
    }


def test_it_writes_to_the_workloads_log_groups_and_no_others(build: Build) -> None:
    inputs = agent(build).inputs()
    (statement,) = inputs["RolePolicy log-agent"]["policy"]["Statement"]
    assert statement["Resource"] == sorted(each for arn in GROUPS.values() for each in (arn, f"{arn}:*"))
    assert statement["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert inputs["Role log-agent"]["assumeRolePolicy"] == pod_trust(ARN, "log-agent", "log-agent")
    assert agent(build, log_group_arns={}).inputs("RolePolicy") == {}


def test_another_workload_changes_what_it_may_and_no_pod_of_it(build: Build) -> None:
    before, after = (
        agent(build, log_group_arns=groups).inputs() for groups in ({"shop": GROUPS["shop"]}, GROUPS)
    )
    changed = {key for key, made in after.items() if made != before[key]}
    assert changed == {"RolePolicy log-agent"}


def test_settings_are_never_changed_but_others_under_another_name(build: Build) -> None:
    here, there = (agent(build, region=region) for region in (REGION, "eu-west-1"))
    names = []
    for built in (here, there):
        config = built.inputs()["ConfigMap log-agent"]
        assert config["immutable"] is True
        names.append(config["metadata"]["name"])
        volumes = built.inputs()["DaemonSet log-agent"]["spec"]["template"]["spec"]["volumes"]
        assert {"name": "settings", "configMap": {"name": names[-1]}} in volumes
    assert names[0] != names[1]
    assert all(re.fullmatch(r"log-agent-[0-9a-f]{8}", name) for name in names)
    assert here.inputs()["ConfigMap log-agent"]["data"] == {
        "fluent-bit.yaml": log_agent_settings.settings(REGION)
    }


def test_its_pods_start_when_they_have_their_identity_and_are_let_through(build: Build) -> None:
    built = agent(build)
    assert {
        "PodIdentityAssociation log-agent",
        "NetworkPolicy log-agent",
        "ServiceAccount log-agent",
        "ClusterRoleBinding log-agent",
    } <= set(built.after()["DaemonSet log-agent"])
    assert built.after()["ConfigMap log-agent"] == ["Namespace log-agent"]
    assert built.outputs == {"namespace": "log-agent", "role": "arn:role/log-agent"}


def test_what_a_pod_prints_goes_to_the_group_that_it_names_as_the_line_alone() -> None:
    (output,) = log_agent_settings.document(REGION)["pipeline"]["outputs"]
    assert output["log_group_template"] == f"$kubernetes['annotations']['{LOG_GROUP}']"
    assert output["log_stream_template"] == "$kubernetes['pod_name']"
    assert output["log_key"] == "log"
    assert (output["name"], output["region"]) == ("cloudwatch_logs", REGION)
    assert output["auto_create_group"] == "off"


def test_pods_that_name_no_group_are_not_shipped() -> None:
    pods, named = log_agent_settings.document(REGION)["pipeline"]["filters"]
    assert (pods["name"], pods["annotations"]) == ("kubernetes", "on")
    assert named == {
        "name": "grep",
        "match": "kube.*",
        "regex": f"$kubernetes['annotations']['{LOG_GROUP}'] .",
    }


def test_what_it_knows_of_a_file_by_its_name_fits_where_it_looks_for_files() -> None:
    """The tag is the path with dots; what comes before the file's name is told to what asks about the pod."""
    pipeline = log_agent_settings.document(REGION)["pipeline"]
    (tail,), (pods, _) = pipeline["inputs"], pipeline["filters"]
    tag = tail["tag"].replace("*", tail["path"].strip("/").replace("/", "."))
    assert tag.startswith(pods["kube_tag_prefix"])
    assert tail["path"].startswith("/var/log/")


def test_nothing_is_lost_between_two_agents_and_while_aws_does_not_answer() -> None:
    document = log_agent_settings.document(REGION)
    (tail,) = document["pipeline"]["inputs"]
    (output,) = document["pipeline"]["outputs"]
    assert (tail["read_from_head"], tail["multiline.parser"]) == ("on", "cri")
    assert tail["storage.type"] == "filesystem"
    assert tail["db"].startswith("/state/")
    assert document["service"]["storage.path"].startswith("/state/")
    assert (output["retry_limit"], output["storage.total_limit_size"]) == (60, "512M")


def test_its_settings_are_yaml() -> None:
    text = log_agent_settings.settings(REGION)
    assert yaml.safe_load(text) == json.loads(text) == log_agent_settings.document(REGION)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"}, "should match pattern"),
        ({"memory": {"request": "256Mi", "limit": "128Mi"}}, "limit 128Mi is below request 256Mi"),
        ({"host_path": "/"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_pinned_agent_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        LogAgentArgs(**{**GIVEN, **changed})
