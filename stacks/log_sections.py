"""The `logs` section of an environment: how long logs are kept, where, and who else gets them.

Limits are AWS's unless said otherwise; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from components.log_lifecycle import COLD_DAYS_LEAST
from stacks.problems import Place, SectionError, shown
from stacks.sections import LogsConfig, Section


def _arn(value: str, form: str, example: str) -> str:
    if not re.fullmatch(form, value):
        raise ValueError(f"{shown(value)} is not {example}")
    return value


def _destination_arn(value: str) -> str:
    form = r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:destination:[^:*]{1,512}"
    return _arn(value, form, "a destination's ARN; one is arn:aws:logs:REGION:ACCOUNT:destination:NAME")


def _function_arn(value: str) -> str:
    form = r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?"
    return _arn(value, form, "a function's ARN; one is arn:aws:lambda:REGION:ACCOUNT:function:NAME")


class ArchiveConfig(Section):
    """The bucket that keeps all logs of the environment."""

    expire_after_days: int = Field(
        default=1096, ge=1, le=36_500, description="days that services' logs and flow logs are kept"
    )
    cold_after_days: int | None = Field(
        default=None, ge=1, le=36_500, description="days until logs go to cold storage; never without it"
    )
    object_lock_days: int | None = Field(
        default=None, ge=1, le=36_500, description="days in which nobody can delete what was delivered"
    )
    object_lock_mode: Literal["governance", "compliance"] = Field(
        default="governance",
        description="who may still delete: governance, those with a permission for it; compliance, nobody",
    )
    buffer_seconds: int = Field(
        default=300, ge=60, le=900, description="seconds that lines are gathered for one file"
    )
    messages_only: bool = Field(
        default=False, description="true for files of bare lines, without server, time and ID of each"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> ArchiveConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        cold, kept, locked = self.cold_after_days, self.expire_after_days, self.object_lock_days
        if cold is not None and kept < cold + COLD_DAYS_LEAST:
            yield (
                ("coldAfterDays",),
                f"{cold} is too late for what is kept {kept} days, as S3 charges {COLD_DAYS_LEAST} days of "
                "cold storage; remove it, or raise expireAfterDays",
            )
        if locked is not None and locked > kept:
            yield (
                ("objectLockDays",),
                f"{locked} is longer than logs are kept, and nobody could delete them; "
                f"lower it to expireAfterDays, {kept}",
            )
        if locked is None and "object_lock_mode" in self.model_fields_set:
            yield ("objectLockMode",), "locks nothing without objectLockDays; set that too, or remove it"


class OpenSearchConfig(Section):
    """A domain of OpenSearch that gets every line as well."""

    function_arn: Annotated[str, AfterValidator(_function_arn)] = Field(
        description="the ARN of the function that CloudWatch Logs streams to OpenSearch with"
    )


class EnvironmentLogsConfig(LogsConfig):
    """What outlives an environment's servers of what they said, and what was said about them."""

    archive: ArchiveConfig | None = Field(
        default=None, description="a map that says how long the environment's bucket keeps its logs"
    )
    destination_arn: Annotated[str, AfterValidator(_destination_arn)] | None = Field(
        default=None,
        description="the ARN of another account's logs destination, which keeps services' logs instead",
    )
    open_search: OpenSearchConfig | None = Field(
        default=None, description="a map with functionArn: a domain that gets every line as well"
    )

    @model_validator(mode="after")
    def _agrees(self) -> EnvironmentLogsConfig:
        SectionError.raise_any(self._problems())
        return self

    @property
    def kept(self) -> ArchiveConfig:
        """The archive, by its defaults where nothing is said."""
        return self.archive or ArchiveConfig()

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if self.archive is None:
            return
        if self.destination_arn is not None:
            text = "stands beside archive, and either this account or the other keeps the logs; remove one"
            yield ("destinationArn",), text
        if self.archive.object_lock_days is not None and not self.retain_on_destroy:
            locked = self.archive.object_lock_days
            text = f"{locked} days locks what retainOnDestroy: false wants to delete; remove one of both"
            yield ("archive", "objectLockDays"), text

    def problems(self, region: str, access_log_days: int) -> Iterator[tuple[Place, str]]:
        """What is wrong beside the stack's other sections."""
        locked = self.kept.object_lock_days
        if locked is not None and locked > access_log_days:
            yield (
                ("logs", "archive", "objectLockDays"),
                f"{locked} is longer than access logs are kept, in the same bucket; "
                f"lower it, or raise loadBalancer.accessLogRetentionDays, {access_log_days}",
            )
        arns: dict[Place, str | None] = {("logs", "destinationArn"): self.destination_arn}
        if self.open_search is not None:
            arns["logs", "openSearch", "functionArn"] = self.open_search.function_arn
        for place, arn in arns.items():
            if arn is not None and arn.split(":")[3] != region:
                yield place, f"is of {arn.split(':')[3]}, the stack of {region}; name one in {region}"
