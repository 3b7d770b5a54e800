"""Executions of the managed workflows that every build runs, and of their steps.

Source: "Manage build and test workflows", and the step names in ListWorkflowStepExecutions' examples.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from moto.moto_api._internal import mock_random

from rehearsal.cloud.imagebuilder.resources import iso
from rehearsal.cloud.world import World

PENDING, RUNNING, SKIPPED, COMPLETED = "PENDING", "RUNNING", "SKIPPED", "COMPLETED"
FAILED, CANCELLED = "FAILED", "CANCELLED"
#: Characters of a step's message and of a workflow's.
MAX_MESSAGE = 500
#: "Supported step actions": the default time-out of most, in seconds.
_TIMEOUT_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Definition:
    """A managed workflow: `type` BUILD, TEST or DISTRIBUTION; its steps by name, each with its action."""

    type: str
    name: str
    version: str
    steps: dict[str, str]

    def arn(self, region: str) -> str:
        return f"arn:aws:imagebuilder:{region}:aws:workflow/{self.type.lower()}/{self.name}/{self.version}/1"


BUILD = Definition(
    "BUILD",
    "build-image",
    "1.0.3",
    {
        "LaunchBuildInstance": "LaunchInstance",
        "ApplyBuildComponents": "ExecuteComponents",
        "InventoryCollection": "CollectImageMetadata",
        "RunSanitizeScript": "SanitizeInstance",
        "RunSysPrepScript": "RunSysPrep",
        "CreateOutputAMI": "CreateImage",
        "TerminateBuildInstance": "TerminateInstance",
    },
)
TEST = Definition(
    "TEST",
    "test-image",
    "1.0.2",
    {
        "LaunchTestInstance": "LaunchInstance",
        "CollectImageScanFindings": "CollectImageScanFindings",
        "ApplyTestComponents": "ExecuteComponents",
        "TerminateTestInstance": "TerminateInstance",
    },
)
DISTRIBUTION = Definition(
    "DISTRIBUTION",
    "distribute-image",
    "1.0.0",
    {
        "DistributeImage": "DistributeImage",
        "ModifyImageAttributes": "ModifyImageAttributes",
        "ApplyImageConfigurations": "ApplyImageConfigurations",
    },
)


@dataclass
class Step:
    """One step's execution; seconds are emulated ones."""

    name: str
    action: str
    id: str = field(default_factory=lambda: f"step-{mock_random.uuid4()}")
    status: str = PENDING
    message: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    start: float | None = None
    end: float | None = None

    def begin(self) -> None:
        self.status, self.start = RUNNING, World.current.timeline.now

    def finish(self, status: str, message: str = "") -> None:
        self.status, self.message, self.end = status, message[:MAX_MESSAGE], World.current.timeline.now

    def describe(self) -> dict[str, Any]:
        return {
            "stepExecutionId": self.id,
            "name": self.name,
            "action": self.action,
            "status": self.status,
            "message": self.message or None,
            "inputs": json.dumps(self.inputs) if self.inputs else None,
            "outputs": json.dumps(self.outputs) if self.outputs else None,
            **_times(self),
            "onFailure": "Abort",
            "timeoutSeconds": _TIMEOUT_SECONDS,
            "attemptNumber": 1,
            "maxAttempts": 1,
        }


@dataclass
class Execution:
    """One workflow's execution for one image."""

    definition: Definition
    image_arn: str
    id: str = field(default_factory=lambda: f"wf-{mock_random.uuid4()}")
    status: str = RUNNING
    message: str = ""
    start: float | None = field(default_factory=lambda: World.current.timeline.now)
    end: float | None = None
    steps: list[Step] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = [Step(name, action) for name, action in self.definition.steps.items()]

    @property
    def arn(self) -> str:
        return self.definition.arn(self.image_arn.split(":")[3])

    def finish(self, status: str, message: str = "") -> None:
        """Also of a step that runs; what waits stays as it is."""
        for step in self.steps:
            if step.status == RUNNING:
                step.finish(status, message)
        self.status, self.message, self.end = status, message[:MAX_MESSAGE], World.current.timeline.now

    def describe(self) -> dict[str, Any]:
        counts = {
            "totalStepsSucceeded": COMPLETED,
            "totalStepsFailed": FAILED,
            "totalStepsSkipped": SKIPPED,
        }
        return {
            "workflowBuildVersionArn": self.arn,
            "workflowExecutionId": self.id,
            "imageBuildVersionArn": self.image_arn,
            "type": self.definition.type,
            "status": self.status,
            "message": self.message or None,
            "totalStepCount": len(self.steps),
            **{name: sum(step.status == status for step in self.steps) for name, status in counts.items()},
            **_times(self),
        }


def _times(one: Step | Execution) -> dict[str, str | None]:
    return {
        "startTime": None if one.start is None else iso(one.start),
        "endTime": None if one.end is None else iso(one.end),
    }
