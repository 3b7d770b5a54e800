"""Overrides of moto's Elastic Load Balancing v2: target health is what the emulated fleet says."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.responses import ELBV2Response as MotoELBV2Response

from rehearsal.cloud.world import ACCOUNT


class ELBV2Response(MotoELBV2Response):
    def describe_target_health(self) -> Any:
        from rehearsal.cloud.autoscaling.models import autoscaling_backends

        arn, targets = self._get_param("TargetGroupArn"), self._get_param("Targets", [])
        groups = autoscaling_backends[ACCOUNT][self.region]
        described = []
        for health in self.elbv2_backend.describe_target_health(arn, targets):
            server = groups.server(health.instance_id)
            state = server.target_health() if server and health.status != "unused" else health.target_health
            described.append(
                {"Target": health.target, "HealthCheckPort": str(health.port), "TargetHealth": state}
            )
        return ActionResult({"TargetHealthDescriptions": described})
