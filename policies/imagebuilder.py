"""EC2 Image Builder: images are built on closed machines, tested, encrypted, and given to nobody by accident.

AWS has no control for it: each rule is one that AWS has for servers, asked of what servers are made from.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.rules import Resource, Rule, Severity, at, is_false, is_true, items, rule

INFRASTRUCTURE = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
RECIPE = "aws:imagebuilder/imageRecipe:ImageRecipe"
DISTRIBUTION = "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"
PIPELINE = "aws:imagebuilder/imagePipeline:ImagePipeline"


@rule(
    id="imagebuilder-imdsv2",
    types=(INFRASTRUCTURE,),
    severity=Severity.HIGH,
    reason="A build fetches much; without tokens a forged request gets the machine's credentials.",
    fix="set instanceMetadataOptions.httpTokens to required",
)
def imagebuilder_imdsv2(infrastructure: Resource) -> Iterator[str]:
    tokens = at(infrastructure, "instanceMetadataOptions.httpTokens", "optional")
    if tokens != "required":
        yield f"instanceMetadataOptions.httpTokens is {tokens}"


@rule(
    id="imagebuilder-closed",
    types=(INFRASTRUCTURE,),
    severity=Severity.HIGH,
    reason="A build that somebody logged in to is no longer what its recipe says.",
    fix="leave keyPair out, and terminateInstanceOnFailure true",
)
def imagebuilder_closed(infrastructure: Resource) -> Iterator[str]:
    pair = at(infrastructure, "keyPair")
    if pair:
        yield f"keyPair is {pair}"
    if is_false(at(infrastructure, "terminateInstanceOnFailure")):
        yield "terminateInstanceOnFailure is false: a failed machine stays"


@rule(
    id="imagebuilder-encrypted",
    types=(RECIPE, DISTRIBUTION),
    severity=Severity.MEDIUM,
    reason="What an image holds is in every server's volume and in every snapshot of it.",
    fix="encrypt the recipe's volumes, and name a key for each region's copy",
)
def imagebuilder_encrypted(resource: Resource) -> Iterator[str]:
    for index, device in items(resource, "blockDeviceMappings"):
        if at(device, "ebs") is not None and not is_true(at(device, "ebs.encrypted")):
            yield f"blockDeviceMappings[{index}].ebs.encrypted is not true"
    for _, copy in items(resource, "distributions"):
        image = at(copy, "amiDistributionConfiguration")
        if image is not None and at(copy, "amiDistributionConfiguration.kmsKeyId") is None:
            yield f"the copy in {at(copy, 'region')} has no kmsKeyId"


@rule(
    id="imagebuilder-private",
    types=(DISTRIBUTION,),
    severity=Severity.CRITICAL,
    reason="A public image hands everything that is in it to everyone.",
    fix="name the accounts in launchPermission.userIds",
)
def imagebuilder_private(distribution: Resource) -> Iterator[str]:
    for _, copy in items(distribution, "distributions"):
        if "all" in at(copy, "amiDistributionConfiguration.launchPermission.userGroups", ()):
            yield f"everyone may start servers from the copy in {at(copy, 'region')}"


@rule(
    id="imagebuilder-tested",
    types=(PIPELINE,),
    severity=Severity.MEDIUM,
    reason="An image is tested and scanned once, before the first server, or on all servers at once.",
    fix="turn imageTestsEnabled and imageScanningEnabled on",
)
def imagebuilder_tested(pipeline: Resource) -> Iterator[str]:
    if is_false(at(pipeline, "imageTestsConfiguration.imageTestsEnabled")):
        yield "imageTestsEnabled is false"
    if not is_true(at(pipeline, "imageScanningConfiguration.imageScanningEnabled")):
        yield "imageScanningEnabled is not true"


RULES: tuple[Rule, ...] = (
    imagebuilder_imdsv2,
    imagebuilder_closed,
    imagebuilder_encrypted,
    imagebuilder_private,
    imagebuilder_tested,
)
