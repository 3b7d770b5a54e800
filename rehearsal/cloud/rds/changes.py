"""Settings of an instance that RDS refuses, and changes that wait for the maintenance window."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from rehearsal.cloud.rds import exceptions, versions
from rehearsal.cloud.rds.instance import Instance
from rehearsal.cloud.world import World

#: "Backup retention period": days.
MAX_RETENTION_DAYS = 35
#: Gibibytes by storage type, for PostgreSQL, MySQL and MariaDB.
STORAGE_GIB = {"gp2": (20, 65536), "gp3": (20, 65536), "io1": (100, 65536), "io2": (100, 65536)}
#: gp3 takes no IOPS and throughput of its own below this size (PostgreSQL, MySQL, MariaDB).
GP3_SETTABLE_GIB = 400
#: "You can't make further storage modifications until six hours after" the last one.
STORAGE_PAUSE_SECONDS = 6 * 3600.0
#: Without ApplyImmediately these wait for the next maintenance window.
DEFERRED = {
    "allocated_storage", "db_instance_class", "engine_version", "iops", "license_model", "multi_az",
    "storage_throughput", "storage_type",
}  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLASS = re.compile(r"db\.[a-z0-9-]+\.[a-z0-9-]+")


def check(settings: dict[str, Any], present: Instance | None = None) -> None:
    """Raises InvalidParameterValue or InvalidParameterCombination for the first setting that RDS refuses.

    Args:
        settings: the request's. A version is made whole in it, what is as it was is taken out.
        present: the instance that is to be changed; None when one is made.
    """
    name = settings.get("db_instance_class")
    if name and not _CLASS.fullmatch(name):
        raise exceptions.InvalidParameterValue(f"Invalid DB Instance class: {name}")
    days = settings.get("backup_retention_period")
    if days is not None and not 0 <= int(days) <= MAX_RETENTION_DAYS:
        raise exceptions.InvalidParameterValue(
            f"Invalid backup retention period: {days}. Must be between 0 and {MAX_RETENTION_DAYS}."
        )
    if present is not None:
        _check_present(settings, present, days)
    _check_storage(settings, present)


def _check_present(settings: dict[str, Any], present: Instance, days: int | None) -> None:
    if days == 0 and present.replicas:
        raise exceptions.InvalidParameterCombination(
            "Backups cannot be disabled on a DB instance that is the source of a read replica."
        )
    wanted = settings.get("engine_version")
    if wanted:
        major_allowed = bool(settings.get("allow_major_version_upgrade"))
        settings["engine_version"] = wanted = versions.resolve(present.engine, wanted)
        versions.check_upgrade(present.engine, present.engine_version, wanted, major_allowed=major_allowed)


def _check_storage(settings: dict[str, Any], present: Instance | None) -> None:
    kind = settings.get("storage_type") or (present.storage_type if present else None) or "gp2"
    size = settings.get("allocated_storage")
    held = present.allocated_storage if present else None
    engine = settings.get("engine") or (present.engine if present else "")
    if size is not None and kind in STORAGE_GIB and engine in versions.VERSIONS:
        low, high = STORAGE_GIB[kind]
        if not low <= size <= high:
            raise exceptions.InvalidParameterCombination(
                f"Invalid storage size for engine name {engine} and storage type {kind}: {size}"
            )
    whole = size or held or 0
    tuned = settings.get("iops") or settings.get("storage_throughput")
    if kind == "gp3" and tuned and whole < GP3_SETTABLE_GIB and (present is None or size is not None):
        raise exceptions.InvalidParameterCombination(
            "You can't specify IOPS or storage throughput for engine "
            f"{engine} and a storage size less than {GP3_SETTABLE_GIB}."
        )
    if present is None or size is None or size == held:
        return
    if size < present.allocated_storage:
        raise exceptions.InvalidParameterCombination(
            f"Requested storage size ({size}) must be greater than the present one ({held})."
        )
    now, before = World.current.timeline.now, present.storage_changed_at
    if before is not None and now < before + STORAGE_PAUSE_SECONDS:
        raise exceptions.InvalidInstanceState(
            "You can't currently modify the storage of this DB instance because the previous storage change "
            "is being optimized."
        )
    present.storage_changed_at = now


def later(instance: Instance, settings: dict[str, Any]) -> dict[str, Any]:
    """Take out of `settings` what waits for the maintenance window, and put it on the timeline."""
    changes = {
        name: settings.pop(name)
        for name in sorted(DEFERRED & settings.keys())
        if settings[name] is not None and settings[name] != getattr(instance, name)
    }
    if changes:
        instance.pending_modified_values |= changes
        World.current.timeline.after(
            _until_window(instance.preferred_maintenance_window), lambda: _do(instance)
        )
    return changes


def _do(instance: Instance) -> None:
    changes, instance.pending_modified_values = instance.pending_modified_values, {}
    if changes and instance.status == "available":
        instance.update(**changes)
        instance.enter("upgrading" if "engine_version" in changes else "modifying")


def _until_window(window: str) -> float:
    """Seconds until the next start of a window such as `wed:06:38-wed:07:08`, in UTC."""
    day, hour, minute = window.partition("-")[0].split(":")
    now = World.current.clock.date(World.current.timeline.now)
    start = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    start += timedelta(days=(_DAYS.index(day) - now.weekday()) % 7)
    if start <= now:
        start += timedelta(days=7)
    return (start - now).total_seconds()
