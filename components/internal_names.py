"""Names that only the network knows, by which services call each other, and a certificate for all."""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import route53

from .args import ComponentArgs, Late
from .certificate import Certificate, CertificateArgs, DomainName
from .names import named


class InternalNamesArgs(ComponentArgs):
    """What `InternalNames` are made of."""

    domain: DomainName
    """What the names are below of, such as `internal.staging.example.com`."""
    vpc_id: Late
    """The network that knows them."""
    zone_id: Late
    """The public hosted zone that `domain` is in: the certificate is proven there. No name is."""


class InternalNames(pulumi.ComponentResource):
    """A private hosted zone and one certificate for all names in it.

    One for all: certificates are public (Certificate Transparency), and which services there are need not be.
    Another called service then waits for no certificate either.
    """

    domain: str
    zone_id: Output[str]
    certificate_arn: Output[str]

    def __init__(self, name: str, args: InternalNamesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:internalnames:InternalNames", name, None, opts)
        zone = route53.Zone(
            name,
            name=args.domain,
            comment="Services that call each other",
            vpcs=[route53.ZoneVpcArgs(vpc_id=args.vpc_id)],
            # A record that somebody else made here would be deleted with it.
            force_destroy=False,
            tags=named(args.tags, name),
            opts=ResourceOptions(parent=self),
        )
        certificate = Certificate(
            name,
            CertificateArgs(names=(f"*.{args.domain}",), zone_id=args.zone_id, tags=args.tags),
            ResourceOptions(parent=self),
        )
        self.domain = args.domain
        self.zone_id = zone.zone_id
        self.certificate_arn = certificate.arn
        self.register_outputs({"zoneId": self.zone_id})
