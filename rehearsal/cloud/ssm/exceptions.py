"""Errors of Session Manager that moto does not have, with AWS's codes for names."""

# ruff: noqa: N818

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


class TargetNotConnected(JsonRESTError):
    def __init__(self, target: str) -> None:
        super().__init__("TargetNotConnected", f"{target} is not connected.")


class DoesNotExist(JsonRESTError):
    def __init__(self, session_id: str) -> None:
        super().__init__("DoesNotExistException", f"The session {session_id} does not exist.")


class InvalidFilterKey(JsonRESTError):
    def __init__(self, key: str) -> None:
        super().__init__("InvalidFilterKey", f"The filter key {key} is not valid.")


class InvalidNextToken(JsonRESTError):
    def __init__(self, token: str) -> None:
        super().__init__("InvalidNextToken", f"The token {token} is not valid.")
