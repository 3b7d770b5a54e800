"""Container images: whether there is one by a reference, and what its containers do."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.cloud.ecr import images

HEALTHY, MISSING, CRASH_LOOP = "healthy", "missing", "crash-loop"
NEVER_READY, SLOW, MIGRATION_FAILS = "never-ready", "slow", "migration-fails"
BEHAVIOURS = (HEALTHY, MISSING, CRASH_LOOP, NEVER_READY, SLOW, MIGRATION_FAILS)

_ECR = re.compile(
    r"(\d{12})\.dkr\.ecr\.([-a-z0-9]+)\.amazonaws\.com/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?"
)


def put(world: Any, reference: str, behaviour: str) -> dict[str, str]:
    """An image of ECR is then in its registry, unless it is missing.

    Raises ValueError for a behaviour that there is not.
    """
    if behaviour not in BEHAVIOURS:
        raise ValueError(f"behaviour {behaviour!r} is none of {', '.join(BEHAVIOURS)}")
    world.container_images[reference] = behaviour
    found = images.parse(reference)
    if found is not None and behaviour != MISSING:
        images.push(found)
    return {"reference": reference, "behaviour": behaviour}


def behaviour(world: Any, reference: str) -> str:
    """What was said of it; an image of ECR that nothing was said of is missing unless the registry has it."""
    told = world.container_images.get(reference)
    if told is not None:
        return str(told)
    found = _ECR.fullmatch(reference)
    return HEALTHY if found is None or _in_registry(*found.groups()) else MISSING


def _in_registry(account: str, region: str, name: str, tag: str | None, digest: str | None) -> bool:
    from moto.ecr.models import ecr_backends

    repository = ecr_backends[account][region].repositories.get(name)
    if repository is None:
        return False
    if digest is not None:
        return any(image.get_image_digest() == digest for image in repository.images)
    return any((tag or "latest") in image.image_tags for image in repository.images)
