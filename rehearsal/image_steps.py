"""The steps about images: the factory builds one and tests it, and what nobody uses any more goes.

The factory is a stack like the environments. Everything is done with the project's own commands, but for the
hand that clears an account up at the very end: images outlive what built them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rehearsal import factory_files, inventory, provenance
from rehearsal.cloud_client import TESTED
from rehearsal.engines import Changed, Outcome
from rehearsal.provenance import BUILD, Provenance
from rehearsal.rollouts import release
from rehearsal.stage import Stage, StepFailedError, StepRecord, shown, unexpected

STAGING, PROD = "staging", "prod"
DAY_SECONDS = 86_400
RECIPE = "immutable:recipe"
_BUILDER = "aws:imagebuilder/"
#: What a changed document changes: a new component and a new recipe, to which the pipeline moves over, and
#: the tags that images get.
NEW_CONTENT = {
    (f"{_BUILDER}component:Component", "replace"),
    (f"{_BUILDER}imageRecipe:ImageRecipe", "replace"),
    (f"{_BUILDER}imagePipeline:ImagePipeline", "update"),
    (f"{_BUILDER}distributionConfiguration:DistributionConfiguration", "update"),
}
# What `retire` writes on an image with every stage, and how long ago it did for one of them.
RETIRED, DAYS_DISABLED = "immutable:retire", 10


def image(stage: Stage, step: StepRecord) -> None:
    """The account as it was before; then the factory comes up, and builds what staging's servers start from.

    What was there before are the hosted zones of the environments' domains, the image that every build starts
    from, of another owner, and images of earlier builds: those that the configurations name, and one that was
    retired as far as that it starts no server.
    """
    client, workspace, factory = stage.cloud.client, stage.workspace, stage.factory
    for arn in workspace.certificates():
        client.register_certificate(arn, "*.example.com")
    for zone_id, domain in workspace.zones().items():
        client.register_zone(zone_id, domain)
    for parent in factory_files.parents(workspace.project):
        client.register_image(
            parent.name, {}, parent.image_id, owner=parent.owner, architecture=parent.architecture
        )
    stage.earlier = workspace.images()
    for number, image_id in enumerate(stage.earlier, 1):
        client.register_image(f"earlier-{number}", _earlier_build(stage, number), image_id)
    stage.disabled = _disabled(stage)
    stage.before = held(stage)
    # It keeps keys and logs for as long as images need them; the ones of this story end with it.
    step.notes += [f"Pulumi.{factory.stack}.yaml: + {line}" for line in workspace.loosen(factory.stack)]
    stage.run("up", factory.stack, step)
    stage.image = bake(stage, step)


def bake(stage: Stage, step: StepRecord) -> str:
    """The factory builds and tests an image, and staging's configuration names it: one changed line."""
    with stage.hurry():
        release(stage, step, STAGING, "bake", stage.factory.recipe, "--to", STAGING)
    made = stage.workspace.image(STAGING)
    expect_tested(stage, step, made)
    return made


def expect_tested(stage: Stage, step: StepRecord, image_id: str) -> Provenance:
    """The image is in every region, and its tags say where it comes from and that it passed its tests."""
    found = provenance.read(stage.cloud.url, image_id, stage.factory.regions)
    missing = [name for name, value in found.document().items() if not value]
    if missing or found.tests != "passed" or set(found.regions) != set(stage.factory.regions):
        raise StepFailedError(
            f"{image_id} should be in {shown(stage.factory.regions)}, tests passed, with all tags; it is in "
            f"{shown(list(found.regions))}, tests {found.tests or 'unknown'}, without {shown(missing)}"
        )
    step.images.append(found.document())
    step.notes.append(
        f"{image_id} is built from {found.recipe} {found.hash} on {found.parent}; tests {found.tests}, "
        f"findings {found.findings}; it is in {shown(list(found.regions))}"
    )
    return found


def next_image(stage: Stage, step: StepRecord) -> str:
    """A document changes; the factory moves over to it, and builds the next image."""
    changed = factory_files.change(stage.workspace.project, stage.factory.recipe)
    step.notes.append(f"{changed.relative_to(stage.workspace.project)} says one thing more")
    only_the_content(stage.run("up", stage.factory.stack, step))
    return bake(stage, step)


def only_the_content(outcome: Outcome) -> None:
    """Raises StepFailedError unless what changed is what a changed document changes, and all of it."""
    if odd := unexpected(outcome, _of_the_content):
        raise StepFailedError(f"a changed document should change only what builds it, not {shown(odd)}")
    kinds = {(each.type, each.op) for each in outcome.resources}
    if missing := sorted(f"{op} {kind}" for kind, op in NEW_CONTENT - kinds):
        raise StepFailedError(f"a changed document should also {shown(missing)}")


def _of_the_content(changed: Changed) -> bool:
    return (changed.type, changed.op) in NEW_CONTENT


def _earlier_build(stage: Stage, number: int) -> dict[str, str]:
    """The tags of an image that the factory built before the story, one build in every region."""
    recipe = stage.factory.recipe
    arn = f"arn:aws:imagebuilder:{stage.factory.regions[0]}:123456789012:image/{recipe}/0.0.{number}/1"
    return {**TESTED, RECIPE: recipe, BUILD: arn}


