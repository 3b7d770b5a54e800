"""Immutability, of the whole stack: images that were checked, releases that are watched, noticed logins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from policies import documents
from policies.rules import Resource, Rule, Severity, at, for_each, of_type, rule

STACK = "pulumi:pulumi:Stack"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
ROLLOUT = "pulumi-python:dynamic/instancerefresh:Rollout"
EVENT_RULE = "aws:cloudwatch/eventRule:EventRule"
EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
CONNECT_ENDPOINT = "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"

VERSION = "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"
_SESSIONS = (
    "ssm:StartSession",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenDataChannel",
    "ec2-instance-connect:SendSSHPublicKey",
    "ec2-instance-connect:OpenTunnel",
)
_MANAGED_SESSIONS = re.compile(
    r":policy/(?:service-role/)?AmazonSSMManaged\w*InstanceCore|AmazonEC2RoleforSSM"
)


@rule(
    id="immutable-factory-image",
    severity=Severity.HIGH,
    reason="An image that no factory built and tested is one of which nobody can say what is in it.",
    fix="release one of `scripts/release images`, which the pre-flight has read",
)
def factory_image(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    checked: set[str] = set()
    for stack in of_type(resources, STACK):
        checked |= set(at(stack, "images", ()))

    def check(template: Resource) -> Iterator[str]:
        image = at(template, "imageId")
        if image not in checked:
            yield f"imageId {image} is none that the pre-flight has passed"

    yield from for_each(of_type(resources, LAUNCH_TEMPLATE), check)


@rule(
    id="immutable-watched-rollout",
    severity=Severity.HIGH,
    reason="A group that is changed without a rollout keeps its old servers, or loses them unwatched.",
    fix="let an InstanceRefresh own the group's version, as Service does",
)
def watched_rollout(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    rollouts = of_type(resources, ROLLOUT)

    def check(group: Resource) -> Iterator[str]:
        if at(group, "instanceRefresh"):
            yield "instanceRefresh starts a refresh that nobody waits for"
        if not any(each.comes_from("group_name", group) for each in rollouts):
            yield f"no rollout changes the servers of {group.name}"
        elif VERSION not in group.ignore_changes:
            yield f"{group.name} takes a new version before its rollout does: ignoreChanges lacks {VERSION}"

    yield from for_each(of_type(resources, GROUP), check)


@rule(
    id="immutable-session-taints",
    severity=Severity.HIGH,
    reason="A server on which somebody had a session is not its image any more, and has to go.",
    fix="take the access away, or mark such a server by an EventRule on StartSession with a target",
)
def session_taints(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    marking = [each for each in of_type(resources, EVENT_RULE) if _notices_sessions(each)]
    targets = of_type(resources, EVENT_TARGET)
    if any(target.comes_from("rule", each) for target in targets for each in marking):
        return
    yield from for_each(resources, _opens_sessions)


def _notices_sessions(event_rule: Resource) -> bool:
    try:
        events = json.loads(str(at(event_rule, "eventPattern", "{}")))
    except ValueError:
        return False
    return "StartSession" in at(events, "detail.eventName", ())


def _opens_sessions(resource: Resource) -> Iterator[str]:
    """What a resource gives of access to a server's shell."""
    if resource.type == CONNECT_ENDPOINT:
        yield f"{resource.name} leads to servers' logins"
    elif resource.type == ATTACHMENT:
        arn = str(at(resource, "policyArn"))
        if _MANAGED_SESSIONS.search(arn):
            yield f"{arn.rpartition('/')[2]} opens sessions"
    elif resource.type in (ROLE_POLICY, POLICY):
        for statement in documents.statements(at(resource, "policy")):
            granted = [action for action in _SESSIONS if statement.grants(action)]
            if granted:
                yield f"{statement.label} allows {granted[0]}"


RULES: tuple[Rule, ...] = (factory_image, watched_rollout, session_taints)
