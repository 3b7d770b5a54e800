"""Image Builder of one region: its resources, what hangs on what, and which requests were answered before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from moto.core.base_backend import BackendDict, BaseBackend

from rehearsal.cloud.imagebuilder import arns, checks, documents, exceptions, recipes
from rehearsal.cloud.imagebuilder.builds import Build
from rehearsal.cloud.imagebuilder.resources import (
    Component,
    Distribution,
    Given,
    ImageRecipe,
    Infrastructure,
    Pipeline,
    Resource,
    settings,
)

Kept = TypeVar("Kept", bound=Resource)


class ImageBuilderBackend(BaseBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.resources: dict[str, Resource] = {}
        #: By image version: the number of its latest build, which is not given again when that is deleted.
        self.numbers: dict[str, int] = {}
        self._answers: dict[tuple[str, str], tuple[Given, Any]] = {}

    # Lookups

    def get(self, kind: type[Kept], arn: str) -> Kept:
        """Raises NotFound."""
        found = self.resources.get(arn)
        if not isinstance(found, kind):
            raise exceptions.NotFound(arn=arn)
        return found

    def all(self, kind: type[Kept]) -> list[Kept]:
        return [each for each in self.resources.values() if isinstance(each, kind)]

    def component(self, arn: str) -> Component:
        """The build version that an ARN with or without build or with wildcards means. Raises NotFound."""
        if not arns.is_build(arn):
            arn = arns.latest(arn, [each.arn for each in self.all(Component)]) or arn
        return self.get(Component, arn)

    def once(self, operation: str, given: Given, work: Callable[[], str]) -> str:
        """The ARN that `work` makes, or the one that it made for the same client token before.

        Raises IdempotentParameterMismatch when that was with other parameters.
        """
        token = given["clientToken"]
        before = self._answers.get((operation, token))
        if before is None:
            before = self._answers[operation, token] = (given, work())
        if before[0] != given:
            raise exceptions.IdempotentParameterMismatch(token=token)
        return str(before[1])

    # Components

    def create_component(self, given: Given) -> str:
        """A version that is there with other content gets another build, and one with the same is refused."""
        checks.emulated("component", given)
        name, version = given["name"], given["semanticVersion"]
        arns.version(version)
        if not given.get("data"):
            raise exceptions.InvalidParameterCombination("You must specify exactly one of 'data' and 'uri'.")
        document = documents.parse(given["data"], given["platform"])
        base = self._arn(Component, name, version)
        latest = arns.latest(base, [each.arn for each in self.all(Component)])
        if latest:
            before = self.get(Component, latest).given
            if (before["data"], before["platform"]) == (given["data"], given["platform"]):
                raise exceptions.AlreadyExists(kind=Component.title, arn=latest)
        build = arns.order(latest)[1] + 1 if latest else 1
        made = Component(f"{base}/{build}", name, settings(given), given.get("tags") or {}, document=document)
        return self._keep(made, given)

    def delete_component(self, arn: str) -> None:
        component = self.get(Component, arn)
        used = (each for recipe in self.all(ImageRecipe) for each in recipe.component_arns)
        self._delete(component, (each for each in used if self.component(each) is component))

    # Recipes

    def create_recipe(self, given: Given) -> str:
        checks.emulated("recipe", given)
        versions = [each.arn for each in self.all(ImageRecipe)]
        version = recipes.next_version(
            self._arn(ImageRecipe, given["name"]), given["semanticVersion"], versions
        )
        recipes.check(self, given)
        arn = self._arn(ImageRecipe, given["name"], version)
        return self._create(ImageRecipe(arn, given["name"], settings(given), given.get("tags") or {}), given)

    # Configurations and pipelines

    def create_infrastructure(self, given: Given) -> str:
        checks.infrastructure(given)
        return self._create(self._new(Infrastructure, given), given)

    def update_infrastructure(self, given: Given) -> str:
        found = self.get(Infrastructure, given["infrastructureConfigurationArn"])
        checks.infrastructure(given)
        return self._replace(found, given, "infrastructureConfigurationArn")

    def create_distribution(self, given: Given) -> str:
        checks.distribution(given)
        return self._create(self._new(Distribution, given), given)

    def update_distribution(self, given: Given) -> str:
        found = self.get(Distribution, given["distributionConfigurationArn"])
        checks.distribution(given)
        return self._replace(found, given, "distributionConfigurationArn")

    def create_pipeline(self, given: Given) -> str:
        self._check_pipeline(given)
        return self._create(self._new(Pipeline, given), given)

    def update_pipeline(self, given: Given) -> str:
        found = self.get(Pipeline, given["imagePipelineArn"])
        self._check_pipeline(given)
        return self._replace(found, given, "imagePipelineArn")

    def _check_pipeline(self, given: Given) -> None:
        checks.pipeline(given)
        if "x" in arns.tail(given["imageRecipeArn"]).split("."):
            raise exceptions.NotEmulated(f"a pipeline of a recipe by wildcard, {given['imageRecipeArn']},")
        self.get(ImageRecipe, given["imageRecipeArn"])
        self.get(Infrastructure, given["infrastructureConfigurationArn"])
        if given.get("distributionConfigurationArn"):
            self.get(Distribution, given["distributionConfigurationArn"])

    def delete(self, kind: type[Resource], arn: str) -> None:
        """Of a recipe, a configuration or a pipeline. Raises NotFound, HasDependents."""
        users = (each.arn for each in self.all(Pipeline) if arn in each.given.values())
        self._delete(self.get(kind, arn), users)

    def delete_image(self, arn: str) -> None:
        """The AMIs stay. Raises NotFound, HasDependents while it is built."""
        image = self.get(Build, arn)
        self._delete(image, [arn] if image.running else [])

    # Tags

    def tagged(self, arn: str) -> dict[str, str]:
        if arn not in self.resources:
            raise exceptions.NotFound(arn=arn)
        return self.resources[arn].tags

    # What all kinds share

    def _arn(self, kind: type[Resource], name: str, version: str = "") -> str:
        return arns.make(self.region_name, self.account_id, kind.kind, name, version)

    def _new(self, kind: type[Kept], given: Given) -> Kept:
        name = given["name"]
        return kind(self._arn(kind, name), name, settings(given), given.get("tags") or {})

    def _create(self, made: Resource, given: Given) -> str:
        if made.arn in self.resources:
            raise exceptions.AlreadyExists(kind=made.title, arn=made.arn)
        return self._keep(made, given)

    def _keep(self, made: Resource, given: Given) -> str:
        if given.get("dryRun"):
            raise exceptions.DryRun
        made.tags = dict(made.tags)
        self.resources[made.arn] = made
        return made.arn

    def _replace(self, found: Resource, given: Given, arn: str) -> str:
        found.replace({name: value for name, value in given.items() if name != arn})
        return found.arn

    def _delete(self, found: Resource, users: Iterable[str]) -> None:
        if any(users):
            raise exceptions.HasDependents(arn=found.arn)
        del self.resources[found.arn]


#: botocore names no regions of Image Builder; it is where EC2 is.
imagebuilder_backends = BackendDict(ImageBuilderBackend, "ec2")
