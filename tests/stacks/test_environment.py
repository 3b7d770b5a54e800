"""The one composition: what an environment declares and exports; environments differ in data alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pulumi
import pydantic
import pytest

from stacks import fleets
from tests.stacks.declared import Environment, declared
from tests.stacks.given import SMALLEST, stack_file, with_changes


@pytest.fixture(scope="module")
def staging() -> Environment:
    return declared("staging", stack_file("staging"))


@pytest.fixture(scope="module")
def prod() -> Environment:
    return declared("prod", stack_file("prod"))


def of_service(environment: Environment, service: str) -> Counter[str]:
    """Types of what stands under a service's component, at any depth."""
    inside = {f"immutable:service:Service {service}"}
    found: Counter[str] = Counter()
    while True:
        below = [each for each in environment.resources if each.parent in inside]
        names = {f"{each.type} {each.name}" for each in below} | inside
        if names == inside:
            return found
        inside, found = names, Counter(each.type for each in below)


def test_an_environment_is_a_network_an_entry_point_and_its_services(staging: Environment) -> None:
    top = [
        (each.type, each.name) for each in staging.resources if each.parent.startswith("pulumi:pulumi:Stack")
    ]
    assert sorted(top) == [
        ("immutable:alerttopic:AlertTopic", "alerts"),
        ("immutable:aliasrecords:AliasRecords", "entry"),
        ("immutable:certificate:Certificate", "entry"),
        ("immutable:database:Database", "main"),
        ("immutable:internalentry:InternalEntry", "api-internal"),
        ("immutable:internalnames:InternalNames", "internal"),
        ("immutable:loadbalancer:LoadBalancer", "entry"),
        ("immutable:logsearch:LogSearch", "logs"),
        ("immutable:logshipping:LogShipping", "logs"),
        ("immutable:logwatch:LogWatch", "api"),
        ("immutable:logwatch:LogWatch", "web"),
        ("immutable:network:Network", "network"),
        ("immutable:service:Service", "api"),
        ("immutable:service:Service", "web"),
        ("immutable:sessionkeys:SessionKeys", "sessions"),
    ]


def test_every_service_is_made_of_the_same_parts_in_staging_and_prod(
    staging: Environment, prod: Environment
) -> None:
    parts = of_service(staging, "web")
    assert parts["aws:autoscaling/group:Group"] == parts["aws:ec2/launchTemplate:LaunchTemplate"] == 1
    assert parts == of_service(prod, "web")
    assert of_service(staging, "api") == of_service(prod, "api")


def test_a_service_that_another_calls_and_that_has_a_database_has_more_ways_and_nothing_else(
    staging: Environment,
) -> None:
    more = of_service(staging, "api")
    more.subtract(of_service(staging, "web"))
    assert {kind: count for kind, count in more.items() if count} == {
        "immutable:targetgroup:TargetGroup": 1,
        "aws:lb/targetGroup:TargetGroup": 1,
        "aws:lb/listenerRule:ListenerRule": 1,
        # To the internal load balancer and to the database, where web has one to what it calls.
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 1,
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
    }


BACKUP_COPIES = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
"""Prod has its backups in another region too, and a key for them there."""


def test_staging_and_prod_are_made_of_the_same_types(staging: Environment, prod: Environment) -> None:
    assert {each.type for each in prod.resources} == {
        *(each.type for each in staging.resources),
        BACKUP_COPIES,
    }


def test_prod_only_has_more_of_what_there_is_one_of_in_every_zone(
    staging: Environment, prod: Environment
) -> None:
    more = Counter(each.type for each in prod.resources)
    more.subtract(each.type for each in staging.resources)
    assert {kind: count for kind, count in more.items() if count} == {
        BACKUP_COPIES: 1,
        "aws:kms/key:Key": 1,
        "aws:ec2/eip:Eip": 2,
        "aws:ec2/natGateway:NatGateway": 2,
        "aws:ec2/route:Route": 1,
        "aws:ec2/routeTable:RouteTable": 1,
        "aws:ec2/routeTableAssociation:RouteTableAssociation": 3,
        "aws:ec2/subnet:Subnet": 3,
    }


def test_the_exports_are_what_people_and_scripts_read(staging: Environment) -> None:
    def service(name: str) -> dict[str, object]:
        alarms = {
            "errors": f"{name}-errors-alarm",
            "latency": f"{name}-latency-alarm",
            "unhealthyHosts": f"{name}-unhealthy-hosts-alarm",
            "replacements": f"{name}-replacements-alarm",
        }
        return {
            "kind": "web",
            "image": "ami-0a1b2c3d4e5f60718",
            "previousImage": None,
            "launchTemplateVersion": "7",
            "group": f"{name}-group",
            "refresh": {"id": f"refresh-{name}", "status": "Successful", "reason": ""},
            "refreshPreferences": {
                "strategy": "Rolling",
                "minHealthyPercentage": 100,
                "maxHealthyPercentage": 110,
                "skipMatching": True,
                "autoRollback": True,
                "scaleInProtectedInstances": "Refresh",
                "standbyInstances": "Terminate",
                "bakeTimeSeconds": 300,
                "alarms": list(alarms.values()),
                "timeoutSeconds": 7200,
            },
            "alarms": alarms,
            "url": "https://staging.example.com",
        }

    assert staging.outputs == {
        "url": "https://staging.example.com",
        "image": "ami-0a1b2c3d4e5f60718",
        "images": {
            "ami-0a1b2c3d4e5f60718": {
                "recipe": "service",
                "hash": "0123456789abcdef",
                "commit": "c0ffee",
                "parent": "ami-11111111",
                "tests": "passed",
                "findings": "critical=0 high=0 medium=0",
            }
        },
        "databases": {
            "main": {
                "host": "main.rds.example",
                "port": 5433,
                "name": "app",
                "id": "main-1a2b3c4d",
                "resourceId": "db-MAIN",
                "secretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-main",
            }
        },
        "logs": {
            "bucket": "logs-id",
            "groups": {"web": "web-log", "api": "api-log"},
            "dashboard": (
                "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
                "#dashboards/dashboard/immutable-staging"
            ),
        },
        "services": {
            "web": service("web") | {"calls": ["api"]},
            "api": service("api")
            | {"internalUrl": "https://api.internal.staging.example.com", "database": "main"},
        },
    }


