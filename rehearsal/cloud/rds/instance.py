"""A database instance: moto's with an identity of its own, a password that nobody chose, and a status."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.rds.models import DBInstance as MotoInstance
from moto.rds.models import MasterUserSecret as MotoSecret

from rehearsal.cloud.rds import versions
from rehearsal.cloud.world import World

#: How long a status lasts, in emulated seconds; on AWS it is minutes, and depends on size and engine.
SECONDS = {
    "creating": 300.0,
    "modifying": 60.0,
    "upgrading": 600.0,
    "rebooting": 30.0,
    "stopping": 120.0,
    "starting": 180.0,
    "deleting": 60.0,
}
#: "Managing the master user password": RDS rotates it every seven days.
ROTATION_DAYS = 7
_LETTERS = string.ascii_lowercase + string.digits
# Settings that moto's instance drops: the request's name, and the name in the answer where it differs.
_KEPT = {
    "enable_performance_insights": "performance_insights_enabled",
    "performance_insights_kms_key_id": "",
    "performance_insights_retention_period": "",
    "database_insights_mode": "",
    "network_type": "",
    "dedicated_log_volume": "",
    "engine_lifecycle_support": "",
}
_UNSAID = {
    "network_type": "IPV4",
    "database_insights_mode": "standard",
    "engine_lifecycle_support": "open-source-rds-extended-support",
    "performance_insights_enabled": False,
}
#: The certificate authority of new instances.
CA = "rds-ca-rsa2048-g1"
#: Performance Insights keeps this many days unless told otherwise.
INSIGHTS_DAYS = 7


class MasterUserSecret(MotoSecret):
    """Every instance has its own password, and it changes when RDS rotates it."""

    def _generate_secret_string(self) -> str:
        password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(28))
        return json.dumps({"username": self.resource.master_username, "password": password})

    @property
    def kms_key_id(self) -> str:
        """A key of AWS's has no ARN that moto knows before it is first used."""
        key = str(self.secret.kms_key_id)
        where = f"arn:aws:kms:{self.resource.region}:{self.resource.account_id}"
        return f"{where}:{key}" if key.startswith("alias/aws/") else super().kms_key_id

    @property
    def secret_status(self) -> str:
        return "active"

    def rotate_secret(self) -> None:
        self.secretsmanager.put_secret_value(
            self.secret.secret_id, self._generate_secret_string(), None, None, ["AWSCURRENT"]
        )


class Instance(MotoInstance):
    performance_insights_enabled: bool
    performance_insights_kms_key_id: str | None
    performance_insights_retention_period: int | None

    def __init__(self, backend: Any, **settings: Any) -> None:
        managed = settings.pop("manage_master_user_password", None)
        super().__init__(backend, **({"ca_certificate_identifier": CA} | settings))
        self.dbi_resource_id = "db-" + "".join(secrets.choice(string.ascii_uppercase) for _ in range(26))
        if self.engine in versions.LICENSES:
            self.license_model = versions.LICENSES[self.engine]
        self.pending_modified_values: dict[str, Any] = {}
        self.storage_changed_at: float | None = None
        self.restart: object = None
        for name, answer in _KEPT.items():
            said = settings.get(name, settings.get(answer))
            setattr(self, answer or name, _UNSAID.get(answer or name) if said is None else said)
        self._settle_insights()
        self.manage_master_user_password = bool(managed)
        if managed:
            self.master_user_secret = self.manage_password(settings.get("master_user_secret_kms_key_id"))

    def manage_password(self, key: str | None) -> MasterUserSecret:
        """A new secret that RDS rotates from now on."""
        secret = MasterUserSecret(self, key)

        def rotate() -> None:
            there = self.backend.databases.get(self.db_instance_identifier) is self
            if there and vars(self).get("master_user_secret") is secret:
                secret.rotate_secret()
                World.current.timeline.after(ROTATION_DAYS * 86400.0, rotate)

        World.current.timeline.after(ROTATION_DAYS * 86400.0, rotate)
        return secret

    def update(
        self,
        manage_master_user_password: bool | None = None,
        master_user_secret_kms_key_id: str | None = None,
        rotate_master_user_password: bool | None = None,
        **settings: Any,
    ) -> None:
        if manage_master_user_password and not self.manage_master_user_password:
            self.master_user_secret = self.manage_password(master_user_secret_kms_key_id)
            self.manage_master_user_password = True
        change = {"manage_master_user_password": False} if manage_master_user_password is False else {}
        for name, answer in _KEPT.items():
            if answer and settings.get(name) is not None:
                settings[answer] = settings.pop(name)
        if settings.get("db_port_number"):
            settings["port"] = settings.pop("db_port_number")
        super().update(**change, rotate_master_user_password=rotate_master_user_password, **settings)
        self._settle_insights()

    def _settle_insights(self) -> None:
        """What Performance Insights has without being told: its days and a key of AWS's."""
        if not self.performance_insights_enabled:
            self.performance_insights_kms_key_id = self.performance_insights_retention_period = None
            return
        own = f"arn:aws:kms:{self.region}:{self.account_id}:alias/aws/rds"
        self.performance_insights_kms_key_id = self.performance_insights_kms_key_id or own
        days = self.performance_insights_retention_period
        self.performance_insights_retention_period = days or INSIGHTS_DAYS

    def enter(self, status: str, then: Callable[[], None] | None = None, after: str = "available") -> None:
        """Be in `status` for its time, and then in `after`, unless something else came between."""
        self.status = status
        mark = self.restart = object()

        def over() -> None:
            if self.restart is mark:
                self.status = after
                if then is not None:
                    then()

        World.current.timeline.after(SECONDS[status], over)

    @property
    def address(self) -> str:
        return f"{self.db_instance_identifier}.{self._zone_label()}.{self.region}.rds.amazonaws.com"

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """There is none before the instance was available once."""
        if self.status == "creating":
            return None
        zone = "Z" + self._zone_label().upper()
        return {"Address": self.address, "Port": self.port, "HostedZoneId": zone}

    def _zone_label(self) -> str:
        """The same for all instances of an account in a region, as on AWS."""
        number = int.from_bytes(f"{self.account_id}{self.region}".encode(), "big")
        return "c" + "".join(_LETTERS[number // 36**place % 36] for place in range(11))

    @property
    def latest_restorable_time(self) -> Any:
        """Five minutes ago; not before there is a first backup, and never without backups."""
        return utcnow() - timedelta(minutes=5) if self.backup_retention_period else None
