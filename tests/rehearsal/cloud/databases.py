"""Databases of the emulated RDS, for tests."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.local import Local

DAY_SECONDS = 86_400
SETTINGS: dict[str, Any] = {
    "Engine": "postgres",
    "EngineVersion": "16.4",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "root",
    "BackupRetentionPeriod": 7,
}


class Databases:
    def __init__(self, cloud: Local) -> None:
        self.cloud, self.rds = cloud, cloud.client("rds")

    def make(self, name: str = "main", wait: bool = True, **more: Any) -> dict[str, Any]:
        settings = SETTINGS | more
        if "ManageMasterUserPassword" not in settings:
            settings["MasterUserPassword"] = "not-a-secret"
        made: dict[str, Any] = self.rds.create_db_instance(DBInstanceIdentifier=name, **settings)[
            "DBInstance"
        ]
        if wait:
            self.cloud.step(600)
        return made

    def found(self, name: str = "main") -> dict[str, Any]:
        instance: dict[str, Any] = self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        return instance

    def status(self, name: str = "main") -> str:
        return str(self.found(name)["DBInstanceStatus"])

    def modify(self, **changes: Any) -> None:
        self.rds.modify_db_instance(DBInstanceIdentifier="main", ApplyImmediately=True, **changes)

    def delete(self, **how: Any) -> None:
        self.rds.delete_db_instance(DBInstanceIdentifier="main", **({"SkipFinalSnapshot": True} | how))
