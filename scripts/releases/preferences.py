"""How the next refresh of a service will be started: what its config says, else what its stack last used.

A default stands in one place, the program. It writes the preferences of every `up` into the stack's outputs,
and here they are read from there; a service without them (its stack is older) is judged by its group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from scripts.releases.config_file import ConfigFile
from scripts.releases.course import CHECKPOINT_SECONDS
from scripts.releases.errors import RefusedError, one_line

Seconds = Annotated[float, Field(ge=0)]
#: AWS's own minimum, where neither a request nor the group names one.
MIN_PERCENT = 90


class Preferences(BaseModel):
    """The preferences that matter to a plan, with AWS's ranges. What is left out is the group's."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    min_healthy_percentage: Annotated[int, Field(ge=0, le=100)] = MIN_PERCENT
    max_healthy_percentage: Annotated[int | None, Field(ge=100, le=200)] = None
    instance_warmup_seconds: Seconds = 0
    checkpoint_percentages: tuple[Annotated[int, Field(ge=1, le=100)], ...] = ()
    checkpoint_delay_seconds: Seconds = CHECKPOINT_SECONDS
    bake_time_seconds: Seconds = 0
    auto_rollback: bool = False
    alarms: tuple[str, ...] = ()
    timeout_seconds: Seconds | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Preferences:
        low, high, points = (
            self.min_healthy_percentage,
            self.max_healthy_percentage,
            self.checkpoint_percentages,
        )
        if high is not None and high - low > 100:
            raise ValueError(f"{low} and {high} percent are more than 100 apart")
        if list(points) != sorted(set(points)):
            raise ValueError(f"checkpoints {list(points)} do not ascend")
        return self


def service_section(config: ConfigFile, service: str) -> Mapping[str, Any]:
    """What the config file says of a service, as it is written.

    Raises:
        RefusedError: the file is no YAML that can be loaded.
    """
    try:
        document = YAML(typ="safe", pure=True).load(config.content.decode()) or {}
    except (YAMLError, ValueError) as error:
        raise RefusedError(f"{config.path.name}: {one_line(error)}") from error
    node: Any = document
    for key in ("config", f"{config.namespace}:services", service):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def of(
    config: ConfigFile, service: str, exported: Mapping[str, Any], group: Mapping[str, Any]
) -> Preferences:
    """The preferences of a service's next refresh: the config's words, over the stack's, over the group's.

    Raises:
        RefusedError: together they are none that AWS takes.
    """
    section = service_section(config, service)
    written = section.get("refresh")
    said = {**exported, **(written if isinstance(written, Mapping) else {})}
    chosen = {**_of_group(group), **{key: value for key, value in said.items() if value is not None}}
    if "warmupSeconds" in section and "instanceWarmupSeconds" not in said:
        chosen["instanceWarmupSeconds"] = section["warmupSeconds"]
    try:
        return Preferences.model_validate(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        where = " / ".join(map(str, (service, "refresh", *first["loc"])))
        text = first["msg"].removeprefix("Value error, ").lower()
        raise RefusedError(f"{config.path.name}: {where}: {text}") from error


def _of_group(group: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS takes from the group: its maintenance policy, where -1 means none, and its warm-up."""
    policy = group.get("InstanceMaintenancePolicy") or {}
    named = {
        "minHealthyPercentage": policy.get("MinHealthyPercentage", -1),
        "maxHealthyPercentage": policy.get("MaxHealthyPercentage", -1),
    }
    found = {key: value for key, value in named.items() if value != -1}
    warmup = group.get("DefaultInstanceWarmup")
    if warmup is None or warmup < 0:
        warmup = group.get("HealthCheckGracePeriod", 0)
    return {**found, "instanceWarmupSeconds": warmup}
