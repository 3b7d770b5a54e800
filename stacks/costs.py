"""What keeps an environment's cost down, and tells of it: its budget, and databases that sleep with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import Field, model_validator

from components.group_scaling import SleepSchedule
from stacks import databases
from stacks.problems import Place, SectionError, shown
from stacks.sections import Email, Section, SleepConfig

if TYPE_CHECKING:
    from components.alert_topic import AlertTopic
    from components.network import Network
    from stacks.database_sections import DatabaseConfig
    from stacks.databases_made import Declared

MOST_ALERTS = 10

Percentage = Annotated[int, Field(ge=1, le=1000)]


class BudgetConfig(Section):
    """What the environment may cost. Nothing is stopped when it costs more: somebody is told."""

    monthly_usd: float = Field(ge=1, le=10_000_000, description="US dollars a month, before credits")
    alert_percentages: tuple[Percentage, ...] = Field(
        default=(80, 100), description="the parts of it, in percent, that are told of once they are spent"
    )
    forecast_percentages: tuple[Percentage, ...] = Field(
        default=(100,), description="the parts of it, in percent, that are told of once they are foreseen"
    )
    emails: tuple[Email, ...] = Field(
        default=(), max_length=10, description="who hears of it beside those who hear of alarms"
    )
    scope: Literal["account", "environment"] = Field(
        default="account",
        description="what counts: the account, or what is tagged with the environment once that tag is "
        "activated for cost allocation",
    )

    @model_validator(mode="after")
    def _agrees(self) -> BudgetConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        lists: tuple[tuple[str, tuple[object, ...]], ...] = (
            ("alertPercentages", self.alert_percentages),
            ("forecastPercentages", self.forecast_percentages),
            ("emails", self.emails),
        )
        for key, given in lists:
            for index, value in enumerate(given):
                if value in given[:index]:
                    yield (key, index), f"{shown(value)} stands there twice; remove one"
        count = len(self.alert_percentages) + len(self.forecast_percentages)
        if not count:
            yield ("alertPercentages",), "is empty, and so is forecastPercentages; write one such as [80]"
        elif count > MOST_ALERTS:
            text = f"has {count} entries together with forecastPercentages; a budget has {MOST_ALERTS} alerts"
            yield ("alertPercentages",), text


class _Environment(Protocol):
    @property
    def budget(self) -> BudgetConfig | None: ...
    @property
    def region(self) -> str: ...
    @property
    def databases(self) -> Mapping[str, DatabaseConfig]: ...
    @property
    def services(self) -> Mapping[str, Any]: ...
    @property
    def sleep(self) -> SleepConfig | None: ...


def schedule(sleep: SleepConfig) -> SleepSchedule:
    """The hours of the file as components take them."""
    return SleepSchedule(
        time_zone=sleep.time_zone, from_time=sleep.from_time, until_time=sleep.until_time, days=sleep.days
    )


def sleeping(config: _Environment) -> list[str]:
    """The databases that are stopped while the environment sleeps."""
    return [name for name in databases.owned(config) if databases.sleeps(config, name)]


def problems(config: _Environment) -> Iterator[tuple[Place, str]]:
    """What is wrong between the hours and the databases."""
    if config.sleep is None or config.sleep.from_time == config.sleep.until_time or not sleeping(config):
        return
    from components.database_sleep import too_short

    if problem := too_short(schedule(config.sleep)):
        yield ("sleep", "until"), f"{problem}; sleep longer, or write sleep: false at {sleeping(config)[0]}"


def declare(
    stack: str,
    config: _Environment,
    made: Mapping[str, Declared],
    network: Network,
    alerts: AlertTopic,
    tags: Mapping[str, str],
) -> None:
    """The budget, and the schedules of databases. Imported here: most environments start without."""
    if config.budget is not None:
        from components.budget import Budget, BudgetArgs

        given = config.budget
        Budget(
            "budget",
            BudgetArgs(
                monthly_usd=given.monthly_usd,
                actual_percentages=given.alert_percentages,
                forecast_percentages=given.forecast_percentages,
                alert_topic_arn=alerts.arn,
                emails=given.emails,
                tag=("environment", stack) if given.scope == "environment" else None,
                tags=tags,
            ),
        )
    names = sleeping(config)
    if config.sleep is not None and names:
        from components.database_sleep import DatabaseSleep, DatabaseSleepArgs

        DatabaseSleep(
            "sleep",
            DatabaseSleepArgs(
                owner_arn=network.vpc_arn,
                databases={name: made[name].exported["id"] for name in names},
                schedule=schedule(config.sleep),
                alert_topic_arn=alerts.arn,
                tags=tags,
            ),
        )
