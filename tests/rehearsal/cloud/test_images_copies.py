"""Copies of images: between regions, with their tags and encrypted, or not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.images import Image
from rehearsal.cloud.local import Local

IMAGE = "ami-00000000000000001"
HERE, THERE = "eu-central-1", "eu-west-1"


@pytest.fixture
def there(cloud: Local) -> Any:
    tags = {"immutable:recipe": "service", "aws:made": "by AWS"}
    cloud.world.images.append(Image(IMAGE, "service-1", tags, "x86_64", region=HERE, volume_size_gib=12))
    return cloud.client("ec2", THERE)


def copy(there: Any, **what: Any) -> dict[str, Any]:
    given = {"SourceImageId": IMAGE, "SourceRegion": HERE, "Name": "copy"} | what
    made = there.copy_image(**given)["ImageId"]
    return dict(there.describe_images(ImageIds=[made])["Images"][0])


def refusal(there: Any, **what: Any) -> str:
    with pytest.raises(ClientError) as refused:
        copy(there, **what)
    return str(refused.value.response["Error"]["Code"])


def tags(resource: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


def snapshot(there: Any, image: dict[str, Any]) -> dict[str, Any]:
    ids = [image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]]
    return dict(there.describe_snapshots(SnapshotIds=ids)["Snapshots"][0])


def test_an_image_of_one_region_is_not_in_another(cloud: Local, there: Any) -> None:
    assert there.describe_images()["Images"] == []
    assert len(cloud.client("ec2").describe_images()["Images"]) == 1


def test_a_copy_is_an_image_of_its_own_with_another_id(cloud: Local, there: Any) -> None:
    made = copy(there)
    assert made["ImageId"] != IMAGE
    assert (made["Name"], made["Architecture"], made["State"]) == ("copy", "x86_64", "available")
    assert (made["SourceImageId"], made["SourceImageRegion"]) == (IMAGE, HERE)
    assert made["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 12
    cloud.client("ec2").deregister_image(ImageId=IMAGE)
    assert len(there.describe_images()["Images"]) == 1


def test_tags_are_copied_on_request_but_for_those_of_aws(there: Any) -> None:
    assert tags(copy(there)) == {}
    assert tags(copy(there, CopyImageTags=True)) == {"immutable:recipe": "service"}


def test_a_copy_and_its_snapshot_get_tags_of_their_own(there: Any) -> None:
    more = [
        {"ResourceType": "image", "Tags": [{"Key": "of", "Value": "image"}]},
        {"ResourceType": "snapshot", "Tags": [{"Key": "of", "Value": "snapshot"}]},
    ]
    made = copy(there, TagSpecifications=more)
    assert (tags(made), tags(snapshot(there, made))) == ({"of": "image"}, {"of": "snapshot"})
    assert refusal(there, TagSpecifications=[{"ResourceType": "vpc"}]) == "InvalidParameterValue"


def test_a_copy_is_encrypted_with_a_key_of_its_own_region(cloud: Local, there: Any) -> None:
    plain = copy(there)
    assert plain["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is False
    key = cloud.client("kms", THERE).create_key()["KeyMetadata"]
    made = copy(there, Encrypted=True, KmsKeyId=key["KeyId"])
    assert made["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
    assert snapshot(there, made)["KmsKeyId"] == key["Arn"]
    other = cloud.client("kms").create_key()["KeyMetadata"]
    assert refusal(there, Encrypted=True, KmsKeyId=other["KeyId"]) == "InvalidParameterValue"
    assert refusal(there, Encrypted=True, KmsKeyId=other["Arn"]) == "InvalidParameterValue"
    assert refusal(there, KmsKeyId=key["KeyId"]) == "InvalidParameterCombination"


def test_a_copy_of_an_encrypted_image_is_encrypted(cloud: Local, there: Any) -> None:
    made = copy(there, Encrypted=True)
    ebs = f"arn:aws:kms:{THERE}:123456789012:alias/aws/ebs"
    assert snapshot(there, made)["KmsKeyId"] == ebs
    again = copy(there, SourceImageId=made["ImageId"], SourceRegion=THERE)
    assert snapshot(there, again)["Encrypted"] is True


def test_what_is_not_there_is_not_copied(there: Any) -> None:
    assert refusal(there, SourceImageId="ami-00000000000000009") == "InvalidAMIID.NotFound"


def test_an_image_of_an_instance_has_its_tags(cloud: Local, there: Any) -> None:
    ec2 = cloud.client("ec2")
    instance = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    more = [{"ResourceType": "image", "Tags": [{"Key": "of", "Value": "image"}]}]
    made = ec2.create_image(InstanceId=instance, Name="made", TagSpecifications=more)["ImageId"]
    found = ec2.describe_images(ImageIds=[made])["Images"][0]
    assert (found["SourceInstanceId"], tags(found)) == (instance, {"of": "image"})
