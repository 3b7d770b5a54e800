"""Names that lead to a load balancer: alias records of Route 53, which follow its addresses for free."""

from __future__ import annotations

import pulumi
from pulumi import ResourceOptions
from pulumi_aws import route53
from pydantic import Field

from .args import AliasTarget, Args, Late
from .certificate import DomainName


class AliasRecordsArgs(Args):
    """What `AliasRecords` are made of. Records take no tags."""

    zone_id: Late
    """The hosted zone that the names are in."""
    hosts: tuple[DomainName, ...] = Field(min_length=1)
    """Each with an A record, and an AAAA record too where the target has IPv6. `*.` takes every name below
    that has no record of its own."""
    target: AliasTarget
    """Usually `load_balancer.alias_target`."""


class AliasRecords(pulumi.ComponentResource):
    """A record for each host. One that is there already and not this program's is an error, not overwritten:
    it leads somewhere."""

    def __init__(self, name: str, args: AliasRecordsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:aliasrecords:AliasRecords", name, None, opts)
        for host in args.hosts:
            alias_records(f"{name}-{host}", host, args.zone_id, args.target, ResourceOptions(parent=self))
        self.register_outputs({"hosts": list(args.hosts)})


def alias_records(
    name: str, host: str, zone_id: Late, target: AliasTarget, opts: ResourceOptions
) -> list[route53.Record]:
    """The A record `name`, and `name-ipv6` where the target has IPv6."""
    kinds = {name: "A", f"{name}-ipv6": "AAAA"} if target.dual_stack else {name: "A"}
    return [
        route53.Record(
            child_name,
            zone_id=zone_id,
            name=host,
            type=kind,
            aliases=[
                route53.RecordAliasArgs(
                    name=target.dns_name,
                    zone_id=target.zone_id,
                    # One record is answered whether its target is healthy or not. It counts where somebody
                    # has a second one, of another region, beside it.
                    evaluate_target_health=True,
                )
            ],
            opts=opts,
        )
        for child_name, kind in kinds.items()
    ]
