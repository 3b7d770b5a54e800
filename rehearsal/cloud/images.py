"""AMIs of the emulated cloud that are registered from outside, with a given ID and tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.cloud.world import World

IMAGE_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")
BEHAVIOUR_TAG = "rehearsal:behaviour"


@dataclass(frozen=True)
class Behaviour:
    """How servers of an image behave. Seconds are emulated ones in service; None: it never happens.

    A server with errors answers `ERROR_SHARE` of its requests with 5xx and passes its health checks all the
    same; a crashed one answers none, until the load balancer's health checks notice and it is unhealthy.
    """

    boot_factor: float = 1.0
    gets_healthy: bool = True
    errors_after_seconds: float | None = None
    crashes_after_seconds: float | None = None


#: By the tag's value: what is not listed is refused when the image is registered.
BEHAVIOURS = {
    "healthy": Behaviour(),
    "never-healthy": Behaviour(gets_healthy=False),
    "errors-after-minutes": Behaviour(errors_after_seconds=180),
    "slow-boot": Behaviour(boot_factor=10),
    "crash-loop": Behaviour(crashes_after_seconds=120),
}
ERROR_SHARE = 0.5


@dataclass(frozen=True)
class Image:
    """One AMI. `tags` may carry `rehearsal:behaviour`, one of BEHAVIOURS; `healthy` without it.

    `owner`: an account, None for the one that it is registered in. `region`: the only one where it is; None,
    for images from outside, in every one. `kms_key_id`: of its encrypted snapshot, None for a plain one.
    """

    image_id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "arm64"
    owner: str | None = None
    region: str | None = None
    volume_size_gib: int = 8
    kms_key_id: str | None = None
    root_device_name: str = "/dev/xvda"
    description: str = ""

    def __post_init__(self) -> None:
        if not IMAGE_ID.fullmatch(self.image_id):
            raise ValueError(f"imageId {self.image_id!r} is not an AMI ID such as ami-0123456789abcdef0")
        _known(self.tags.get(BEHAVIOUR_TAG, "healthy"))


def appear(world: World, ec2: Any) -> None:
    """Let a region's EC2 backend know the images that were registered since it was last asked."""
    known = getattr(ec2, "rehearsal_images", 0)
    if known == len(world.images):
        return
    from rehearsal.cloud.ec2 import amis

    for image in world.images[known:]:
        if image.region in (None, ec2.region_name):
            amis.register(ec2, image)
    ec2.rehearsal_images = len(world.images)


def behaviour_of(ec2: Any, image_id: str) -> str:
    """How servers of this image behave; tags can be changed later through EC2, as on AWS. Raises ValueError
    for a value that is none of BEHAVIOURS.
    """
    image = ec2.amis.get(image_id)
    tags = {tag["key"]: tag["value"] for tag in image.get_tags()} if image else {}
    return _known(str(tags.get(BEHAVIOUR_TAG, "healthy")))


def _known(behaviour: str) -> str:
    if behaviour not in BEHAVIOURS:
        raise ValueError(f"{BEHAVIOUR_TAG} {behaviour!r} is not one of {', '.join(BEHAVIOURS)}")
    return behaviour
