"""Images of other accounts: what is shared by launch permissions is there, what no longer is, is gone."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends


def refresh(ec2: Any) -> None:
    """Let this account's EC2 in one region know the images that other accounts share with it now.

    An image stays the same object in all accounts: what its owner does to it, all of them see.
    """
    if len(ec2_backends) < 2:
        return
    shared = {
        image.id: image
        for account, regions in list(ec2_backends.items())
        if account != ec2.account_id and ec2.region_name in regions
        for image in regions[ec2.region_name].amis.values()
        if image.ec2_backend.account_id == account and _may_launch(image, ec2.account_id)
    }
    for image_id in [key for key, image in ec2.amis.items() if image.ec2_backend is not ec2]:
        if image_id not in shared:
            del ec2.amis[image_id]
    for image_id, image in shared.items():
        ec2.amis.setdefault(image_id, image)


def _may_launch(image: Any, account: str) -> bool:
    return image.is_public or any(each.get("UserId") == account for each in image.launch_permissions)
