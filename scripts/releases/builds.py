"""Builds of images by EC2 Image Builder: started or found running, and how each stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases.amis import moment
from scripts.releases.aws import Account, errors
from scripts.releases.errors import one_line
from scripts.releases.pipelines import Pipeline

#: The states on the way, in their order. https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_ImageState.html
PHASES = ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING")
AVAILABLE = "AVAILABLE"
SCANNED = "COMPLETED"
SCANNING = frozenset({"PENDING", "SCANNING", "COLLECTING"})
#: Severities that Image Builder counts, as they are written into the tag.
SEVERITIES = ("critical", "high", "medium")


@dataclass(frozen=True)
class Build:
    """One build of an image.

    Attributes:
        arn: of the image build version.
        status: Image Builder's word for where it stands; `reason` says more once it failed.
        images: the ID of each image that it made, by account and region.
        scanned: how the scan for vulnerabilities stands; None when no scan was asked for.
        log_group: where its log is, in the stream `log_stream`.
        failure: Image Builder's ImageFailureContext, empty where it gives none.
    """

    arn: str
    status: str
    reason: str
    started_at: datetime
    images: Mapping[tuple[str, str], str]
    scanned: str | None
    log_group: str
    failure: Mapping[str, Any]

    @property
    def running(self) -> bool:
        return self.status in PHASES

    @property
    def account(self) -> str:
        """The account that built it."""
        return self.arn.split(":")[4]

    @property
    def log_stream(self) -> str:
        """Such as `1.2.3/1`: the version of the recipe that was built, and the number of the build."""
        return "/".join(self.arn.split("/")[-2:])

    @property
    def name(self) -> str:
        """Such as `service 1.2.3/1`."""
        return f"{self.arn.split('/')[1]} {self.log_stream}"


def running(account: Account, pipeline: Pipeline) -> str | None:
    """The ARN of the latest running build of the pipeline's present recipe; None when there is none."""
    return next((arn for arn, status in _of_recipe(account, pipeline) if status in PHASES), None)


def start(account: Account, pipeline: Pipeline) -> str:
    """Starts a build and returns its ARN.

    Two that start at once start one: both saw the same builds before, from which the token is made by which
    Image Builder knows a call that is repeated.
    """
    before = sorted(arn for arn, _ in _of_recipe(account, pipeline))
    token = hashlib.sha256(" ".join([pipeline.pipeline, pipeline.recipe, *before]).encode()).hexdigest()
    with errors():
        answer = account.client("imagebuilder").start_image_pipeline_execution(
            imagePipelineArn=pipeline.pipeline, clientToken=token
        )
    return str(answer["imageBuildVersionArn"])


def _of_recipe(account: Account, pipeline: Pipeline) -> list[tuple[str, str]]:
    """ARN and status of the pipeline's builds of its present recipe, the latest first."""
    # A build's ARN is its recipe's, as an image, with the number of the build.
    prefix = pipeline.recipe.replace(":image-recipe/", ":image/") + "/"
    with errors():
        pages = account.client("imagebuilder").get_paginator("list_image_pipeline_images")
        found = [
            (str(each["arn"]), str((each.get("state") or {}).get("status", "")))
            for page in pages.paginate(imagePipelineArn=pipeline.pipeline)
            for each in page["imageSummaryList"]
            if each["arn"].startswith(prefix)
        ]
    return sorted(found, key=lambda each: int(each[0].removeprefix(prefix)), reverse=True)


def get(account: Account, arn: str) -> Build:
    """The build as it is now. Raises AwsError when AWS no longer knows it, or refuses."""
    with errors():
        said = account.client("imagebuilder").get_image(imageBuildVersionArn=arn)["image"]
    state = said.get("state") or {}
    scans = (said.get("imageScanningConfiguration") or {}).get("imageScanningEnabled")
    logging = said.get("loggingConfiguration") or {}
    amis = (said.get("outputResources") or {}).get("amis") or ()
    return Build(
        arn=arn,
        status=str(state.get("status", "")),
        reason=one_line(state.get("reason") or ""),
        started_at=moment(said["dateCreated"]),
        images={(each.get("accountId", ""), each["region"]): each["image"] for each in amis},
        scanned=str((said.get("scanState") or {}).get("status") or "PENDING") if scans else None,
        failure=state.get("failureContext") or {},
        log_group=str(logging.get("logGroupName") or f"/aws/imagebuilder/{arn.split('/')[1]}"),
    )


def findings(account: Account, arn: str) -> dict[str, int]:
    """How many findings of each severity the scan of a build has. Raises AwsError when AWS refuses."""
    counted = dict.fromkeys(SEVERITIES, 0)
    with errors():
        pages = account.client("imagebuilder").get_paginator("list_image_scan_finding_aggregations")
        which = {"name": "imageBuildVersionArn", "values": [arn]}
        for page in pages.paginate(filter=which):
            for each in page["responses"]:
                counts = (each.get("imageAggregation") or {}).get("severityCounts") or {}
                for severity in SEVERITIES:
                    counted[severity] += int(counts.get(severity) or 0)
    return counted
