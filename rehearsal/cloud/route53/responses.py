"""Overrides of moto's Route 53.

What is created is not there yet, what is deleted is, and a private zone is of a VPC.
"""

from __future__ import annotations

from typing import Any

from moto.route53.exceptions import InvalidVPCId, Route53ClientError
from moto.route53.responses import Route53

from rehearsal.cloud.world import ACCOUNT


class RefusedChangeError(Route53ClientError):
    def __init__(self, text: str) -> None:
        super().__init__("InvalidChangeBatch", f"[{text}]")


class Route53Response(Route53):
    def create_hosted_zone(self) -> Any:
        from moto.ec2.models import ec2_backends

        vpc, region = self._get_param("VPC.VPCId"), self._get_param("VPC.VPCRegion")
        if vpc is not None and vpc not in ec2_backends[ACCOUNT][region].vpcs:
            raise InvalidVPCId
        return super().create_hosted_zone()

    def change_resource_record_sets(self) -> Any:
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        there = {(record.name.rstrip("."), record.type) for record in zone.rrsets}
        # moto remembers every change, and refuses to create anew what stood at the zone's own name before.
        zone.rr_changes[:] = [
            change for change in zone.rr_changes if _key(change["ResourceRecordSet"]) in there
        ]
        for change in self._get_param("ChangeBatch.Changes"):
            name, kind = _key(change["ResourceRecordSet"])
            named = f"resource record set [name='{name}.', type='{kind}']"
            if change["Action"] == "CREATE" and (name, kind) in there:
                raise RefusedChangeError(f"Tried to create {named} but it already exists")
            if change["Action"] == "DELETE" and (name, kind) not in there:
                raise RefusedChangeError(f"Tried to delete {named} but it was not found")
        return super().change_resource_record_sets()


def _key(record: dict[str, Any]) -> tuple[str, str]:
    return record["Name"].rstrip("."), record["Type"]
