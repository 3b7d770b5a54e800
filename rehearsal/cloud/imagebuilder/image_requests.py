"""Requests of Image Builder about images, the workflows that made them, and findings of their scans."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.imagebuilder import arns, findings, runs
from rehearsal.cloud.imagebuilder.builds import Build
from rehearsal.cloud.imagebuilder.exceptions import InvalidParameterValue, InvalidRequest, NotEmulated
from rehearsal.cloud.imagebuilder.requests import Requests
from rehearsal.cloud.imagebuilder.resources import Given, Pipeline
from rehearsal.cloud.imagebuilder.workflows import Execution, Step

_FILTERS = ("name", "osVersion", "platform", "type", "version")
_BY_IMAGE, _BY_PIPELINE = "imageBuildVersionArn", "imagePipelineArn"


class ImageRequests(Requests):
    # Builds

    def start_image_pipeline_execution(self) -> Any:
        """A disabled pipeline can be started by hand as well."""

        def work(given: Given) -> str:
            pipeline = self.backend.get(Pipeline, given["imagePipelineArn"])
            return runs.start(self.backend, pipeline.given, pipeline, tags=given.get("tags")).arn

        return self.once("imageBuildVersionArn", work)

    def create_image(self) -> Any:
        def work(given: Given) -> str:
            for name in ("containerRecipeArn", "workflows"):
                if given.get(name):
                    raise NotEmulated(name)
            return runs.start(self.backend, given, tags=given.get("tags")).arn

        return self.once("imageBuildVersionArn", work, "image")

    def cancel_image_creation(self) -> Any:
        def work(given: Given) -> str:
            build = self.backend.get(Build, given["imageBuildVersionArn"])
            if not build.running:
                raise InvalidRequest(
                    f"The image '{build.arn}' is in the state {build.status}: there is nothing to cancel."
                )
            build.cancel()
            return build.arn

        return self.once("imageBuildVersionArn", work)

    # Images

    def get_image(self) -> Any:
        """A wildcard or a version without a build means the latest."""
        arn = self.given()["imageBuildVersionArn"]
        latest = arns.latest(arn, [each.arn for each in self.backend.all(Build)])
        build = self.backend.get(Build, latest or arn)
        return self.answer(
            image=build.describe(), latestVersionReferences=arns.references("image", build.arn)
        )

    def delete_image(self) -> Any:
        arn = self.given()["imageBuildVersionArn"]
        self.backend.delete_image(arn)
        return self.answer(imageBuildVersionArn=arn)

    def list_images(self) -> Any:
        latest = {arns.without_build(each.arn): each for each in self.backend.all(Build)}
        found = [each.describe_version() for each in latest.values()]
        if self.given().get("owner", "Self") != "Self":
            found = []
        return self.listed("imageVersionList", found, _FILTERS)

    def list_image_build_versions(self) -> Any:
        wanted = self.given().get("imageVersionArn")
        found = [
            each.describe()
            for each in self.backend.all(Build)
            if wanted in (None, arns.without_build(each.arn))
        ]
        return self.listed("imageSummaryList", found, _FILTERS)

    def list_image_pipeline_images(self) -> Any:
        """A pipeline that is not there has no images, and that is no error."""
        wanted = self.given()["imagePipelineArn"]
        found = [each.describe() for each in self.backend.all(Build) if each.pipeline_arn == wanted]
        return self.listed("imageSummaryList", found, ("name", "version"))

    # Workflows

    def list_workflow_executions(self) -> Any:
        build = self.backend.get(Build, self.given()["imageBuildVersionArn"])
        found = [each.describe() for each in build.executions]
        return self.listed(
            "workflowExecutions", found, imageBuildVersionArn=build.arn, message=build.reason[:500] or None
        )

    def get_workflow_execution(self) -> Any:
        return self.answer(**self._execution(self.given()["workflowExecutionId"]).describe())

    def list_workflow_step_executions(self) -> Any:
        execution = self._execution(self.given()["workflowExecutionId"])
        return self.listed("steps", [each.describe() for each in execution.steps], **_of(execution))

    def get_workflow_step_execution(self) -> Any:
        wanted = self.given()["stepExecutionId"]
        execution, step = self._step(wanted)
        return self.answer(**step.describe(), **_of(execution))

    def list_waiting_workflow_steps(self) -> Any:
        """The managed workflows wait for nobody."""
        return self.listed("steps", [])

    def _executions(self) -> list[Execution]:
        return [execution for build in self.backend.all(Build) for execution in build.executions]

    def _execution(self, wanted: str) -> Execution:
        found = next((each for each in self._executions() if each.id == wanted), None)
        if found is None:
            raise InvalidParameterValue(name="workflowExecutionId", why=f"There is no {wanted}.")
        return found

    def _step(self, wanted: str) -> tuple[Execution, Step]:
        for execution in self._executions():
            for step in execution.steps:
                if step.id == wanted:
                    return execution, step
        raise InvalidParameterValue(name="stepExecutionId", why=f"There is no {wanted}.")

    # Findings

    def list_image_scan_finding_aggregations(self) -> Any:
        name, wanted, builds = self._scans(self.given().get("filter") or {})
        if name is None:
            key, member = {"accountId": self.current_account}, "accountAggregation"
        else:
            key = {name: wanted}
            member = "imageAggregation" if name == _BY_IMAGE else "imagePipelineAggregation"
        found = findings.aggregated(member, key, builds)
        return self.answer(aggregationType=name or "accountId", responses=found)

    def list_image_scan_findings(self) -> Any:
        filters = self.given().get("filters") or [{}]
        builds = self._scans(filters[0])[2]
        found = [finding for build in builds for finding in findings.described(build)]
        return self.listed("findings", found, filters=())

    def _scans(self, one: dict[str, Any]) -> tuple[str | None, str, list[Build]]:
        """A filter's name, its value, and the builds that it means; None for all of the account."""
        name, wanted = one.get("name"), (one.get("values") or [""])[0]
        if name not in (None, _BY_IMAGE, _BY_PIPELINE):
            raise NotEmulated(f"the filter {name} of findings")
        builds = self.backend.all(Build)
        if name is not None:
            builds = [b for b in builds if wanted == (b.arn if name == _BY_IMAGE else b.pipeline_arn)]
        return name, wanted, builds


def _of(execution: Execution) -> dict[str, str]:
    return {
        "workflowBuildVersionArn": execution.arn,
        "workflowExecutionId": execution.id,
        "imageBuildVersionArn": execution.image_arn,
    }
