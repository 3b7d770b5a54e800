"""Override of moto's STS: who holds a token of an OpenID Connect provider takes the roles that trust it.

moto hands out any role for any token. Here the account knows the provider, the token is for one of its
clients, and the role's trust allows it with its conditions. The token's signature and its times are not
looked at: whoever rehearses writes tokens as he likes.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.exceptions import STSClientError as Refused
from moto.sts.responses import TokenResponse as MotoTokenResponse

from rehearsal.cloud import errors
from rehearsal.cloud.iam.evaluation import trusted

ACTION = "sts:AssumeRoleWithWebIdentity"


class TokenResponse(MotoTokenResponse):
    def assume_role_with_web_identity(self) -> Any:
        role_arn = self._get_param("RoleArn") or ""
        claims = _claims(self._get_param("WebIdentityToken") or "")
        account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else self.current_account
        iam = iam_backends[account]["aws"]
        issuer = str(claims.get("iss", "")).removeprefix("https://")
        provider = iam.open_id_providers.get(f"arn:aws:iam::{account}:oidc-provider/{issuer}")
        if provider is None:
            raise Refused(
                "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}"
            )
        if claims.get("aud") not in provider.client_id_list:
            raise Refused("InvalidIdentityToken", "Incorrect token audience")
        role = next((each for each in iam.roles.values() if each.arn == role_arn), None)
        context = {
            f"{issuer}:{name}".lower(): [str(value)]
            for name, value in claims.items()
            if name in ("aud", "sub")
        }
        trust = json.loads(role.assume_role_policy_document) if role else {}
        if not trusted(trust, ACTION, provider.arn, context):
            status, headers, body = errors.answer(
                {}, "sts", "AccessDenied", f"Not authorized to perform {ACTION}", 403
            )
            return status, {**dict(headers), "status": status}, body.decode()
        return super().assume_role_with_web_identity()


def _claims(token: str) -> dict[str, Any]:
    """What a JSON Web Token says, in the second of its three parts."""
    parts = token.split(".")
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims: dict[str, Any] = json.loads(text)
    except (IndexError, ValueError):
        raise Refused("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from None
    return claims
