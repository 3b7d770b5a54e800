from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.scene import BETTER, BOOT, GOOD, Scene

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"


def call(cloud: Local, what: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{cloud.url}/rehearsal/{what}", data=data)  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_a_registered_image_is_the_only_one_that_ec2_knows(cloud: Local) -> None:
    given = {"imageId": "ami-0123456789abcdef0", "name": "web-1", "tags": {"recipe": "web"}}
    assert call(cloud, "images", given) == (200, {"imageId": "ami-0123456789abcdef0"})
    images = cloud.client("ec2").describe_images()["Images"]
    assert [(i["ImageId"], i["Name"], i["State"], i["Tags"]) for i in images] == [
        ("ami-0123456789abcdef0", "web-1", "available", [{"Key": "recipe", "Value": "web"}])
    ]


def test_an_image_without_an_id_gets_one(cloud: Local) -> None:
    status, answer = call(cloud, "images", {"name": "web"})
    assert status == 200
    found = cloud.client("ec2").describe_images(ImageIds=[answer["imageId"]])["Images"]
    assert found[0]["Name"] == "web"


def test_an_image_may_be_of_another_account(cloud: Local) -> None:
    image = call(cloud, "images", {"name": "debian", "owner": "136693071363"})[1]["imageId"]
    assert cloud.client("ec2").describe_images(ImageIds=[image])["Images"][0]["OwnerId"] == "136693071363"


def test_a_deregistered_image_stays_away(cloud: Local) -> None:
    ec2 = cloud.client("ec2")
    first = call(cloud, "images", {"name": "one"})[1]["imageId"]
    ec2.describe_images()
    ec2.deregister_image(ImageId=first)
    second = call(cloud, "images", {"name": "two"})[1]["imageId"]
    assert [i["ImageId"] for i in ec2.describe_images()["Images"]] == [second]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "the key 'name' is missing"),
        ({"name": "x", "imageId": "web"}, "imageId 'web' is not an AMI ID"),
        ({"name": "x", "tags": {"rehearsal:behaviour": "odd"}}, "rehearsal:behaviour 'odd' is not one of"),
        ([], "the body is not a JSON object"),
    ],
)
def test_an_image_that_cannot_be_is_refused_with_one_line(cloud: Local, body: Any, error: str) -> None:
    status, answer = call(cloud, "images", body)
    assert status == 400
    assert answer["error"].startswith(error)
    assert cloud.world.images == []


def test_an_image_is_registered_once(cloud: Local) -> None:
    call(cloud, "images", {"imageId": GOOD, "name": "one"})
    status, answer = call(cloud, "images", {"imageId": GOOD, "name": "two"})
    assert (status, "already there" in answer["error"]) == (400, True)


def test_a_listener_takes_a_certificate_that_was_put_there(cloud: Local) -> None:
    assert call(cloud, "certificates", {"arn": ARN, "domain": "example.org"}) == (200, {"arn": ARN})
    described = cloud.client("acm").describe_certificate(CertificateArn=ARN)["Certificate"]
    assert (described["DomainName"], described["Status"]) == ("example.org", "ISSUED")
    ec2, elbv2 = cloud.client("ec2"), cloud.client("elbv2")
    subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:2]
    balancer = elbv2.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": ARN}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]
    assert listener["Certificates"] == [{"CertificateArn": ARN}]


def test_a_certificate_needs_the_arn_of_one(cloud: Local) -> None:
    status, answer = call(cloud, "certificates", {"arn": "arn:aws:iam::1:x", "domain": "d"})
    assert (status, "not the ARN of an ACM certificate" in answer["error"]) == (400, True)


def test_the_clock_can_be_set_stopped_and_stepped(cloud: Local) -> None:
    assert call(cloud, "clock")[1] == {"at": 0.0, "speed": 0.0}
    assert call(cloud, "clock", {"step": 90})[1]["at"] == 90
    assert call(cloud, "clock", {"speed": 1000})[1]["speed"] == 1000
    assert call(cloud, "clock", {"speed": 0})[1]["at"] >= 90
    assert call(cloud, "clock", {"speed": -1})[0] == 400
    assert call(cloud, "clock", {"pace": 1})[1]["error"] == "unknown keys: pace"


def test_the_fleet_shows_every_server_with_its_image(scene: Scene) -> None:
    scene.create_group(desired=1, Tags=[{"Key": "Name", "Value": "web"}])
    scene.cloud.step(BOOT)
    answer = call(scene.cloud, "fleet")[1]
    (group,) = answer["groups"]
    (server,) = group["instances"]
    assert (answer["at"], group["group"], group["tags"], group["desired"]) == (
        BOOT,
        "web",
        {"Name": "web"},
        1,
    )
    assert server["id"].startswith("i-")
    assert (server["image"], server["version"], server["state"], server["health"]) == (
        GOOD, 1, "InService", "initial",
    )  # fmt: skip


def test_the_fleet_shows_what_a_refresh_under_way_does(scene: Scene) -> None:
    def stage() -> str | None:
        found: str | None = call(scene.cloud, "fleet")[1]["groups"][0]["refresh"]
        return found

    scene.settled(desired=2)
    assert stage() is None
    scene.start(2, CheckpointPercentages=[50, 100], CheckpointDelay=3000, BakeTime=600)
    seen: list[str] = []
    while (now := stage()) is not None:
        seen += [now] if seen[-1:] != [now] else []
        scene.cloud.step(10)
    assert seen == ["Pending", "InProgress", "Checkpoint", "InProgress", "Baking"]


def test_what_is_not_there_is_404(cloud: Local) -> None:
    assert call(cloud, "nothing") == (404, {"error": "there is no GET /rehearsal/nothing"})


def test_another_cloud_starts_empty(cloud: Local) -> None:
    cloud.image(BETTER)
    from rehearsal.cloud.app import Cloud

    assert Cloud().world.images == []
