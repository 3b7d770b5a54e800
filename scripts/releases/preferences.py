"""How the next refresh of a service will be started: what its config says, else what its stack last used.

A default stands in one place, the program. It writes the preferences of every `up` into the stack's outputs,
and here they are read from there; a service without them (its stack is older) is judged by its group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError, one_line

Seconds = Annotated[float, Field(ge=0)]
#: AWS's own minimum, where neither a request nor the group names one.
MIN_PERCENT = 90
#: How long a checkpoint pauses when the config gives percentages alone: a test holds it to the program's own.
CHECKPOINT_SECONDS = 300.0
#: `AlarmSpecification` takes ten.
MOST_ALARMS = 10
#: Keys of the config that AWS's preferences, and so the stack's outputs, call otherwise.
RENAMED = {"bakeSeconds": "bakeTimeSeconds"}
#: What is not in the config is not there, whatever the last `up` had: lists have no other default.
LISTS = ("checkpointPercentages", "alarms")


class Preferences(BaseModel):
    """The preferences that matter to a plan, with AWS's ranges. What is left out is the group's."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    strategy: Literal["Rolling", "ReplaceRootVolume"] = "Rolling"
    min_healthy_percentage: Annotated[int, Field(ge=0, le=100)] = MIN_PERCENT
    max_healthy_percentage: Annotated[int | None, Field(ge=100, le=200)] = None
    instance_warmup_seconds: Seconds = 0
    checkpoint_percentages: tuple[Annotated[int, Field(ge=1, le=100)], ...] = ()
    checkpoint_delay_seconds: Seconds | None = None
    bake_time_seconds: Seconds = 0
    auto_rollback: bool = False
    alarms: tuple[str, ...] = ()
    timeout_seconds: Seconds | None = None

    @property
    def pause_seconds(self) -> float:
        """How long a refresh stops at a checkpoint."""
        given = self.checkpoint_delay_seconds
        return CHECKPOINT_SECONDS if given is None else given

    @property
    def standstill_seconds(self) -> float:
        """How long it stands still by intention: at its checkpoints and while it bakes."""
        pauses = sum(point < 100 for point in self.checkpoint_percentages)
        return pauses * self.pause_seconds + self.bake_time_seconds

    @model_validator(mode="after")
    def _fits_together(self) -> Preferences:
        for problem in (*self._percentages(), *self._checkpoints(), *self._others()):
            raise ValueError(problem)
        return self

    def _percentages(self) -> Iterator[str]:
        low, high = self.min_healthy_percentage, self.max_healthy_percentage
        if self.strategy == "ReplaceRootVolume" and low == 100:
            yield "minHealthyPercentage 100 leaves no server to ReplaceRootVolume; lower it"
        elif high is not None and high - low > 100:
            yield f"{low} and {high} percent are more than 100 apart; lower the second or raise the first"
        elif high == low:
            yield f"{low} and {high} percent leave no batch; lower the first or raise the second"

    def _checkpoints(self) -> Iterator[str]:
        points = list(self.checkpoint_percentages)
        if points != sorted(set(points)):
            yield f"checkpoints {points} do not ascend; write each once, the lowest first"
        elif points and points[-1] != 100:
            yield f"checkpoints {points} end before 100, and so would the release; add 100"
        elif self.checkpoint_delay_seconds is not None and not points:
            yield (
                f"checkpointDelaySeconds {self.checkpoint_delay_seconds:g} has no checkpoint to pause at; "
                f"add checkpointPercentages, or remove it"
            )

    def _others(self) -> Iterator[str]:
        if (count := len(self.alarms)) > MOST_ALARMS:
            yield f"{count} alarms are more than the {MOST_ALARMS} that a refresh takes; remove some"
        if self.timeout_seconds is not None and self.timeout_seconds <= self.standstill_seconds:
            yield (
                f"timeoutSeconds {self.timeout_seconds:g} is over before the {self.standstill_seconds:g} s "
                f"of pauses and bake time; raise it"
            )


def service_section(config: ConfigFile, service: str) -> Mapping[str, Any]:
    """What the config file says of a service, as it is written. Raises as `section` does."""
    return section(config, "services", service)


def section(config: ConfigFile, *keys: str) -> Mapping[str, Any]:
    """What the config file says under the program's key and those below it; empty where that is no map.

    Raises:
        RefusedError: the file is no YAML that can be loaded.
    """
    try:
        document = YAML(typ="safe", pure=True).load(config.content.decode()) or {}
    except (YAMLError, ValueError) as error:
        raise RefusedError(f"{config.path.name}: {one_line(error)}") from error
    node: Any = document
    for key in ("config", f"{config.namespace}:{keys[0]}", *keys[1:]):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def of(
    config: ConfigFile,
    service: str,
    exported: Mapping[str, Any],
    own_alarms: tuple[str, ...],
    group: Mapping[str, Any],
) -> Preferences:
    """The preferences of a service's next refresh: the config's words, over the stack's, over the group's.

    Args:
        own_alarms: those that the program makes of the service, as its stack's outputs name them.

    Raises:
        RefusedError: together they are none that the program and AWS take.
    """
    own = service_section(config, service)
    written = own.get("refresh")
    mapping: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    given = {RENAMED.get(key, key): value for key, value in mapping.items()}
    kept = {key: value for key, value in exported.items() if key not in LISTS}
    if "checkpointPercentages" not in given:
        kept.pop("checkpointDelaySeconds", None)
    said = {key: value for key, value in {**kept, **given}.items() if value is not None}
    chosen = {**_of_group(group), **said, "alarms": _alarms(given, exported, own_alarms)}
    if "warmupSeconds" in own and "instanceWarmupSeconds" not in said:
        chosen["instanceWarmupSeconds"] = own["warmupSeconds"]
    _refuse_long_warmup(config, service, own, group)
    try:
        return Preferences.model_validate(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        where = " / ".join(map(str, (service, "refresh", *first["loc"])))
        text = first["msg"].removeprefix("Value error, ")
        raise RefusedError(f"{config.path.name}: {where}: {text}") from error


def _alarms(given: Mapping[str, Any], exported: Mapping[str, Any], own: tuple[str, ...]) -> Any:
    """The service's own and those that the config adds; a stack that names no own ones has only the list."""
    if given.get("watchAlarms") is False:
        return ()
    added = given.get("alarms") or ()
    if not isinstance(added, list | tuple):
        return added
    known = own or tuple(exported.get("alarms") or ())
    return tuple(dict.fromkeys((*known, *added)))


def _refuse_long_warmup(
    config: ConfigFile, service: str, own: Mapping[str, Any], group: Mapping[str, Any]
) -> None:
    """Refuses a warm-up in the config that is longer than the grace period: a server would be watched for
    longer than it may fail.
    """
    warmup = own.get("warmupSeconds")
    grace = own.get("healthCheckGraceSeconds", group.get("HealthCheckGracePeriod"))
    if isinstance(warmup, int) and isinstance(grace, int) and warmup > grace:
        raise RefusedError(
            f"{config.path.name}: {service} / warmupSeconds: {warmup} is more than the {grace} s of "
            f"healthCheckGraceSeconds; lower it or raise that"
        )


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
