"""Requests of Image Builder about components, recipes, configurations, pipelines and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.cloud.imagebuilder import arns, runs
from rehearsal.cloud.imagebuilder.image_requests import ImageRequests
from rehearsal.cloud.imagebuilder.resources import (
    Component,
    Distribution,
    Given,
    ImageRecipe,
    Infrastructure,
    Pipeline,
    Resource,
)
from rehearsal.cloud.tagging import TagRequests

_VERSIONED = ("name", "version", "platform", "supportedOsVersion", "type", "status", "description")


class ImageBuilderResponse(ImageRequests, TagRequests):
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
        return self.once("imagePipelineArn", self._armed(self.backend.create_pipeline))

    def update_image_pipeline(self) -> Any:
        return self.once("imagePipelineArn", self._armed(self.backend.update_pipeline))

    def _armed(self, work: Callable[[Given], str]) -> Callable[[Given], str]:
        """With the schedule that the pipeline has from now on."""

        def armed(given: Given) -> str:
            arn = work(given)
            runs.arm(self.backend, self.backend.get(Pipeline, arn))
            return arn

        return armed

    def get_image_pipeline(self) -> Any:
        found = self.backend.get(Pipeline, self.given()["imagePipelineArn"])
        return self.answer(imagePipeline=runs.describe(found))

    def delete_image_pipeline(self) -> Any:
        return self._deleted(Pipeline, "imagePipelineArn")

    def list_image_pipelines(self) -> Any:
        filters = (
            "name", "status", "imageRecipeArn", "infrastructureConfigurationArn",
            "distributionConfigurationArn", "description",
        )  # fmt: skip
        found = [runs.describe(each) for each in self.backend.all(Pipeline)]
        return self.listed("imagePipelineList", found, filters)
