"""The factory's pipeline in the emulated Image Builder, made from the project's files, and its stack."""

from __future__ import annotations

import json
from typing import Any

from images import recipes
from rehearsal.cloud.images import Image
from tests.scripts.factory_project import AWAY, DOCUMENT, HOME, PINNED, FactoryProject

LOG_GROUP = "/aws/imagebuilder/service"


def bring_up(
    project: FactoryProject,
    regions: tuple[str, ...] = (HOME, AWAY),
    accounts: tuple[str, ...] = (),
    **more: Any,
) -> str:
    """What `pulumi up -s images` does, as far as a bake sees it; returns the pipeline's ARN.

    Args:
        accounts: those that get copies of their own.
        more: of CreateImagePipeline.
    """
    recipe, client = recipes.load(project.images, "service"), project.client("imagebuilder")
    arns = project.cloud.world.__dict__.setdefault("test_factory", {})
    if not arns:
        with project.cloud.cloud.lock:
            project.cloud.world.images.append(Image(PINNED, "debian-12-arm64-1", owner="136693071363"))
        project.client("iam").create_instance_profile(InstanceProfileName="build")
        arns["infrastructure"] = client.create_infrastructure_configuration(
            name="service", instanceProfileName="build"
        )["infrastructureConfigurationArn"]
    components = [
        client.create_component(
            name=f"service-{each.document.name}", semanticVersion=each.document.version, platform="Linux",
            data=each.document.data,
        )["componentBuildVersionArn"]
        for each in recipe.components
    ]  # fmt: skip
    image_recipe = client.create_image_recipe(
        name="service", semanticVersion=recipe.version, parentImage=recipe.parent.id,
        components=[{"componentArn": arn} for arn in components],
    )["imageRecipeArn"]  # fmt: skip
    tags = {
        "immutable:recipe": "service",
        "immutable:recipe-hash": recipe.hash,
        "immutable:commit": "c0ffee",
        "immutable:parent": recipe.parent.id,
        "immutable:tests": "passed",
    }
    settings: dict[str, Any] = {"name": "service-{{ imagebuilder:buildDate }}", "amiTags": tags}
    if accounts:
        settings["targetAccountIds"] = list(accounts)
    given = {
        "imageRecipeArn": image_recipe,
        "infrastructureConfigurationArn": arns["infrastructure"],
        "distributionConfigurationArn": client.create_distribution_configuration(
            name=f"service-{recipe.hash}",
            distributions=[{"region": each, "amiDistributionConfiguration": settings} for each in regions],
        )["distributionConfigurationArn"],
        "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 60},
        "imageScanningConfiguration": {"imageScanningEnabled": True},
        "loggingConfiguration": {"imageLogGroupName": LOG_GROUP},
    } | more
    # As the stack does: the pipeline moves over to another recipe, and is the same one.
    if "pipeline" in arns:
        client.update_image_pipeline(imagePipelineArn=arns["pipeline"], **given)
    else:
        arns["pipeline"] = client.create_image_pipeline(name="service", **given)["imagePipelineArn"]
    pipeline = str(arns["pipeline"])
    exported = {
        "pipeline": pipeline,
        "recipe": image_recipe,
        "hash": recipe.hash,
        "version": recipe.version,
        "parent": recipe.parent.id,
        "architecture": recipe.architecture,
        "parameter": "/immutable/images/service",
        "logGroup": LOG_GROUP,
        "regions": list(regions),
    }
    project.project.outputs("images", {"recipes": {"service": exported}, "topic": "arn:aws:sns:::topic"})
    return pipeline


def change(project: FactoryProject, script: str, phase: str = "build") -> None:
    """The document does something else in a phase."""
    old = {"build": "echo made", "test": "test -d /"}[phase]
    (project.images / "documents" / "thing.yaml").write_text(DOCUMENT.replace(old, script))


def builds(project: FactoryProject) -> list[dict[str, Any]]:
    """What Image Builder says of each build, the oldest first."""
    return list(project.client("imagebuilder").list_image_build_versions()["imageSummaryList"])


def statuses(project: FactoryProject) -> list[str]:
    return [each["state"]["status"] for each in builds(project)]


def start(project: FactoryProject, pipeline: str) -> str:
    """A build that someone else starts; its ARN."""
    client = project.client("imagebuilder")
    return str(client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"])


def bake(project: FactoryProject, *arguments: str) -> Any:
    """The result of a bake that ends well."""
    done = project.run("bake", "service", "--json", "-", *arguments)
    assert (done.code, done.error) == (0, ""), (done.out, done.error)
    return json.loads(done.out)