def test_the_first_zones_by_name_are_used_whatever_order_they_come_in() -> None:
    built = declared("staging", with_changes({"immutable:network.zones": 2}))
    zones = {each.inputs["availabilityZone"] for each in built.resources if each.type.endswith(":Subnet")}
    assert zones == {"eu-central-1a", "eu-central-1b"}
    assert built.asked["getAvailabilityZones"] == [
        {"state": "available", "filters": [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]}
    ]


def test_more_zones_than_the_region_has_are_refused() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        declared("staging", SMALLEST, zones=("eu-central-1a", "eu-central-1b"))
    assert str(refused.value) == (
        "Pulumi.staging.yaml: immutable:network.zones: 3 is more than the 2 zones of eu-central-1; lower it"
    )


def test_a_cloud_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        declared("staging", SMALLEST, zones=())
    assert str(refused.value) == (
        "Pulumi.staging.yaml: aws:region: eu-central-1 does not tell its zones (invoke of "
        "aws:index/getAvailabilityZones:getAvailabilityZones failed: no valid credentials ()); "
        "check credentials and network"
    )


def test_what_only_a_component_knows_to_be_wrong_is_said_of_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(pydantic.BaseModel):
        @pydantic.model_validator(mode="before")
        @classmethod
        def _refuse(cls, _: Any) -> None:
            raise ValueError("7 is no number of servers: give another")

    monkeypatch.setattr(fleets, "ServiceArgs", Refusing)
    with pytest.raises(pulumi.RunError) as refused:
        declared("staging", SMALLEST)
    assert str(refused.value) == (
        "Pulumi.staging.yaml: immutable:services.web: 7 is no number of servers: give another"
    )


def test_everything_that_takes_tags_says_where_it_belongs(prod: Environment) -> None:
    tagged = [each.tags for each in prod.resources if each.tags is not None]
    assert len(tagged) > 30
    for tags in tagged:
        own = {key: tags.get(key) for key in ("environment", "managed-by", "project", "owner", "cost-centre")}
        assert own == {
            "environment": "prod",
            "managed-by": "pulumi",
            "project": "immutable",
            "owner": "platform",
            "cost-centre": "production",
        }


def test_what_belongs_to_a_service_names_it(prod: Environment) -> None:
    for name in ("web", "api"):
        assert prod.one("TargetGroup", name).inputs["tags"]["service"] == name
    assert "service" not in prod.one("Vpc", "network").inputs["tags"]


def test_all_alarms_ring_in_one_place(prod: Environment) -> None:
    topic = prod.one("Topic", "alerts").name
    alarms = [each for each in prod.resources if each.type.endswith(":MetricAlarm")]
    databases = [each for each in alarms if each.name.startswith("main-")]
    assert databases
    assert len(alarms) == (4 + 2) * 2 + len(databases) + len(["sessions-rotation"])
    (heard,) = {tuple(each.inputs["alarmActions"]) for each in alarms}
    assert heard == (f"arn:aws:sns:eu-central-1:123456789012:{topic}-topic",)
    assert not [each for each in prod.resources if each.type.endswith(":TopicSubscription")]


def test_an_internal_load_balancer_stands_in_private_subnets() -> None:
    def subnets(scheme: str) -> list[str]:
        built = declared("staging", with_changes({"immutable:loadBalancer.scheme": scheme}))
        found: list[str] = built.one("LoadBalancer", "entry").inputs["subnets"]
        return found

    assert all(each.startswith("network-private-") for each in subnets("internal"))
    assert all(each.startswith("network-public-") for each in subnets("internet-facing"))


def test_a_service_with_an_image_of_its_own_leaves_the_others_on_the_shared_one() -> None:
    own = "ami-0fedcba9876543210"
    api = {"port": 9090, "instanceTypes": ["m7g.large"], "route": {"priority": 1, "paths": ["/api/*"]}}
    built = declared("staging", with_changes({"immutable:services.api": {**api, "imageId": own}}))
    assert built.one("LaunchTemplate", "api").inputs["imageId"] == own
    assert built.one("LaunchTemplate", "web").inputs["imageId"] == "ami-0123456789abcdef0"
    assert built.outputs["image"] == "ami-0123456789abcdef0"
    assert built.outputs["services"]["api"]["image"] == own


def test_a_new_image_is_the_launch_template_and_the_refresh_and_nothing_else() -> None:
    before, after = (
        declared("staging", with_changes({"immutable:imageId": image}))
        for image in ("ami-0123456789abcdef0", "ami-0fedcba9876543210")
    )
    old = {(each.type, each.name): each.inputs for each in before.resources}
    changed = [(each.type, each.name) for each in after.resources if old[each.type, each.name] != each.inputs]
    assert sorted(changed) == [
        ("aws:ec2/launchTemplate:LaunchTemplate", "web"),
        ("pulumi-python:dynamic/instancerefresh:Rollout", "web"),
    ]
