"""What EC2 itself knows of an image's users: references in this account, and usage reports of others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from scripts.releases import waiting
from scripts.releases.amis import DISABLED, Ami
from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.outsiders import STATES
from scripts.releases.user import ACCOUNT, REFERENCE, User

#: DescribeImageReferences takes ten images, and looks at so many versions of each launch template at most.
IMAGES_A_CALL, VERSION_DEPTH = 10, "10000"
KINDS = (
    {
        "ResourceType": "ec2:Instance",
        "ResourceTypeOptions": [{"OptionName": "state-name", "OptionValues": STATES}],
    },
    {
        "ResourceType": "ec2:LaunchTemplate",
        "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": [VERSION_DEPTH]}],
    },
    {"ResourceType": "ssm:Parameter"},
    {"ResourceType": "imagebuilder:ImageRecipe"},
    {"ResourceType": "imagebuilder:ContainerRecipe"},
)
REPORTED = ("ec2:Instance", "ec2:LaunchTemplate", "imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe")
#: Of a report, with a good margin: AWS says nothing about how long one takes.
REPORT_SECONDS = 900.0
#: Set by `retire` before it disables an image, which takes all launch permissions away.
SHARED_WITH = "immutable:shared-with"

Users = dict[str, list[User]]


def references(account: Account, images: Collection[Ami]) -> Users:
    """Everything of this account and region that names one of these images. Raises AwsError."""
    ids = sorted({image.id for image in images})
    found: Users = {}
    client: Any = account.ec2
    for start in range(0, len(ids), IMAGES_A_CALL):
        with errors():
            pages = client.get_paginator("describe_image_references").paginate(
                ImageIds=ids[start : start + IMAGES_A_CALL], ResourceTypes=list(KINDS)
            )
            for page in pages:
                for each in page["ImageReferences"]:
                    name = each["Arn"].split(":", 5)[-1]
                    user = User(REFERENCE, name, region=account.region)
                    found.setdefault(each["ImageId"], []).append(user)
    return found


def elsewhere(account: Account, images: Collection[Ami]) -> Users:
    """Which other accounts use those of these images that are, or were, shared with any.

    A report may lag behind: by 24 hours for servers, by days for launch templates (EC2 User Guide).

    Raises:
        AwsError: AWS refused, or a report failed.
        ReleaseError: a report was not there after `REPORT_SECONDS`.
    """
    reports = {_start(account, image): image.id for image in images if _is_shared(account, image)}
    if not reports:
        return {}
    waiting.until(
        lambda: _are_done(account, list(reports)),
        REPORT_SECONDS,
        f"the usage reports of {len(reports)} shared images in {account.region} are not done",
    )
    found: Users = {}
    for entry in _paged(account, "describe_image_usage_report_entries", list(reports)):
        name = f"{entry['AccountId']} ({entry['UsageCount']} of {entry['ResourceType']})"
        user = User(ACCOUNT, name, region=account.region)
        found.setdefault(entry["ImageId"], []).append(user)
    return found


def launch_permissions(account: Account, image: Ami) -> list[dict[str, str]]:
    """With whom an image is shared, as EC2 words it. Raises AwsError."""
    with errors():
        answer = account.ec2.describe_image_attribute(ImageId=image.id, Attribute="launchPermission")
    return [dict(each) for each in answer.get("LaunchPermissions", [])]  # type: ignore[arg-type]


def _is_shared(account: Account, image: Ami) -> bool:
    if image.state == DISABLED:
        return bool(image.tags.get(SHARED_WITH))
    return bool(launch_permissions(account, image))


def _start(account: Account, image: Ami) -> str:
    client: Any = account.ec2
    depth = [{"OptionName": "version-depth", "OptionValues": [VERSION_DEPTH]}]
    kinds: list[dict[str, Any]] = [{"ResourceType": kind} for kind in REPORTED]
    kinds[REPORTED.index("ec2:LaunchTemplate")]["ResourceTypeOptions"] = depth
    with errors():
        return str(client.create_image_usage_report(ImageId=image.id, ResourceTypes=kinds)["ReportId"])


def _are_done(account: Account, report_ids: Sequence[str]) -> bool:
    states = []
    for report in _paged(account, "describe_image_usage_reports", report_ids):
        if report["State"] == "error":
            why = report.get("StateReason") or "no reason given"
            raise AwsError(f"the usage report of {report['ImageId']} failed: {why}")
        states.append(report["State"])
    return len(states) == len(report_ids) and set(states) == {"available"}


def _paged(account: Account, operation: str, report_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    client: Any = account.ec2
    key = {
        "describe_image_usage_reports": "ImageUsageReports",
        "describe_image_usage_report_entries": "ImageUsageReportEntries",
    }[operation]
    # 200 reports a call; each image has one.
    for start in range(0, len(report_ids), 200):
        with errors():
            pages = client.get_paginator(operation).paginate(ReportIds=list(report_ids[start : start + 200]))
            found = [dict(each) for page in pages for each in page[key]]
        yield from found
