"""What stands beside a workload's pods: its Deployment and Service, configuration, secrets and migrations."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
from pulumi import Resource

from components.args import SecretReference
from components.kubernetes.labels import fingerprint
from components.kubernetes.workload import Workload
from components.kubernetes.workload_args import Ingress
from tests.components.kubernetes.rendered import (
    IMAGE,
    OTHER,
    SECRET,
    WHOLE,
    arguments,
    built,
    container,
    manifests,
    named,
    spec,
)
from tests.components.recorder import run

# Deployment and what stands beside


def test_a_rollout_adds_pods_before_it_takes_any_away() -> None:
    found = spec("Deployment", max_surge=2, min_ready_seconds=7, progress_deadline_seconds=900)
    assert found["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 2},
    }
    assert (found["minReadySeconds"], found["progressDeadlineSeconds"]) == (7, 900)
    assert found["revisionHistoryLimit"] == 10


def test_the_autoscaler_alone_says_how_many_pods_there_are() -> None:
    """Taking a number out of an applied manifest would set it to 1."""
    for sizes in ({"min_size": 2, "max_size": 2}, {"min_size": 3, "max_size": 9}):
        objects = manifests(**sizes, cpu_target_percent=70)
        assert "replicas" not in named(objects, "Deployment")["spec"]
        found = named(objects, "HorizontalPodAutoscaler")["spec"]
        assert (found["minReplicas"], found["maxReplicas"]) == tuple(sizes.values())
        assert found["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
        target = {"type": "Utilization", "averageUtilization": 70}
        assert found["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def test_one_pod_at_a_time_may_be_moved_and_a_sick_one_holds_up_nothing() -> None:
    assert spec("PodDisruptionBudget") == {
        "maxUnavailable": 1,
        "selector": spec("Deployment")["selector"],
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def test_a_service_leads_to_the_pods_of_the_deployment_and_not_to_those_of_a_migration() -> None:
    objects = manifests(**WHOLE)
    wanted = named(objects, "Service")["spec"]["selector"]
    for kind, chosen in (("Deployment", True), ("Job", False)):
        labels = named(objects, kind)["spec"]["template"]["metadata"]["labels"]
        assert (wanted.items() <= labels.items()) is chosen


def test_an_exposed_workload_answers_on_every_node_and_others_only_inside() -> None:
    found = built(**WHOLE)
    service = found.inputs("Service")["Service shop"]["spec"]
    assert (service["type"], service["externalTrafficPolicy"]) == ("NodePort", "Cluster")
    assert found.outputs["node_port"] == 30000
    assert spec("Service")["type"] == "ClusterIP"
    assert built().outputs["node_port"] is None
    assert [(each["name"], each["port"], each["targetPort"]) for each in service["ports"]] == [
        ("http", 8080, "http"), ("metrics", 9090, "metrics"),
    ]  # fmt: skip


def test_an_ingress_leads_every_path_of_every_host_to_the_service() -> None:
    found = spec("Ingress", **WHOLE)
    assert found["ingressClassName"] == "nginx"
    (rule,) = found["rules"]
    backend = {"service": {"name": "shop", "port": {"name": "http"}}}
    assert rule["host"] == "shop.example.com"
    assert rule["http"]["paths"] == [{"path": "/", "pathType": "Prefix", "backend": backend}]
    assert "tls" not in found
    secret = Ingress(class_name="n", hosts=("a.b",), controller_namespace="i", tls_secret_name="cert")
    assert spec("Ingress", ingress=secret)["tls"] == [{"hosts": ["a.b"], "secretName": "cert"}]


def test_nothing_but_the_rollout_waits_for_pods() -> None:
    for each in manifests(**WHOLE):
        waits = "pulumi.com/skipAwait" not in each["metadata"]["annotations"]
        shown = each["kind"] in (
            "Deployment",
            "Service",
            "PodDisruptionBudget",
            "HorizontalPodAutoscaler",
            "Ingress",
        )
        assert waits is not shown


# Configuration and secrets


def test_variables_are_an_unchangeable_config_map_named_by_what_it_holds() -> None:
    objects = manifests(**WHOLE)
    found = named(objects, "ConfigMap")
    assert found["immutable"] is True
    assert found["data"] == {
        "LOG_LEVEL": "info",
        "DATABASE_HOST": "db.example",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "orders",
        "DATABASE_SECRET": "arn:of:owner",
        "DATABASE_USER": "shop",
        "DATABASE_SECRET_FILE": "/mnt/secrets/DATABASE_SECRET",
        "PAYMENT_KEY_FILE": "/mnt/secrets/PAYMENT_KEY",
        "BILLING_URL": "http://billing.workloads:8081",
    }
    for kind in ("Deployment", "Job"):
        (one,) = named(objects, kind)["spec"]["template"]["spec"]["containers"]
        assert one["envFrom"] == [{"configMapRef": {"name": found["metadata"]["name"]}}]


def test_secrets_are_files_that_the_driver_reads_with_the_pods_own_role() -> None:
    objects = manifests(**WHOLE)
    found = named(objects, "SecretProviderClass")
    assert found["spec"]["provider"] == "aws"
    assert found["spec"]["parameters"] == {
        "usePodIdentity": "true",
        "objects": (
            '[{"objectAlias": "DATABASE_SECRET", "objectName": "arn:of:owner"}, '
            '{"objectAlias": "PAYMENT_KEY", "objectName": '
            '"arn:aws:secretsmanager:eu-central-1:123456789012:secret:pay-a1b2c3"}]'
        ),
    }
    for kind in ("Deployment", "Job"):
        about = named(objects, kind)["spec"]["template"]["spec"]
        (_, volume) = about["volumes"]
        name = found["metadata"]["name"]
        driver = {"driver": "secrets-store.csi.k8s.io", "readOnly": True}
        assert volume == {
            "name": "secrets", "csi": {**driver, "volumeAttributes": {"secretProviderClass": name}},
        }  # fmt: skip
        assert about["containers"][0]["volumeMounts"][1] == {
            "name": "secrets", "mountPath": "/mnt/secrets", "readOnly": True,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"environment": {"A": "1"}}, {"environment": {"A": "2"}}, "ConfigMap"),
        (
            {"secrets": {"A": SECRET}},
            {"secrets": {"A": SecretReference(arn="arn:other")}},
            "SecretProviderClass",
        ),
    ],
)
def test_a_changed_value_rolls_and_one_that_is_put_back_finds_the_object_of_before(
    before: dict[str, Any], after: dict[str, Any], kind: str
) -> None:
    first, second = manifests(**before), manifests(**after)
    assert named(first, kind)["metadata"]["name"] != named(second, kind)["metadata"]["name"]
    assert named(first, "Deployment")["spec"]["template"] != named(second, "Deployment")["spec"]["template"]
    assert manifests(**before) == first


def test_what_a_version_refers_to_stays_when_the_next_one_comes_and_goes_with_the_workload() -> None:
    found = built(**WHOLE)
    kept = {key: options for key, options in found.options().items() if "retain_on_delete" in options}
    assert set(kept) == {"ConfigMap shop", "SecretProviderClass shop"}
    for key in kept:
        metadata = found.inputs()[key]["metadata"]
        assert metadata["labels"]["immutable/kept-for"] == "shop"
        assert metadata["ownerReferences"] == [
            {"apiVersion": "v1", "kind": "ServiceAccount", "name": "shop", "uid": "uid-shop"}
        ]


def test_a_value_that_is_known_late_is_in_the_name_too() -> None:
    late = {"environment": {"A": pulumi.Output.from_input("1")}}
    assert named(manifests(**late), "ConfigMap")["metadata"]["name"] == f"shop-{fingerprint({'A': '1'})}"


# Migrations


def test_a_migration_runs_the_new_image_with_all_that_the_workload_has_and_no_more() -> None:
    found = spec("Job", **WHOLE)
    assert (found["backoffLimit"], found["podReplacementPolicy"]) == (2, "Failed")
    assert found["activeDeadlineSeconds"] == 1800
    template = found["template"]
    assert template["spec"]["restartPolicy"] == "Never"
    (one,) = template["spec"]["containers"]
    assert (one["image"], one["command"]) == (IMAGE, ["migrate", "up"])
    assert one["securityContext"] == container(**WHOLE)["securityContext"]
    assert template["metadata"]["annotations"] == {"immutable/log-group": "shop-log"}
    assert not {"ports", "readinessProbe", "livenessProbe", "startupProbe", "lifecycle"} & one.keys()


def test_every_version_has_a_migration_of_its_own_and_one_that_failed_is_made_again() -> None:
    first, second = manifests(**WHOLE), manifests(**WHOLE, image=OTHER)
    assert named(first, "Job")["metadata"]["name"] != named(second, "Job")["metadata"]["name"]
    assert named(first, "Job")["metadata"]["annotations"]["pulumi.com/replaceUnready"] == "true"


def test_no_pod_of_a_version_starts_before_its_migration_is_done_and_its_ways_are_open() -> None:
    found = built(**WHOLE)
    before = set(found.after()["Deployment shop"])
    assert {"Job shop-migrate", "ConfigMap shop", "SecretProviderClass shop", "ServiceAccount shop"} <= before
    ways = {key for key in found.resources if key.startswith("NetworkPolicy ")}
    assert ways <= before
    assert before - {"Job shop-migrate"} == set(found.after()["Job shop-migrate"])


def test_a_migration_is_waited_for_as_long_as_it_may_take() -> None:
    found = built(**WHOLE, migrate_timeout_seconds=60)
    assert found.inputs()["Job shop-migrate"]["spec"]["activeDeadlineSeconds"] == 60
    assert found.options()["Job shop-migrate"]["timeouts"] == ("60s", "60s", "")


def test_what_is_kept_may_be_there_already_when_a_config_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else may: it would be somebody else's."""
    seen: dict[str, Any] = {}
    register = Resource.__init__

    def registered(self: Any, kind: str, name: str, *rest: Any, **more: Any) -> None:
        register(self, kind, name, *rest, **more)
        seen[f"{kind.split(':')[-1]} {name}"] = getattr(self, "_provider", None)

    monkeypatch.setattr(Resource, "__init__", registered)

    def program() -> dict[str, Any]:
        keeper = pulumi_kubernetes.Provider("keeper", kubeconfig="{}", upsert_existing_objects=True)
        Workload("shop", arguments(**WHOLE, keeper=keeper))
        return {}

    run(program)
    kept = [key for key, provider in seen.items() if provider is not None and provider._name == "keeper"]
    assert kept == ["ConfigMap shop", "SecretProviderClass shop"]
