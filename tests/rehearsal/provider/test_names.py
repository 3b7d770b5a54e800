"""What Route 53 and Certificate Manager refuse, and what goes with a zone, through the provider."""

from __future__ import annotations

import pytest

from rehearsal.plugin import ProviderError
from tests.rehearsal.provider.world import World

RECORD = {"name": "a.example.test", "type": "TXT", "ttl": 60, "records": ['"b"']}


def test_a_record_that_somebody_made_is_overwritten_only_when_told_so(world: World) -> None:
    world.make("aws:route53/record:Record", zoneId=world.zone.id, **RECORD)
    with pytest.raises(ProviderError, match="already exists"):
        world.make("aws:route53/record:Record", zoneId=world.zone.id, **RECORD)
    world.make("aws:route53/record:Record", zoneId=world.zone.id, **RECORD, allowOverwrite=True)


def test_a_zone_with_records_of_somebody_stays_unless_it_is_forced(world: World) -> None:
    world.make("aws:route53/record:Record", zoneId=world.zone.id, **RECORD)
    with pytest.raises(ProviderError, match="HostedZoneNotEmpty"):
        world.zone.delete()
    world.zone.outputs["forceDestroy"] = True
    world.zone.delete()
    assert world.zone.read() is None


def test_a_validation_names_every_record_that_proves(world: World) -> None:
    arn = world.proven_certificate.id
    with pytest.raises(ProviderError, match="DNS validation record of"):
        world.make(
            "aws:acm/certificateValidation:CertificateValidation",
            certificateArn=arn,
            validationRecordFqdns=["_other.example.test"],
        )
