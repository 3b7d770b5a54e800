from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.cloud.images import Image
from rehearsal.plugin import ProviderError
from rehearsal.provider import aws_provider
from tests.rehearsal.provider.test_functions import invoke
from tests.rehearsal.provider.world import IMAGES, REGION, World

_numbers = itertools.count(1)


@pytest.fixture
def image(world: World) -> str:
    """An image of this test's own."""
    return world.cloud.image(f"ami-{next(_numbers):017x}", owner="platform")


def ami(world: World, image_id: str, **more: Any) -> dict[str, Any]:
    return invoke(world, "getAmi", "ec2", filters=[{"name": "image-id", "values": [image_id]}], **more)


def test_an_image_is_found_by_its_id_with_all_that_ec2_says_of_it(world: World, image: str) -> None:
    found = ami(world, image)
    assert found["id"] == found["imageId"] == found["name"] == image
    assert (found["architecture"], found["state"], found["ownerId"]) == ("arm64", "available", "123456789012")
    assert found["arn"] == f"arn:aws:ec2:{REGION}::image/{image}"
    assert found["tags"] == {"owner": "platform"}
    assert (found["public"], found["virtualizationType"], found["rootDeviceType"]) == (False, "hvm", "ebs")


def test_what_an_image_does_not_say_is_empty(world: World, image: str) -> None:
    found = ami(world, image)
    assert found["deprecationTime"] == found["kernelId"] == found["imdsSupport"] == ""
    assert found["stateReason"] == {"code": "UNSET", "message": "UNSET"}
    assert found["productCodes"] == []
    assert (found["includeDeprecated"], found["mostRecent"], found["enaSupport"]) == (False, False, False)


def test_the_disk_of_an_image_is_a_map_of_texts(world: World, image: str) -> None:
    found = ami(world, image)
    snapshot = world.client("ec2").describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]
    [device] = found["blockDeviceMappings"]
    assert (device["deviceName"], device["noDevice"], device["virtualName"]) == ("/dev/xvda", "", "")
    assert device["ebs"]["snapshot_id"] == found["rootSnapshotId"] == snapshot["Ebs"]["SnapshotId"]
    assert device["ebs"]["volume_size"] == str(snapshot["Ebs"]["VolumeSize"])
    assert device["ebs"]["encrypted"] == "false"


def test_a_deprecated_image_is_shown_to_its_owner_with_the_date(world: World, image: str) -> None:
    at = world.cloud.world.clock.date(world.cloud.world.timeline.now) + timedelta(days=1)
    world.client("ec2").enable_image_deprecation(ImageId=image, DeprecateAt=at)
    assert ami(world, image)["deprecationTime"].startswith(f"{at:%Y-%m-%dT}")


def test_a_deprecated_image_of_another_account_is_asked_for(
    world: World, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []

    def describe(region: str, action: str, arguments: dict[str, str]) -> dict[str, Any]:
        asked.append(arguments)
        return {"imagesSet": [{"imageId": image}]}

    monkeypatch.setattr("rehearsal.provider.image_functions.described", describe)
    ami(world, image)
    ami(world, image, includeDeprecated=True)
    assert [arguments["IncludeDeprecated"] for arguments in asked] == ["false", "true"]


def test_a_disabled_image_is_not_found(world: World, image: str) -> None:
    world.client("ec2").disable_image(ImageId=image)
    with pytest.raises(ProviderError, match="Your query returned no results"):
        ami(world, image, includeDeprecated=True)


def test_an_image_that_is_not_there_or_not_the_only_one_is_refused(world: World) -> None:
    with pytest.raises(ProviderError, match="invoking aws:ec2/getAmi:getAmi: Your query returned no results"):
        ami(world, "ami-00000000")
    both = [{"name": "image-id", "values": list(IMAGES)}]
    with pytest.raises(ProviderError, match="Your query returned more than one result"):
        invoke(world, "getAmi", "ec2", filters=both)


def test_the_newest_is_taken_where_the_program_says_so(world: World, image: str) -> None:
    ami(world, image)
    world.cloud.step(60)
    newer = world.cloud.image(f"ami-{next(_numbers):017x}")
    ami(world, newer)
    both = [{"name": "image-id", "values": [newer, image]}]
    assert invoke(world, "getAmi", "ec2", filters=both, mostRecent=True)["id"] == newer


def test_the_newest_of_whosever_images_is_refused(world: World, image: str) -> None:
    with pytest.raises(ProviderError, match="a third party may introduce a new image"):
        invoke(world, "getAmi", "ec2", nameRegex=image, mostRecent=True)
    found = invoke(world, "getAmi", "ec2", nameRegex=f"^{image}$", mostRecent=True, allowUnsafeFilter=True)
    assert found["id"] == image
    assert invoke(world, "getAmi", "ec2", nameRegex=image, mostRecent=True, owners=["self"])["id"] == image


def test_images_are_looked_for_among_those_of_their_owners(world: World, image: str) -> None:
    assert invoke(world, "getAmi", "ec2", nameRegex=image, owners=["self"])["id"] == image
    with pytest.raises(ProviderError, match="no results"):
        invoke(world, "getAmi", "ec2", nameRegex=image, owners=["136693071363"])


def test_a_filter_of_images_that_ec2_does_not_know_is_refused_in_its_words(world: World) -> None:
    filters = [{"name": "colour", "values": ["red"]}]
    with pytest.raises(ProviderError, match=r"getInstanceTypes: reading EC2 Instance Types: .*colour"):
        invoke(world, "getInstanceTypes", "ec2", filters=filters)


def test_instance_types_are_those_of_the_architecture(world: World) -> None:
    filters = [
        {"name": "instance-type", "values": ["m7g.large", "m6g.large", "m7i.large", "m7.nosuch"]},
        {"name": "processor-info.supported-architecture", "values": ["arm64"]},
    ]
    found = invoke(world, "getInstanceTypes", "ec2", filters=filters)
    assert sorted(found["instanceTypes"]) == ["m6g.large", "m7g.large"]
    assert found["id"] == REGION


def test_all_pages_of_an_answer_are_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        "": {"instanceTypeSet": [{"instanceType": "m7g.large"}], "nextToken": "more"},
        "more": {"instanceTypeSet": [{"instanceType": "m6g.large"}]},
    }
    monkeypatch.setattr(
        "rehearsal.provider.image_functions.described",
        lambda _region, _action, arguments: pages[arguments.get("NextToken", "")],
    )
    assert invoke(world, "getInstanceTypes", "ec2")["instanceTypes"] == ["m7g.large", "m6g.large"]


