"""Requests about launch templates that moto lacks, or answers otherwise than EC2 does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response as MotoEC2Response

from rehearsal.cloud.ec2 import errors, references

#: DescribeLaunchTemplateVersions and DeleteLaunchTemplateVersions: versions a call.
MOST_VERSIONS = 200
_EVERYTHING = 1_000_000


class Versions(list[Any]):
    """A template's versions, of which some were deleted: their numbers are never used again."""

    def __init__(self, versions: Sequence[Any]) -> None:
        super().__init__(versions)
        self.deleted: set[int] = set()

    def __iter__(self) -> Iterator[Any]:
        return (version for version in super().__iter__() if version.number not in self.deleted)

    def __getitem__(self, which: Any) -> Any:
        """Raises IndexError for a deleted one, as for one that never was; -1 is the latest that is there."""
        if isinstance(which, slice):
            return [each for each in super().__getitem__(which) if each.number not in self.deleted]
        if which < 0:
            return list(self)[which]
        found = super().__getitem__(which)
        if found.number in self.deleted:
            raise IndexError(which)
        return found


class TemplateRequests(MotoEC2Response):
    def create_launch_template(self) -> Any:
        """moto puts the template's own tags into its first version, which then differs from the next."""
        answer = super().create_launch_template()
        template = self.ec2_backend.get_launch_template_by_name(self._get_param("LaunchTemplateName"))
        template.versions = Versions(template.versions)
        data = template.versions[0].data
        kinds = [one for one in data.get("TagSpecifications", []) if one["ResourceType"] != "launch-template"]
        if "TagSpecifications" in data:
            data["TagSpecifications"] = kinds
        if not kinds:
            data.pop("TagSpecifications", None)
        return answer

    def describe_launch_template_versions(self) -> Any:
        """In pages; moto leaves out what does not fit the first one."""
        size = self._get_int_param("MaxResults", MOST_VERSIONS)
        if not 1 <= size <= MOST_VERSIONS:
            raise errors.InvalidValue(f"MaxResults {size} is not a number from 1 to {MOST_VERSIONS}")
        self.params["MaxResults"] = _EVERYTHING
        answer: Any = super().describe_launch_template_versions()
        found = answer.result["LaunchTemplateVersions"]
        page, token = references.page(found, self._get_param("NextToken"), size)
        return ActionResult({"LaunchTemplateVersions": page, "NextToken": token})

    def delete_launch_template_versions(self) -> Any:
        """Each by itself: one that is not there, and the default one, stop none of the others."""
        self.error_on_dryrun()
        name, template_id = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
        numbers = self._get_param("Versions", [])
        if len(numbers) > MOST_VERSIONS:
            raise errors.InvalidValue(f"{len(numbers)} versions are more than {MOST_VERSIONS}")
        backend = self.ec2_backend
        template = (
            backend.get_launch_template(template_id)
            if template_id
            else backend.get_launch_template_by_name(name)
        )
        there = {version.number for version in template.versions}
        deleted, kept = [], []
        for number in map(int, numbers):
            one = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
            one |= {"VersionNumber": number}
            why = _undeletable(template, number, there)
            if why is None:
                template.versions.deleted.add(number)
                deleted.append(one)
            else:
                kept.append(one | {"ResponseError": why})
        return ActionResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": deleted,
                "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
            }
        )


def _undeletable(template: Any, number: int, there: set[int]) -> dict[str, str] | None:
    if number not in there:
        return {"Code": "launchTemplateVersionDoesNotExist", "Message": f"There is no version {number}."}
    if number == template.default_version_number:
        return {"Code": "unexpectedError", "Message": "You cannot delete the default version."}
    return None
