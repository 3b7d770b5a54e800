"""Requests about images that moto lacks, or answers otherwise than EC2 does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.responses import EC2Response as MotoEC2Response

from rehearsal.cloud.ec2 import amis, copies, errors, references, usage_reports
from rehearsal.cloud.ec2.amis import Ami
from rehearsal.cloud.images import Image

DONE = {"Return": True}


class ImageRequests(MotoEC2Response):
    def describe_images(self) -> Any:
        """Deprecated ones of other accounts are left out, and disabled ones, unless they are asked for; an
        ID that names none is refused.
        """
        self.error_on_dryrun()
        ids = self._get_param("ImageIds", [])
        missing = [each for each in ids if each.startswith("ami-") and not self._known(each)]
        if missing:
            raise errors.ImageNotFound(*missing)
        found = self.ec2_backend.describe_images(
            ami_ids=ids,
            filters=self._filters_from_querystring() if not ids else None,
            exec_users=self._get_param("ExecutableUsers", []),
            owners=self._get_param("Owners", []),
        )
        if ids:
            # moto leaves the filters out when there are IDs; EC2 does not.
            found = references.filtered(self._filters_from_querystring(), found)
        return ActionResult({"Images": [image for image in found if self._shown(image)]})

    def _known(self, image_id: str) -> bool:
        return image_id in self.ec2_backend.amis or image_id in self.ec2_backend.deleted_amis

    def _shown(self, image: Ami) -> bool:
        mine = image.owner_id == self.current_account
        if image.state == amis.DISABLED and not (mine and self._get_bool_param("IncludeDisabled", False)):
            return False
        return mine or not image.deprecated or bool(self._get_bool_param("IncludeDeprecated", False))

    def run_instances(self) -> Any:
        template = self._get_param("LaunchTemplate", {})
        image_id = self._get_param("ImageId")
        if not image_id and template:
            image_id = self.ec2_backend._get_template_from_args(template).image_id
        if not image_id:
            raise errors.Missing("ImageId")
        amis.launchable(self.ec2_backend, image_id)
        return super().run_instances()

    def create_image(self) -> Any:
        self.error_on_dryrun()
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        tags = copies.tags_for("image", self._get_param("TagSpecifications", []))
        image = Image(
            amis.new_id(),
            self._get_param("Name"),
            tags,
            instance.architecture,
            description=self._get_param("Description", ""),
        )
        made = amis.register(self.ec2_backend, image, instance=instance)
        return ActionResult({"ImageId": made.id})

    def register_image(self) -> Any:
        self.error_on_dryrun()
        architecture = self._get_param("Architecture", "x86_64")
        tags = copies.tags_for("image", self._get_param("TagSpecifications", []))
        image = Image(amis.new_id(), self._get_param("Name"), tags, architecture)
        made = amis.register(self.ec2_backend, image)
        for device in self._get_param("BlockDeviceMappings", []):
            snapshot_id = device.get("Ebs", {}).get("SnapshotId")
            if snapshot_id:
                self.ec2_backend.snapshots.pop(made.ebs_snapshot.id)
                made.ebs_snapshot = self.ec2_backend.describe_snapshots([snapshot_id])[0]
                made.volume_size_gib = made.ebs_snapshot.volume.size
        return ActionResult({"ImageId": made.id})

    def copy_image(self) -> Any:
        self.error_on_dryrun()
        made = copies.copy(
            self.ec2_backend,
            source_image_id=self._get_param("SourceImageId"),
            source_region=self._get_param("SourceRegion"),
            name=self._get_param("Name"),
            description=self._get_param("Description", ""),
            encrypted=self._get_bool_param("Encrypted", False) or False,
            kms_key_id=self._get_param("KmsKeyId"),
            copy_tags=self._get_bool_param("CopyImageTags", False) or False,
            tags=self._get_param("TagSpecifications", []),
        )
        return ActionResult({"ImageId": made.id})

    def modify_image_attribute(self) -> Any:
        image = self._own()
        if image.state == amis.DISABLED:
            raise errors.ImageUnavailable(image.id, image.state)
        return super().modify_image_attribute()

    def describe_image_attribute(self) -> Any:
        amis.own(self.ec2_backend, self._get_param("ImageId"))
        return super().describe_image_attribute()

    def enable_image_deprecation(self) -> Any:
        at = self._get_param("DeprecateAt")
        if at is None:
            raise errors.Missing("DeprecateAt")
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at).replace("Z", "+00:00"))
        self._own().deprecate(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        return ActionResult(DONE)

    def disable_image_deprecation(self) -> Any:
        self._own().deprecate_at = None
        return ActionResult(DONE)

    def disable_image(self) -> Any:
        self._own().disable()
        return ActionResult(DONE)

    def enable_image(self) -> Any:
        self._own().enable()
        return ActionResult(DONE)

    def enable_image_deregistration_protection(self) -> Any:
        self._own().protect(bool(self._get_bool_param("WithCooldown", False)))
        return ActionResult({"Return": "true"})

    def disable_image_deregistration_protection(self) -> Any:
        self._own().unprotect()
        return ActionResult({"Return": "true"})

    def deregister_image(self) -> Any:
        self.error_on_dryrun()
        delete = bool(self._get_bool_param("DeleteAssociatedSnapshots", False))
        results = amis.deregister(self.ec2_backend, self._get_param("ImageId"), delete)
        return ActionResult({**DONE, "DeleteSnapshotResults": results})

    def delete_snapshot(self) -> Any:
        image_id = amis.image_with(self.ec2_backend, self._get_param("SnapshotId"))
        if image_id is not None:
            raise errors.SnapshotInUse(self._get_param("SnapshotId"), image_id)
        return super().delete_snapshot()

    def describe_image_references(self) -> Any:
        self.error_on_dryrun()
        found = references.find(
            self.ec2_backend,
            self._get_param("ImageIds", []),
            references.kinds(
                self._get_param("ResourceTypes", []),
                bool(self._get_bool_param("IncludeAllResourceTypes", False)),
            ),
        )
        page, token = references.page(
            found, self._get_param("NextToken"), self._get_int_param("MaxResults", 1000)
        )
        return ActionResult({"ImageReferences": page, "NextToken": token})

    def create_image_usage_report(self) -> Any:
        report = usage_reports.create(
            self.ec2_backend,
            amis.own(self.ec2_backend, self._get_param("ImageId")),
            self._get_param("ResourceTypes", []),
            self._get_param("AccountIds", []),
            self._get_param("ClientToken"),
        )
        return ActionResult({"ReportId": report.id})

    def describe_image_usage_reports(self) -> Any:
        reports = usage_reports.find(
            self.ec2_backend, self._get_param("ReportIds", []), self._get_param("ImageIds", [])
        )
        described = [report.describe() for report in reports]
        page, token = references.page(
            described, self._get_param("NextToken"), self._get_int_param("MaxResults", 1000)
        )
        return ActionResult({"ImageUsageReports": page, "NextToken": token})

    def describe_image_usage_report_entries(self) -> Any:
        reports = usage_reports.find(
            self.ec2_backend, self._get_param("ReportIds", []), self._get_param("ImageIds", [])
        )
        entries = [entry for report in reports for entry in report.entries]
        page, token = references.page(
            entries, self._get_param("NextToken"), self._get_int_param("MaxResults", 1000)
        )
        return ActionResult({"ImageUsageReportEntries": page, "NextToken": token})

    def delete_image_usage_report(self) -> Any:
        usage_reports.delete(self.ec2_backend, self._get_param("ReportId"))
        return ActionResult(DONE)

    def reset_image_attribute(self) -> Any:
        """Launch permissions are all that can be reset: the image is its owner's alone again."""
        self._own().launch_permissions.clear()
        return EmptyResult()

    def _own(self) -> Ami:
        self.error_on_dryrun()
        image_id = self._get_param("ImageId")
        if not image_id:
            raise errors.Missing("ImageId")
        return amis.own(self.ec2_backend, image_id)
