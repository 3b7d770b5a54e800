"""Each value of a cluster, an image and a workload ends at the property that it is about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stacks.containers import AGENT_IMAGE, CONTAINERS, ECR, SHOP_IMAGE
from tests.stacks.declared import Environment, declared
from tests.stacks.given import with_changes

BILLING_IMAGE = f"{ECR}/billing@sha256:{'2' * 64}"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
ADMIN = "arn:aws:iam::123456789012:role/deploy"
VIEWER = "arn:aws:iam::123456789012:role/support"
STATEMENT = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-central-1:1:orders"}

SHOP: dict[str, Any] = {
    "image": "web-shop",
    "port": 9000,
    "ports": {"metrics": 9090},
    "healthPath": "/up",
    "min": 3,
    "max": 9,
    "cpuTargetPercent": 70,
    "cpu": {"request": "300m", "limit": "1.5"},
    "memory": {"request": "300Mi", "limit": "1Gi"},
    "route": {"priority": 7, "hosts": ["shop.example.com"], "paths": ["/a/*"]},
    "environment": {"LOG_LEVEL": "warning"},
    "secrets": {"PAYMENT_KEY": {"arn": SECRET, "keyArn": KEY}},
    "database": "main",
    "calls": ["billing"],
    "policyStatements": [STATEMENT],
    "command": ["serve", "--fast"],
    "migrate": ["migrate", "up"],
    "migrateTimeoutSeconds": 300,
    "startupSeconds": 60,
    "drainSeconds": 20,
    "terminationGraceSeconds": 90,
    "deregistrationDelaySeconds": 33,
    "tmpSizeMib": 64,
    "userId": 10001,
    "serviceAccountToken": True,
    "alarms": {
        "errorPercent": 2.5,
        "latencySeconds": 0.5,
        "unhealthyHosts": 2,
        "logErrorPercent": 1.5,
        "logErrorPattern": "?oops",
    },
    "rollout": {
        "maxSurge": "2",
        "minReadySeconds": 5,
        "progressDeadlineSeconds": 400,
        "timeoutSeconds": 500,
    },
}
BILLING = {
    "port": 8081,
    "ports": {"admin": 8082},
    "healthPort": 8082,
    "cpu": {"request": "100m", "limit": "100m"},
    "memory": {"request": "64Mi", "limit": "64Mi"},
}


@pytest.fixture(scope="module")
def built() -> Environment:
    """An environment whose cluster and workload have hardly a default value."""
    cluster = {
        "version": "1.36",
        "nodes": {
            "imageId": "ami-0fedcba9876543210",
            "instanceTypes": ["c7g.large", "c6g.large"],
            "min": 3,
            "max": 7,
            "maxUnavailable": 2,
            "maxAgeDays": 9,
            "volumeSizeGib": 80,
        },
        "addOns": {**CONTAINERS["immutable:cluster"]["addOns"], "coredns": "v1.99.0-eksbuild.7"},
        "admins": [ADMIN],
        "viewers": [VIEWER],
        "publicAccessCidrs": ["203.0.113.0/24"],
        "namespace": "shops",
        "deletionProtection": False,
    }
    changes = {
        "immutable:cluster": cluster,
        "immutable:images": {"web-shop": SHOP_IMAGE, "billing": BILLING_IMAGE, "log-agent": AGENT_IMAGE},
        "immutable:workloads": {"shop": SHOP, "billing": BILLING},
        "immutable:databases": {
            "main": {"engine": "postgres", "version": "16.4", "instanceClass": "db.t4g.micro"}
        },
        "immutable:logs": {"retentionDays": 14, "retainOnDestroy": False},
        "immutable:network": {"cidr": "10.40.0.0/18", "zones": 2},
        "immutable:services.web.route.priority": 500,
    }
    return declared("staging", with_changes(changes))


def kubernetes(built: Environment, kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        each
        for each in built.resources
        if each.type.startswith("kubernetes:") and each.type.endswith(f":{kind}") and each.name == name
    ]
    return found.inputs


def pod(built: Environment, name: str = "shop") -> dict[str, Any]:
    spec: dict[str, Any] = kubernetes(built, "Deployment", name)["spec"]["template"]["spec"]
    return spec


def container(built: Environment, name: str = "shop") -> dict[str, Any]:
    (only,) = pod(built, name)["containers"]
    found: dict[str, Any] = only
    return found


def test_the_cluster_is_as_configured(built: Environment) -> None:
    inputs = built.one("Cluster", "cluster").inputs
    assert (inputs["version"], inputs["deletionProtection"]) == ("1.36", False)
    assert inputs["vpcConfig"]["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert inputs["vpcConfig"]["endpointPublicAccess"]
    versions = {
        each.inputs["addonName"]: each.inputs["addonVersion"]
        for each in built.resources
        if each.type == "aws:eks/addon:Addon"
    }
    assert versions == {**CONTAINERS["immutable:cluster"]["addOns"], "coredns": "v1.99.0-eksbuild.7"}


def test_its_nodes_are_as_configured(built: Environment) -> None:
    inputs = built.one("NodeGroup", "cluster-nodes").inputs
    assert inputs["instanceTypes"] == ["c7g.large", "c6g.large"]
    assert (inputs["scalingConfig"]["minSize"], inputs["scalingConfig"]["maxSize"]) == (3, 7)
    assert inputs["updateConfig"]["maxUnavailable"] == 2
    template = built.one("LaunchTemplate", "cluster-nodes").inputs
    assert template["imageId"] == "ami-0fedcba9876543210"
    assert template["blockDeviceMappings"][0]["ebs"]["volumeSize"] == 80
    (rotation,) = [
        each.inputs["environment"]["variables"]
        for each in built.resources
        if each.type == "aws:lambda/function:Function"
        and "MAX_AGE_DAYS" in str(each.inputs.get("environment"))
    ]
    assert rotation["MAX_AGE_DAYS"] == "9"


def test_who_may_what_in_the_cluster_is_as_configured(built: Environment) -> None:
    policies = {
        each.inputs["principalArn"]: each.inputs["policyArn"].rpartition("/")[2]
        for each in built.resources
        if each.type.endswith(":AccessPolicyAssociation")
    }
    assert policies.keys() == {ADMIN, VIEWER}
    assert policies[ADMIN] == "AmazonEKSClusterAdminPolicy"
    assert "View" in policies[VIEWER]


def test_workloads_stand_in_the_configured_namespace(built: Environment) -> None:
    assert kubernetes(built, "Namespace", "workloads")["metadata"]["name"] == "shops"
    assert kubernetes(built, "Deployment", "shop")["metadata"]["namespace"] == "shops"
    identity = built.one("PodIdentityAssociation", "shop").inputs
    assert (identity["namespace"], identity["serviceAccount"]) == ("shops", "shop")


def test_logs_are_kept_as_long_as_configured(built: Environment) -> None:
    assert built.one("LogGroup", "shop").inputs["retentionInDays"] == 14
    groups = [each for each in built.resources if each.type.endswith(":LogGroup")]
    assert {each.name for each in groups if each.inputs["retentionInDays"] == 14} >= {"shop", "cluster"}
    assert not [each.name for each in groups if each.kept]


def test_images_are_those_of_their_keys(built: Environment) -> None:
    assert container(built)["image"] == SHOP_IMAGE
    assert container(built, "billing")["image"] == BILLING_IMAGE
    (agent,) = kubernetes(built, "DaemonSet", "log-agent")["spec"]["template"]["spec"]["containers"]
    assert agent["image"] == AGENT_IMAGE
    rollouts = {
        each.name: each.inputs["image"]
        for each in built.resources
        if each.type.endswith(":DeploymentRollout")
    }
    assert rollouts == {"shop": SHOP_IMAGE, "billing": BILLING_IMAGE}


def test_the_container_is_as_configured(built: Environment) -> None:
    only = container(built)
    assert only["resources"] == {
        "requests": {"cpu": "300m", "memory": "300Mi"},
        "limits": {"cpu": "1.5", "memory": "1Gi"},
    } | {key: value for key, value in only["resources"].items() if key not in ("requests", "limits")}
    assert only["command"] == ["serve", "--fast"]
    assert {each["containerPort"] for each in only["ports"]} == {9000, 9090}
    assert only["readinessProbe"]["httpGet"]["path"] == "/up"
    assert only["lifecycle"]["preStop"]["sleep"]["seconds"] == 20
    startup = only["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == 60


def test_the_pods_are_as_configured(built: Environment) -> None:
    spec = pod(built)
    assert spec["terminationGracePeriodSeconds"] == 90
    assert spec["securityContext"]["runAsUser"] == 10001
    assert "64Mi" in json.dumps(spec["volumes"])
    assert kubernetes(built, "ServiceAccount", "shop")["automountServiceAccountToken"]


def test_another_port_for_probes_is_asked(built: Environment) -> None:
    asked = container(built, "billing")["readinessProbe"]["httpGet"]["port"]
    ports = {each["name"]: each["containerPort"] for each in container(built, "billing")["ports"]}
    assert ports.get(asked, asked) == 8082


def test_sizes_and_scaling_are_as_configured(built: Environment) -> None:
    spec = kubernetes(built, "HorizontalPodAutoscaler", "shop")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_the_rollout_is_as_configured(built: Environment) -> None:
    spec = kubernetes(built, "Deployment", "shop")["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 2}
    assert (spec["minReadySeconds"], spec["progressDeadlineSeconds"]) == (5, 400)
    (rollout,) = [
        each.inputs
        for each in built.resources
        if each.type.endswith(":DeploymentRollout") and each.name == "shop"
    ]
    assert rollout["timeout_seconds"] == 500


def test_the_migration_is_as_configured(built: Environment) -> None:
    spec = kubernetes(built, "Job", "shop-migrate")["spec"]
    assert spec["template"]["spec"]["containers"][0]["command"] == ["migrate", "up"]
    assert spec["activeDeadlineSeconds"] == 300


def test_variables_and_secrets_reach_the_pods(built: Environment) -> None:
    data = [
        each.inputs["data"]
        for each in built.resources
        if each.type.endswith(":ConfigMap") and each.name.startswith("shop")
    ]
    assert len(data) == 1
    assert data[0]["LOG_LEVEL"] == "warning"
    assert data[0]["DATABASE_HOST"] == "main.rds.example"
    assert data[0]["BILLING_URL"] == "http://billing.shops:8081"
    (secrets,) = [each.inputs for each in built.resources if each.type.endswith(":SecretProviderClass")]
    assert SECRET in json.dumps(secrets["spec"])


def test_a_role_may_what_is_configured(built: Environment) -> None:
    policies = [
        json.loads(each.inputs["policy"])["Statement"]
        for each in built.resources
        if each.type.endswith(":RolePolicy") and "WorkloadIdentity shop" in each.parent
    ]
    (statements,) = policies
    assert STATEMENT in statements
    (decrypted,) = [each["Resource"] for each in statements if each.get("Sid") == "DecryptSecrets"]
    assert KEY in decrypted
    (read,) = [each["Resource"] for each in statements if each.get("Sid") == "ReadSecrets"]
    assert SECRET in read


def test_the_route_is_as_configured(built: Environment) -> None:
    rule = built.one("ListenerRule", "shop").inputs
    assert rule["priority"] == 7
    values = sorted(
        value for each in rule["conditions"] for part in each.values() for value in part["values"]
    )
    assert values == ["/a/*", "shop.example.com"]
    target = built.one("TargetGroup", "shop").inputs
    assert (target["healthCheck"]["path"], target["deregistrationDelay"]) == ("/up", 33)
    assert target["port"] == 30000


def test_the_alarms_are_as_configured(built: Environment) -> None:
    thresholds = {
        each.name: each.inputs["threshold"]
        for each in built.resources
        if each.type.endswith(":MetricAlarm") and each.name.startswith("shop-")
    }
    assert thresholds == {
        "shop-errors": 2.5,
        "shop-latency": 0.5,
        "shop-unhealthy-hosts": 2,
        "shop-log-errors": 1.5,
        "shop-log-delivery": 1800,
    }
    assert built.one("LogMetricFilter", "shop-log-errors").inputs["pattern"] == "?oops"
