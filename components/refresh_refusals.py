"""What AWS would refuse, or could not take back, found out before a refresh starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import refresh_view as view
from .refresh_errors import RolloutError
from .refresh_reading import Reader
from .refresh_view import Target


def refuse_what_aws_cannot_do(
    group: Mapping[str, Any], target: Target, rolls_back: bool, read: Reader
) -> None:
    """Raises RolloutError for a group that could not be rolled back, and for a change that no new root volume
    brings. What belongs to another template is AWS's to judge.
    """
    before = view.specification(group)
    version = str(before.get("Version", "$Default"))
    in_place = target.strategy == "ReplaceRootVolume"
    if before.get("LaunchTemplateId") != target.template_id or not (rolls_back or in_place):
        return
    data = read.templates({version, target.version}) if version.isdigit() else {}
    why = not_to_be_rolled_back_to(group, data.get(version, {}).get("ImageId", ""))
    if rolls_back and why:
        raise RolloutError(
            f"group {target.group_name} has {why}: AWS could not roll back to it; give the group a version "
            "by its number whose image is an AMI ID, or roll out without auto_rollback"
        )
    changed = view.differences(data.get(version, {}), data.get(target.version, {}))
    changed = [key for key in changed if key != "ImageId"]
    if in_place and changed:
        raise RolloutError(
            f"launch template version {target.version} of {target.group_name} changes {', '.join(changed)} "
            f"of version {version}: ReplaceRootVolume brings a new image alone; use strategy Rolling"
        )


def not_to_be_rolled_back_to(group: Mapping[str, Any], image_id: str) -> str:
    """Why AWS cannot bring back what the group has now; empty when it can. `image_id` is that of its
    template.

    Source: "Undo changes with a manual or auto rollback" in the EC2 Auto Scaling documentation.
    """
    template = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate", {})
    others = [
        view.specification({"LaunchTemplate": one.get("LaunchTemplateSpecification")})
        for one in template.get("Overrides") or []
    ]
    versions = [str(one.get("Version", "$Default")) for one in (view.specification(group), *others) if one]
    for version in versions:
        if version.startswith("$"):
            return f"launch template version {version}, which is another one by now"
    if image_id.startswith("resolve:"):
        return f"the image {image_id}, which may be another one by now"
    return ""
