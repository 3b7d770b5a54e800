"""Runs of pipelines: by a request, or on the emulated calendar when the schedule and its condition say so.

Nothing waits for a schedule. Each pipeline has its next time on the timeline, as scheduled actions have.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rehearsal.cloud.events import bus
from rehearsal.cloud.imagebuilder import expressions, recipes
from rehearsal.cloud.imagebuilder.builds import AVAILABLE, FAILED, SCHEDULED, USER_INITIATED, Build
from rehearsal.cloud.imagebuilder.exceptions import ImageBuilderError
from rehearsal.cloud.imagebuilder.resources import (
    Distribution,
    Given,
    ImageRecipe,
    Infrastructure,
    Pipeline,
    iso_date,
)
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.imagebuilder.models import ImageBuilderBackend

#: AutoDisablePolicy: the failures in a row after which a pipeline without one is disabled.
FAILURES = 5
MATCH_ONLY = "EXPRESSION_MATCH_ONLY"
_SETTINGS = (
    "imageTestsConfiguration", "imageScanningConfiguration", "enhancedImageMetadataEnabled",
    "executionRole", "loggingConfiguration",
)  # fmt: skip


def start(backend: ImageBuilderBackend, given: Given, pipeline: Pipeline | None = None, **more: Any) -> Build:
    """Start a build of what the settings of a pipeline or of CreateImage name.

    `more`: `tags` of the image, `build_type`. Raises NotFound and InvalidParameterValue, for a component or a
    parent that is gone.
    """
    recipe = backend.get(ImageRecipe, given["imageRecipeArn"])
    infrastructure = backend.get(Infrastructure, given["infrastructureConfigurationArn"])
    distribution = given.get("distributionConfigurationArn")
    parent, components = resolved(backend, recipe)
    version = recipe.arn.replace(f":{ImageRecipe.kind}/", f":{Build.kind}/")
    backend.numbers[version] = number = backend.numbers.get(version, 0) + 1
    build = Build(
        f"{version}/{number}",
        recipe.name,
        {name: given[name] for name in _SETTINGS if given.get(name) is not None},
        dict(more.get("tags") or {}),
        recipe=recipe.describe(),
        infrastructure=infrastructure.describe(),
        distribution=backend.get(Distribution, distribution).describe() if distribution else None,
        pipeline_arn=pipeline.arn if pipeline else None,
        build_type=more.get("build_type", USER_INITIATED),
        components=[(arn, backend.component(arn).document) for arn in components],
        parent=parent,
    )
    backend.resources[build.arn] = build
    if pipeline:
        pipeline.last_run, pipeline.last = build.created, build
        build.ended = lambda ended: _ended(backend.region_name, pipeline, ended)
    build.start()
    return build


def resolved(backend: ImageBuilderBackend, recipe: ImageRecipe) -> tuple[Any, list[str]]:
    """The parent's AMI and the components' build versions that a recipe means now."""
    parent = recipes.ami(backend, recipe.given["parentImage"])
    return parent, [backend.component(arn).arn for arn in recipe.component_arns]


def _ended(region: str, pipeline: Pipeline, build: Build) -> None:
    """Scheduled builds that fail in a row disable their pipeline; one that succeeds is a new start."""
    if build.status == AVAILABLE:
        pipeline.failures = 0
    elif build.status == FAILED and build.build_type == SCHEDULED:
        pipeline.failures += 1
        policy = (pipeline.given.get("schedule") or {}).get("autoDisablePolicy") or {}
        if pipeline.failures >= policy.get("failureCount", FAILURES) and pipeline.enabled:
            pipeline.given = pipeline.given | {"status": "DISABLED"}
            kind = "EC2 Image Builder Image Pipeline Automatically Disabled"
            detail = {"consecutive-failures": str(pipeline.failures)}
            bus.send(region, "aws.imagebuilder", kind, [pipeline.arn], detail)


# Schedules


def arm(backend: ImageBuilderBackend, pipeline: Pipeline) -> None:
    """Put the pipeline's next time on the timeline; whatever was there for it before is void."""
    pipeline.armed = token = object()

    def wait(after: datetime) -> None:
        at = next_run(pipeline, after)
        if at is not None:
            World.current.timeline.after((at - _now()).total_seconds(), lambda: fire(at))

    def fire(at: datetime) -> None:
        if backend.resources.get(pipeline.arn) is not pipeline or pipeline.armed is not token:
            return
        if pipeline.enabled and due(backend, pipeline):
            tags = pipeline.given.get("imageTags")
            start(backend, pipeline.given, pipeline, tags=tags, build_type=SCHEDULED)
        wait(max(at, _now()))

    wait(_now())


def due(backend: ImageBuilderBackend, pipeline: Pipeline) -> bool:
    """Whether a build would hold anything new: another parent or another component than the last one had.

    One whose parent or component is gone cannot start.
    """
    try:
        parent, components = resolved(backend, backend.get(ImageRecipe, pipeline.given["imageRecipeArn"]))
    except ImageBuilderError:
        return False
    condition = pipeline.given["schedule"].get("pipelineExecutionStartCondition")
    if condition == MATCH_ONLY or pipeline.last is None:
        return True
    return (parent.id, components) != (pipeline.last.parent.id, [arn for arn, _ in pipeline.last.components])


def next_run(pipeline: Pipeline, after: datetime) -> datetime | None:
    """None for a pipeline that is disabled or has no schedule, and after the last time of one."""
    schedule = pipeline.given.get("schedule")
    if not schedule or not pipeline.enabled:
        return None
    local = after.astimezone(ZoneInfo(schedule.get("timezone") or "UTC"))
    found = next(iter(_times(schedule["scheduleExpression"])(local)), None)
    return None if found is None else found.astimezone(UTC)


def describe(pipeline: Pipeline) -> dict[str, Any]:
    """The pipeline with its last run and its next one."""
    described = pipeline.describe()
    if pipeline.last is not None:
        described["lastRunStatus"] = pipeline.last.status
    following = next_run(pipeline, _now())
    if following is not None:
        described["dateNextRun"] = iso_date(following)
    return described


@cache
def _times(expression: str) -> expressions.Times:
    return expressions.parse(expression)


def _now() -> datetime:
    return World.current.clock.date(World.current.timeline.now)
