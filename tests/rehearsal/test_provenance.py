from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import aws_client, image_steps, inventory, provenance
from rehearsal.cloud_client import CloudProcess
from rehearsal.factory_files import Factory
from rehearsal.stage import Stage
from tests.rehearsal.staged import make_stage, record

HOME, OTHER = "eu-central-1", "eu-west-1"
TAGS = {
    "immutable:recipe": "service",
    "immutable:recipe-hash": "0123456789abcdef",
    "immutable:commit": "c" * 40,
    "immutable:parent": "ami-11111111",
    "immutable:tests": "passed",
    "immutable:findings": "critical=0",
    provenance.BUILD: "arn:build",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    started = CloudProcess.start(tmp_path_factory.mktemp("cloud") / "log", speed=100).ready()
    try:
        yield started
    finally:
        started.stop()


def tag(cloud: CloudProcess, region: str, image: str, tags: dict[str, str]) -> None:
    named = [{"Key": key, "Value": value} for key, value in tags.items()]
    aws_client.client("ec2", cloud.url, region).create_tags(Resources=[image], Tags=named)


def test_the_copies_of_an_image_are_those_of_its_build(cloud: CloudProcess) -> None:
    image = cloud.client.register_image("here", TAGS)
    other = aws_client.client("ec2", cloud.url, OTHER)
    copy = other.copy_image(SourceImageId=image, SourceRegion=HOME, Name="there")["ImageId"]
    tag(cloud, OTHER, copy, TAGS)
    # The cloud has images from outside in all regions; this one is no copy.
    other.deregister_image(ImageId=image)
    found = provenance.read(cloud.url, image, [HOME, OTHER])
    assert found.regions == {HOME: image, OTHER: copy}
    assert (found.recipe, found.hash, found.build) == ("service", "0123456789abcdef", "arn:build")
    assert (found.commit, found.parent) == ("c" * 40, "ami-11111111")
    assert (found.tests, found.findings) == ("passed", "critical=0")


def test_of_an_image_without_tags_nothing_is_known(cloud: CloudProcess) -> None:
    image = cloud.client.register_image("bare", {})
    found = provenance.read(cloud.url, image, [HOME])
    assert found == provenance.Provenance(image, regions={HOME: image})


def test_what_images_leave_behind_is_cleared_by_hand(
    cloud: CloudProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear, held = image_steps.clear, image_steps.held
    stage = make_stage(tmp_path, monkeypatch)
    monkeypatch.setattr(image_steps, "held", held)
    stage.cloud, stage.factory = cloud, Factory("images", (HOME, OTHER), "service")
    monkeypatch.setattr(Stage, "leap", lambda _, seconds: cloud.client.step_clock(seconds))
    before = image_steps.held(stage)
    image = cloud.client.register_image("built", {"immutable:recipe": "service"})
    for region in (HOME, OTHER):
        aws_client.client("ssm", cloud.url, region).put_parameter(Name="/x", Value=image, Type="String")
        ec2 = aws_client.client("ec2", cloud.url, region)
        ec2.enable_image_deregistration_protection(ImageId=image, WithCooldown=True)
    assert len(inventory.take_copies(cloud.url, OTHER) - before) == 3
    step = record()
    clear(stage, step)
    assert image_steps.held(stage) <= before
    assert step.notes[0].endswith("images outlive their factory, with snapshots; a hand deregisters them")
