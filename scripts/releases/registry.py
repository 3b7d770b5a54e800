"""The pre-flight of a container image: ECR has its digest, and what the last scan found keeps within the
limits of the environment. Other registries are not asked: their log-in is the cluster's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from images import containers
from images.containers import Facts, Reference, Registry
from images.preflight import SEVERITIES
from scripts.releases import aws, preflight
from scripts.releases.aws import Account, AwsError
from scripts.releases.config_file import ConfigFile, Workload
from scripts.releases.errors import RefusedError

#: ECR's codes for what is not there.
_MISSING = ("ImageNotFoundException", "RepositoryNotFoundException")


@dataclass(frozen=True)
class Gate:
    """What an image has to pass on its way into the line of `workload`."""

    workload: Workload

    def check(self, config: ConfigFile, image: str) -> str:
        """What the image is, as one line.

        Raises:
            RefusedError: it does not pass, or AWS cannot be asked.
        """
        return check(config, self.workload, image)

    def again(self, config: ConfigFile, image: str) -> None:
        """The second look: the image is still there.

        Raises:
            RefusedError: it is not, or AWS cannot be asked.
        """
        self.check(config, image)


def check(config: ConfigFile, workload: Workload, image: str) -> str:
    """What an image is that passes for a workload, as one line.

    Raises:
        RefusedError: it does not pass, or AWS cannot be asked.
    """
    reference = containers.parse(image)
    registry = reference.registry
    if registry is None:
        return f"{reference}: not in ECR, so that only the cluster's pull will tell whether it is there"
    with preflight.answered(containers.short(image)):
        facts = look(Account(registry.region), reference, registry)
    if wrong := containers.problems(facts, preflight.limits(config)):
        raise RefusedError(f"{config.line(workload)}: {'; '.join(wrong)}")
    return containers.summary(facts)


def look(account: Account, reference: Reference, registry: Registry) -> Facts:
    """What ECR says of an image. Raises AwsError when it refuses."""
    try:
        with aws.errors():
            found = account.client("ecr").describe_images(
                registryId=registry.account,
                repositoryName=registry.repository,
                imageIds=[{"imageDigest": reference.digest}],
            )["imageDetails"]
    except AwsError as error:
        if error.code in _MISSING:
            return Facts(reference, found=False)
        raise
    return Facts(reference, bool(found), _counted(found[0]) if found else None)


def _counted(image: Mapping[str, Any]) -> dict[str, int] | None:
    counts = (image.get("imageScanFindingsSummary") or {}).get("findingSeverityCounts")
    if counts is None:
        return None
    return {name: int(counts.get(name.upper(), 0)) for name in SEVERITIES}
