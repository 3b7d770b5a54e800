"""RDS of one region: moto's backend with what the modules beside this one make of it."""

from __future__ import annotations

import moto.rds
import moto.rds.models
from moto.core.base_backend import BackendDict

from rehearsal.cloud.rds.blue_green import BlueGreen
from rehearsal.cloud.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends


class RdsBackend(BlueGreen):
    @property
    def secretsmanager(self) -> SecretsManagerBackend:
        """Where the passwords are that RDS manages."""
        backend: SecretsManagerBackend = secretsmanager_backends[self.account_id][self.region_name]
        return backend


rds_backends = BackendDict(RdsBackend, "rds")
# moto's instances and snapshots look up groups and each other by these names.
for module in (moto.rds, moto.rds.models):
    vars(module)["rds_backends"] = rds_backends
