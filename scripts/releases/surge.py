"""How a Deployment's rolling update will go: how many pods at once, how many rounds, and how few serve.

Pure arithmetic by Kubernetes' rules ("Deployments", "Rolling Update Deployment"): a percentage of `maxSurge`
is rounded up and one of `maxUnavailable` down; where both come to nothing, one pod is taken away first. Pods
that are on their way out are counted by neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from scripts.releases.errors import RefusedError

#: What Kubernetes takes where a Deployment is silent.
_SURGE, _UNAVAILABLE = "25%", "25%"
_DEADLINE_SECONDS = 600.0
_GRACE_SECONDS = 30.0


@dataclass(frozen=True)
class Course:
    """A whole update of `replicas` pods.

    Attributes:
        at_once: pods that are made in one round.
        lowest: the fewest that serve at any moment, `highest` the most that are not on their way out.
    """

    replicas: int
    at_once: int
    rounds: int
    lowest: int
    highest: int


def course(replicas: int, max_surge: object, max_unavailable: object) -> Course:
    """The course of an update in which every new pod becomes ready. All of them are replaced."""
    surge = _share(max_surge, replicas, up=True)
    away = _share(max_unavailable, replicas, up=False)
    if surge == 0 and away == 0:
        away = 1
    at_once = min(replicas, surge + away)
    rounds = -(-replicas // at_once) if at_once else 0
    return Course(replicas, at_once, rounds, max(0, replicas - away), replicas + min(surge, replicas))


def _share(value: object, of: int, *, up: bool) -> int:
    """A number of pods, or a percentage of them."""
    text = str(value)
    if text.endswith("%"):
        part = of * int(text[:-1])
        return -(-part // 100) if up else part // 100
    return int(text)


class Written(BaseModel):
    """What the config says of a workload's rollout; where it is silent, the Deployment's own counts."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    max_surge: int | Annotated[str, Field(pattern=r"^\d{1,3}%$")] | None = None
    min_ready_seconds: int | None = None
    progress_deadline_seconds: int | None = None


@dataclass(frozen=True)
class Settings:
    """How a Deployment is rolled out; seconds.

    Attributes:
        settle: how long a new pod has to be ready until it counts.
        start: how long one may take to be ready at most, by its startup probe; None where nothing says it.
        leave: how long one that goes may take.
        deadline: how long there may be no progress until it has failed.
    """

    max_surge: object
    max_unavailable: object
    settle: float
    start: float | None
    leave: float
    deadline: float


def written(section: Mapping[str, Any], where: str) -> Written:
    """The config's words.

    Raises:
        RefusedError: naming `where`, the workload's place in the file, for what is no setting.
    """
    given = section.get("rollout")
    try:
        return Written.model_validate(given if isinstance(given, Mapping) else {})
    except ValidationError as error:
        first = error.errors()[0]
        raise RefusedError(
            f"{where} / rollout / {first['loc'][0]}: {first['input']!r}: {first['msg'].lower()}"
        ) from error


def settings(spec: Mapping[str, Any], given: Written) -> Settings:
    """What a Deployment says, with what the config will change of it."""
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    return Settings(
        max_surge=_first(given.max_surge, rolling.get("maxSurge"), _SURGE),
        max_unavailable=_first(rolling.get("maxUnavailable"), _UNAVAILABLE),
        settle=float(_first(given.min_ready_seconds, spec.get("minReadySeconds"), 0)),
        start=_start(pod),
        leave=float(_first(pod.get("terminationGracePeriodSeconds"), _GRACE_SECONDS)),
        deadline=float(
            _first(given.progress_deadline_seconds, spec.get("progressDeadlineSeconds"), _DEADLINE_SECONDS)
        ),
    )


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _start(pod: Mapping[str, Any]) -> float | None:
    """The longest that a startup probe waits, of all containers; None where none has one."""
    probes = [each.get("startupProbe") for each in pod.get("containers") or ()]
    found = [
        float(probe.get("initialDelaySeconds") or 0)
        + float(probe.get("periodSeconds") or 10) * float(probe.get("failureThreshold") or 3)
        for probe in probes
        if probe
    ]
    return max(found, default=None)
