"""Who uses an image, as EC2 tells: references in the own account, usage reports of others, and sharing."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.building import Factory

IMAGE, OTHER = "ami-00000000000000001", "ami-00000000000000002"
THEIRS = "222222222222"
ARN = "arn:aws:ec2:eu-central-1:123456789012"
EVERYTHING = {"IncludeAllResourceTypes": True}


@pytest.fixture
def ec2(cloud: Local) -> Any:
    cloud.image(IMAGE)
    cloud.image(OTHER)
    return cloud.client("ec2")


def refusal(call: Any, **what: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**what)
    return str(refused.value.response["Error"]["Code"])


def references(ec2: Any, **what: Any) -> list[tuple[str, str]]:
    answer = ec2.describe_image_references(ImageIds=[IMAGE], **(what or EVERYTHING))
    return [(each["ResourceType"], each["Arn"]) for each in answer["ImageReferences"]]


def kind(name: str, *options: str) -> dict[str, Any]:
    given: dict[str, Any] = {"ResourceType": name}
    if options:
        given["ResourceTypeOptions"] = [{"OptionName": options[0], "OptionValues": list(options[1:])}]
    return {"ResourceTypes": [given]}


def run(ec2: Any) -> str:
    return str(ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])


def share(ec2: Any, how: str = "Add") -> None:
    ec2.modify_image_attribute(ImageId=IMAGE, LaunchPermission={how: [{"UserId": THEIRS}]})


def test_instances_templates_and_parameters_refer_to_an_image(cloud: Local, ec2: Any) -> None:
    instance = run(ec2)
    ec2.run_instances(ImageId=OTHER, MinCount=1, MaxCount=1)
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE})
    cloud.client("ssm").put_parameter(
        Name="/immutable/images/service", Value=IMAGE, Type="String", DataType="aws:ec2:image"
    )
    assert references(ec2) == [
        ("ec2:Instance", f"{ARN}:instance/{instance}"),
        ("ec2:LaunchTemplate", f"{ARN}:launch-template/{template['LaunchTemplate']['LaunchTemplateId']}"),
        ("ssm:Parameter", "arn:aws:ssm:eu-central-1:123456789012:parameter/immutable/images/service"),
    ]


def test_instances_count_by_their_state(ec2: Any) -> None:
    ec2.terminate_instances(InstanceIds=[run(ec2)])
    assert len(references(ec2)) == 1
    assert references(ec2, **kind("ec2:Instance", "state-name", "running", "stopped")) == []


def test_of_a_template_the_ten_latest_versions_count_or_as_many_as_are_asked_for(ec2: Any) -> None:
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE})
    for _ in range(9):
        ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": OTHER})
    assert len(references(ec2)) == 1
    ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": OTHER})
    assert references(ec2) == []
    assert len(references(ec2, **kind("ec2:LaunchTemplate", "version-depth", "11"))) == 1


def test_a_parameters_present_value_counts(cloud: Local, ec2: Any) -> None:
    for image in (IMAGE, OTHER):
        cloud.client("ssm").put_parameter(Name="image", Value=image, Type="String", Overwrite=True)
    assert references(ec2) == []


def test_a_recipe_refers_to_its_parent_image(cloud: Local, ec2: Any) -> None:
    recipe = Factory(cloud).recipe()
    assert references(ec2) == [("imagebuilder:ImageRecipe", recipe)]


def test_references_come_in_pages(ec2: Any) -> None:
    for _ in range(7):
        run(ec2)
    pages = ec2.get_paginator("describe_image_references").paginate(
        ImageIds=[IMAGE], **EVERYTHING, PaginationConfig={"PageSize": 5}
    )
    assert [len(page["ImageReferences"]) for page in pages] == [5, 2]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"ImageIds": [IMAGE]}, "InvalidParameterCombination"),
        ({"ImageIds": [IMAGE], **kind("ec2:Fleet")}, "InvalidParameterValue"),
        ({"ImageIds": [IMAGE], **kind("ec2:Instance", "state-name", "gone")}, "InvalidParameterValue"),
        ({"ImageIds": [IMAGE], **kind("ec2:LaunchTemplate", "version-depth", "0")}, "InvalidParameterValue"),
        ({"ImageIds": [IMAGE], **kind("ssm:Parameter", "version-depth", "1")}, "InvalidParameterValue"),
        ({"ImageIds": [IMAGE] * 11, **EVERYTHING}, "InvalidParameterValue"),
        ({"ImageIds": [IMAGE], **EVERYTHING, "NextToken": "no"}, "InvalidParameterValue"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(ec2: Any, what: dict[str, Any], code: str) -> None:
    assert refusal(ec2.describe_image_references, **what) == code


def test_an_image_is_another_accounts_to_launch_while_it_is_shared(cloud: Local, ec2: Any) -> None:
    theirs = cloud.client("ec2", account=THEIRS)
    launch = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}
    assert refusal(theirs.run_instances, **launch) == "InvalidAMIID.NotFound"
    share(ec2)
    assert [each["ImageId"] for each in theirs.describe_images()["Images"]] == [IMAGE]
    assert theirs.describe_images(Owners=["self"])["Images"] == []
    assert theirs.run_instances(**launch)["Instances"][0]["ImageId"] == IMAGE
    assert refusal(theirs.disable_image, ImageId=IMAGE) == "AuthFailure"
    ec2.disable_image(ImageId=IMAGE)
    ec2.enable_image(ImageId=IMAGE)
    assert refusal(theirs.run_instances, **launch) == "InvalidAMIID.NotFound"


def report(cloud: Local, ec2: Any, **what: Any) -> list[tuple[str, str, int]]:
    what = what or {
        "ResourceTypes": [{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"}]
    }
    report_id = ec2.create_image_usage_report(ImageId=IMAGE, **what)["ReportId"]
    cloud.step(60)
    entries = ec2.describe_image_usage_report_entries(ReportIds=[report_id])["ImageUsageReportEntries"]
    return [(each["AccountId"], each["ResourceType"], each["UsageCount"]) for each in entries]


def test_a_usage_report_counts_what_other_accounts_have(cloud: Local, ec2: Any) -> None:
    share(ec2)
    theirs = cloud.client("ec2", account=THEIRS)
    run(ec2)
    for _ in range(2):
        run(theirs)
    theirs.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE})
    theirs.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE})
    assert report(cloud, ec2) == [(THEIRS, "ec2:Instance", 2), (THEIRS, "ec2:LaunchTemplate", 1)]
    only = [{"ResourceType": "ec2:Instance"}]
    assert report(cloud, ec2, ResourceTypes=only, AccountIds=["333333333333"]) == []


def test_a_usage_report_takes_a_while_and_is_deleted_after_thirty_days(cloud: Local, ec2: Any) -> None:
    only = [{"ResourceType": "ec2:Instance"}]
    first = ec2.create_image_usage_report(ImageId=IMAGE, ResourceTypes=only, ClientToken="t")["ReportId"]
    again = ec2.create_image_usage_report(ImageId=IMAGE, ResourceTypes=only, ClientToken="t")["ReportId"]
    assert first == again

    def found() -> dict[str, Any]:
        return dict(ec2.describe_image_usage_reports(ImageIds=[IMAGE])["ImageUsageReports"][0])

    assert found()["State"] == "pending"
    cloud.step(60)
    assert (found()["State"], found()["ReportId"]) == ("available", first)
    assert (found()["ExpirationTime"] - found()["CreationTime"]).days == 30
    cloud.step(30 * 24 * 3600)
    assert (
        refusal(ec2.describe_image_usage_reports, ReportIds=[first]) == "InvalidImageUsageReportId.NotFound"
    )


def test_a_usage_report_can_be_deleted(ec2: Any) -> None:
    made = ec2.create_image_usage_report(ImageId=IMAGE, ResourceTypes=[{"ResourceType": "ec2:Instance"}])
    assert ec2.delete_image_usage_report(ReportId=made["ReportId"])["Return"] is True
    assert ec2.describe_image_usage_reports()["ImageUsageReports"] == []


def test_a_usage_report_is_of_an_own_image_and_a_kind_that_is_counted(cloud: Local, ec2: Any) -> None:
    share(ec2)
    only = [{"ResourceType": "ec2:Instance"}]
    theirs = cloud.client("ec2", account=THEIRS)
    assert refusal(theirs.create_image_usage_report, ImageId=IMAGE, ResourceTypes=only) == "AuthFailure"
    wrong = [{"ResourceType": "ssm:Parameter"}]
    assert (
        refusal(ec2.create_image_usage_report, ImageId=IMAGE, ResourceTypes=wrong) == "InvalidParameterValue"
    )
