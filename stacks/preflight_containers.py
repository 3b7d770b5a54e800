"""What ECR says of an environment's container images, asked by every preview and up before anything is made.

That each is there is all that the provider can ask; what scans found, the release commands look at before the
config names an image. Images of other registries are not asked about: their nodes will tell.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from images import containers, preflight
from images.containers import Facts, Reference, Registry
from stacks.config import EnvironmentConfig, refusal
from stacks.preflight import UnansweredError, answer
from stacks.problems import Place

_ABSENT = ("ImageNotFoundException", "RepositoryNotFoundException", "returned no results")


def check(stack: str, config: EnvironmentConfig) -> None:
    """Raises pulumi.RunError when an image is not where the file says, with a line for each, or when ECR
    cannot be asked.
    """
    found: list[tuple[Place, str]] = []
    limits = preflight.Limits(max_findings={})
    for key, written in config.images.items():
        reference = containers.parse(written)
        place: Place = ("images", key)
        try:
            facts = _asked(reference)
        except UnansweredError as error:
            text = (
                f"ECR does not tell of {containers.short(written)} ({error}); check credentials and network"
            )
            raise refusal(stack, [(place, text)]) from None
        found += [(place, text) for text in containers.problems(facts, limits)]
    if found:
        raise refusal(stack, found)


def _asked(reference: Reference) -> Facts:
    registry = reference.registry
    if registry is None:
        return Facts(reference)
    try:
        _look(registry, reference.digest)
    except UnansweredError as error:
        if any(code in str(error) for code in _ABSENT):
            return Facts(reference, found=False)
        if preflight.DENIED in str(error):
            # Others may let their image be pulled and not be asked about.
            pulumi.log.info(
                f"pre-flight: {reference} is not told of by {registry.account}, so it is not known"
            )
            return Facts(reference)
        raise
    return Facts(reference)


def _look(registry: Registry, digest: str) -> None:
    answer(
        aws.ecr.get_image,
        registry_id=registry.account,
        repository_name=registry.repository,
        image_digest=digest,
    )
