"""Container images of the emulated registries that are put there from outside, with a given digest."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from rehearsal.cloud.world import World

_REFERENCE = re.compile(
    r"(\d{12})\.dkr\.ecr\.([-a-z0-9]+)\.amazonaws\.com/([^:@]+)(?::([^@]+))?@(sha256:[0-9a-f]{64})"
)
_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
_SIZE_BYTES = 50 * 1024 * 1024


class Reference(NamedTuple):
    """`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME[:TAG]@DIGEST`."""

    account: str
    region: str
    name: str
    tag: str | None
    digest: str


def parse(reference: str) -> Reference | None:
    """None for what is no image of an ECR registry by its digest."""
    found = _REFERENCE.fullmatch(reference)
    return Reference(*found.groups()) if found else None


def push(reference: Reference) -> None:
    """Let the registry have it, in a repository that is made where it is missing."""
    from moto.ecr.models import Image, ecr_backends

    backend = ecr_backends[reference.account][reference.region]
    if reference.name not in backend.repositories:
        backend.create_repository(reference.name, reference.account, None, None, None, [])
    repository = backend.repositories[reference.name]
    if any(image.get_image_digest() == reference.digest for image in repository.images):
        return
    layer = {"digest": reference.digest, "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}
    config = {"digest": reference.digest, "size": _SIZE_BYTES}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": _MEDIA_TYPE, "config": config, "layers": [layer]})
    tag: Any = reference.tag
    made = Image(reference.account, tag, manifest, reference.name, _MEDIA_TYPE, reference.digest)
    dated(made)
    repository.images.append(made)


def dated(image: Any) -> None:
    """Let it be pushed at the present of the emulated cloud; moto asks the machine."""
    world = World.current
    image.image_pushed_at = int(world.clock.date(world.timeline.now).timestamp())
