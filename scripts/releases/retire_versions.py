"""Old versions of launch templates, each of which keeps its image: Pulumi makes a new one with every release
and deletes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases import usage_aws
from scripts.releases.aws import Account, errors
from scripts.releases.errors import ReleaseError
from scripts.releases.usage_aws import Group, Version

#: What DeleteLaunchTemplateVersions takes.
VERSIONS_A_CALL = 200


@dataclass(frozen=True)
class Old:
    """Versions of one template that nothing launches or goes back to; `group` is one of those that use it."""

    group: str
    template: str
    versions: tuple[int, ...]

    @property
    def text(self) -> str:
        numbers = ", ".join(map(str, self.versions))
        return f"launch template {self.template} of {self.group}: versions {numbers}"


def find(account: Account, project: str, keep: int) -> list[Old]:
    """Of the templates of this project's groups: all but the newest `keep` versions, the default one, and
    those that any group, refresh or server of a group has. A template that is known by its name alone is left
    alone.

    Raises:
        AwsError: AWS refused.
    """
    groups = usage_aws.groups(account)
    found = []
    for template in dict.fromkeys(
        one
        for group in groups
        if group.project == project
        for one in group.templates
        if one.startswith("lt-")
    ):
        versions = sorted(usage_aws.versions(account, template), key=lambda version: version.number)
        used = {number for group in groups for number in _used(group, template, versions)}
        spare = versions[: max(0, len(versions) - keep)]
        old = tuple(each.number for each in spare if not each.default and each.number not in used)
        if old:
            user = next(group.name for group in groups if template in group.templates)
            found.append(Old(user, template, old))
    return found


def delete(account: Account, old: Old) -> None:
    """Raises AwsError when AWS refuses, ReleaseError for versions that stayed."""
    for start in range(0, len(old.versions), VERSIONS_A_CALL):
        some = [str(number) for number in old.versions[start : start + VERSIONS_A_CALL]]
        with errors():
            answer = account.ec2.delete_launch_template_versions(LaunchTemplateId=old.template, Versions=some)
        stayed: list[Any] = list(answer.get("UnsuccessfullyDeletedLaunchTemplateVersions") or ())
        if stayed:
            why = (stayed[0].get("ResponseError") or {}).get("Message") or "no reason given"
            raise ReleaseError(f"version {stayed[0].get('VersionNumber')} of {old.template} stays: {why}")


def _used(group: Group, template: str, versions: Iterable[Version]) -> Iterable[int]:
    """The versions of a template that a group, its refresh, or a server of it has. What says no ID may mean
    any template.
    """
    known = list(versions)
    for specification in group.everything:
        if specification.get("LaunchTemplateId") in (None, template):
            yield from _number(specification, known)


def _number(specification: Mapping[str, Any], versions: list[Version]) -> Iterable[int]:
    """`$Default` is what is left out. `$Latest` is the newest one, which is never spare."""
    said = str(specification.get("Version") or "$Default")
    if said == "$Default":
        return [each.number for each in versions if each.default]
    return [int(said)] if said.isdecimal() else []
