"""The stack that holds the roles of deliveries, as its file describes it: who may deliver what.

Limits are AWS's or GitHub's; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from stacks import tags
from stacks.exceptions import Exceptions
from stacks.problems import Place, SectionError, shown
from stacks.sections import Region, Section


def _matching(pattern: str, what: str) -> AfterValidator:
    def checked(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{shown(value)} is not {what}")
        return value

    return AfterValidator(checked)


_PARTITION = r"arn:aws[a-z-]*"
Repository = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/[A-Za-z0-9._-]{1,100}",
        "a repository of GitHub's; write its owner and its name, such as example/shop",
    ),
]
_ProviderArn = Annotated[
    str,
    _matching(
        rf"{_PARTITION}:iam::\d{{12}}:oidc-provider/token\.actions\.githubusercontent\.com",
        "GitHub's provider; one is arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com",
    ),
]
_Bucket = Annotated[
    str,
    _matching(
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "a bucket's name; write the one that scripts/bootstrap printed",
    ),
]
_KeyArn = Annotated[
    str,
    _matching(
        rf"{_PARTITION}:kms:[a-z0-9-]+:\d{{12}}:key/[A-Za-z0-9-]+",
        "a key's ARN; write the one that scripts/bootstrap printed",
    ),
]
_EnvironmentName = Annotated[
    str,
    _matching(
        r"[a-z](?:-?[a-z0-9]){0,23}",
        "an environment's name; take up to 24 lower-case letters, digits, hyphens, a letter first",
    ),
]
_StackPattern = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,98}\*?",
        "a stack's name, or the beginning of several with * at its end, such as pr-*",
    ),
]
_Action = Annotated[
    str, _matching(r"[a-z0-9-]+:[A-Za-z]+", "an action; write it in full, such as dynamodb:GetItem")
]
_AROUND = ("account", "iam", "organizations", "sts")


class StateConfig(Section):
    """Where Pulumi keeps state, and the key of it and of the stacks' secrets: what scripts/bootstrap made."""

    bucket: _Bucket = Field(description="the name of the bucket that scripts/bootstrap made")
    key_arn: _KeyArn = Field(description="the ARN of the key that scripts/bootstrap made")


class DeliveredConfig(Section):
    """One environment of GitHub's, and which stacks its jobs deploy."""

    kind: Literal["environment", "factory"] = Field(
        default="environment", description="environment, or factory for the stack that makes images"
    )
    stacks: _StackPattern | None = Field(
        default=None, description="a stack's name, or the beginning of several, such as pr-*"
    )


class DeliverySection(Section):
    """Which repository delivers what."""

    repository: Repository = Field(description="the repository on GitHub, such as example/shop")
    branch: Annotated[str, _matching(r"[\w./-]{1,200}", "a branch; write its name, such as main")] = Field(
        default="main", description="the branch whose scheduled jobs preview"
    )
    oidc_provider_arn: _ProviderArn | None = Field(
        default=None, description="the account's own provider for GitHub's tokens; without one it is made"
    )
    state: StateConfig = Field(description="a map with bucket and keyArn, as scripts/bootstrap printed them")
    environments: dict[_EnvironmentName, DeliveredConfig] = Field(
        min_length=1, description="a map of GitHub's environments by name, such as staging: {}"
    )
    regions: tuple[Region, ...] = Field(
        default=(), description="more regions that deployments write in, as those of the images' copies"
    )
    service_actions: tuple[_Action, ...] = Field(
        default=(), description="actions of services' own policyStatements, such as dynamodb:GetItem"
    )

    @model_validator(mode="after")
    def _agrees(self) -> DeliverySection:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        for index, action in enumerate(self.service_actions):
            if action.partition(":")[0] in _AROUND:
                text = f"{shown(action)} is a way around the boundary of services' roles; remove it"
                yield ("serviceActions", index), text
        owners: dict[str, str] = {}
        for name, environment in self.environments.items():
            stacks = environment.stacks or name
            other = next((each for each in owners if _overlap(each, stacks)), None)
            if other is not None:
                text = (
                    f"{shown(stacks)} are stacks of {owners[other]} too; let one environment deploy a stack"
                )
                yield ("environments", name, "stacks"), text
            owners[stacks] = name


def _overlap(one: str, other: str) -> bool:
    """Whether a stack's name can fit both."""
    first, second = one.removesuffix("*"), other.removesuffix("*")
    if one == other:
        return True
    return (one.endswith("*") and second.startswith(first)) or (
        other.endswith("*") and first.startswith(second)
    )


class DeliveryConfig(Section):
    """The roles that pull requests and deployments of one account take."""

    composition: ClassVar[str] = "stacks.delivery"

    region: Region = Field(alias="aws:region", description="the AWS region, such as eu-central-1")
    delivery: DeliverySection = Field(description="a map with repository, state and environments")
    exceptions: Exceptions = Field(
        default=(), description="a list of what is excepted from a rule of the guardrails, until a day"
    )
    tags: dict[str, str] = Field(default={}, description="tags for every resource")

    @model_validator(mode="after")
    def _agrees(self) -> DeliveryConfig:
        SectionError.raise_any(self._problems())
        return self

    @property
    def regions(self) -> tuple[str, ...]:
        """All that deployments write in."""
        return (self.region, *self.delivery.regions)

    def _problems(self) -> Iterator[tuple[Place, str]]:
        for index, region in enumerate(self.delivery.regions):
            if region in self.regions[: index + 1]:
                yield ("delivery", "regions", index), f"{shown(region)} stands there already; remove it"
        yield from tags.problems(self.tags)
