"""Findings of scans for vulnerabilities: none, but those that were put into the world for a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.imagebuilder.resources import iso
from rehearsal.cloud.world import ACCOUNT, World

if TYPE_CHECKING:
    from rehearsal.cloud.imagebuilder.builds import Build

#: Of Amazon Inspector. Image Builder counts the first three one by one, and all in `all`.
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")


def put(recipe: str, severities: Mapping[str, Any]) -> dict[str, int]:
    """For builds of the recipe of this name that are scanned from now on. Raises ValueError."""
    for severity, count in severities.items():
        if severity not in SEVERITIES:
            raise ValueError(f"severity {severity!r} is not one of {', '.join(SEVERITIES)}")
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 10_000:
            raise ValueError(f"{severity} {count!r} is not a whole number from 0 to 10000")
    World.current.findings[recipe] = dict(severities)
    return World.current.findings[recipe]


def of(recipe: str) -> dict[str, int]:
    return dict(World.current.findings.get(recipe, {}))


def counts(scans: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """As SeverityCounts: lower severities are in the total alone."""
    found = list(scans)
    each = {severity: sum(scan.get(severity, 0) for scan in found) for severity in SEVERITIES}
    return {"all": sum(each.values())} | {name.lower(): each[name] for name in SEVERITIES[:3]}


def aggregated(member: str, key: dict[str, str], builds: Iterable[Build]) -> list[dict[str, Any]]:
    """One aggregation over what was found; none where nothing was."""
    total = counts(build.severities for build in builds)
    return [{member: key | {"severityCounts": total}}] if total["all"] else []


def described(build: Build) -> list[dict[str, Any]]:
    """Each finding, as ListImageScanFindings answers."""
    return [
        {
            "awsAccountId": ACCOUNT,
            "imageBuildVersionArn": build.arn,
            "imagePipelineArn": build.pipeline_arn,
            "type": "PACKAGE_VULNERABILITY",
            "title": f"CVE-2026-{SEVERITIES.index(severity)}{number:05} - package-{number}",
            "description": f"A vulnerability of severity {severity} that was put into the rehearsal.",
            "severity": severity,
            "firstObservedAt": iso(build.created),
            "updatedAt": iso(build.created),
            "packageVulnerabilityDetails": {
                "vulnerabilityId": f"CVE-2026-{SEVERITIES.index(severity)}{number:05}"
            },
            "fixAvailable": "YES",
        }
        for severity, count in build.severities.items()
        for number in range(1, count + 1)
    ]
