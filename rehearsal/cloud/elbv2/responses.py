"""Overrides of moto's Elastic Load Balancing v2: target health is what the emulated fleet says."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.responses import ELBV2Response as MotoELBV2Response

from rehearsal.cloud.world import ACCOUNT


class ELBV2Response(MotoELBV2Response):
    def describe_target_health(self) -> Any:
        from rehearsal.cloud.autoscaling.models import autoscaling_backends

        arn, wanted = self._get_param("TargetGroupArn"), self._get_param("Targets", [])
        target_group = self.elbv2_backend.target_groups.get(arn)
        if target_group is None:
            raise TargetGroupNotFoundError
        groups = autoscaling_backends[ACCOUNT][self.region]
        described = []
        for target in wanted or list(target_group.targets.values()):
            server = groups.server(target["Id"]) if target["Id"] in target_group.targets else None
            if server is None:
                described.append(target_group.health_for(target, self.elbv2_backend.ec2_backend))
            else:
                port = target.get("Port", target_group.port)
                about = {"Id": server.id, "Port": port}
                state = server.target_health()
                described.append({"Target": about, "HealthCheckPort": str(port), "TargetHealth": state})
        return ActionResult({"TargetHealthDescriptions": described})
