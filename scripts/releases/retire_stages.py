"""The stages of retiring an image, each for one copy of it, and the way back.

`deprecate` is the flag that a promotion sees (images/preflight.py): it is up for the grace period before
anything is taken away. `restore` protects the image before it takes the flag down, so that another `retire`,
which looked before this one, is refused by EC2 when it comes to delete.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scripts.releases.amis import DISABLED, Ami
from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.errors import ReleaseError
from scripts.releases.retire_families import TAG, Stage, mark
from scripts.releases.usage_reports import SHARED_WITH, launch_permissions

#: AWS's limit of a tag's value.
LONGEST_TAG = 256


def deprecate(account: Account, ami: Ami) -> None:
    """Raises AwsError. A date that has passed already stays."""
    _tag(account, ami, {TAG: mark(Stage.DEPRECATED, account.now())})
    now = account.now()
    if ami.deprecated_at is not None and ami.deprecated_at <= now:
        return
    # EC2 takes no date in the past and rounds to the nearest minute: one to two minutes from now.
    at = now.replace(second=0, microsecond=0) + timedelta(minutes=2)
    with errors():
        account.ec2.enable_image_deprecation(ImageId=ami.id, DeprecateAt=at)


def disable(account: Account, ami: Ami) -> None:
    """With deregistration protection off, so that its cooldown is over when the image is deleted. One that is
    disabled already keeps what is remembered of it.

    Raises:
        ReleaseError: AWS refused, or it is shared with more than a tag can remember; it is as it was.
    """
    tags = {TAG: mark(Stage.DISABLED, account.now())}
    if ami.state != DISABLED:
        tags[SHARED_WITH] = _shared_with(launch_permissions(account, ami), ami)
    _tag(account, ami, tags)
    with errors():
        account.ec2.disable_image_deregistration_protection(ImageId=ami.id)
        if ami.state != DISABLED:
            account.ec2.disable_image(ImageId=ami.id)


def delete(account: Account, ami: Ami) -> list[str]:
    """The IDs of snapshots that stayed, because another image has them or EC2 could not delete them.

    Raises:
        AwsError: AWS refused: it is protected, or it cools down.
    """
    with errors():
        answer: Any = account.ec2.deregister_image(ImageId=ami.id, DeleteAssociatedSnapshots=True)
    results = answer.get("DeleteSnapshotResults") or ()
    return [str(each["SnapshotId"]) for each in results if each.get("ReturnCode") != "success"]


def restore(account: Account, ami: Ami) -> None:
    """As it was before it was retired: protected, launchable, shared, and at last not deprecated.

    Raises:
        AwsError: AWS refused.
    """
    ec2: Any = account.ec2
    with errors():
        ec2.enable_image_deregistration_protection(ImageId=ami.id, WithCooldown=True)
    _enable(account, ami)
    with errors():
        permissions = _permissions(ami.tags.get(SHARED_WITH, ""))
        if permissions:
            ec2.modify_image_attribute(ImageId=ami.id, LaunchPermission={"Add": permissions})
        ec2.disable_image_deprecation(ImageId=ami.id)
        ec2.delete_tags(Resources=[ami.id], Tags=[{"Key": TAG}, {"Key": SHARED_WITH}])


def _enable(account: Account, ami: Ami) -> None:
    """Also one that does not look disabled: what was just done may not show yet. AWS's documentation does not
    say whether it refuses that for an image that is indeed enabled.
    """
    try:
        with errors():
            account.ec2.enable_image(ImageId=ami.id)
    except AwsError as error:
        if ami.state == DISABLED or error.passes:
            raise


def _tag(account: Account, ami: Ami, tags: dict[str, str]) -> None:
    with errors():
        account.ec2.create_tags(
            Resources=[ami.id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
        )


def _shared_with(permissions: list[dict[str, str]], ami: Ami) -> str:
    """Launch permissions as a tag's value: `UserId=222222222222 Group=all`."""
    text = " ".join(f"{kind}={who}" for each in permissions for kind, who in sorted(each.items()))
    if len(text) > LONGEST_TAG:
        raise ReleaseError(
            f"{ami.id} is shared with more accounts than a tag can remember, and disabling it would forget "
            f"them; take launch permissions from it first"
        )
    return text


def _permissions(text: str) -> list[dict[str, str]]:
    return [{kind: who} for kind, _, who in (each.partition("=") for each in text.split())]
