"""Hosted zones of the emulated Route 53 with an ID given from outside: a stack's config can name one."""

from __future__ import annotations

import re

from rehearsal.cloud.world import ACCOUNT

_ID = re.compile(r"Z[A-Z0-9]{5,31}")


def host(zone_id: str, domain: str) -> None:
    """Put a public hosted zone of `domain` under `zone_id`, with the records that every zone has.

    Raises ValueError for what is no ID of a zone, and for one that is there.
    """
    from moto.route53.models import route53_backends

    backend = route53_backends[ACCOUNT]["aws"]
    if not _ID.fullmatch(zone_id):
        raise ValueError(f"zoneId {zone_id!r} is not the ID of a hosted zone")
    if zone_id in backend.zones:
        raise ValueError(f"zoneId {zone_id!r} is already there")
    zone = backend.create_hosted_zone(f"{domain.rstrip('.')}.", private_zone=False)
    backend.zones[zone_id] = backend.zones.pop(zone.resource_id)
    zone.resource_id = zone_id
