"""Instances and volumes of the emulated EC2, looked up by their ID."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.instances import InstanceBackend

from tests.rehearsal.cloud.scene import Scene


def test_launching_and_ending_servers_never_goes_through_all_of_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fleet of ten thousand would take a hundred times as long as one of a thousand."""
    scene.settled(20)

    def through_all(*_: object) -> None:
        raise AssertionError("every instance is gone through")

    monkeypatch.setattr(InstanceBackend, "all_instances", through_all)
    monkeypatch.setattr(InstanceBackend, "all_reservations", through_all)
    scene.start(2)
    assert scene.until_over()["Status"] == "Successful"
    assert scene.versions() == ["2"] * 20


def test_an_instance_is_found_by_its_id_also_when_it_is_gone(scene: Scene) -> None:
    scene.settled(2)
    gone = [each["InstanceId"] for each in scene.group()["Instances"]]
    scene.start(2)
    scene.until_over()
    for instance_id in gone:
        found = scene.ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="instanceType")
        assert found["InstanceId"] == instance_id


def test_an_instance_that_never_was_is_not_found(scene: Scene) -> None:
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        scene.ec2.describe_instance_attribute(InstanceId="i-0123456789abcdef0", Attribute="userData")


def test_volumes_are_found_by_their_ids(scene: Scene) -> None:
    made = [scene.ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1)["VolumeId"] for _ in range(3)]
    assert EBSBackend.describe_volumes.__module__ == "rehearsal.cloud.ec2.lookups"
    found = scene.ec2.describe_volumes(VolumeIds=made[:2])["Volumes"]
    assert [each["VolumeId"] for each in found] == made[:2]
    assert {each["VolumeId"] for each in scene.ec2.describe_volumes()["Volumes"]} >= set(made)
    sized = [{"Name": "size", "Values": ["2"]}]
    assert scene.ec2.describe_volumes(VolumeIds=made, Filters=sized)["Volumes"] == []
    with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound.*vol-0123456789abcdef0"):
        scene.ec2.describe_volumes(VolumeIds=[*made, "vol-0123456789abcdef0"])
