"""The image factory as its stack file describes it: which recipes, built when, and where the images go.

Limits are AWS's unless said otherwise; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from components import cron
from stacks import tags
from stacks.exceptions import Exceptions
from stacks.instance_types import InstanceType, conflicts
from stacks.problems import Place, SectionError, shown
from stacks.sections import AlertsConfig, LogsConfig, NetworkConfig, PolicyArn, Region, Section, TimeZone


def _account(value: str) -> str:
    if not re.fullmatch(r"\d{12}", value):
        raise ValueError(f"{shown(value)} is not an account; write its 12 digits in quotes")
    return value


class RecipeConfig(Section):
    """One recipe of `images/recipes`, and when its images are built by themselves."""

    schedule: Annotated[str, AfterValidator(cron.checked)] = Field(
        default=cron.EXAMPLE, description="when to look for changes, as a cron expression"
    )
    time_zone: TimeZone = Field(default="Etc/UTC", description="the schedule's time zone")
    instance_types: tuple[InstanceType, ...] = Field(
        default=(), max_length=40, description="what builds run on, the preferred one first"
    )

    @model_validator(mode="after")
    def _agrees(self) -> RecipeConfig:
        if self.instance_types:
            SectionError.raise_any(
                (("instanceTypes", index), text) for index, text in conflicts(self.instance_types)
            )
        return self


class DistributionConfig(Section):
    """Where images go beside the region and the account that they are built in."""

    regions: tuple[Region, ...] = Field(default=(), description="more regions that get every image")
    accounts: tuple[Annotated[str, AfterValidator(_account)], ...] = Field(
        default=(), description="more accounts that get copies of every image, in every region"
    )
    retain_keys_on_destroy: bool = Field(
        default=True,
        description="true to leave the keys behind on destroy: without its key an image starts no server",
    )

    @model_validator(mode="after")
    def _once_each(self) -> DistributionConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        for key, values in (("regions", self.regions), ("accounts", self.accounts)):
            for index, value in enumerate(values):
                if value in values[:index]:
                    yield (key, index), f"{shown(value)} stands there twice; remove one"


class FactoryConfig(Section):
    """One factory for all environments: an image is built once, and every environment runs that one."""

    composition: ClassVar[str] = "stacks.images"

    region: Region = Field(alias="aws:region", description="the AWS region, such as eu-central-1")
    recipes: dict[str, RecipeConfig] = Field(description="a map of recipes by name, as in images/recipes")
    network: NetworkConfig = Field(description="a map with at least cidr")
    distribution: DistributionConfig = Field(
        default=DistributionConfig(), description="a map with regions and accounts"
    )
    logs: LogsConfig = Field(default=LogsConfig(), description="how long logs are kept")
    alerts: AlertsConfig = Field(default=AlertsConfig(), description="who hears of finished images")
    exceptions: Exceptions = Field(
        default=(), description="a list of what is excepted from a rule of the guardrails, until a day"
    )
    tags: dict[str, str] = Field(default={}, description="tags for every resource")
    permissions_boundary: PolicyArn | None = Field(
        default=None, description="the ARN of the policy that is the most that roles of the stack may do"
    )

    @model_validator(mode="after")
    def _agrees(self) -> FactoryConfig:
        SectionError.raise_any(self._problems())
        return self

    @property
    def regions(self) -> tuple[str, ...]:
        """All regions that get images, the one where they are built first."""
        return (self.region, *self.distribution.regions)

    def _problems(self) -> Iterator[tuple[Place, str]]:
        for index, region in enumerate(self.distribution.regions):
            if region == self.region:
                text = f"{shown(region)} gets every image already: it is built there; remove it"
                yield ("distribution", "regions", index), text
        if self.network.egress == "endpoints":
            text = "'endpoints' is no way to packages, which builds fetch; write single-nat or nat-per-zone"
            yield ("network", "egress"), text
        yield from tags.problems(self.tags)
        yield from tags.image_problems(self.tags)
