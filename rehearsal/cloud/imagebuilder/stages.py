"""What each step of a build's workflows does, how long it takes, and when it is skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random

from rehearsal.cloud.ec2 import amis
from rehearsal.cloud.events import bus
from rehearsal.cloud.imagebuilder import findings, machines, output, runner
from rehearsal.cloud.imagebuilder.documents import BUILD, TEST, VALIDATE
from rehearsal.cloud.imagebuilder.machines import MachineError
from rehearsal.cloud.imagebuilder.output import DistributionError
from rehearsal.cloud.world import ACCOUNT

if TYPE_CHECKING:
    from rehearsal.cloud.imagebuilder.builds import Build

#: Emulated seconds, as in builds of small recipes: about a quarter of an hour in all.
PENDING_SECONDS, CREATING_SECONDS = 2.0, 1.0
_SECONDS = {
    "LaunchBuildInstance": 150.0,
    "InventoryCollection": 90.0,
    "RunSanitizeScript": 10.0,
    "CreateOutputAMI": 145.0,
    "TerminateBuildInstance": 4.0,
    "LaunchTestInstance": 120.0,
    "CollectImageScanFindings": 90.0,
    "TerminateTestInstance": 4.0,
    "ModifyImageAttributes": 2.0,
    "ApplyImageConfigurations": 5.0,
}
_EACH_BUILD_COMPONENT, _EACH_TEST_COMPONENT, _EACH_REGION = 30.0, 10.0, 60.0


class StepFailed(Exception):  # noqa: N818  (said of a step, not of this program)
    """`outputs` of the step, and `context`: what the image's failure context says beside the step."""

    def __init__(self, message: str, outputs: dict[str, Any] | None = None, **context: Any) -> None:
        super().__init__(message)
        self.outputs, self.context = outputs or {"error": message}, context


def seconds(build: Build, step: str) -> float:
    if step == "ApplyBuildComponents":
        return _EACH_BUILD_COMPONENT * len(build.with_phases(BUILD, VALIDATE))
    if step == "ApplyTestComponents":
        return _EACH_TEST_COMPONENT * len(build.with_phases(TEST))
    if step == "DistributeImage":
        return _EACH_REGION * len((build.distribution or {}).get("distributions") or [None])
    return _SECONDS[step]


def skipped(build: Build, step: str) -> bool:
    """By the conditions in the managed workflows; Windows alone has a sysprep."""
    parts = (build.distribution or {}).get("distributions") or []
    return {
        "ApplyBuildComponents": not build.with_phases(BUILD, VALIDATE),
        "InventoryCollection": build.given.get("enhancedImageMetadataEnabled") is False,
        "RunSysPrepScript": True,
        "CollectImageScanFindings": not build.scanned,
        "ApplyTestComponents": not build.with_phases(TEST),
        "ModifyImageAttributes": not any(output.launch_permission(each) for each in parts),
        "ApplyImageConfigurations": not any(each.get("ssmParameterConfigurations") for each in parts),
    }.get(step, False)


def _launch(build: Build) -> dict[str, Any]:
    ec2 = ec2_backends[ACCOUNT][build.region]
    what, image_id = ("test", build.image_id) if build.image_id else ("build", build.parent.id)
    try:
        ami = amis.launchable(ec2, str(image_id))
        build.instance_id = machines.launch(build.region, what, ami, build.infrastructure, build.own_tags())
    except MachineError as refused:
        raise StepFailed(f"{refused} in workflow step {_step_of(what)}") from refused
    except ServiceException as gone:
        raise StepFailed(f"{gone.message} in workflow step {_step_of(what)}") from gone
    build.log.say(f"Launched instance (instance id: {build.instance_id})")
    return {"instanceId": build.instance_id}


def _step_of(what: str) -> str:
    return f"Launch{what.capitalize()}Instance"


def _execute(build: Build) -> dict[str, Any]:
    """The test phase runs of every component that has one, not only of those that hold nothing else.

    Source: "Use components to customize your Image Builder image".
    """
    phases = {TEST} if build.image_id else {BUILD, VALIDATE}
    components = build.with_phases(*phases)
    failure = runner.run(components, phases, build.log.say)
    outputs = {"runCommandId": str(mock_random.uuid4()), "status": "Failed" if failure else "Success"}
    if failure is None:
        return outputs
    message = f"Document {failure.component_arn} failed!"
    raise StepFailed(
        message,
        outputs | {"failureMessage": message, "output": failure.message},
        componentFailure=failure.describe(),
    )


def _inventory(build: Build) -> dict[str, Any]:
    return {"osVersion": build.parent.name, "associationId": str(mock_random.uuid4())}


def _sanitize(_: Build) -> dict[str, Any]:
    return {"status": "Success", "runCommandId": str(mock_random.uuid4()), "output": ""}


def _create_image(build: Build) -> dict[str, Any]:
    try:
        build.image_id = output.create(build)
    except DistributionError as refused:
        raise StepFailed(str(refused)) from refused
    return {"imageId": build.image_id}


def _terminate(build: Build) -> dict[str, Any]:
    machines.terminate(build.region, str(build.instance_id))
    return {}


def _scan(build: Build) -> dict[str, Any]:
    """Findings are those of the test instance; the event tells their number, with none of the lower ones."""
    build.severities = findings.of(build.name)
    build.scan_status = "COMPLETED"
    counts = findings.counts([build.severities])
    resources = [build.arn, *([build.pipeline_arn] if build.pipeline_arn else [])]
    detail = {"resource-id": build.instance_id, "finding-severity-counts": counts}
    bus.send(build.region, "aws.imagebuilder", "EC2 Image Builder CVE Detected", resources, detail)
    return {"findings": counts}


def _distributed(work: Callable[[Build], None]) -> Callable[[Build], dict[str, Any]]:
    def done(build: Build) -> dict[str, Any]:
        try:
            work(build)
        except DistributionError as refused:
            raise StepFailed(str(refused), distributionFailure={"errorMessage": str(refused)}) from refused
        return {"distributedImages": [{"region": ami["region"], "amiId": ami["image"]} for ami in build.amis]}

    return done


#: By the step's action.
WORK: dict[str, Callable[[Build], dict[str, Any]]] = {
    "LaunchInstance": _launch,
    "ExecuteComponents": _execute,
    "CollectImageMetadata": _inventory,
    "SanitizeInstance": _sanitize,
    "CreateImage": _create_image,
    "TerminateInstance": _terminate,
    "CollectImageScanFindings": _scan,
    "DistributeImage": _distributed(output.distribute),
    "ModifyImageAttributes": _distributed(output.share),
    "ApplyImageConfigurations": _distributed(output.publish),
}
