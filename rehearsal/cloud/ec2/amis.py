"""AMIs of the emulated EC2: moto's, with a size, a key, deprecation, protection and the state `disabled`.

Every image that is there was made by `register`, so that all of them have these.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ec2.models.amis import Ami as MotoAmi
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.utils import random_ami_id

from rehearsal.cloud.ec2 import errors
from rehearsal.cloud.images import Image
from rehearsal.cloud.world import World

#: After protection with a cooldown was switched off, an image stays protected for so long (EC2 User Guide).
COOLDOWN_SECONDS = 24 * 3600
LONGEST_DEPRECATION = timedelta(days=3653)
AVAILABLE, DISABLED = "available", "disabled"


class Ami(MotoAmi):
    """`volume_size_gib` and `kms_key_id` (None: not encrypted) are those of its one snapshot."""

    def __init__(self, ec2_backend: Any, image: Image, **given: Any) -> None:
        self.state: str
        self.volume_size_gib = image.volume_size_gib
        self.deprecate_at: datetime | None = None
        self.protected = self.with_cooldown = False
        self.unprotected_at: float | None = None
        self.source_image_id: str | None = None
        self.source_image_region: str | None = None
        super().__init__(
            ec2_backend,
            image.image_id,
            name=image.name,
            description=image.description or image.name,
            owner_id=image.owner,
            architecture=image.architecture,
            virtualization_type="hvm",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name=image.root_device_name,
            image_location=f"{image.owner or ec2_backend.account_id}/{image.name}",
            region_name=f"{ec2_backend.region_name}a",
            tags=dict(image.tags),
            **given,
        )
        snapshot: Snapshot = self.ebs_snapshot
        snapshot.volume.size = image.volume_size_gib
        snapshot.encrypted, snapshot.kms_key_id = image.kms_key_id is not None, image.kms_key_id

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """As moto does, with what the snapshot says; without the key, which DescribeImages leaves out."""
        snapshot = self.ebs_snapshot
        volume = {
            "SnapshotId": snapshot.id,
            "VolumeSize": self.volume_size_gib,
            "DeleteOnTermination": True,
            "VolumeType": "gp3",
            "Encrypted": snapshot.encrypted,
        }
        return [{"DeviceName": self.root_device_name, "Ebs": volume}]

    @property
    def deprecation_time(self) -> str | None:
        return None if self.deprecate_at is None else f"{self.deprecate_at:%Y-%m-%dT%H:%M:%S}.000Z"

    @property
    def deprecated(self) -> bool:
        return self.deprecate_at is not None and self.deprecate_at <= _now()

    @property
    def deregistration_protection(self) -> str:
        if not self.protected:
            return "disabled"
        return "enabled-with-cooldown" if self.with_cooldown else "enabled-without-cooldown"

    def deprecate(self, at: datetime) -> None:
        """EC2 rounds to the nearest minute; the past is refused, and what is more than ten years away."""
        now, at = _now(), at.astimezone(UTC)
        if at < now or at > now + LONGEST_DEPRECATION:
            raise errors.InvalidValue(
                f"DeprecateAt {at:%Y-%m-%dT%H:%M:%SZ} must be in the future, 10 years from now at most"
            )
        self.deprecate_at = (at + timedelta(seconds=30)).replace(second=0, microsecond=0)

    def disable(self) -> None:
        """All launch permissions go; enabling it again does not bring them back."""
        if self.state not in (AVAILABLE, DISABLED):
            raise errors.ImageUnavailable(self.id, self.state)
        self.state = DISABLED
        self.launch_permissions.clear()

    def enable(self) -> None:
        if self.state not in (AVAILABLE, DISABLED):
            raise errors.ImageUnavailable(self.id, self.state)
        self.state = AVAILABLE

    def protect(self, with_cooldown: bool) -> None:
        self.protected, self.with_cooldown, self.unprotected_at = True, with_cooldown, None

    def unprotect(self) -> None:
        """With a cooldown the image stays protected for a day; without a word of it in DescribeImages."""
        if self.protected and self.with_cooldown:
            self.unprotected_at = World.current.timeline.now
        self.protected = False

    def check_unprotected(self) -> None:
        """Raises Protected while it may not be deregistered."""
        if self.protected:
            raise errors.Protected(self.id, "deregistration protection is enabled")
        if self.unprotected_at is not None:
            left = self.unprotected_at + COOLDOWN_SECONDS - World.current.timeline.now
            if left > 0:
                raise errors.Protected(
                    self.id, f"its deregistration protection cools down for {left / 3600:.1f} hours more"
                )


def register(ec2: Any, image: Image, **given: Any) -> Ami:
    """Make an AMI in this region's EC2, with its one snapshot; `given` goes to moto's."""
    made = ec2.amis[image.image_id] = Ami(ec2, image, **given)
    return made


def new_id() -> str:
    """Of an image that is made here."""
    return str(random_ami_id())


def find(ec2: Any, image_id: str) -> Ami:
    """The image of an ID that a request names.

    Raises:
        ImageNotFound, ImageUnavailable (it was deregistered).
    """
    found: Ami | None = ec2.amis.get(image_id)
    if found is not None:
        return found
    if image_id in ec2.deleted_amis:
        raise errors.ImageUnavailable(image_id, "deregistered")
    raise errors.ImageNotFound(image_id)


def own(ec2: Any, image_id: str) -> Ami:
    """As `find`, for a request that the image's owner alone may make. Raises NotTheOwner too."""
    found = find(ec2, image_id)
    if found.owner_id != ec2.account_id:
        raise errors.NotTheOwner(image_id)
    return found


def launchable(ec2: Any, image_id: str) -> Ami:
    """The image of a launch: a deprecated one does.

    Raises:
        ImageNotFound: also for one that was deregistered, as launches of such an image read.
        ImageUnavailable: it is disabled.
    """
    if image_id not in ec2.amis:
        raise errors.ImageNotFound(image_id)
    found: Ami = ec2.amis[image_id]
    if found.state != AVAILABLE:
        raise errors.ImageUnavailable(image_id, found.state)
    return found


def deregister(ec2: Any, image_id: str, delete_snapshots: bool) -> list[dict[str, str]]:
    """What became of each snapshot: one that another image has too is skipped.

    Raises:
        NotTheOwner, Protected, ImageNotFound, ImageUnavailable.
    """
    image = own(ec2, image_id)
    image.check_unprotected()
    ec2.deregister_image(image_id)
    if not delete_snapshots:
        return []
    snapshot = image.ebs_snapshot
    if any(other.ebs_snapshot.id == snapshot.id for other in ec2.amis.values()):
        return [{"SnapshotId": snapshot.id, "ReturnCode": "skipped"}]
    ec2.snapshots.pop(snapshot.id, None)
    return [{"SnapshotId": snapshot.id, "ReturnCode": "success"}]


def image_with(ec2: Any, snapshot_id: str) -> str | None:
    """An image that has the snapshot, which cannot be deleted until it is deregistered."""
    return next((image.id for image in ec2.amis.values() if image.ebs_snapshot.id == snapshot_id), None)


def _now() -> datetime:
    return World.current.clock.date(World.current.timeline.now)
