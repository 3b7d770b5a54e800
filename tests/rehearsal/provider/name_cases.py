"""The cases of Route 53, and of what certificates prove themselves by."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider.cases import TAGS, Case
from tests.rehearsal.provider.world import Made, World


def _record(world: World, made: Made) -> Any:
    records = world.client("route53").list_resource_record_sets(HostedZoneId=world.zone.id)
    [found] = [each for each in records["ResourceRecordSets"] if each["Type"] == made.inputs["type"]]
    return found.get("TTL"), [each["Value"] for each in found.get("ResourceRecords", [])]


def _alias_inputs(world: World) -> Properties:
    return {
        "zoneId": world.zone.id,
        "name": "*.example.test",
        "type": "A",
        "aliases": [
            {
                "name": world.balancer.outputs["dnsName"],
                "zoneId": world.balancer.outputs["zoneId"],
                "evaluateTargetHealth": True,
            }
        ],
    }


NAMES = (
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": "internal.example.test", "vpcs": [{"vpcId": w.vpc.id}], "tags": TAGS},
        change=lambda _: {"comment": "other", "tags": {"Name": "other"}},
        seen=lambda w, made: (
            w.client("route53").get_hosted_zone(Id=made.id)["HostedZone"]["Config"],
            w.client("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId=made.id)[
                "ResourceTagSet"
            ]["Tags"],
        ),
        expected=({"Comment": "other", "PrivateZone": True}, [{"Key": "Name", "Value": "other"}]),
        replace=lambda _: {"name": "other.test"},
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {
            "zoneId": w.zone.id,
            "name": "_proof.example.test.",
            "type": "CNAME",
            "ttl": 300,
            "records": ["_of.acm-validations.aws."],
            "allowOverwrite": True,
        },
        change=lambda _: {"ttl": 60, "records": ["_other.acm-validations.aws."]},
        seen=_record,
        expected=(60, ["_other.acm-validations.aws."]),
        replace=lambda _: {"name": "other.example.test", "type": "A", "zoneId": "Z9"},
    ),
    Case(
        "aws:route53/record:Record",
        _alias_inputs,
        change=lambda w: {"aliases": [{**_alias_inputs(w)["aliases"][0], "evaluateTargetHealth": False}]},
    ),
    Case(
        "aws:acm/certificateValidation:CertificateValidation",
        lambda w: {
            "certificateArn": w.proven_certificate.id,
            "validationRecordFqdns": [
                each["resourceRecordName"].rstrip(".")
                for each in w.proven_certificate.outputs["domainValidationOptions"]
            ],
        },
        replace=lambda _: {"certificateArn": "arn:other"},
        # The certificate stays issued.
        stays=True,
    ),
)
