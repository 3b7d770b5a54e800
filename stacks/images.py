"""The one composition of the image factory: a pipeline for each recipe, in a network of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pulumi

from components.alert_topic import AlertTopic
from components.build_role import download_buckets
from components.image_pipeline import ImagePipeline, ImagePipelineArgs
from components.image_recipe import Document
from components.log_bucket import LogBucket, LogBucketArgs
from components.network import Network, NetworkArgs
from images import recipes
from images.problems import DocumentError
from images.recipes import Recipe
from stacks import foundation, roles
from stacks.config import blamed_on, refusal
from stacks.factory import FactoryConfig, RecipeConfig
from stacks.instance_types import is_arm
from stacks.problems import Place, nearest, shown

INSTANCE_TYPES = {"arm64": ("m7g.large", "m6g.large"), "x86_64": ("m7i.large", "m6i.large")}
"""What builds run on unless a stack file says else: two generations, should one run out."""


def build(stack: str, config: FactoryConfig, folder: Path = recipes.FOLDER) -> dict[str, Any]:
    """Declare the factory's resources and return what the stack exports. `folder` holds the recipes.

    Raises pulumi.RunError for a recipe or document that is wrong, one line a problem, before anything is
    declared.
    """
    roles.bind(stack, config.permissions_boundary)
    found = _recipes(stack, config, folder)
    commit = source_commit(folder)
    tags = foundation.tags_of(stack, config)
    with blamed_on(stack, "network"):
        network = _network(stack, config, tags)
    topic = foundation.alerts(stack, config, network, tags)
    logs = LogBucket(
        "builds",
        LogBucketArgs(
            retention_days=config.logs.retention_days, retain=config.logs.retain_on_destroy, tags=tags
        ),
    )
    pipelines = {
        name: _pipeline(stack, config, found[name], network, topic, logs, commit, tags)
        for name in config.recipes
    }
    return {
        "recipes": {name: _exported(config, found[name], pipeline) for name, pipeline in pipelines.items()},
        "topic": topic.arn,
    }


def _recipes(stack: str, config: FactoryConfig, folder: Path) -> dict[str, Recipe]:
    known = recipes.names(folder)
    unknown: list[tuple[Place, str]] = [
        (("recipes", name), f"is not a recipe of images/recipes; {nearest(name, known)}")
        for name in config.recipes
        if name not in known
    ]
    if unknown:
        raise refusal(stack, unknown)
    try:
        found = {name: recipes.load(folder, name) for name in config.recipes}
    except DocumentError as error:
        # It names its own file and line, which is not the stack's.
        raise pulumi.RunError(str(error)) from None
    wrong: list[tuple[Place, str]] = [
        (("recipes", name, "instanceTypes", index), text)
        for name, recipe in found.items()
        for index, text in _strangers(config.recipes[name], recipe)
    ]
    if wrong:
        raise refusal(stack, wrong)
    return found


def _strangers(config: RecipeConfig, recipe: Recipe) -> list[tuple[int, str]]:
    """The machines that the recipe's image would not boot on."""
    return [
        (
            index,
            f"{shown(instance_type)} is not of {recipe.architecture}, as the recipe {recipe.name} is; "
            f"write one such as {INSTANCE_TYPES[recipe.architecture][0]}",
        )
        for index, instance_type in enumerate(config.instance_types)
        if is_arm(instance_type) != (recipe.architecture == "arm64")
    ]


def source_commit(folder: Path) -> str:
    """The last commit that touched the folder, with `-dirty` when it was changed since; else `unknown`."""
    try:
        commit = _git(folder, "log", "-1", "--format=%H", "--", ".")
        changed = _git(folder, "status", "--porcelain", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    if not commit:
        return "unknown"
    return f"{commit}-dirty" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    found = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30
    )
    return found.stdout.strip()


def _network(stack: str, config: FactoryConfig, tags: dict[str, str]) -> Network:
    """Builds run now and then: AWS's services are reached by the NAT, not by endpoints paid by the hour."""
    args = foundation.network_args(stack, config, tags)
    changed = {"interface_endpoints": (), "download_buckets": download_buckets(config.region)}
    return Network("network", NetworkArgs(**{**dict(args), **changed}))


def _pipeline(
    stack: str,
    config: FactoryConfig,
    recipe: Recipe,
    network: Network,
    topic: AlertTopic,
    logs: LogBucket,
    commit: str,
    tags: dict[str, str],
) -> ImagePipeline:
    given = config.recipes[recipe.name]
    with blamed_on(stack, "recipes", recipe.name):
        return ImagePipeline(
            recipe.name,
            ImagePipelineArgs(
                description=recipe.description,
                parent_image_id=recipe.parent.id,
                architecture=recipe.architecture,
                root_device_name=recipe.root_device_name,
                volume_size_gib=recipe.volume_size_gib,
                documents=tuple(
                    Document(name=each.document.name, version=each.document.version, data=each.document.data)
                    for each in recipe.components
                ),
                recipe_hash=recipe.hash,
                commit=commit,
                instance_types=given.instance_types or INSTANCE_TYPES[recipe.architecture],
                placement=network.placement,
                log_bucket=logs.bucket,
                alert_topic_arn=topic.arn,
                regions=config.regions,
                accounts=config.distribution.accounts,
                schedule=given.schedule,
                time_zone=given.time_zone,
                log_retention_days=config.logs.retention_days,
                retain_keys=config.distribution.retain_keys_on_destroy,
                tags=tags,
            ),
        )


def _exported(config: FactoryConfig, recipe: Recipe, pipeline: ImagePipeline) -> dict[str, Any]:
    """What people and scripts read of a recipe."""
    return {
        "pipeline": pipeline.arn,
        "recipe": pipeline.recipe_arn,
        "hash": recipe.hash,
        "version": pipeline.recipe_version,
        "parent": recipe.parent.id,
        "architecture": recipe.architecture,
        "parameter": pipeline.parameter,
        "logGroup": pipeline.log_group_name,
        "regions": list(config.regions),
        "keys": pipeline.key_arns,
    }
