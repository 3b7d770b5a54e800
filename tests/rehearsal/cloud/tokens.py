"""Tokens as GitHub gives them to a workflow, and clients of who takes a role by one."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3

from rehearsal.cloud.local import Local

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def token(subject: str, audience: str = AUDIENCE, issuer: str = ISSUER) -> str:
    claims = {"iss": f"https://{issuer}", "aud": audience, "sub": subject}
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "signature"])


def credentials(sts: Any, role_arn: str, subject: str, **more: str) -> dict[str, str]:
    """The session's keys as environment variables. Raises ClientError where the role's trust says no."""
    given = sts.assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="workflow", WebIdentityToken=token(subject, **more)
    )["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def client_as(cloud: Local, given: dict[str, str], service: str, region: str = "eu-central-1") -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=region,
        endpoint_url=cloud.url,
        **{name.lower(): value for name, value in given.items()},
    )
