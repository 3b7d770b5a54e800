"""Certificates of the emulated ACM with an ARN given from outside, so that a stack's config can name one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from rehearsal.cloud.world import ACCOUNT

ARN = re.compile(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate/[A-Za-z0-9-]+")


def issue(arn: str, domain: str) -> None:
    """Put an issued certificate under `arn`, in the region that the ARN names. Raises ValueError for another
    ARN.
    """
    match = ARN.fullmatch(arn)
    if not match:
        raise ValueError(f"arn {arn!r} is not the ARN of an ACM certificate")
    from moto.acm.models import CertBundle, acm_backends

    region = match.group(1)
    certificate, key = _self_signed(domain)
    bundle = CertBundle(ACCOUNT, certificate, key, region=region, arn=arn, cert_type="AMAZON_ISSUED")
    acm_backends[ACCOUNT][region]._certificates[arn] = bundle


def _self_signed(domain: str) -> tuple[bytes, bytes]:
    """An elliptic curve key: made in a millisecond, where moto's RSA key takes a tenth of a second."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domain)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
