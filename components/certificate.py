"""A certificate of ACM's that proves itself by records in a hosted zone and renews itself while they stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import acm, route53
from pydantic import Field, StringConstraints, field_validator

from .args import ComponentArgs, Late
from .names import named

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"

DomainName = Annotated[str, StringConstraints(pattern=rf"^(\*\.)?({_LABEL}\.)+{_LABEL}$", max_length=253)]
"""A name in lower case without a dot at its end; `*.` before it stands for one label."""

MOST_NAMES = 10
"""Names on one certificate, unless the account's quota is raised (ACM quotas)."""
FIRST_NAME_LENGTH = 64
"""The first name is the certificate's common name, which RFC 5280 bounds (RequestCertificate)."""
RECORD_TTL_SECONDS = 300


class CertificateArgs(ComponentArgs):
    """What a `Certificate` is made of. Raises ValueError for names that ACM refuses."""

    names: tuple[DomainName, ...] = Field(min_length=1, max_length=MOST_NAMES)
    """What it is valid for. Other names make another certificate, which is valid before the old one goes."""
    zone_id: Late
    """The public hosted zone that all the names are in, delegated to: ACM looks them up from the internet."""

    @field_validator("names")
    @classmethod
    def _acceptable(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names[0]) > FIRST_NAME_LENGTH:
            raise ValueError(
                f"{names[0]!r} has {len(names[0])} characters: "
                f"let a name of up to {FIRST_NAME_LENGTH} be first"
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} is named twice: name it once")
        return names


class Certificate(pulumi.ComponentResource):
    """A certificate and the records that prove its names; it is handed on once it is issued."""

    arn: Output[str]
    """Known once ACM has issued it: a listener takes no certificate before."""

    def __init__(self, name: str, args: CertificateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:certificate:Certificate", name, None, opts)
        child = ResourceOptions(parent=self)
        certificate = acm.Certificate(
            name,
            domain_name=args.names[0],
            subject_alternative_names=list(args.names[1:]),
            validation_method="DNS",
            tags=named(args.tags, name),
            # ACM deletes no certificate that a listener uses, so that a listener moves to the next one first.
            opts=ResourceOptions(parent=self, delete_before_replace=False),
        )
        records = [_record(name, domain, certificate, args.zone_id, child) for domain in proven(args.names)]
        validation = acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=child,
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})


def proven(names: Sequence[str]) -> list[str]:
    """The domains that need a record: `*.example.com` is proven by the record of `example.com`, so that a
    record a name would be one record twice."""
    return list(dict.fromkeys(name.removeprefix("*.") for name in names))


def _record(
    name: str, domain: str, certificate: acm.Certificate, zone_id: Late, opts: ResourceOptions
) -> route53.Record:
    option = certificate.domain_validation_options.apply(lambda options: _option(domain, options))
    return route53.Record(
        f"{name}-proves-{domain}",
        zone_id=zone_id,
        name=option.apply(lambda found: found["name"]),
        type=option.apply(lambda found: found["type"]),
        records=[option.apply(lambda found: found["value"])],
        ttl=RECORD_TTL_SECONDS,
        # All certificates of an account prove a domain by one and the same record: one that was requested by
        # hand before may have left it there.
        allow_overwrite=True,
        opts=opts,
    )


def _option(domain: str, options: Sequence[acm.outputs.CertificateDomainValidationOption]) -> dict[str, str]:
    """What ACM wants to see in DNS for a domain. It lists its options in no order."""
    for option in options:
        if (option.domain_name or "").removeprefix("*.") == domain:
            return {
                "name": option.resource_record_name or "",
                "type": option.resource_record_type or "",
                "value": option.resource_record_value or "",
            }
    raise pulumi.RunError(f"ACM names no record that proves {domain}; has it another way to validate?")
