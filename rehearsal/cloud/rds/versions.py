"""Engine versions that the emulated RDS has, and which may follow which.

Source: "Amazon RDS for PostgreSQL release notes", the same for MySQL and MariaDB, and "Upgrading a DB
instance engine version". A list as of late 2025: what RDS took away or added since is not known here.
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.rds import exceptions

#: Of each engine and major version the minor versions, oldest first.
VERSIONS: dict[str, dict[str, tuple[int, ...]]] = {
    "postgres": {
        "13": (15, 16, 18, 20, 21, 22),
        "14": (12, 13, 15, 17, 18, 19),
        "15": (7, 8, 10, 12, 13, 14),
        "16": (3, 4, 6, 8, 9, 10),
        "17": (2, 4, 5, 6),
    },
    "mysql": {"8.0": (40, 41, 42, 43), "8.4": (3, 4, 5, 6)},
    "mariadb": {"10.6": (20, 21, 22), "10.11": (10, 11, 13), "11.4": (4, 5, 7), "11.8": (3,)},
}
LICENSES = {"postgres": "postgresql-license"}
LOGS = {
    "postgres": ("iam-db-auth-error", "postgresql", "upgrade"),
    "mysql": ("audit", "error", "general", "iam-db-auth-error", "slowquery"),
    "mariadb": ("audit", "error", "general", "iam-db-auth-error", "slowquery"),
}


def resolve(engine: str, wanted: str | None) -> str:
    """The whole version: a major one stands for its latest. Raises InvalidParameterCombination."""
    majors = VERSIONS.get(engine)
    if majors is None:
        return wanted or ""
    if not wanted:
        wanted = list(majors)[-1]
    if wanted in majors:
        return f"{wanted}.{majors[wanted][-1]}"
    major, _, minor = wanted.rpartition(".")
    if major not in majors or minor not in {str(number) for number in majors[major]}:
        raise exceptions.InvalidParameterCombination(f"Cannot find version {wanted} for {engine}")
    return wanted


def family(engine: str, version: str) -> str:
    """The parameter group family, as postgres16."""
    return f"{engine}{_major(version)}"


def check_upgrade(engine: str, present: str, wanted: str, *, major_allowed: bool) -> None:
    """Raises InvalidParameterCombination for a way back and for a major upgrade that was not allowed."""
    if engine not in VERSIONS or wanted == present:
        return
    if _key(wanted) < _key(present):
        raise exceptions.InvalidParameterCombination(f"Cannot upgrade {engine} from {present} to {wanted}")
    if _major(wanted) != _major(present) and not major_allowed:
        raise exceptions.InvalidParameterCombination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )


def described(engine: str | None, version: str | None, family_name: str | None) -> list[dict[str, Any]]:
    """As DescribeDBEngineVersions answers, oldest first."""
    found = []
    for name, majors in VERSIONS.items():
        for major, minors in majors.items():
            for minor in minors:
                whole = f"{major}.{minor}"
                if engine in (None, name) and version in (None, major, whole):
                    found.append(_describe(name, whole))
    return [each for each in found if family_name in (None, each["DBParameterGroupFamily"])]


def _describe(engine: str, version: str) -> dict[str, Any]:
    return {
        "Engine": engine,
        "EngineVersion": version,
        "MajorEngineVersion": _major(version),
        "DBParameterGroupFamily": family(engine, version),
        "DBEngineDescription": {"postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}[engine],
        "DBEngineVersionDescription": f"{engine} {version}",
        "ValidUpgradeTarget": [_target(engine, version, whole) for whole in _later(engine, version)],
        "ExportableLogTypes": list(LOGS[engine]),
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": True,
        "SupportedFeatureNames": [],
        "Status": "available",
    }


def _target(engine: str, version: str, later: str) -> dict[str, Any]:
    major = _major(later) != _major(version)
    return {"Engine": engine, "EngineVersion": later, "AutoUpgrade": False, "IsMajorVersionUpgrade": major}


def _later(engine: str, version: str) -> list[str]:
    every = [f"{major}.{minor}" for major, minors in VERSIONS[engine].items() for minor in minors]
    return [each for each in every if _key(each) > _key(version)]


def _major(version: str) -> str:
    """PostgreSQL counts its major versions by one number, the others by two."""
    numbers = version.split(".")
    return ".".join(numbers[:-1]) if len(numbers) > 1 else version


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
