"""CopyImage: an image of another region, or of the same, as one of this region's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends

from rehearsal.cloud import images
from rehearsal.cloud.ec2 import amis, errors, sharing
from rehearsal.cloud.ec2.amis import Ami
from rehearsal.cloud.images import Image
from rehearsal.cloud.world import World

_TYPES = ("image", "snapshot")


def copy(
    ec2: Any,
    *,
    source_image_id: str,
    source_region: str,
    name: str,
    description: str,
    encrypted: bool,
    kms_key_id: str | None,
    copy_tags: bool,
    tags: Iterable[Mapping[str, Any]],
) -> Ami:
    """The copy, available at once. A copy of an encrypted image is encrypted, whatever was asked.

    Tags are copied on request, launch permissions never. AWS checks the key later and lets the copy fail;
    here it is refused at once.

    Raises:
        ImageNotFound, ImageUnavailable, InvalidCombination, InvalidValue, KeyUnusable.
    """
    if kms_key_id is not None and not encrypted:
        raise errors.InvalidCombination("KmsKeyId needs Encrypted to be true")
    for specification in tags:
        if specification["ResourceType"] not in _TYPES:
            raise errors.InvalidValue(f"'{specification['ResourceType']}' is not one of {', '.join(_TYPES)}")
    source = _source(ec2, source_region, source_image_id)
    key = key_arn(ec2, kms_key_id) if encrypted or source.ebs_snapshot.encrypted else None
    own_tags = {tag["key"]: tag["value"] for tag in source.get_tags()} if copy_tags else {}
    kept = {key: value for key, value in own_tags.items() if not key.startswith("aws:")}
    made = amis.register(
        ec2,
        Image(
            amis.new_id(),
            name,
            kept | tags_for("image", tags),
            source.architecture,
            volume_size_gib=source.volume_size_gib,
            kms_key_id=key,
            root_device_name=source.root_device_name,
            description=description or source.description,
        ),
    )
    made.ebs_snapshot.add_tags(tags_for("snapshot", tags))
    made.source_image_id, made.source_image_region = source.id, source_region
    return made


def tags_for(resource_type: str, specifications: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The tags of a request for resources of this type."""
    return {
        tag["Key"]: tag.get("Value", "")
        for each in specifications
        if each.get("ResourceType") == resource_type
        for tag in each.get("Tags", [])
    }


def _source(ec2: Any, region: str, image_id: str) -> Ami:
    """Of this account, or shared with it."""
    there = ec2_backends[ec2.account_id][region]
    sharing.refresh(there)
    images.appear(World.current, there)
    return amis.launchable(there, image_id)


def key_arn(ec2: Any, given: str | None) -> str:
    """The ARN of the key, which must be in this region; AWS's own key for EBS where none is named.

    Raises KeyUnusable.
    """
    if given is None:
        return f"arn:aws:kms:{ec2.region_name}:{ec2.account_id}:alias/aws/ebs"
    # A key of another account is named by its ARN, and moto keeps each account's keys apart.
    account = given.split(":")[4] if given.startswith("arn:") else ec2.account_id
    region = given.split(":")[3] if given.startswith("arn:") else ec2.region_name
    if region != ec2.region_name:
        raise errors.KeyUnusable(given)
    keys = kms_backends[account][region]
    key_id = keys.get_key_id(given)
    if key_id.startswith("alias/"):
        key_id = keys.get_key_id_from_alias(key_id)
    if key_id is None or key_id not in keys.keys:
        raise errors.KeyUnusable(given)
    return str(keys.keys[key_id].arn)
