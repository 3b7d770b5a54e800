"""Sessions on servers: who opened one on which server, and when. Nothing is typed in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict
from moto.ssm.models import SimpleSystemManagerBackend as MotoSsmBackend

from rehearsal.cloud.ssm import exceptions
from rehearsal.cloud.world import World


@dataclass
class Session:
    """`start` and `end` are emulated seconds; `end` None while it is open."""

    id: str
    target: str
    owner: str
    reason: str
    start: float
    end: float | None = None

    def describe(self) -> dict[str, Any]:
        """As DescribeSessions answers."""
        date = World.current.clock.date
        return {
            "SessionId": self.id,
            "Target": self.target,
            "Status": "Connected" if self.end is None else "Terminated",
            "StartDate": date(self.start).timestamp(),
            "EndDate": None if self.end is None else date(self.end).timestamp(),
            "DocumentName": "SSM-SessionManagerRunShell",
            "Owner": self.owner,
            "Reason": self.reason or None,
        }


class SsmBackend(MotoSsmBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.sessions: list[Session] = []

    def start_session(self, target: str, owner: str, reason: str) -> Session:
        """AWS refuses a server that does not run, as its agent is not connected."""
        from moto.ec2.models import ec2_backends

        ec2 = ec2_backends[self.account_id][self.region_name]
        running = {i.id for r in ec2.reservations.values() for i in r.instances if i.state == "running"}
        if target not in running:
            raise exceptions.TargetNotConnected(target)
        name = owner.rsplit("/", 1)[-1]
        session = Session(
            f"{name}-{len(self.sessions):017x}", target, owner, reason, World.current.timeline.now
        )
        self.sessions.append(session)
        return session

    def end_session(self, session_id: str) -> None:
        found = next((session for session in self.sessions if session.id == session_id), None)
        if found is None:
            raise exceptions.DoesNotExist(session_id)
        if found.end is None:
            found.end = World.current.timeline.now

    def list_sessions(self, active: bool, filters: dict[str, str]) -> list[Session]:
        """The open ones or the closed ones, latest first."""
        found = [each for each in self.sessions if (each.end is None) == active and _fits(each, filters)]
        return sorted(found, key=lambda each: each.start, reverse=True)


def _fits(session: Session, filters: dict[str, str]) -> bool:
    """`InvokedAfter` and `InvokedBefore` are compared as text: both are UTC, as 2030-12-31T00:00:00Z."""
    start = World.current.clock.date(session.start).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        filters.get("Target", session.target) == session.target
        and filters.get("Owner", session.owner) == session.owner
        and filters.get("SessionId", session.id) == session.id
        and filters.get("InvokedAfter", "") <= start <= filters.get("InvokedBefore", "~")
    )


ssm_backends = BackendDict(SsmBackend, "ssm")
