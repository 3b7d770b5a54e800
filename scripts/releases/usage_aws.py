"""Images that groups and servers of one region use: all that are there, not this project's alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.releases.aws import Account, errors
from scripts.releases.outsiders import STATES
from scripts.releases.refreshes import RUNNING
from scripts.releases.user import REFRESH, SERVER, TEMPLATE, User

Users = dict[str, list[User]]


@dataclass
class Group:
    """A group, the launch template specifications that it launches from, those of a running refresh and those
    of its servers; `images` are named beside them.
    """

    name: str
    project: str
    environment: str
    specifications: list[Mapping[str, Any]] = field(default_factory=list)
    refreshing: list[Mapping[str, Any]] = field(default_factory=list)
    servers: list[Mapping[str, Any]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)

    @property
    def everything(self) -> list[Mapping[str, Any]]:
        return [*self.specifications, *self.refreshing, *self.servers]

    @property
    def templates(self) -> list[str]:
        """The IDs of its launch templates, each once."""
        return list(dict.fromkeys(template_of(each) for each in self.everything))


@dataclass(frozen=True)
class Version:
    """A version of a launch template; `image` is "" where it has none."""

    number: int
    image: str
    default: bool


def used(account: Account) -> Users:
    """Every image that a version of a live group's launch template, a refresh or a server has.

    Raises:
        AwsError: AWS refused, or a template of a group is gone.
    """
    found: Users = {}
    templates: dict[str, Group] = {}
    for group in groups(account):
        for image_id in group.images:
            found.setdefault(image_id, []).append(_user(REFRESH, group.name, group, account))
        for template in group.templates:
            templates.setdefault(template, group)
    for template, group in templates.items():
        for version in versions(account, template):
            user = _user(TEMPLATE, f"{group.name} version {version.number}", group, account)
            found.setdefault(version.image, []).append(user)
    for image_id, user in _servers(account):
        found.setdefault(image_id, []).append(user)
    return found


def groups(account: Account) -> list[Group]:
    """Every group of the region. Raises AwsError when AWS refuses."""
    with errors():
        return [_group(account, each) for each in _described(account)]


def groups_of(account: Account, project: str, environment: str) -> list[str]:
    """The names of the groups with an environment's tags. Raises AwsError when AWS refuses."""
    filters = [
        {"Name": "tag:project", "Values": [project]},
        {"Name": "tag:environment", "Values": [environment]},
    ]
    with errors():
        return [str(each["AutoScalingGroupName"]) for each in _described(account, Filters=filters)]


def _described(account: Account, **which: Any) -> Iterator[Mapping[str, Any]]:
    for page in account.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(**which):
        yield from page["AutoScalingGroups"]


def _user(kind: str, name: str, group: Group, account: Account) -> User:
    return User(kind, name, group.environment, account.region)


def _group(account: Account, settings: Mapping[str, Any]) -> Group:
    tags = {tag["Key"]: tag.get("Value", "") for tag in settings.get("Tags", [])}
    made = Group(str(settings["AutoScalingGroupName"]), tags.get("project", ""), tags.get("environment", ""))
    made.servers = [
        each["LaunchTemplate"] for each in settings.get("Instances", []) if each.get("LaunchTemplate")
    ]
    made.specifications, made.images = _launched(settings)
    name = settings.get("LaunchConfigurationName")
    if name:
        answer = account.autoscaling.describe_launch_configurations(LaunchConfigurationNames=[name])
        made.images += [str(each["ImageId"]) for each in answer["LaunchConfigurations"]]
    latest = account.autoscaling.describe_instance_refreshes(AutoScalingGroupName=made.name, MaxRecords=1)
    for refresh in latest["InstanceRefreshes"]:
        if refresh["Status"] in RUNNING:
            made.refreshing, images = _launched(refresh.get("DesiredConfiguration") or {})
            made.images += images
    return made


def _launched(configuration: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Every launch template specification of a group or a refresh, and the images named beside them."""
    template = (configuration.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    overrides = template.get("Overrides") or []
    named = [configuration.get("LaunchTemplate"), template.get("LaunchTemplateSpecification")]
    named += [each.get("LaunchTemplateSpecification") for each in overrides]
    return [each for each in named if each], [each["ImageId"] for each in overrides if each.get("ImageId")]


def template_of(specification: Mapping[str, Any]) -> str:
    """The ID of a specification's launch template, or its name where there is no ID."""
    return str(specification.get("LaunchTemplateId") or specification.get("LaunchTemplateName"))


def versions(account: Account, template: str) -> Iterator[Version]:
    """Every version of a template, which AWS knows by its ID or by its name. Raises AwsError."""
    which: Any = {"LaunchTemplateId" if template.startswith("lt-") else "LaunchTemplateName": template}
    with errors():
        pages = account.ec2.get_paginator("describe_launch_template_versions").paginate(**which)
        for page in pages:
            for each in page["LaunchTemplateVersions"]:
                image_id = str((each.get("LaunchTemplateData") or {}).get("ImageId") or "")
                yield Version(int(each["VersionNumber"]), image_id, bool(each.get("DefaultVersion")))


def _servers(account: Account) -> Iterator[tuple[str, User]]:
    """Stopped ones too: what can be started again shall be replaceable by what it was."""
    alive: Any = [{"Name": "instance-state-name", "Values": STATES}]
    with errors():
        for page in account.ec2.get_paginator("describe_instances").paginate(Filters=alive):
            for reservation in page["Reservations"]:
                for each in reservation["Instances"]:
                    tags = {tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", [])}
                    user = User(SERVER, each["InstanceId"], tags.get("environment", ""), account.region)
                    yield str(each.get("ImageId") or ""), user
