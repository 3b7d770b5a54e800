"""Image usage reports: which other accounts use an image, and how often."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends

from rehearsal.cloud.ec2 import errors, references
from rehearsal.cloud.ec2.amis import Ami
from rehearsal.cloud.world import World

KINDS = (
    references.INSTANCE,
    references.TEMPLATE,
    references.RECIPE,
    references.CONTAINER_RECIPE,
)
DEFAULT_DEPTH = 20
#: How long a report takes, and when it is deleted: 30 days later (EC2 User Guide). The first is ours.
WORKING_SECONDS = 30.0
KEPT_SECONDS = 30 * 24 * 3600


@dataclass
class Report:
    """`entries` is empty while `state` is pending. Times are emulated seconds."""

    id: str
    image_id: str
    kinds: Mapping[str, int]
    accounts: Sequence[str]
    client_token: str | None
    created: float
    entries: Sequence[Mapping[str, Any]] = ()
    state: str = "pending"

    def describe(self) -> dict[str, Any]:
        """As DescribeImageUsageReports answers."""
        date = World.current.clock.date
        return {
            "ImageId": self.image_id,
            "ReportId": self.id,
            "ResourceTypes": [{"ResourceType": kind} for kind in self.kinds],
            "AccountIds": list(self.accounts),
            "State": self.state,
            "CreationTime": date(self.created),
            "ExpirationTime": date(self.created + KEPT_SECONDS),
        }

    def finish(self, owner: str, region: str) -> None:
        """Counts what other accounts have now; on AWS it may lag behind, by days for launch templates."""
        time = World.current.clock.date(self.created)
        self.state, self.entries = (
            "available",
            [
                {
                    "ResourceType": kind,
                    "ReportId": self.id,
                    "UsageCount": count,
                    "AccountId": account,
                    "ImageId": self.image_id,
                    "ReportCreationTime": time,
                }
                for account, regions in list(ec2_backends.items())
                if account != owner and region in regions and (not self.accounts or account in self.accounts)
                for kind, count in _counts(regions[region], self.image_id, self.kinds).items()
                if count
            ],
        )


def _counts(ec2: Any, image_id: str, kinds: Mapping[str, int]) -> dict[str, int]:
    """A launch template counts once, however many of its versions name the image."""
    counts = {}
    if references.INSTANCE in kinds:
        there = [each for each in references.instances(ec2) if each.state != "terminated"]
        counts[references.INSTANCE] = sum(each.image_id == image_id for each in there)
    if references.TEMPLATE in kinds:
        depth = kinds[references.TEMPLATE]
        templates = ec2.launch_templates.values()
        counts[references.TEMPLATE] = sum(image_id in references.named_by(each, depth) for each in templates)
    return counts


def create(
    ec2: Any, image: Ami, given: Sequence[Mapping[str, Any]], accounts: Sequence[str], token: str | None
) -> Report:
    """A new report, or with the same client token the one that there is. Raises InvalidValue, Missing."""
    if not given:
        raise errors.Missing("ResourceType")
    kinds = dict.fromkeys((each["ResourceType"] for each in given), DEFAULT_DEPTH)
    for kind in kinds:
        if kind not in KINDS:
            raise errors.InvalidValue(f"ResourceType '{kind}' is not one of {', '.join(KINDS)}")
    for each in given:
        for option in each.get("ResourceTypeOptions", []):
            kinds[each["ResourceType"]] = references.depth(option["OptionValues"])
    known: dict[str, Report] = _reports(ec2)
    for report in known.values():
        if token is not None and report.client_token == token:
            return report
    timeline = World.current.timeline
    report = Report(
        f"image-usage-report-{secrets.token_hex(9)[:17]}", image.id, kinds, accounts, token, timeline.now
    )
    known[report.id] = report
    timeline.after(WORKING_SECONDS, lambda: report.finish(ec2.account_id, ec2.region_name))
    timeline.after(KEPT_SECONDS, lambda: _forget(known, report.id))
    return report


def find(ec2: Any, report_ids: Sequence[str], image_ids: Sequence[str]) -> list[Report]:
    """Raises ReportNotFound for an ID that names none."""
    known = _reports(ec2)
    for report_id in report_ids:
        if report_id not in known:
            raise errors.ReportNotFound(report_id)
    return [
        report
        for report in known.values()
        if (not report_ids or report.id in report_ids) and (not image_ids or report.image_id in image_ids)
    ]


def delete(ec2: Any, report_id: str) -> None:
    """Raises ReportNotFound."""
    find(ec2, [report_id], [])
    del _reports(ec2)[report_id]


def _forget(known: dict[str, Report], report_id: str) -> None:
    known.pop(report_id, None)


def _reports(ec2: Any) -> dict[str, Report]:
    if not hasattr(ec2, "rehearsal_usage_reports"):
        ec2.rehearsal_usage_reports = {}
    found: dict[str, Report] = ec2.rehearsal_usage_reports
    return found
