"""Requests of Session Manager, which moto lacks: sessions are opened, closed and listed."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse as MotoSsmResponse

from rehearsal.cloud.ssm import exceptions
from rehearsal.cloud.ssm.models import SsmBackend, ssm_backends
from rehearsal.cloud.world import ACCOUNT

FILTERS = {"InvokedAfter", "InvokedBefore", "Target", "Owner", "SessionId"}
OWNER = f"arn:aws:iam::{ACCOUNT}:user/rehearsal"


class SsmResponse(MotoSsmResponse):
    @property
    def ssm_backend(self) -> SsmBackend:
        backend: SsmBackend = ssm_backends[self.current_account][self.region]
        return backend

    def start_session(self) -> Any:
        session = self.ssm_backend.start_session(
            self._get_param("Target"), OWNER, self._get_param("Reason") or ""
        )
        # No agent answers at this address: a session is a record here.
        url = f"wss://ssmmessages.{self.region}.amazonaws.com/v1/data-channel/{session.id}"
        return ActionResult({"SessionId": session.id, "TokenValue": "rehearsal", "StreamUrl": url})

    def terminate_session(self) -> Any:
        session_id = self._get_param("SessionId")
        self.ssm_backend.end_session(session_id)
        return ActionResult({"SessionId": session_id})

    def describe_sessions(self) -> Any:
        filters = {each["key"]: each["value"] for each in self._get_param("Filters") or []}
        for key in set(filters) - FILTERS:
            raise exceptions.InvalidFilterKey(key)
        found = self.ssm_backend.list_sessions(self._get_param("State") == "Active", filters)
        token = self._get_param("NextToken") or "0"
        if not token.isdigit():
            raise exceptions.InvalidNextToken(token)
        end = int(token) + int(self._get_param("MaxResults") or 200)
        more = str(end) if end < len(found) else None
        page = [session.describe() for session in found[int(token) : end]]
        return ActionResult({"Sessions": page, "NextToken": more})
