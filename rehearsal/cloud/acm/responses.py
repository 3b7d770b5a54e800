"""Overrides of moto's Certificate Manager.

A certificate is issued once each of its names has its record in a public hosted zone, and not by time; one
that a listener uses is not deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.exceptions import ServiceException

from rehearsal.cloud.world import ACCOUNT


class ResourceInUseError(ServiceException):
    code = "ResourceInUseException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Certificate {arn} is in use")


class AcmResponse(AWSCertificateManagerResponse):
    def describe_certificate(self) -> Any:
        self._issue()
        return super().describe_certificate()

    def list_certificates(self) -> Any:
        self._issue()
        return super().list_certificates()

    def delete_certificate(self) -> Any:
        arn = self._get_param("CertificateArn")
        if arn in set(_in_use(self.region)):
            raise ResourceInUseError(arn)
        return super().delete_certificate()

    def _issue(self) -> None:
        for certificate in self.acm_backend._certificates.values():
            if certificate.status == "PENDING_VALIDATION" and _proven(certificate):
                certificate.status = "ISSUED"


def _proven(certificate: Any) -> bool:
    options = certificate.describe()["Certificate"]["DomainValidationOptions"]
    wanted = {(each["ResourceRecord"]["Name"], each["ResourceRecord"]["Value"]) for each in options}
    return wanted <= set(_public_names())


def _public_names() -> Iterator[tuple[str, str]]:
    """Every CNAME that the internet can look up, with a dot at the end of both names."""
    from moto.route53.models import route53_backends

    for zone in route53_backends[ACCOUNT]["aws"].zones.values():
        for record in zone.rrsets if not zone.private_zone else ():
            for value in record.records if record.type == "CNAME" else ():
                yield f"{record.name.rstrip('.')}.", f"{value.rstrip('.')}."


def _in_use(region: str) -> Iterator[str]:
    from moto.elbv2.models import elbv2_backends

    for balancer in elbv2_backends[ACCOUNT][region].load_balancers.values():
        for listener in balancer.listeners.values():
            yield from listener.certificates
