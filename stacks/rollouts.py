"""How a service's releases go: what is kept in service, where they stop to look, which alarms end them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from components.log_watch import ERROR_PATTERN, LINE_ERROR_PATTERN
from stacks.problems import Place, SectionError, shown
from stacks.sections import Section

_CHECKPOINT_DELAY_SECONDS = 300
# A refresh takes ten alarms (StartInstanceRefresh, AlarmSpecification), of which four are the service's own.
_MOST_ALARMS = 10 - 4


def _alarm_name(value: str) -> str:
    if value.startswith("arn:"):
        raise ValueError(f"{shown(value)} is an ARN; write its name alone")
    if not 1 <= len(value) <= 255:
        raise ValueError(f"{shown(value)} is not an alarm's name; take 1 to 255 characters")
    return value


class LogAlarmsConfig(Section):
    """From where on what is logged tells of trouble."""

    log_error_percent: float = Field(
        default=5, gt=0, le=100, description="the percentage of logged lines that tell of an error"
    )
    log_error_pattern: str = Field(
        default=ERROR_PATTERN,
        min_length=1,
        max_length=1024,
        description="a filter pattern of CloudWatch Logs for lines that tell of an error",
    )


class RequestAlarmsConfig(Section):
    """From where on requests tell of trouble."""

    error_percent: float = Field(
        default=5, gt=0, lt=100, description="the percentage of requests that end in a 5xx"
    )
    latency_seconds: float = Field(
        default=2, gt=0, le=4000, description="the seconds that the slowest hundredth of requests takes"
    )
    unhealthy_hosts: int = Field(
        default=1, ge=1, le=500, description="how many servers fail their health checks"
    )

    @property
    def of_requests(self) -> dict[str, float | int]:
        """Those that a load balancer measures."""
        return {
            "error_percent": self.error_percent,
            "latency_seconds": self.latency_seconds,
            "unhealthy_hosts": self.unhealthy_hosts,
        }


class AlarmsConfig(RequestAlarmsConfig, LogAlarmsConfig):
    """From where on a service does badly: its alarms ring, and a release that is under way is undone. The
    alarms on its logs ring only."""

    replacements: int = Field(
        default=1, ge=1, le=500, description="how many servers fail and are replaced within five minutes"
    )

    @property
    def of_fleet(self) -> dict[str, float | int]:
        """Those that are not about logs: a rollout watches their alarms."""
        return {**self.of_requests, "replacements": self.replacements}


class WorkloadAlarmsConfig(RequestAlarmsConfig, LogAlarmsConfig):
    """From where on a workload does badly: its alarms ring. Those of requests are for one with a route."""

    log_error_pattern: str = Field(
        default=LINE_ERROR_PATTERN,
        min_length=1,
        max_length=1024,
        description="a filter pattern of CloudWatch Logs for lines that tell of an error",
    )


class LifecycleConfig(Section):
    """How long servers are held back: both 0 for images without the program that ends the wait."""

    launch_timeout_seconds: int = Field(
        default=600,
        ge=0,
        le=7200,
        description="seconds a new server may take to come: 0, or 30 to 7200",
    )
    termination_timeout_seconds: int = Field(
        default=300, ge=0, le=7200, description="seconds a server may take to go: 0, or 30 to 7200"
    )

    @model_validator(mode="after")
    def _possible(self) -> LifecycleConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        for name, seconds in (
            ("launchTimeoutSeconds", self.launch_timeout_seconds),
            ("terminationTimeoutSeconds", self.termination_timeout_seconds),
        ):
            if 0 < seconds < 30:
                yield (name,), f"{seconds} is not possible; write 0, or 30 to 7200"


class RefreshConfig(Section):
    """How a release replaces servers. Percentages are of the desired capacity.

    AWS takes pauses of up to two days; a day is the most here, for an update has to wait for all of them.
    """

    strategy: Literal["Rolling", "ReplaceRootVolume"] = Field(
        default="Rolling", description="new servers, or a new root volume for the same servers"
    )
    min_healthy_percentage: int = Field(default=100, ge=0, le=100, description="the least, 0 to 100")
    max_healthy_percentage: int = Field(default=110, ge=100, le=200, description="the most, 100 to 200")
    timeout_seconds: int = Field(
        default=7200, ge=60, le=172_800, description="seconds that an update waits for a release"
    )
    checkpoint_percentages: tuple[Annotated[int, Field(ge=1, le=100)], ...] = Field(
        default=(), description="percentages of new servers to pause at, ascending, such as [10, 100]"
    )
    checkpoint_delay_seconds: int | None = Field(
        default=None, ge=0, le=86_400, description="seconds to pause at each of checkpointPercentages"
    )
    bake_seconds: int = Field(
        default=300, ge=0, le=86_400, description="seconds that alarms are watched after the last server"
    )
    alarms: tuple[Annotated[str, AfterValidator(_alarm_name)], ...] = Field(
        default=(), max_length=_MOST_ALARMS, description="names of alarms to watch besides the service's own"
    )
    watch_alarms: bool = Field(
        default=True, description="false to watch no alarm, for a fix that is released while one rings"
    )

    @model_validator(mode="after")
    def _within_reach(self) -> RefreshConfig:
        SectionError.raise_any(self._problems())
        return self

    @property
    def pause_seconds(self) -> int | None:
        """How long a checkpoint pauses; None without checkpoints. AWS itself would take an hour."""
        if not self.checkpoint_percentages:
            return None
        given = self.checkpoint_delay_seconds
        return _CHECKPOINT_DELAY_SECONDS if given is None else given

    def _problems(self) -> Iterator[tuple[Place, str]]:
        least, most = self.min_healthy_percentage, self.max_healthy_percentage
        if most - least > 100:
            yield ("maxHealthyPercentage",), f"{most} is more than 100 above the least; lower it"
        if self.strategy == "ReplaceRootVolume" and least == 100:
            yield ("minHealthyPercentage",), "100 leaves no server to ReplaceRootVolume; lower it"
        elif least == most:
            text = f"{most} leaves no batch beside a minHealthyPercentage of {least}; raise it or lower that"
            yield ("maxHealthyPercentage",), text
        yield from self._checkpoint_problems()
        pauses = self.bake_seconds + sum(point < 100 for point in self.checkpoint_percentages) * (
            self.pause_seconds or 0
        )
        if self.timeout_seconds <= pauses:
            text = f"{self.timeout_seconds} is over before the {pauses} s of pauses and bakeSeconds; raise it"
            yield ("timeoutSeconds",), text
        for index, name in enumerate(self.alarms):
            if name in self.alarms[:index]:
                yield ("alarms", index), f"{shown(name)} stands there twice; remove one"

    def _checkpoint_problems(self) -> Iterator[tuple[Place, str]]:
        points = list(self.checkpoint_percentages)
        place = ("checkpointPercentages",)
        if points != sorted(set(points)):
            yield place, f"{points} does not ascend; write each percentage once, the lowest first"
        elif points and points[-1] != 100:
            yield place, f"{points} ends before 100, and so would the release; add 100"
        if self.checkpoint_delay_seconds is not None and not points:
            delay = self.checkpoint_delay_seconds
            text = f"{delay} has no checkpoint to pause at; add checkpointPercentages, or remove it"
            yield ("checkpointDelaySeconds",), text