def test_a_snapshot_is_found_with_what_it_is_encrypted_with(world: World) -> None:
    image = f"ami-{next(_numbers):017x}"
    key = world.key.outputs["arn"]
    with world.cloud.cloud.lock:
        world.cloud.world.images.append(Image(image, image, kms_key_id=key))
    disk = ami(world, image)["blockDeviceMappings"][0]["ebs"]
    assert disk["encrypted"] == "true"
    found = invoke(world, "getSnapshot", "ebs", snapshotIds=[disk["snapshot_id"]])
    assert found["id"] == found["snapshotId"] == disk["snapshot_id"]
    assert found["arn"] == f"arn:aws:ec2:{REGION}::snapshot/{disk['snapshot_id']}"
    assert (found["encrypted"], found["kmsKeyId"]) == (True, key)
    assert (str(found["volumeSize"]), found["state"]) == (disk["volume_size"], "completed")


def test_a_snapshot_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(ProviderError, match="reading EBS Snapshots: couldn't find resource"):
        invoke(world, "getSnapshot", "ebs", snapshotIds=["snap-00000000000000000"])
    with pytest.raises(ProviderError, match="Your query returned no results"):
        invoke(world, "getSnapshot", "ebs", filters=[{"name": "snapshot-id", "values": ["snap-0"]}])


@pytest.mark.parametrize("called", ["keyId", "arn", "alias"])
def test_a_key_is_found_by_any_of_its_names(called: str, world: World) -> None:
    alias = world.make("aws:kms/alias:Alias", targetKeyId=world.key.id)
    name = alias.id if called == "alias" else world.key.outputs[called]
    key = invoke(world, "getKey", "kms", keyId=name)
    assert (key["id"], key["arn"], key["keyId"]) == (world.key.id, world.key.outputs["arn"], name)
    assert (key["enabled"], key["keyState"], key["keyManager"]) == (True, "Enabled", "CUSTOMER")
    assert key["creationDate"].endswith("Z") and key["deletionDate"] == key["validTo"] == ""
    assert (key["multiRegion"], key["multiRegionConfigurations"]) == (False, [])


def test_a_key_that_is_being_deleted_says_so(world: World) -> None:
    world.key.delete()
    key = invoke(world, "getKey", "kms", keyId=world.key.id)
    assert (key["enabled"], key["keyState"]) == (False, "PendingDeletion")
    assert key["deletionDate"] > key["creationDate"]


def test_a_key_of_several_regions_names_them(world: World) -> None:
    key = world.make("aws:kms/key:Key", multiRegion=True)
    [regions] = invoke(world, "getKey", "kms", keyId=key.id)["multiRegionConfigurations"]
    assert regions["multiRegionKeyType"] == "PRIMARY"
    assert regions["primaryKeys"] == [{"arn": key.outputs["arn"], "region": REGION}]


def test_a_key_that_is_not_there_is_refused_in_the_real_providers_words(world: World) -> None:
    gone = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(ProviderError, match=rf"reading KMS Key \({gone}\): couldn't find resource"):
        invoke(world, "getKey", "kms", keyId=gone)
    with pytest.raises(ProviderError, match="doesn't look like a key ID"):
        invoke(world, "getKey", "kms", keyId="my key")


def test_what_aws_refuses_is_said_in_its_own_words(world: World) -> None:
    world.cloud.fault("DescribeKey", error="AccessDeniedException")
    try:
        with pytest.raises(
            ProviderError, match=r"reading KMS Key \(.*\): DescribeKey: AccessDeniedException"
        ):
            invoke(world, "getKey", "kms", keyId="alias/web")
    finally:
        world.cloud.clear_faults()


def test_no_sdk_is_loaded_for_a_look_at_an_image(world: World, image: str) -> None:
    """Loading it costs more than the whole rest of a preview."""
    provider = aws_provider()
    provider.configure({"region": REGION})
    made: list[str] = []
    clients = world.client("ec2")  # the test's own
    assert clients is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "rehearsal.provider.cloud.Clients.get", lambda _self, service, _region: made.append(service)
        )
        provider.invoke("aws:ec2/getAmi:getAmi", {"filters": [{"name": "image-id", "values": [image]}]})
    assert made == []
