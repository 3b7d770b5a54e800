"""Which groups are an environment's: those with the tags that its stack puts on them.

Tags (`project`, `environment`, `service`) are there with the group itself, in the middle of the first `up`,
before any output of the stack says a word. Where there are outputs they are the second witness: a command
that changes something goes on only when both name the same groups, so that a tag that a hand changed, or
another copy of the project in the same account, never leads it to servers that are not the environment's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError
from scripts.releases.state import EnvironmentState

#: What DescribeAutoScalingGroups takes at once.
NAMES_A_CALL = 50


@dataclass(frozen=True)
class Group:
    """A service's group. `settings` is AWS's whole description of it."""

    name: str
    service: str
    settings: Mapping[str, Any]

    @property
    def desired(self) -> int:
        return int(self.settings["DesiredCapacity"])

    @property
    def version(self) -> str | None:
        """The template's version that the group launches, apart from a running refresh."""
        found = specification(self.settings).get("Version")
        return None if found is None else str(found)

    @property
    def template_id(self) -> str | None:
        found = specification(self.settings).get("LaunchTemplateId")
        return None if found is None else str(found)

    @property
    def target_group_arns(self) -> tuple[str, ...]:
        return tuple(self.settings.get("TargetGroupARNs") or ())

    @property
    def instance_types(self) -> tuple[str, ...]:
        """Those that the group may launch, the preferred one first."""
        policy = self.settings.get("MixedInstancesPolicy") or {}
        overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or []
        return tuple(one["InstanceType"] for one in overrides if one.get("InstanceType"))

    @property
    def suspended(self) -> frozenset[str]:
        """The processes that someone suspended."""
        return frozenset(each["ProcessName"] for each in self.settings.get("SuspendedProcesses") or ())


@dataclass(frozen=True)
class Doubt:
    """A group about which tags and outputs disagree, and what to make of it."""

    group: str
    service: str
    text: str


@dataclass(frozen=True)
class Groups:
    """An environment's groups, by service and name.

    Attributes:
        missing: groups that the outputs name and AWS does not have: the service of each, by name.
        doubts: where tags and outputs disagree, also about groups that are in `all`.
    """

    environment: str
    all: tuple[Group, ...]
    missing: Mapping[str, str]
    doubts: tuple[Doubt, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Group]:
        return {group.name: group for group in self.all}

    def certain(self) -> Groups:
        """The same, for a command that changes something.

        Raises:
            RefusedError: tags and outputs disagree about any of them.
        """
        if self.doubts:
            raise RefusedError(
                f"which groups are {self.environment}'s is not clear: {self.doubts[0].text}; wait for a "
                f"running `pulumi up`, or run one, and look at drift {self.environment}"
            )
        return self

    def of(self, service: str | None) -> Groups:
        """Those of one service, and the doubts about it; None: all.

        Raises:
            RefusedError: there is no such service.
        """
        known = sorted({group.service for group in self.all})
        if service is not None and service not in known:
            raise RefusedError(
                f"{self.environment} has no group of {service!r}; its services: {', '.join(known)}"
            )
        chosen = tuple(group for group in self.all if service in (None, group.service))
        doubts = tuple(doubt for doubt in self.doubts if service in (None, doubt.service))
        return Groups(self.environment, chosen, self.missing, doubts)


def find(account: Account, project: str, config: ConfigFile, state: EnvironmentState | None) -> Groups:
    """The environment's groups. `state` is what its stack's outputs say, None before there are any.

    Raises:
        RefusedError: there is none.
        AwsError: AWS refused.
    """
    found = survey(account, project, config, state)
    if not found.all:
        raise RefusedError(
            f"{config.environment} has no groups in {account.region}: no `pulumi up -s {config.environment}` "
            f"made them yet, or these are the credentials of another account"
        )
    return found


def survey(account: Account, project: str, config: ConfigFile, state: EnvironmentState | None) -> Groups:
    """As `find`, and no groups at all are an answer too."""
    tags = {"project": project, "environment": config.environment}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    tagged = [_group(each) for each in _described(account, Filters=filters)]
    tagged.sort(key=lambda group: (group.service, group.name))
    named = _named(state)
    untagged = described(account, set(named) - {group.name for group in tagged})
    doubts = [
        Doubt(
            name, named[name], f"the outputs name {name} as the group of {named[name]}, and it lacks the tags"
        )
        for name in sorted(untagged)
    ]
    services = set(named.values()) | set(config.services)
    doubts += [doubt for group in tagged for doubt in _doubt(config.environment, group, named, services)]
    missing = {
        name: service
        for name, service in named.items()
        if name not in untagged and all(group.name != name for group in tagged)
    }
    return Groups(config.environment, tuple(tagged), missing, tuple(doubts))


def _named(state: EnvironmentState | None) -> dict[str, str]:
    """The service of each group that the outputs name. An older stack may name none of a service."""
    services = state.services if state else {}
    return {str(service.group): name for name, service in services.items() if service.group is not None}


def _doubt(environment: str, group: Group, named: Mapping[str, str], services: set[str]) -> Iterator[Doubt]:
    """A tagged group of a new service is none: no output can name it before its first `up` is over."""
    others = sorted(name for name, service in named.items() if service == group.service)
    tagged = f"{group.name} has the tags of {group.service} of {environment}"
    if group.name in named and named[group.name] != group.service:
        yield Doubt(group.name, group.service, f"{tagged}, and the outputs name it for {named[group.name]}")
    elif others and group.name not in others:
        text = f"{tagged}, whose group is {', '.join(others)} by the outputs"
        yield Doubt(group.name, group.service, text)
    elif group.service not in services:
        yield Doubt(group.name, group.service, f"{tagged}, which has no such service")


def described(account: Account, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Auto Scaling's description of each group that is there, by name."""
    wanted, found = sorted(names), {}
    for start in range(0, len(wanted), NAMES_A_CALL):
        some = _described(account, AutoScalingGroupNames=wanted[start : start + NAMES_A_CALL])
        found.update({each["AutoScalingGroupName"]: each for each in some})
    return found


def _described(account: Account, **which: Any) -> list[dict[str, Any]]:
    with errors():
        pages = account.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(**which)
        return [dict(each) for page in pages for each in page["AutoScalingGroups"]]


def _group(settings: Mapping[str, Any]) -> Group:
    tags = {tag["Key"]: tag.get("Value", "") for tag in settings.get("Tags", [])}
    name = str(settings["AutoScalingGroupName"])
    return Group(name, tags.get("service") or name, settings)


def again(account: Account, group: Group) -> Group:
    """The group as it is now.

    Raises:
        AwsError: it is gone, or AWS refused.
    """
    found = described(account, [group.name])
    if group.name not in found:
        raise AwsError(f"the group {group.name} of {group.service} is gone")
    return Group(group.name, group.service, found[group.name])


def specification(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """The launch template specification of a group or a desired configuration; empty when it has none."""
    policy = configuration.get("MixedInstancesPolicy") or {}
    found = (policy.get("LaunchTemplate") or {}).get("LaunchTemplateSpecification")
    result: Mapping[str, Any] = found or configuration.get("LaunchTemplate") or {}
    return result
