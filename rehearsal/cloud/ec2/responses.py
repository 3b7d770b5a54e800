"""Overrides of moto's EC2: images from outside, and group instances that were terminated by hand."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from rehearsal.cloud import images
from rehearsal.cloud.ec2 import sharing
from rehearsal.cloud.ec2.image_requests import ImageRequests
from rehearsal.cloud.world import ACCOUNT, World


class EC2Response(ImageRequests):
    def setup_class(self, *args: Any, **kwargs: Any) -> None:
        super().setup_class(*args, **kwargs)
        images.appear(World.current, ec2_backends[ACCOUNT][self.region])
        sharing.refresh(self.ec2_backend)

    def create_launch_template(self) -> Any:
        """moto puts the template's own tags into its first version, which then differs from the next."""
        answer = super().create_launch_template()
        template = self.ec2_backend.get_launch_template_by_name(self._get_param("LaunchTemplateName"))
        data = template.versions[0].data
        kinds = [one for one in data.get("TagSpecifications", []) if one["ResourceType"] != "launch-template"]
        if "TagSpecifications" in data:
            data["TagSpecifications"] = kinds
        if not kinds:
            data.pop("TagSpecifications", None)
        return answer

    def terminate_instances(self) -> Any:
        """moto tells its own Auto Scaling backend; tell ours, whose group launches another one."""
        from rehearsal.cloud.autoscaling.models import autoscaling_backends

        answer = super().terminate_instances()
        autoscaling_backends[self.current_account][self.region].notice_terminated(
            self._get_param("InstanceIds", [])
        )
        return answer
