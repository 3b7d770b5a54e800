"""Overrides of moto's Elastic Load Balancing v2.

Target health is what the emulated fleet says, a protected load balancer is not deleted, and a listener takes
no certificate before it is issued.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import ELBClientError, TargetGroupNotFoundError
from moto.elbv2.responses import ELBV2Response as MotoELBV2Response

from rehearsal.cloud.autoscaling.servers import HEALTHY
from rehearsal.cloud.world import ACCOUNT


class OperationNotPermittedError(ELBClientError):
    def __init__(self, arn: str) -> None:
        super().__init__(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )


class UnsupportedCertificateError(ELBClientError):
    def __init__(self, arn: str) -> None:
        super().__init__(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a "
            "supported key size.",
        )


#: Of a node whose port no pod answers at: its server is well all the same.
_NO_POD = {
    "State": "unhealthy",
    "Reason": "Target.FailedHealthChecks",
    "Description": "Health checks failed",
}


def _on_node(region: str, server: Any, port: int) -> dict[str, str] | None:
    """What the checks of a node find otherwise than its server says; they are at once here."""
    from rehearsal.cloud.eks import node_ports

    silent = node_ports.answers(region, server, int(port)) is False
    return _NO_POD if silent and server.target == HEALTHY else None


class ELBV2Response(MotoELBV2Response):
    def create_listener(self) -> Any:
        self._refuse_unissued()
        return super().create_listener()

    def modify_listener(self) -> Any:
        self._refuse_unissued()
        return super().modify_listener()

    def _refuse_unissued(self) -> None:
        from moto.acm.models import acm_backends

        known = acm_backends[ACCOUNT][self.region]._certificates
        for each in self._get_param("Certificates", []):
            found = known.get(each["CertificateArn"])
            if found is not None and found.status != "ISSUED":
                raise UnsupportedCertificateError(found.arn)

    def delete_load_balancer(self) -> Any:
        arn = self._get_param("LoadBalancerArn")
        balancer = self.elbv2_backend.load_balancers.get(arn)
        if balancer is not None and balancer.attrs["deletion_protection.enabled"] == "true":
            raise OperationNotPermittedError(arn)
        return super().delete_load_balancer()

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
                state = _on_node(self.region, server, port) or server.target_health()
                described.append({"Target": about, "HealthCheckPort": str(port), "TargetHealth": state})
        return ActionResult({"TargetHealthDescriptions": described})
