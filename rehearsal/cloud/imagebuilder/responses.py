"""Requests of Image Builder about components, recipes, configurations, pipelines and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.moto_api._internal import mock_random

from rehearsal.cloud.imagebuilder import arns, listing, shapes
from rehearsal.cloud.imagebuilder.models import ImageBuilderBackend, imagebuilder_backends
from rehearsal.cloud.imagebuilder.resources import (
    Component,
    Distribution,
    Given,
    ImageRecipe,
    Infrastructure,
    Pipeline,
    Resource,
)

_VERSIONED = ("name", "version", "platform", "supportedOsVersion", "type", "status", "description")


class ImageBuilderResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="imagebuilder")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ImageBuilderBackend:
        backend: ImageBuilderBackend = imagebuilder_backends[self.current_account][self.region]
        return backend

    def given(self) -> Given:
        """The request's members, as they are written in botocore's model and held against it."""
        given = dict(self.params)
        shapes.check(self._get_action(), given)
        return given

    def answer(self, **members: Any) -> ActionResult:
        return ActionResult({"requestId": str(mock_random.uuid4())} | members)

    def once(self, name: str, work: Callable[[Given], str], kind: str = "") -> Any:
        """Create or update: the ARN under `name`, once for a client token."""
        given = self.given()
        arn = self.backend.once(self._get_action(), given, lambda: work(given))
        references = {"latestVersionReferences": arns.references(kind, arn)} if kind else {}
        return self.answer(clientToken=given["clientToken"], **{name: arn}, **references)

    def listed(self, member: str, found: list[dict[str, Any]], filters: tuple[str, ...] = ("name",)) -> Any:
        given = self.given()
        page, token = listing.page(listing.filtered(found, given, filters), given)
        return self.answer(**{member: page}, nextToken=token)

    def _got(self, kind: type[Resource], name: str, member: str) -> Any:
        found = self.backend.get(kind, self.given()[name])
        return self.answer(**{member: found.describe()})

    def _deleted(self, kind: type[Resource], name: str) -> Any:
        arn = self.given()[name]
        self.backend.delete(kind, arn)
        return self.answer(**{name: arn})

    def _of(self, kind: type[Resource]) -> list[dict[str, Any]]:
        return [each.describe() for each in self.backend.all(kind)]

    # Components

    def create_component(self) -> Any:
        return self.once("componentBuildVersionArn", self.backend.create_component, "component")

    def get_component(self) -> Any:
        found = self.backend.component(self.given()["componentBuildVersionArn"])
        return self.answer(
            component=found.describe(), latestVersionReferences=arns.references("component", found.arn)
        )

    def delete_component(self) -> Any:
        arn = self.given()["componentBuildVersionArn"]
        self.backend.delete_component(arn)
        return self.answer(componentBuildVersionArn=arn)

    def list_components(self) -> Any:
        """One for each version; those of Amazon and of others are not there."""
        latest = {arns.without_build(each.arn): each for each in self.backend.all(Component)}
        found = [each.describe_version() for each in latest.values()]
        if self.given().get("owner", "Self") != "Self":
            found = []
        return self.listed("componentVersionList", found, _VERSIONED)

    def list_component_build_versions(self) -> Any:
        wanted = self.given().get("componentVersionArn")
        found = [
            each.describe()
            for each in self.backend.all(Component)
            if wanted in (None, arns.without_build(each.arn))
        ]
        return self.listed("componentSummaryList", found)

    # Recipes

    def create_image_recipe(self) -> Any:
        return self.once("imageRecipeArn", self.backend.create_recipe, "image-recipe")

    def get_image_recipe(self) -> Any:
        found = self.backend.get(ImageRecipe, self.given()["imageRecipeArn"])
        return self.answer(
            imageRecipe=found.describe(), latestVersionReferences=arns.references("image-recipe", found.arn)
        )

    def delete_image_recipe(self) -> Any:
        return self._deleted(ImageRecipe, "imageRecipeArn")

    def list_image_recipes(self) -> Any:
        return self.listed(
            "imageRecipeSummaryList", self._of(ImageRecipe), ("name", "parentImage", "platform", "version")
        )

    # Infrastructure

    def create_infrastructure_configuration(self) -> Any:
        return self.once("infrastructureConfigurationArn", self.backend.create_infrastructure)

    def update_infrastructure_configuration(self) -> Any:
        return self.once("infrastructureConfigurationArn", self.backend.update_infrastructure)

    def get_infrastructure_configuration(self) -> Any:
        return self._got(Infrastructure, "infrastructureConfigurationArn", "infrastructureConfiguration")

    def delete_infrastructure_configuration(self) -> Any:
        return self._deleted(Infrastructure, "infrastructureConfigurationArn")

    def list_infrastructure_configurations(self) -> Any:
        return self.listed("infrastructureConfigurationSummaryList", self._of(Infrastructure))

    # Distribution

    def create_distribution_configuration(self) -> Any:
        return self.once("distributionConfigurationArn", self.backend.create_distribution)

    def update_distribution_configuration(self) -> Any:
        return self.once("distributionConfigurationArn", self.backend.update_distribution)

    def get_distribution_configuration(self) -> Any:
        return self._got(Distribution, "distributionConfigurationArn", "distributionConfiguration")

    def delete_distribution_configuration(self) -> Any:
        return self._deleted(Distribution, "distributionConfigurationArn")

    def list_distribution_configurations(self) -> Any:
        return self.listed("distributionConfigurationSummaryList", self._of(Distribution))

    # Pipelines

    def create_image_pipeline(self) -> Any:
        return self.once("imagePipelineArn", self.backend.create_pipeline)

    def update_image_pipeline(self) -> Any:
        return self.once("imagePipelineArn", self.backend.update_pipeline)

    def get_image_pipeline(self) -> Any:
        return self._got(Pipeline, "imagePipelineArn", "imagePipeline")

    def delete_image_pipeline(self) -> Any:
        return self._deleted(Pipeline, "imagePipelineArn")

    def list_image_pipelines(self) -> Any:
        filters = (
            "name", "status", "imageRecipeArn", "infrastructureConfigurationArn",
            "distributionConfigurationArn", "description",
        )  # fmt: skip
        return self.listed("imagePipelineList", self._of(Pipeline), filters)

    # Tags

    def list_tags_for_resource(self) -> Any:
        return ActionResult({"tags": dict(self.backend.tagged(self.given()["resourceArn"]))})

    def tag_resource(self) -> Any:
        given = self.given()
        self.backend.tagged(given["resourceArn"]).update(given["tags"])
        return ActionResult({})

    def untag_resource(self) -> Any:
        given = self.given()
        tags = self.backend.tagged(given["resourceArn"])
        for key in given["tagKeys"]:
            tags.pop(key, None)
        return ActionResult({})
