"""The preferences of an instance refresh: AWS's ranges, defaults and rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.autoscaling.exceptions import NotEmulated, ValidationError

DEFAULT_CHECKPOINT_DELAY = 3600
TWO_DAYS = 172_800
A_DAY, A_YEAR = 86_400, 31_536_000
_KNOWN = {
    "MinHealthyPercentage", "MaxHealthyPercentage", "InstanceWarmup", "CheckpointPercentages",
    "CheckpointDelay", "SkipMatching", "AutoRollback", "ScaleInProtectedInstances", "StandbyInstances",
    "AlarmSpecification", "BakeTime",
}  # fmt: skip


@dataclass(frozen=True)
class Preferences:
    """As requested, with AWS's defaults; `max_percent` None when neither request nor group gave one."""

    given: Mapping[str, Any]
    min_percent: int = 90
    max_percent: int | None = None
    warmup: float = 0.0
    skip_matching: bool = False
    auto_rollback: bool = False
    protected: str = "Wait"
    standby: str = "Wait"
    checkpoints: tuple[int, ...] = ()
    checkpoint_delay: float = DEFAULT_CHECKPOINT_DELAY
    bake_time: float = 0.0
    alarms: tuple[str, ...] = ()


def parse(given: Mapping[str, Any], maintenance: Mapping[str, Any], default_warmup: float) -> Preferences:
    """Check a request's Preferences; what it leaves out comes from the group's maintenance policy and
    warm-up.

    Raises ValidationError with one line for what AWS refuses and for what is not emulated.
    """
    unknown = set(given) - _KNOWN
    if unknown:
        raise NotEmulated(f"the preference {', '.join(sorted(unknown))}")
    low, high = _percentages(given, maintenance)
    checkpoints = _checkpoints(given)
    alarms = tuple((given.get("AlarmSpecification") or {}).get("Alarms") or ())
    if len(alarms) > 10:
        raise ValidationError(f"AlarmSpecification names {len(alarms)} alarms; the limit is 10")
    return Preferences(
        given=dict(given),
        min_percent=low,
        max_percent=high,
        warmup=_number(given, "InstanceWarmup", default_warmup, 2**31),
        skip_matching=bool(given.get("SkipMatching", False)),
        auto_rollback=bool(given.get("AutoRollback", False)),
        protected=_choice(given, "ScaleInProtectedInstances", ("Refresh", "Ignore", "Wait")),
        standby=_choice(given, "StandbyInstances", ("Terminate", "Ignore", "Wait")),
        checkpoints=checkpoints,
        checkpoint_delay=_number(given, "CheckpointDelay", DEFAULT_CHECKPOINT_DELAY, TWO_DAYS),
        bake_time=_number(given, "BakeTime", 0, TWO_DAYS),
        alarms=alarms,
    )


def _percentages(given: Mapping[str, Any], maintenance: Mapping[str, Any]) -> tuple[int, int | None]:
    low, high = given.get("MinHealthyPercentage"), given.get("MaxHealthyPercentage")
    if high is not None and low is None:
        raise ValidationError("You must specify MinHealthyPercentage when you specify MaxHealthyPercentage")
    if low is None:
        low = _policy(maintenance, "MinHealthyPercentage", 90)
        high = _policy(maintenance, "MaxHealthyPercentage", None)
    return (_low(low), None) if high is None else _checked(low, high)


def _low(low: int) -> int:
    if not 0 <= low <= 100:
        raise ValidationError(f"MinHealthyPercentage {low} is not between 0 and 100")
    return low


def _checked(low: int, high: int) -> tuple[int, int]:
    _low(low)
    if not 100 <= high <= 200:
        raise ValidationError(f"MaxHealthyPercentage {high} is not between 100 and 200")
    if high - low > 100:
        raise ValidationError(
            f"MaxHealthyPercentage {high} and MinHealthyPercentage {low} are more than 100 apart"
        )
    return low, high


def maintenance_policy(given: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """The percentages of an InstanceMaintenancePolicy, None where there is none; -1 for both clears it.

    Raises ValidationError.
    """
    low = _policy(given or {}, "MinHealthyPercentage", None)
    high = _policy(given or {}, "MaxHealthyPercentage", None)
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise ValidationError(
            "An instance maintenance policy needs both MinHealthyPercentage and MaxHealthyPercentage"
        )
    return _checked(low, high)


def max_lifetime(seconds: int | None) -> int:
    """MaxInstanceLifetime; 0 where none is set. Raises ValidationError: it is a day at least."""
    if seconds and not A_DAY <= seconds <= A_YEAR:
        raise ValidationError(f"MaxInstanceLifetime {seconds} is not 0 or between {A_DAY} and {A_YEAR}")
    return seconds or 0


def _policy(maintenance: Mapping[str, Any], name: str, default: Any) -> Any:
    """A bound of an instance maintenance policy; -1 in it means that none is set."""
    value = maintenance.get(name)
    return default if value in (None, -1) else value


def _checkpoints(given: Mapping[str, Any]) -> tuple[int, ...]:
    percentages = tuple(given.get("CheckpointPercentages") or ())
    if "CheckpointDelay" in given and not percentages:
        raise ValidationError("You must specify CheckpointPercentages when you specify CheckpointDelay")
    if list(percentages) != sorted(set(percentages)) or any(not 1 <= p <= 100 for p in percentages):
        raise ValidationError(
            f"CheckpointPercentages {list(percentages)} are not unique, ascending and 1 to 100"
        )
    return percentages


def _number(given: Mapping[str, Any], name: str, default: float, most: int) -> float:
    value = given.get(name)
    if value is None or (name == "InstanceWarmup" and value == -1):
        return default
    if not 0 <= value <= most:
        raise ValidationError(f"{name} {value} is not between 0 and {most}")
    return float(value)


def _choice(given: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = given.get(name, "Wait")
    if value not in choices:
        raise ValidationError(f"{name} {value!r} is not one of {', '.join(choices)}")
    return str(value)
