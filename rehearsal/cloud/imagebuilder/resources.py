"""What is kept of each resource of Image Builder: the request that made it, and what the service adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from rehearsal.cloud.imagebuilder import arns
from rehearsal.cloud.imagebuilder.documents import Document
from rehearsal.cloud.world import ACCOUNT, World

Given = dict[str, Any]

#: UpdateImagePipeline and CreateImagePipeline: what is stored when nothing is given.
TESTS = {"imageTestsEnabled": True, "timeoutMinutes": 720}
DEPENDENCY_UPDATES = "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE"
#: Members of requests that say something about the request, not about the resource.
_OF_THE_REQUEST = {"clientToken", "dryRun", "tags", "name", "semanticVersion"}


def iso(at: float) -> str:
    """An emulated second as the API writes dates: as text, in UTC, to the millisecond."""
    return iso_date(World.current.clock.date(at))


def iso_date(date: datetime) -> str:
    return f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03}Z"


@dataclass
class Resource:
    """`given`: the settings of the request that made it or replaced them. Seconds are emulated ones."""

    kind: ClassVar[str]
    title: ClassVar[str]

    arn: str
    name: str
    given: Given
    tags: dict[str, str] = field(default_factory=dict)
    created: float = field(default_factory=lambda: World.current.timeline.now)
    updated: float | None = None

    def replace(self, given: Given) -> None:
        """Updates leave nothing of the settings before; tags are changed by TagResource alone."""
        self.given, self.updated = settings(given), World.current.timeline.now

    def describe(self) -> dict[str, Any]:
        """As Get answers, and a little more: answers leave out what their shape does not have."""
        dates = {"dateCreated": iso(self.created)}
        if self.updated is not None:
            dates["dateUpdated"] = iso(self.updated)
        return self.given | {"arn": self.arn, "name": self.name, "tags": dict(self.tags)} | dates


def settings(given: Mapping[str, Any]) -> Given:
    """What a request says of the resource, without its name."""
    return {name: value for name, value in given.items() if name not in _OF_THE_REQUEST}


@dataclass
class Component(Resource):
    """One build version; `document` is its parsed `data`."""

    kind = "component"
    title = "Component"

    document: Document = field(default_factory=lambda: Document(()))

    @property
    def version(self) -> str:
        return arns.tail(self.arn).split("/")[0]

    def describe(self) -> dict[str, Any]:
        parameters = [
            {
                "name": name,
                "type": about["type"],
                "defaultValue": _list(about.get("default")),
                "description": about.get("description"),
            }
            for name, about in self.document.parameters.items()
        ]
        return super().describe() | {
            "version": self.version,
            "type": self.document.type,
            "owner": ACCOUNT,
            "encrypted": True,
            "parameters": parameters,
        }

    def describe_version(self) -> dict[str, Any]:
        """As ListComponents does: of all builds of a version the latest one, without its number."""
        return self.describe() | {"arn": arns.without_build(self.arn), "status": "ACTIVE"}


@dataclass
class ImageRecipe(Resource):
    kind = "image-recipe"
    title = "ImageRecipe"

    @property
    def version(self) -> str:
        return arns.tail(self.arn)

    @property
    def component_arns(self) -> list[str]:
        return [each["componentArn"] for each in self.given.get("components") or []]

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"version": self.version, "owner": ACCOUNT, "platform": "Linux"}


@dataclass
class Infrastructure(Resource):
    kind = "infrastructure-configuration"
    title = "InfrastructureConfiguration"

    def describe(self) -> dict[str, Any]:
        return {
            "terminateInstanceOnFailure": True,
            "terminateInstanceOnCompletion": True,
        } | super().describe()


@dataclass
class Distribution(Resource):
    kind = "distribution-configuration"
    title = "DistributionConfiguration"

    def describe(self) -> dict[str, Any]:
        regions = [each["region"] for each in self.given["distributions"]]
        return super().describe() | {"timeoutMinutes": 720, "regions": regions}


@dataclass
class Pipeline(Resource):
    """`last`: its latest build; `failures`: of scheduled builds, in a row; `armed`: the timer that counts."""

    kind = "image-pipeline"
    title = "ImagePipeline"

    last: Any = None
    last_run: float | None = None
    failures: int = 0
    armed: object = None

    def replace(self, given: Given) -> None:
        super().replace(given)
        self.failures = 0

    @property
    def enabled(self) -> bool:
        return bool(self.given.get("status", "ENABLED") == "ENABLED")

    def describe(self) -> dict[str, Any]:
        described = super().describe() | {
            "platform": "Linux",
            "status": self.given.get("status", "ENABLED"),
            "enhancedImageMetadataEnabled": self.given.get("enhancedImageMetadataEnabled", True),
            "imageTestsConfiguration": TESTS | (self.given.get("imageTestsConfiguration") or {}),
            "consecutiveFailures": self.failures,
        }
        if self.given.get("schedule"):
            condition = {"pipelineExecutionStartCondition": DEPENDENCY_UPDATES}
            described["schedule"] = condition | self.given["schedule"]
        if self.last_run is not None:
            described["dateLastRun"] = iso(self.last_run)
        return described


def _list(value: Any) -> list[str] | None:
    if value is None:
        return None
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
