"""One build of an image: through its states and workflows, on the emulated clock.

Source: ImageState and GetImage in the API reference; the lines of the log are those of real builds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.events import bus, topics
from rehearsal.cloud.imagebuilder import arns, machines, stages, workflows
from rehearsal.cloud.imagebuilder.documents import Document
from rehearsal.cloud.imagebuilder.log import Log
from rehearsal.cloud.imagebuilder.resources import TESTS, Resource
from rehearsal.cloud.imagebuilder.stages import StepFailed
from rehearsal.cloud.imagebuilder.workflows import Definition, Execution, Step
from rehearsal.cloud.world import World

PENDING, CREATING, BUILDING, TESTING = "PENDING", "CREATING", "BUILDING", "TESTING"
DISTRIBUTING, AVAILABLE, FAILED, CANCELLED = "DISTRIBUTING", "AVAILABLE", "FAILED", "CANCELLED"
RUNNING = (PENDING, CREATING, BUILDING, TESTING, DISTRIBUTING)
USER_INITIATED, SCHEDULED = "USER_INITIATED", "SCHEDULED"
CANCEL_SECONDS = 5.0


@dataclass
class Build(Resource):
    """An image resource. `components` and `parent` are what the recipe meant when it started, `recipe`,
    `infrastructure` and `distribution` what they were then; `ended` is told when it is over.
    """

    kind = "image"
    title = "Image"

    recipe: dict[str, Any] = field(default_factory=dict)
    infrastructure: dict[str, Any] = field(default_factory=dict)
    distribution: dict[str, Any] | None = None
    pipeline_arn: str | None = None
    build_type: str = USER_INITIATED
    components: list[tuple[str, Document]] = field(default_factory=list)
    parent: Any = None
    ended: Callable[[Build], None] | None = None
    status: str = PENDING
    reason: str = ""
    failure: dict[str, Any] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    instance_id: str | None = None
    image_id: str | None = None
    amis: list[dict[str, Any]] = field(default_factory=list)
    scan_status: str = PENDING
    severities: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        logging = self.given.get("loggingConfiguration") or {}
        own = f"/aws/imagebuilder/{arns.normalized(self.name)}"
        self.log_group = logging.get("imageLogGroupName") or logging.get("logGroupName") or own
        self.log = Log(self.region, self.log_group, self.version)

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def version(self) -> str:
        """With the number of the build, as 1.0.0/1."""
        return arns.tail(self.arn)

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    @property
    def scanned(self) -> bool:
        return bool((self.given.get("imageScanningConfiguration") or {}).get("imageScanningEnabled"))

    @property
    def tested(self) -> bool:
        return bool((self.given.get("imageTestsConfiguration") or {}).get("imageTestsEnabled", True))

    def own_tags(self) -> dict[str, str]:
        """What Image Builder writes on all that it makes for this build."""
        return {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": self.arn}

    def with_phases(self, *phases: str) -> list[tuple[str, Document]]:
        """The components that have one of these phases."""
        return [
            (arn, document)
            for arn, document in self.components
            if any(phase.name in phases for phase in document.phases)
        ]

    # The way through the states

    def start(self) -> None:
        self._advance(self._run())

    def _advance(self, way: Iterator[float]) -> None:
        """Each wait of the way is an event on the timeline; a build that is over goes no further."""
        if not self.running:
            return
        try:
            seconds = next(way)
        except StepFailed as failed:
            self._fail(failed)
        except StopIteration:
            self._end(AVAILABLE)
        else:
            World.current.timeline.after(seconds, lambda: self._advance(way))

    def _run(self) -> Iterator[float]:
        yield stages.PENDING_SECONDS
        self._enter(CREATING)
        yield stages.CREATING_SECONDS
        self._enter(BUILDING)
        yield from self._workflow(workflows.BUILD)
        if self.tested:
            self._enter(TESTING)
            yield from self._workflow(workflows.TEST)
        self._enter(DISTRIBUTING)
        yield from self._workflow(workflows.DISTRIBUTION)

    def _workflow(self, definition: Definition) -> Iterator[float]:
        execution = Execution(definition, self.arn)
        self.executions.append(execution)
        self.log.say(f"Started {definition.type} workflow {execution.arn}")
        self.log.say(f"Total {len(execution.steps)} steps to run for workflow {execution.arn}")
        for step in execution.steps:
            yield from self._step(execution, step)
        execution.finish(workflows.COMPLETED)
        self.log.say(f"Completed {definition.type} workflow {execution.arn}")

    def _step(self, execution: Execution, step: Step) -> Iterator[float]:
        step.begin()
        if stages.skipped(self, step.name):
            step.finish(workflows.SKIPPED)
            self.log.say(f"Skipped step {step.name}")
            return
        self.log.say(f"Started step {step.name} with action {step.action}")
        launches = step.action == "LaunchInstance"  # Which is there at once, and takes its time to start.
        if not launches:
            yield stages.seconds(self, step.name)
        try:
            step.outputs = stages.WORK[step.action](self)
        except StepFailed as failed:
            step.outputs = failed.outputs
            self.log.say(f"Step {step.name} failed: {failed}")
            execution.finish(workflows.FAILED, str(failed))
            raise
        if launches:
            yield stages.seconds(self, step.name)
        step.finish(workflows.COMPLETED)
        self.log.say(f"Completed step {step.name}")

    # States

    def _enter(self, status: str) -> None:
        before, self.status = self.status, status
        self.log.say(f"Image transitioned to {status} state for Image ARN: {self.arn}")
        if before == PENDING:
            return  # "The build-transition status values" of the event begin with BUILDING.
        state = {"status": status} | ({"reason": self.reason} if self.reason else {})
        detail = {"previous-state": {"status": before}, "state": state}
        bus.send(self.region, "aws.imagebuilder", "EC2 Image Builder Image State Change", [self.arn], detail)

    def _end(self, status: str) -> None:
        self._enter(status)
        topic = self.infrastructure.get("snsTopicArn")
        if topic and status in (AVAILABLE, FAILED):
            topics.publish(topic, None, self.describe())
        if self.scan_status != workflows.COMPLETED:
            self.scan_status = "ABANDONED"
        if self.ended is not None:
            self.ended(self)

    def _fail(self, failed: StepFailed) -> None:
        execution = self.executions[-1]
        step = next(each for each in execution.steps if each.status == workflows.FAILED)
        self.reason = f"Workflow Execution ID: '{execution.id}' failed with reason: {failed}"[:1024]
        self.failure = {
            "imageStatus": self.status,
            "workflowExecutionId": execution.id,
            "workflowArn": execution.arn,
            "stepExecutionId": step.id,
            "failedStep": step.name,
        } | failed.context
        self._give_up("terminateInstanceOnFailure")
        self._end(FAILED)

    def cancel(self) -> None:
        """The answer comes before the end, as on AWS. What was made stays."""
        World.current.timeline.after(CANCEL_SECONDS, self._cancelled)

    def _cancelled(self) -> None:
        if not self.running:
            return
        for execution in self.executions:
            if execution.status == workflows.RUNNING:
                execution.finish(workflows.CANCELLED)
        self._give_up("terminateInstanceOnCompletion")
        self._end(CANCELLED)

    def _give_up(self, terminated: str) -> None:
        if self.instance_id and self.infrastructure.get(terminated, True):
            machines.terminate(self.region, self.instance_id)

    # Answers

    def describe(self) -> dict[str, Any]:
        state = {
            "status": self.status,
            "reason": self.reason or None,
            "failureContext": self.failure or None,
        }
        return super().describe() | {
            "type": "AMI",
            "version": self.version,
            "platform": "Linux",
            "enhancedImageMetadataEnabled": self.given.get("enhancedImageMetadataEnabled", True),
            "imageTestsConfiguration": TESTS | (self.given.get("imageTestsConfiguration") or {}),
            "state": state,
            "imageRecipe": self.recipe,
            "sourcePipelineArn": self.pipeline_arn,
            "infrastructureConfiguration": self.infrastructure,
            "distributionConfiguration": self.distribution,
            "outputResources": {"amis": list(self.amis)},
            "buildType": self.build_type,
            "imageSource": "CUSTOM",
            "scanState": {"status": self.scan_status} if self.scanned else None,
            "loggingConfiguration": {"logGroupName": self.log_group},
            "owner": self.arn.split(":")[4],
        }

    def describe_version(self) -> dict[str, Any]:
        """As ListImages does, of all builds of a version."""
        return self.describe() | {
            "arn": arns.without_build(self.arn),
            "version": self.version.split("/")[0],
        }
