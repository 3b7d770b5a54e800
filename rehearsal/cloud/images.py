"""AMIs of the emulated cloud: registered from outside with a given ID and tags, there in every region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.cloud.world import World

IMAGE_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")
BEHAVIOUR_TAG = "rehearsal:behaviour"

#: How servers of an image behave: what is not listed is refused when the image is registered.
BEHAVIOURS = ("healthy", "never-healthy", "slow-boot")


@dataclass(frozen=True)
class Image:
    """One AMI. `tags` may carry `rehearsal:behaviour`, one of BEHAVIOURS; `healthy` without it."""

    image_id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "arm64"

    def __post_init__(self) -> None:
        if not IMAGE_ID.fullmatch(self.image_id):
            raise ValueError(f"imageId {self.image_id!r} is not an AMI ID such as ami-0123456789abcdef0")
        behaviour = self.tags.get(BEHAVIOUR_TAG, "healthy")
        if behaviour not in BEHAVIOURS:
            raise ValueError(f"{BEHAVIOUR_TAG} {behaviour!r} is not one of {', '.join(BEHAVIOURS)}")


def appear(world: World, ec2: Any) -> None:
    """Let a region's EC2 backend know the images that were registered since it was last asked."""
    known = getattr(ec2, "rehearsal_images", 0)
    if known == len(world.images):
        return
    from moto.ec2.models.amis import Ami

    for image in world.images[known:]:
        ec2.amis[image.image_id] = Ami(
            ec2,
            image.image_id,
            name=image.name,
            description=image.name,
            architecture=image.architecture,
            virtualization_type="hvm",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name="/dev/xvda",
            image_location=f"{ec2.account_id}/{image.name}",
            region_name=f"{ec2.region_name}a",
            tags=dict(image.tags),
        )
    ec2.rehearsal_images = len(world.images)


def behaviour_of(ec2: Any, image_id: str) -> str:
    """How servers of this image behave; tags can be changed later through EC2, as on AWS."""
    image = ec2.amis.get(image_id)
    tags = {tag["key"]: tag["value"] for tag in image.get_tags()} if image else {}
    return str(tags.get(BEHAVIOUR_TAG, "healthy"))
