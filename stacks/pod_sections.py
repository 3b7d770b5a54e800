"""What each pod of a workload is given, and how a release replaces pods.

Limits are Kubernetes' unless said otherwise; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from stacks.problems import Place, SectionError, shown
from stacks.sections import Section

_MILLI = 1000
_BYTES = {"Mi": 1 << 20, "Gi": 1 << 30, "M": 10**6, "G": 10**9}


def _cpu(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*m|\d+(?:\.\d{1,3})?", value) or not milli_cpu(value):
        raise ValueError(
            f"{shown(value)} is no amount of processor; write one such as 250m, a quarter of one"
        )
    return value


def _memory(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*(?:Mi|Gi|M|G)", value):
        raise ValueError(f"{shown(value)} is no amount of memory; write one such as 256Mi or 2Gi")
    return value


def milli_cpu(value: str) -> int:
    """`250m` and `0.25` as 250."""
    return int(value[:-1]) if value.endswith("m") else int(Decimal(value) * _MILLI)


def memory_bytes(value: str) -> int:
    """`256Mi` in bytes."""
    unit = value.lstrip("0123456789")
    return int(value.removesuffix(unit)) * _BYTES[unit]


class CpuConfig(Section):
    """How much of a processor a pod is given."""

    request: Annotated[str, AfterValidator(_cpu)] = Field(description="what it has for sure, such as 250m")
    limit: Annotated[str, AfterValidator(_cpu)] = Field(description="the most it may use, such as 500m")

    @model_validator(mode="after")
    def _agrees(self) -> CpuConfig:
        if milli_cpu(self.limit) < milli_cpu(self.request):
            SectionError.raise_any([_below(self.limit, self.request)])
        return self


class MemoryConfig(Section):
    """How much memory a pod is given. One that takes more than the limit is ended and started anew."""

    request: Annotated[str, AfterValidator(_memory)] = Field(
        description="what it has for sure, such as 256Mi"
    )
    limit: Annotated[str, AfterValidator(_memory)] = Field(description="the most it may use, such as 256Mi")

    @model_validator(mode="after")
    def _agrees(self) -> MemoryConfig:
        if memory_bytes(self.limit) < memory_bytes(self.request):
            SectionError.raise_any([_below(self.limit, self.request)])
        return self


def _below(limit: str, request: str) -> tuple[Place, str]:
    return ("limit",), f"{limit} is below the request of {request}; raise it, or lower the request"


def _surge(value: str) -> str:
    if not re.fullmatch(r"(?:[1-9]\d?|100)%|[1-9]\d{0,2}", value):
        raise ValueError(f'{shown(value)} is no number of pods; write one such as "25%" or "1"')
    return value


class RolloutConfig(Section):
    """How a release replaces pods. There are never fewer than before that answer."""

    max_surge: Annotated[str, AfterValidator(_surge)] = Field(
        default="25%", description='how many pods more there may be meanwhile, such as "25%" or "1"'
    )
    min_ready_seconds: int = Field(
        default=10, ge=0, le=600, description="seconds that a new pod must stay ready before it counts"
    )
    progress_deadline_seconds: int = Field(
        default=600, ge=30, le=7200, description="seconds without a step forward until a release failed"
    )
    timeout_seconds: int = Field(
        default=3600, ge=60, le=86_400, description="seconds that an update waits for a release"
    )

    @model_validator(mode="after")
    def _agrees(self) -> RolloutConfig:
        if self.timeout_seconds < self.progress_deadline_seconds:
            text = f"{self.timeout_seconds} is over before progressDeadlineSeconds "
            text += f"{self.progress_deadline_seconds}; raise it or lower that"
            SectionError.raise_any([(("timeoutSeconds",), text)])
        return self

    @property
    def surge(self) -> str | int:
        """As Kubernetes takes it: a percentage is text, a number is none."""
        return self.max_surge if self.max_surge.endswith("%") else int(self.max_surge)
