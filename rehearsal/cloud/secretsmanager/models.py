"""Secrets Manager of one region: moto's backend with rotation, and stages that move as AWS moves them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import moto.secretsmanager
import moto.secretsmanager.models
from moto.core.base_backend import BackendDict
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import FakeSecret
from moto.secretsmanager.models import SecretsManagerBackend as MotoBackend

from rehearsal.cloud.lambda_.exceptions import ResourceNotFound
from rehearsal.cloud.lambda_.functions import Function, lambda_backends
from rehearsal.cloud.secretsmanager import rotation
from rehearsal.cloud.secretsmanager.exceptions import AccessDenied
from rehearsal.cloud.secretsmanager.rotation import Plan
from rehearsal.cloud.world import World

SERVICE = "secretsmanager.amazonaws.com"
CANNOT_INVOKE = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
    "access to the principal secretsmanager.amazonaws.com."
)


class SecretsManagerBackend(MotoBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        #: By the secret's ARN.
        self.plans: dict[str, Plan] = {}

    def rotate_secret(
        self,
        secret_id: str,
        client_request_token: str | None = None,
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,
    ) -> str:
        """Begin a rotation, or only test it; answered before the function is called."""
        secret = self.describe_secret(secret_id)
        if secret.is_deleted():
            raise InvalidRequestException(
                "You can't perform this operation on the secret because it was marked for deletion."
            )
        before = self.plans.get(secret.arn)
        arn = rotation_lambda_arn or (before.function_arn if before else "")
        if not arn:
            raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
        function = self._function(arn, secret)
        plan = before or Plan(secret, arn, {})
        if plan.running and rotate_immediately:
            raise InvalidRequestException(
                "A previous rotation isn't complete. That rotation will be reattempted."
            )
        plan.function_arn, plan.rules = arn, rotation_rules or plan.rules
        self.plans[secret.arn] = plan
        self._note(secret, plan)
        if not plan.running:
            token = _pending(secret) or client_request_token or str(uuid4())
            rotation.begin(plan, function, token, rotation.STEPS if rotate_immediately else ("testSecret",))
        self._wait(plan)
        answer: str = secret.to_short_dict(include_version_id=False)
        return answer

    def _note(self, secret: Any, plan: Plan) -> None:
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_lambda_arn = plan.function_arn
        secret.auto_rotate_after_days = int(plan.rules.get("AutomaticallyAfterDays") or 0)

    def _function(self, arn: str, secret: Any) -> Function:
        """Raises AccessDeniedException unless there is one that Secrets Manager may call for this secret."""
        try:
            found: Function = lambda_backends[self.account_id][arn.split(":")[3]].function(arn)
        except (ResourceNotFound, IndexError):
            raise AccessDenied(CANNOT_INVOKE) from None
        if not found.lets(SERVICE, secret.arn):
            raise AccessDenied(CANNOT_INVOKE)
        return found

    def _wait(self, plan: Plan) -> None:
        """Put the next rotation on the timeline."""
        seconds = rotation.wait_seconds(plan.rules)
        mark = plan.mark = object()
        if seconds is None:
            return
        world = World.current
        due = world.clock.date(world.timeline.now + seconds)
        plan.secret.next_rotation_date = int(due.timestamp())

        def rotate() -> None:
            arn = plan.secret.arn
            there = arn in self.secrets and not plan.secret.is_deleted()
            if there and self.plans.get(arn) is plan and plan.mark is mark:
                self._again(plan)

        world.timeline.after(seconds, rotate)

    def _again(self, plan: Plan) -> None:
        try:
            function = self._function(plan.function_arn, plan.secret)
        except AccessDenied:
            function = None
        if function is not None and not plan.running:
            rotation.begin(plan, function, _pending(plan.secret) or str(uuid4()))
        self._wait(plan)

    def cancel_rotate_secret(self, secret_id: str) -> str:
        secret = self.describe_secret(secret_id)
        self.plans.pop(secret.arn, None)
        secret.rotation_enabled, secret.next_rotation_date = False, None
        answer: str = secret.to_short_dict(include_version_id=False)
        return answer

    def update_secret_version_stage(
        self, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> tuple[str, str]:
        """The first version to become current takes the stage from none."""
        secret = self.describe_secret(secret_id)
        first = version_stage == "AWSCURRENT" and not any(
            version_stage in each["version_stages"] for each in secret.versions.values()
        )
        if first and not remove_from_version_id and move_to_version_id in secret.versions:
            secret.versions[move_to_version_id]["version_stages"].append(version_stage)
            moved = secret.arn, secret.name
        else:
            moved = super().update_secret_version_stage(
                secret_id, version_stage, remove_from_version_id, move_to_version_id
            )
        if version_stage == "AWSCURRENT" and move_to_version_id and isinstance(secret, FakeSecret):
            secret.set_default_version_id(move_to_version_id)
        return moved


def _pending(secret: Any) -> str | None:
    """A version that an earlier rotation left pending: it is taken up again."""
    for version_id, version in secret.versions.items():
        stages = version["version_stages"]
        if "AWSPENDING" in stages and "AWSCURRENT" not in stages:
            return str(version_id)
    return None


secretsmanager_backends = BackendDict(SecretsManagerBackend, "secretsmanager")
# RDS keeps its passwords in the same secrets.
for module in (moto.secretsmanager, moto.secretsmanager.models):
    vars(module)["secretsmanager_backends"] = secretsmanager_backends
