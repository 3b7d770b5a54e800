"""Right and wrong databases: watched, backed up, kept up to date."""

from __future__ import annotations

from policies import rds, rds_upkeep
from policies.rules import Resource
from tests.policies.cases import Case, res

RIGHT = {
    "engine": "postgres",
    "multiAz": True,
    "monitoringInterval": 60,
    "deletionProtection": True,
    "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
    "backupRetentionPeriod": 7,
    "autoMinorVersionUpgrade": True,
    "copyTagsToSnapshot": True,
}
REPLICA = {"replicateSourceDb": "main"}
CRITICAL_EVENTS = ["maintenance", "configuration change", "failure"]


def heard(kind: str, source: str, categories: list[str], *, enabled: bool = True) -> list[Resource]:
    """A resource of the kind, and a subscription to these events of a source."""
    subscription = res(
        rds_upkeep.SUBSCRIPTION, sourceType=source, eventCategories=categories, enabled=enabled
    )
    return [res(kind), subscription]


CASES: tuple[Case, ...] = (
    Case(rds_upkeep.rds_5, right=RIGHT, wrong={"multiAz": False}, says="multiAz is not true"),
    Case(rds_upkeep.rds_5, right=REPLICA, wrong={}, says="multiAz is not true"),
    Case(rds_upkeep.rds_6, right=RIGHT, wrong={"monitoringInterval": 0}, says="monitoringInterval is 0"),
    Case(rds_upkeep.rds_8, right=RIGHT, wrong={}, says="deletionProtection is not true"),
    Case(rds_upkeep.rds_8, right=REPLICA, wrong={}, says="deletionProtection is not true"),
    Case(
        rds_upkeep.rds_9,
        right=RIGHT,
        wrong={"engine": "mysql", "enabledCloudwatchLogsExports": ["error", "slowquery"]},
        says="lacks audit, general",
    ),
    *(
        Case(
            rds_upkeep.rds_9,
            right={"engine": engine, "enabledCloudwatchLogsExports": logs.split(", ")},
            wrong={"engine": engine},
            says=f"lacks {logs}",
        )
        for engine, logs in (
            ("postgres", "postgresql, upgrade"),
            ("mysql", "audit, error, general, slowquery"),
            ("mariadb", "audit, error, general, slowquery"),
        )
    ),
    Case(rds_upkeep.rds_11, right=RIGHT, wrong={"backupRetentionPeriod": 6}, says="is 6 days"),
    Case(rds_upkeep.rds_11, right=REPLICA, wrong={}, says="is 0 days"),
    Case(rds_upkeep.rds_13, right=RIGHT, wrong={"autoMinorVersionUpgrade": False}, says="is false"),
    Case(rds_upkeep.rds_13, right={}, wrong={"autoMinorVersionUpgrade": "false"}, says="is false"),
    Case(rds_upkeep.rds_17, right=RIGHT, wrong={}, says="copyTagsToSnapshot is not true"),
    Case(
        rds_upkeep.rds_20,
        right=heard(rds.INSTANCE, "db-instance", CRITICAL_EVENTS),
        wrong=heard(rds.INSTANCE, "db-instance", ["failure"]),
        says="no event subscription of db-instance",
    ),
    Case(
        rds_upkeep.rds_20,
        # No categories are all categories.
        right=heard(rds.INSTANCE, "db-instance", []),
        wrong=heard(rds.INSTANCE, "db-instance", [], enabled=False),
        says="no event subscription of db-instance",
    ),
    Case(
        rds_upkeep.rds_21,
        right=heard(rds.PARAMETER_GROUP, "db-parameter-group", ["configuration change"]),
        wrong=heard(rds.PARAMETER_GROUP, "db-instance", ["configuration change"]),
        says="no event subscription of db-parameter-group",
    ),
    Case(
        rds_upkeep.rds_36,
        right=RIGHT,
        wrong={"engine": "postgres", "enabledCloudwatchLogsExports": ["upgrade"]},
        says="lacks postgresql",
    ),
    Case(rds_upkeep.rds_36, right={"engine": "mysql"}, wrong={"engine": "postgres"}, says="lacks postgresql"),
)
