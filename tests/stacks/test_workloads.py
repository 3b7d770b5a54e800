"""The containers of an environment: what is made of them, in which order, and what the stack exports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.containers import (
    ALONE,
    CLUSTER,
    CONTAINERS,
    MORE,
    SHOP,
    SHOP_IMAGE,
    containers,
    of_kubernetes,
    top,
)
from tests.stacks.declared import Environment, declared
from tests.stacks.given import SMALLEST, with_changes


@pytest.fixture(scope="module")
def built() -> Environment:
    return containers(MORE)


def test_a_cluster_comes_with_a_namespace_an_agent_and_the_way_to_databases(built: Environment) -> None:
    parts = [each for each in top(built) if each not in top(declared("staging", SMALLEST))]
    assert parts == [
        "Cluster cluster",
        "Database main",
        "FleetAlarms shop",
        "LogAgent log-agent",
        "LogWatch billing",
        "LogWatch mailer",
        "LogWatch shop",
        "NodeAccess cluster",
        "Workload billing",
        "Workload mailer",
        "Workload shop",
        "WorkloadIdentity shop",
        "WorkloadLogs billing",
        "WorkloadLogs mailer",
        "WorkloadLogs shop",
        "WorkloadNamespace workloads",
        "WorkloadRoute shop",
    ]


def test_services_are_as_they_were_without_containers(built: Environment) -> None:
    def of_services(built: Environment) -> dict[tuple[str, str], Any]:
        parts = [each for each in built.resources if each.name == "web" and each.type.startswith("aws:")]
        return {(each.type, each.parent): each.inputs for each in parts}

    before = declared("staging", with_changes({"immutable:services.web.route.priority": 500}))
    assert of_services(built) == of_services(before)


def test_all_objects_are_made_in_the_cluster_and_by_no_other_way(built: Environment) -> None:
    """Whatever kubeconfig the machine has: its current context may be another cluster."""
    objects = [each for each in built.resources if each.type.startswith("kubernetes:")]
    assert len(objects) > 20
    kept = ("ConfigMap", "SecretProviderClass")
    for each in objects:
        of_workload = each.type.split(":")[-1] in kept and each.provider != "cluster"
        assert each.provider == ("workloads-keeper" if of_workload else "cluster")
    assert {each.provider for each in built.resources if each.type.startswith("aws:")} == {""}


def test_pods_start_when_they_are_somebody_and_the_way_to_their_database_is_open(built: Environment) -> None:
    (workload,) = [
        each for each in built.resources if each.type.endswith(":Workload") and each.name == "shop"
    ]
    before = {urn.rpartition("::")[0].rpartition("$")[2].rpartition(":")[2] for urn in workload.after}
    assert {"PodIdentityAssociation", "SecurityGroupIngressRule", "SecurityGroupEgressRule"} <= before


def test_a_workload_that_aws_lets_do_nothing_has_no_role(built: Environment) -> None:
    identities = {
        each.name
        for each in built.resources
        if each.type == "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    }
    assert identities == {"shop", "log-agent"}


def test_lines_go_to_a_group_for_each_workload_and_on_to_the_bucket(built: Environment) -> None:
    deployments = of_kubernetes(built, "Deployment")
    for name in ("shop", "billing", "mailer"):
        metadata = deployments[name].inputs["spec"]["template"]["metadata"]
        assert f"{name}-log" in metadata["annotations"].values()
        assert (
            built.one("LogSubscriptionFilter", name).inputs["destinationArn"].endswith(f"logs-{name}-stream")
        )
        assert built.one("LogGroup", name).inputs["kmsKeyId"].endswith("key/logs")


def test_the_agent_may_write_to_these_groups_and_to_no_others(built: Environment) -> None:
    (policy,) = [
        each.inputs["policy"]
        for each in built.resources
        if each.type.endswith(":RolePolicy") and "WorkloadIdentity log-agent" in each.parent
    ]
    for name in ("shop", "billing", "mailer"):
        assert f"log-group:{name}-log" in policy
    assert "log-group:web-log" not in policy


def test_hosts_of_workloads_are_named_and_certified_as_those_of_services() -> None:
    names = {"zoneId": "Z0123456789", "domain": "example.com"}
    route = {"priority": 150, "hosts": ["deep.shop.example.com"]}
    built = containers(
        {
            "immutable:names": names,
            "immutable:loadBalancer.certificateArn": None,
            "immutable:workloads": {"shop": {**SHOP, "route": route}},
        }
    )
    assert "deep.shop.example.com" in built.one("Certificate", "entry").inputs["subjectAlternativeNames"]
    records = [each.inputs["name"] for each in built.resources if each.type.endswith(":Record")]
    assert "deep.shop.example.com" in records


def test_what_belongs_to_a_workload_names_it(built: Environment) -> None:
    for kind in ("TargetGroup", "LogGroup", "Role"):
        tags = built.one(kind, "shop").tags
        assert tags is not None
        assert (tags["service"], tags["environment"]) == ("shop", "staging")


def test_the_exports_are_what_people_and_scripts_read(built: Environment) -> None:
    def workload(name: str) -> dict[str, Any]:
        return {
            "image": SHOP_IMAGE,
            "imageKey": "shop",
            "previousImage": "",
            "namespace": "workloads",
            "deployment": name,
            "minSize": 2,
            "maxSize": 4,
            "port": None,
            "logGroup": f"{name}-log",
            "rollout": {
                "status": "Successful",
                "reason": "",
                "revision": "1",
                "finishedAt": "2026-11-21T00:00:00Z",
            },
        }

    exported = built.outputs
    kubeconfig = exported["cluster"].pop("kubeconfig")
    assert '"get-token"' in kubeconfig
    assert exported["cluster"] == {
        "name": "cluster-1a2b3c4d",
        "endpoint": "https://cluster.eks.example",
        "version": "1.36",
        "nodeImage": "ami-0fedcba9876543210",
        "nodeGroup": "cluster-nodes-group",
        "namespace": "workloads",
    }
    assert exported["workloads"] == {
        "shop": workload("shop")
        | {
            "port": 8080,
            "targetGroup": "arn:tg/shop",
            "url": "https://entry.elb.example",
            "alarms": {
                "errors": "shop-errors-alarm",
                "latency": "shop-latency-alarm",
                "unhealthyHosts": "shop-unhealthy-hosts-alarm",
            },
            "calls": ["billing"],
            "database": "main",
        },
        "billing": workload("billing") | {"port": 8081},
        "mailer": workload("mailer"),
    }
    assert exported["logs"]["groups"] == {
        "web": "web-log",
        "shop": "shop-log",
        "billing": "billing-log",
        "mailer": "mailer-log",
    }


def test_an_environment_without_containers_exports_none() -> None:
    assert not {"cluster", "workloads"} & declared("staging", SMALLEST).outputs.keys()


def test_an_environment_of_workloads_alone_has_no_servers_but_nodes() -> None:
    built = containers({}, ALONE)
    templates = [each.name for each in built.resources if each.type.endswith(":LaunchTemplate")]
    assert templates == ["cluster-nodes"]
    assert "image" not in built.outputs
    assert built.outputs["services"] == {}
    assert set(built.outputs["workloads"]) == {"shop"}


def test_a_cluster_may_wait_for_its_first_workload() -> None:
    images = {"log-agent": CONTAINERS["immutable:images"]["log-agent"]}
    built = declared("staging", with_changes({"immutable:cluster": CLUSTER, "immutable:images": images}))
    assert built.outputs["cluster"]["namespace"] == "workloads"
    assert "workloads" not in built.outputs
