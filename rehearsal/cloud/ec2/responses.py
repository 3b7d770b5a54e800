"""Overrides of moto's EC2: images from outside, and group instances that were terminated by hand."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from rehearsal.cloud import images
from rehearsal.cloud.ec2 import sharing
from rehearsal.cloud.ec2.flow_log_requests import FlowLogRequests
from rehearsal.cloud.ec2.image_requests import ImageRequests
from rehearsal.cloud.ec2.template_requests import TemplateRequests
from rehearsal.cloud.world import ACCOUNT, World


class EC2Response(ImageRequests, TemplateRequests, FlowLogRequests):
    def setup_class(self, *args: Any, **kwargs: Any) -> None:
        super().setup_class(*args, **kwargs)
        images.appear(World.current, ec2_backends[ACCOUNT][self.region])
        sharing.refresh(self.ec2_backend)

    def terminate_instances(self) -> Any:
        """moto tells its own Auto Scaling backend; tell ours, whose group launches another one."""
        from rehearsal.cloud.autoscaling.models import autoscaling_backends

        answer = super().terminate_instances()
        autoscaling_backends[self.current_account][self.region].notice_terminated(
            self._get_param("InstanceIds", [])
        )
        return answer

    def delete_vpc_endpoints(self) -> Any:
        """A route table that is gone has no route to an endpoint any more: to moto it is in the way."""
        for endpoint in self._get_param("VpcEndpointIds", []):
            found = self.ec2_backend.vpc_end_points.get(endpoint)
            if found is not None:
                tables = self.ec2_backend.route_tables
                found.route_table_ids = [each for each in found.route_table_ids if each in tables]
        return super().delete_vpc_endpoints()
