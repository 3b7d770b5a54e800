"""Requests of Secrets Manager, answered by our own backend."""

from __future__ import annotations

import json
from typing import Any

from moto.secretsmanager.responses import SecretsManagerResponse as MotoSecretsManagerResponse

from rehearsal.cloud.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends


class SecretsManagerResponse(MotoSecretsManagerResponse):
    @property
    def backend(self) -> SecretsManagerBackend:
        backend: SecretsManagerBackend = secretsmanager_backends[self.current_account][self.region]
        return backend

    def describe_secret(self) -> Any:
        """With the whole rules, of which moto keeps the days alone."""
        said = json.loads(super().describe_secret())
        plan = self.backend.plans.get(said["ARN"])
        if plan is not None:
            said["RotationRules"] = plan.rules
        return json.dumps(said)
