"""Versions of launch templates: all of them are told, in pages, and old ones can be deleted."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local

IMAGE, OTHER = "ami-00000000000000001", "ami-00000000000000002"


@pytest.fixture
def ec2(cloud: Local) -> Any:
    """Version 1 has OTHER, 2 to 20 have IMAGE; the default one is 2."""
    cloud.image(IMAGE)
    cloud.image(OTHER)
    client = cloud.client("ec2")
    client.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": OTHER})
    for _ in range(19):
        client.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE})
    client.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")
    return client


def numbers(ec2: Any, **which: Any) -> list[int]:
    found = ec2.describe_launch_template_versions(LaunchTemplateName="web", **which)
    return [each["VersionNumber"] for each in found["LaunchTemplateVersions"]]


def delete(ec2: Any, *versions: int) -> tuple[list[int], dict[int, str]]:
    answer = ec2.delete_launch_template_versions(LaunchTemplateName="web", Versions=list(map(str, versions)))
    kept = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    return (
        [each["VersionNumber"] for each in answer["SuccessfullyDeletedLaunchTemplateVersions"]],
        {each["VersionNumber"]: each["ResponseError"]["Code"] for each in kept},
    )


def test_every_version_is_told(ec2: Any) -> None:
    assert numbers(ec2) == list(range(1, 21))


def test_versions_come_in_pages(ec2: Any) -> None:
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(
        LaunchTemplateName="web", PaginationConfig={"PageSize": 15}
    )
    assert [len(page["LaunchTemplateVersions"]) for page in pages] == [15, 5]


def test_a_deleted_version_is_gone_and_its_number_is_not_used_again(ec2: Any) -> None:
    assert delete(ec2, 1, 19, 20) == ([1, 19, 20], {})
    assert numbers(ec2) == list(range(2, 19))
    assert numbers(ec2, Versions=["$Latest"]) == [18]
    assert numbers(ec2, MinVersion="17", MaxVersion="20") == [17, 18]
    with pytest.raises(ClientError, match="VersionNotFound"):
        numbers(ec2, Versions=["19"])
    ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE})
    assert numbers(ec2, Versions=["$Latest"]) == [21]
    references = ec2.describe_image_references(ImageIds=[OTHER], IncludeAllResourceTypes=True)
    assert references["ImageReferences"] == []


def test_the_default_version_and_one_that_is_not_there_stay_out_of_it(ec2: Any) -> None:
    assert delete(ec2, 2, 3, 99) == (
        [3],
        {2: "unexpectedError", 99: "launchTemplateVersionDoesNotExist"},
    )


def test_more_than_two_hundred_at_once_are_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        delete(ec2, *range(1, 202))
