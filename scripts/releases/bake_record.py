"""What a bake leaves on an image once it is there: protection, and the findings of its scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from images import preflight
from scripts.releases import builds, waiting
from scripts.releases.amis import Ami
from scripts.releases.aws import Account, errors
from scripts.releases.bake import Kitchen, Look, Patience
from scripts.releases.builds import Build
from scripts.releases.errors import ReleaseError


class NoFindingsError(ReleaseError):
    """The scan ended and found nothing out, not even that there is nothing."""


def protect(kitchen: Kitchen, copies: Mapping[str, Ami]) -> dict[str, Ami]:
    """Turns deregistration protection on where it is not; returns the copies as they are then."""
    for region, ami in copies.items():
        if not ami.protected:
            waiting.answered(partial(_protect, kitchen.accounts[region], ami))
    return {region: replace(ami, protected=True) for region, ami in copies.items()}


def findings(
    kitchen: Kitchen, copies: Mapping[str, Ami], build: Build, look: Look, patience: Patience
) -> dict[str, Ami]:
    """Writes the findings of the scan to every copy, once it is over; returns the copies as they are then.
    Where no scan was asked for there are none to write.

    Raises:
        NoFindingsError: the scan ended without findings.
        ReleaseError: it was not over in time, or AWS refused.
    """
    if build.scanned is None or all(ami.findings for ami in copies.values()):
        return dict(copies)
    text = _scanned(kitchen, build, look, patience)
    for region, ami in copies.items():
        waiting.answered(partial(_tag, kitchen.accounts[region], ami, text))
    return {
        region: replace(ami, tags={**ami.tags, preflight.FINDINGS: text}) for region, ami in copies.items()
    }


def _scanned(kitchen: Kitchen, build: Build, look: Look, patience: Patience) -> str:
    """The findings as the tag has them."""
    while build.scanned in builds.SCANNING:
        look(build)
        patience.pause()
        build = waiting.answered(partial(builds.get, kitchen.home, build.arn))
    if build.scanned != builds.SCANNED:
        raise NoFindingsError(
            f"the scan of {build.name} ended {build.scanned}: no findings are on record, and an environment "
            f"with preflight.maxFindings refuses the image; build it again: "
            f"scripts/release bake {kitchen.recipe} --rebuild"
        )
    counted = waiting.answered(partial(builds.findings, kitchen.home, build.arn))
    return " ".join(f"{severity}={count}" for severity, count in counted.items())


def _protect(account: Account, ami: Ami) -> None:
    with errors():
        account.ec2.enable_image_deregistration_protection(ImageId=ami.id, WithCooldown=True)


def _tag(account: Account, ami: Ami, text: str) -> None:
    with errors():
        account.ec2.create_tags(Resources=[ami.id], Tags=[{"Key": preflight.FINDINGS, "Value": text}])
