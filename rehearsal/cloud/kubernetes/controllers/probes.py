"""When the probes of a container succeed or fail, reckoned ahead instead of asked again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.kubernetes.errors import Object

KINDS = ("startupProbe", "readinessProbe", "livenessProbe")
_WORDS = {"startupProbe": "Startup", "readinessProbe": "Readiness", "livenessProbe": "Liveness"}
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")


@dataclass(frozen=True)
class Failing:
    """A probe that fails from `first` on, every `period` seconds, until `until`."""

    word: str
    text: str
    first: float
    period: float
    until: float


@dataclass(frozen=True)
class Plan:
    """In seconds after the container's start; None is never. `killed_by`: the probe that ends it."""

    started: float | None
    ready: float | None
    killed: float | None
    killed_by: str
    failing: tuple[Failing, ...]


def plan(container: Object, boot_seconds: float, *, never_ready: bool, address: str) -> Plan:
    """Of a container that listens `boot_seconds` after its start. `never_ready`: what its readiness probe
    asks is answered with 503 for ever, whichever probe asks.
    """
    failing: list[Failing] = []
    given = {kind: container[kind] for kind in KINDS if container.get(kind)}
    refused = [
        kind for kind in given if never_ready and _target(given[kind]) == _target(container.get(KINDS[1]))
    ]

    def success(kind: str, earliest: float) -> tuple[float | None, float | None]:
        """When it succeeds first, and when it has failed too often."""
        probe = given[kind]
        period = float(probe.get("periodSeconds", 10))
        first = max(float(probe.get("initialDelaySeconds", 0)), 1.0, earliest)
        at: float | None = None
        if kind not in refused:
            at = first + max(0.0, -(-(boot_seconds - first) // period)) * period
        ends = first + (probe.get("failureThreshold", 3) - 1) * period
        too_often = ends if kind != KINDS[1] and (at is None or ends < at) else None
        if at is None or at > first:
            until = min(each for each in (at, too_often, float("inf")) if each is not None)
            text = _said(probe, address, refused=kind in refused)
            failing.append(Failing(_WORDS[kind], text, first, period, until))
        return at, too_often

    started, killed, killed_by = 0.0, None, ""
    if KINDS[0] in given:
        at, killed = success(KINDS[0], 0.0)
        if killed is not None or at is None:
            return Plan(None, None, killed, "startup", tuple(failing))
        started = at
    if KINDS[2] in given:
        killed, killed_by = success(KINDS[2], started)[1], "liveness"
    ready: float | None = started
    if KINDS[1] in given:
        at = success(KINDS[1], started)[0]
        extra = (given[KINDS[1]].get("successThreshold", 1) - 1) * given[KINDS[1]].get("periodSeconds", 10)
        ready = None if at is None else at + extra
    return Plan(started, ready, killed, killed_by if killed is not None else "", tuple(failing))


def _target(probe: Object | None) -> Any:
    """What a probe asks."""
    found = next((name for name in _HANDLERS if name in (probe or {})), "")
    return (found, str((probe or {}).get(found)))


def _said(probe: Object, address: str, *, refused: bool) -> str:
    """How the kubelet tells of the failure."""
    if "httpGet" in probe:
        action = probe["httpGet"]
        if refused:
            return "HTTP probe failed with statuscode: 503"
        url = f"{action.get('scheme', 'HTTP').lower()}://{address}:{action['port']}{action.get('path', '/')}"
        return f'Get "{url}": dial tcp {address}:{action["port"]}: connect: connection refused'
    if "tcpSocket" in probe:
        return f"dial tcp {address}:{probe['tcpSocket']['port']}: connect: connection refused"
    return "command failed" if "exec" in probe else 'service unhealthy (responded with "NOT_SERVING")'