def _disabled(stage: Stage) -> str:
    """An old image as `retire` leaves it for the last of its stages."""
    image_id = stage.cloud.client.register_image("retired", _earlier_build(stage, 0))
    for region in stage.factory.regions:
        ec2 = stage.client(region, "ec2")
        [found] = ec2.describe_images(ImageIds=[image_id])["Images"]
        since = datetime.fromisoformat(found["CreationDate"]) - timedelta(days=DAYS_DISABLED)
        mark = {"Key": RETIRED, "Value": f"disabled {since:%Y-%m-%dT%H:%M:%SZ}"}
        ec2.create_tags(Resources=[image_id], Tags=[mark])
        ec2.disable_image(ImageId=image_id)
    return image_id


def retire(stage: Stage, step: StepRecord) -> None:
    """What nobody uses goes a stage further, as a dry run tells before; what is used anywhere stays.

    The images before the story's first are deprecated. The one that was disabled long ago goes, with its
    snapshots.
    """
    snapshots = _snapshots(stage)
    told = _retire(stage, "--dry-run")
    step.notes += [f"a dry run tells: {_line(each)}: {each['why']}" for each in told]
    if _snapshots(stage) != snapshots:
        raise StepFailedError(f"a dry run should delete nothing; of {shown(snapshots)} some are gone")
    step.notes += [f"done: {_line(each)}" for each in _retire(stage) if each["action"] != "keep"]
    if left := _snapshots(stage):
        raise StepFailedError(f"the snapshots of {stage.disabled} should be gone; there is {shown(left)}")
    step.notes.append(f"with {stage.disabled} its snapshots are gone: {shown(snapshots)}")
    for environment in (STAGING, PROD):
        stage.expect_whole(environment)


def _retire(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    """Run it, and expect the same of every run: raises StepFailedError unless each image before the story's
    first goes a stage further, and nothing happens to any other one.
    """
    told: list[dict[str, Any]] = stage.ask("retire", "--keep", "1", *arguments)["images"]
    verdicts = {image_id: each["action"] for each in told for image_id in each["images"].values()}
    going = {**dict.fromkeys(stage.earlier, "deprecate"), stage.disabled: "delete"}
    if verdicts != {**dict.fromkeys(verdicts, "keep"), **going}:
        raise StepFailedError(
            f"retire should delete {stage.disabled}, deprecate {shown(stage.earlier)} and keep all others; "
            f"it tells: {shown([_line(each) for each in told])}"
        )
    return told


def _line(verdict: dict[str, Any]) -> str:
    return f"{verdict['action']} {shown(list(dict.fromkeys(verdict['images'].values())))}"


def _snapshots(stage: Stage) -> list[str]:
    """Those of the image that was disabled long ago, in every region."""
    found: list[str] = []
    for region in stage.factory.regions:
        pages = stage.client(region, "ec2").get_paginator("describe_snapshots").paginate(OwnerIds=["self"])
        snapshots = [each for page in pages for each in page["Snapshots"]]
        found += [each["SnapshotId"] for each in snapshots if stage.disabled in each["Description"]]
    return found


def clear(stage: Stage, step: StepRecord) -> None:
    """What images leave behind goes by hand: they outlive their factory, and so may servers on them."""
    made = {region: _unprotected(stage.client(region, "ec2")) for region in stage.factory.regions}
    # Protection cools down before EC2 deregisters anything.
    stage.leap(DAY_SECONDS)
    for region, images in made.items():
        for image_id in images:
            stage.client(region, "ec2").deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
        ssm = stage.client(region, "ssm")
        pages = ssm.get_paginator("describe_parameters").paginate()
        if names := [each["Name"] for page in pages for each in page["Parameters"]]:
            ssm.delete_parameters(Names=names)
    builder = stage.client(stage.factory.regions[0], "imagebuilder")
    for version in builder.list_images(owner="Self")["imageVersionList"]:
        builds = builder.list_image_build_versions(imageVersionArn=version["arn"])["imageSummaryList"]
        for build in builds:
            builder.delete_image(imageBuildVersionArn=build["arn"])
    count = sum(map(len, made.values()))
    step.notes.append(f"{count} images outlive their factory, with snapshots; a hand deregisters them")


def _unprotected(ec2: Any) -> list[str]:
    """All images of the factory in a region; protection is lifted from them."""
    ours = [{"Name": "tag-key", "Values": [RECIPE]}]
    found = ec2.describe_images(Owners=["self"], Filters=ours, IncludeDisabled=True, IncludeDeprecated=True)
    images = [each["ImageId"] for each in found["Images"]]
    for image_id in images:
        ec2.disable_image_deregistration_protection(ImageId=image_id)
    return images


def held(stage: Stage) -> inventory.Inventory:
    """What the account holds in every region of the story."""
    full = {stage.workspace.region(name) for name in (STAGING, PROD)} | {stage.factory.regions[0]}
    copies = set(stage.factory.regions) - full
    return frozenset[tuple[str, str]]().union(
        *(inventory.take(stage.cloud.url, region) for region in full),
        *(inventory.take_copies(stage.cloud.url, region) for region in copies),
    )
