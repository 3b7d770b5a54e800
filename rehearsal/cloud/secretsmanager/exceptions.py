"""Errors of Secrets Manager that moto does not have, with AWS's codes for names."""

# ruff: noqa: N818

from __future__ import annotations

from moto.secretsmanager.exceptions import SecretsManagerClientError


class AccessDenied(SecretsManagerClientError):
    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)
