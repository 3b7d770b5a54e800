"""Session keys of an environment: which services share them, and how often they are renewed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from stacks.problems import Place
from stacks.sections import LogsConfig, Section

if TYPE_CHECKING:
    from components.alert_topic import AlertTopic
    from components.args import SecretReference
    from components.network import Network

VARIABLE = "SESSION_KEYS"
"""The variable of a service with `sessions: true`."""


class SessionsConfig(Section):
    """The keys that cookies are signed and encrypted with; one set for all services that use it."""

    rotation_days: int = Field(
        default=60, ge=1, le=1000, description="days until there is a new key, longer than a server lives"
    )
    recovery_window_days: int = Field(
        default=30, ge=7, le=30, description="days that deleted keys can be had back"
    )
    retain_on_destroy: bool = Field(
        default=True, description="true to leave the keys behind on destroy: without them sessions end"
    )


class _Service(Protocol):
    @property
    def sessions(self) -> bool: ...
    @property
    def max_instance_lifetime_days(self) -> int: ...


class _Environment(Protocol):
    @property
    def sessions(self) -> SessionsConfig: ...
    @property
    def logs(self) -> LogsConfig: ...
    @property
    def services(self) -> Mapping[str, _Service]: ...


def used(config: _Environment) -> bool:
    """Whether a service has them; without one there are none."""
    return any(service.sessions for service in config.services.values())


def problems(config: _Environment) -> Iterator[tuple[Place, str]]:
    """A server knows the keys of its start and the next one. An older one would refuse others' cookies."""
    days = config.sessions.rotation_days
    for name, service in config.services.items():
        if service.sessions and service.max_instance_lifetime_days >= days:
            yield (
                ("services", name, "maxInstanceLifetimeDays"),
                f"{service.max_instance_lifetime_days} is no less than sessions.rotationDays {days}, "
                "so old servers would not know the keys; lower it or raise that",
            )


def build(
    config: _Environment, network: Network, alerts: AlertTopic, tags: Mapping[str, str]
) -> SecretReference:
    """The keys of the environment. Imported here: most environments start without."""
    from components.session_keys import SessionKeys, SessionKeysArgs

    return SessionKeys(
        "sessions",
        SessionKeysArgs(
            owner_arn=network.vpc_arn,
            alert_topic_arn=alerts.arn,
            rotation_days=config.sessions.rotation_days,
            recovery_window_days=config.sessions.recovery_window_days,
            log_retention_days=config.logs.retention_days,
            retain=config.sessions.retain_on_destroy,
            tags=tags,
        ),
    ).reference
