"""Instances and volumes of moto's EC2 by their ID.

moto goes through all of either for each that is looked up, and through every instance twice for each that is
launched: the time of a fleet grew with the square of its servers.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import InvalidInstanceIdError, InvalidVolumeIdError
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.utils import generic_filter

_KNOWN = "rehearsal_instances"


def install() -> None:
    """Let every region's backend look up by these."""
    InstanceBackend.get_instance = get_instance
    EBSBackend.describe_volumes = describe_volumes


def get_instance(ec2: Any, instance_id: str) -> Any:
    """The instance, terminated ones too, as moto keeps these. What was found once is found at once; what was
    launched last is looked at first. Raises InvalidInstanceID.NotFound.
    """
    known: dict[str, Any] = vars(ec2).setdefault(_KNOWN, {})
    if instance_id not in known:
        newest = (
            instance
            for reservation in reversed(ec2.reservations.values())
            for instance in reversed(reservation.instances)
        )
        found = next((instance for instance in newest if instance.id == instance_id), None)
        if found is None:
            raise InvalidInstanceIdError(instance_id)
        known[instance_id] = found
    return known[instance_id]


def describe_volumes(ec2: Any, volume_ids: list[str] | None = None, filters: Any = None) -> list[Any]:
    """All volumes, or those that are named. Raises InvalidVolume.NotFound."""
    if not volume_ids:
        volumes = list(ec2.volumes.values())
    elif unknown := [each for each in volume_ids if each not in ec2.volumes]:
        raise InvalidVolumeIdError(unknown[0])
    else:
        volumes = [ec2.volumes[each] for each in dict.fromkeys(volume_ids)]
    return generic_filter(filters, volumes) if filters else volumes
