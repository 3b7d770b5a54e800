"""Immutability: a server is never changed after it is deployed, and nothing of it must be kept.

What a resource says of itself. What takes the whole stack to tell is in rollouts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies import user_data
from policies.rules import Resource, Rule, Severity, at, is_true, items, known, rule

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LAUNCH_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
INSTANCE = "aws:ec2/instance:Instance"
KEY_PAIR = "aws:ec2/keyPair:KeyPair"
GROUP = "aws:autoscaling/group:Group"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
BUILDER = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"

STICKINESS_POLICIES = (
    "aws:elb/appCookieStickinessPolicy:AppCookieStickinessPolicy",
    "aws:elb/loadBalancerCookieStickinessPolicy:LoadBalancerCookieStickinessPolicy",
)

LOGIN_PORTS = {22: "SSH", 3389: "RDP"}
_IMAGE_ID = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_DAY_SECONDS = 86_400
_LONGEST_LIFE_DAYS = 365


@rule(
    id="immutable-image-id",
    types=(LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION, INSTANCE),
    severity=Severity.HIGH,
    reason="An image that is looked up changes servers without a diff, and there is nothing to roll back to.",
    fix="write the image's own ID, ami- and 8 or 17 hexadecimal digits",
)
def image_id(template: Resource) -> Iterator[str]:
    image = at(template, "imageId", at(template, "ami"))
    if not _IMAGE_ID.fullmatch(str(image)):
        yield f"imageId is {image!r}" if image else "imageId is missing"


@rule(
    id="immutable-template-version",
    types=(GROUP,),
    severity=Severity.HIGH,
    reason="$Latest and $Default change what a group launches with no rollout, and no way back.",
    fix="pass the launch template's latestVersion, a number",
)
def template_version(group: Resource) -> Iterator[str]:
    for path, specification in _specifications(group):
        version = at(specification, "version")
        if known(version) and not re.fullmatch(r"[1-9][0-9]*", str(version)):
            yield f"{path}.version is {version!r}" if version else f"{path}.version is missing: $Default"


def _specifications(group: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each place of a group that names a launch template."""
    mixed = "mixedInstancesPolicy.launchTemplate"
    paths = ["launchTemplate", f"{mixed}.launchTemplateSpecification"]
    for index, _ in items(group, f"{mixed}.overrides"):
        paths.append(f"{mixed}.overrides[{index}].launchTemplateSpecification")
    for path in paths:
        found = at(group, path)
        if isinstance(found, Mapping):
            yield path, found


@rule(
    id="immutable-key-pair",
    types=(KEY_PAIR, LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION, INSTANCE, BUILDER),
    severity=Severity.HIGH,
    reason="Whoever holds a key can change a server that nobody is to change.",
    fix="take the key pair away; what is to be seen of a server is in its logs",
)
def key_pair(resource: Resource) -> Iterator[str]:
    key = at(resource, "keyPair" if resource.type == BUILDER else "keyName")
    if resource.type == KEY_PAIR:
        yield f"it is a key pair for servers, {resource.name}"
    elif key:
        yield f"the key pair is {key!r}"


@rule(
    id="immutable-login-port",
    types=(SECURITY_GROUP, DEFAULT_SECURITY_GROUP, INGRESS_RULE, OLD_RULE),
    severity=Severity.HIGH,
    reason="Nobody logs in to a server: one that was logged in to is not its image any more.",
    fix="open the port of the service alone",
)
def login_port(resource: Resource) -> Iterator[str]:
    if resource.type == OLD_RULE and at(resource, "type") != "ingress":
        return
    if resource.type in (INGRESS_RULE, OLD_RULE):
        if not _among_themselves(resource):
            yield from _logins("", resource.inputs)
        return
    for index, ingress in items(resource, "ingress"):
        yield from _logins(f"ingress[{index}] ", ingress)


def _among_themselves(rule: Resource) -> bool:
    """Whether the servers of one group let all of one another in, as nodes do for the pods on them: nobody
    comes from outside by it.
    """
    group, others = at(rule, "securityGroupId"), at(rule, "referencedSecurityGroupId")
    everything = str(at(rule, "ipProtocol")) == "-1"
    return everything and others is not None and bool(others == group)


def _logins(place: str, ingress: Mapping[str, Any]) -> Iterator[str]:
    protocol = str(at(ingress, "ipProtocol", at(ingress, "protocol")))
    if protocol in ("-1", "all"):
        yield f"{place}lets every port in, 22 and 3389 among them"
        return
    if protocol not in ("tcp", "6", "udp", "17"):
        # What stands there of ICMP are a type and a code.
        return
    first, last = at(ingress, "fromPort", 0), at(ingress, "toPort", 65535)
    for port, name in LOGIN_PORTS.items():
        if int(first) <= port <= int(last):
            yield f"{place}lets {port} ({name}) in"


@rule(
    id="immutable-user-data",
    types=(LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION, INSTANCE),
    severity=Severity.HIGH,
    reason="What is run or fetched at boot differs from server to server; an image was tested as it is.",
    fix="put it into the image, and let user data write files alone",
)
def mutable_user_data(template: Resource) -> Iterator[str]:
    for key in ("userData", "userDataBase64"):
        yield from user_data.changes(at(template, key, ""))


@rule(
    id="immutable-user-data-secret",
    types=(LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION, INSTANCE),
    severity=Severity.CRITICAL,
    reason="Whoever may describe a launch template reads its user data, as does every process of a server.",
    fix="keep it in Secrets Manager and pass its ARN; then rotate it, for it has been seen",
)
def secret_in_user_data(template: Resource) -> Iterator[str]:
    for key in ("userData", "userDataBase64"):
        yield from user_data.secrets(at(template, key, ""))


@rule(
    id="immutable-stickiness",
    types=(
        TARGET_GROUP,
        LISTENER,
        LISTENER_RULE,
        *STICKINESS_POLICIES,
    ),
    severity=Severity.HIGH,
    reason="A session that sticks to a server dies with it, and servers are replaced all the time.",
    fix="keep sessions in a signed cookie that every server can read (`sessions: true`)",
)
def stickiness(resource: Resource) -> Iterator[str]:
    if resource.type.startswith("aws:elb/"):
        yield f"it is a stickiness policy, {resource.name}"
    if is_true(at(resource, "stickiness.enabled")):
        yield "stickiness.enabled is true"
    for key in ("defaultActions", "actions"):
        for index, action in items(resource, key):
            if is_true(at(action, "forward.stickiness.enabled")):
                yield f"{key}[{index}].forward.stickiness.enabled is true"


@rule(
    id="immutable-server-outside-group",
    types=(
        INSTANCE,
        "aws:ec2/fleet:Fleet",
        "aws:ec2/spotFleetRequest:SpotFleetRequest",
        "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
    ),
    severity=Severity.HIGH,
    reason="A server that no group owns is not replaced, when it is sick or by a release: it is changed.",
    fix="make it a service: an Auto Scaling group of one is a group",
)
def server_outside_group(server: Resource) -> Iterator[str]:
    yield f"{server.name} is a {server.type.rpartition(':')[2]} of its own"


@rule(
    id="immutable-attachment",
    types=(
        "aws:ec2/volumeAttachment:VolumeAttachment",
        "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment",
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:ec2/eip:Eip",
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    ),
    severity=Severity.HIGH,
    reason="What is attached to one server by its ID is lost with that server, and servers are replaced.",
    fix="let the launch template or the group bring it to every server",
)
def attachment(resource: Resource) -> Iterator[str]:
    for key in ("instanceId", "instance", "targetId"):
        server = str(at(resource, key))
        if server.startswith("i-"):
            yield f"{key} is {server!r}"


@rule(
    id="immutable-in-place-change",
    types=(
        "aws:ssm/association:Association",
        "aws:ssm/maintenanceWindowTask:MaintenanceWindowTask",
        "aws:ssm/patchGroup:PatchGroup",
        "aws:codedeploy/deploymentGroup:DeploymentGroup",
    ),
    severity=Severity.HIGH,
    reason="What changes servers while they run makes them differ from their image, and from one another.",
    fix="build a new image and release it",
)
def in_place_change(resource: Resource) -> Iterator[str]:
    yield f"{resource.name} is a {resource.type.rpartition(':')[2]}, which changes running servers"


@rule(
    id="immutable-suspended-process",
    types=(GROUP,),
    severity=Severity.MEDIUM,
    reason="With a process suspended, sick servers stay, or servers that went are not replaced.",
    fix="take suspendedProcesses away; `scripts/release quarantine` takes one server out of service",
)
def suspended_process(group: Resource) -> Iterator[str]:
    if suspended := at(group, "suspendedProcesses"):
        yield f"suspendedProcesses are {', '.join(str(each) for each in suspended)}"


@rule(
    id="immutable-lifetime",
    types=(GROUP,),
    severity=Severity.MEDIUM,
    reason="A server that runs for months gathers what nobody meant to be there.",
    fix="set maxInstanceLifetime to between a day and a year, in seconds",
)
def lifetime(group: Resource) -> Iterator[str]:
    seconds = int(at(group, "maxInstanceLifetime", 0))
    if not _DAY_SECONDS <= seconds <= _LONGEST_LIFE_DAYS * _DAY_SECONDS:
        yield f"maxInstanceLifetime is {seconds} seconds"


RULES: tuple[Rule, ...] = (
    image_id,
    template_version,
    key_pair,
    login_port,
    mutable_user_data,
    secret_in_user_data,
    stickiness,
    server_outside_group,
    attachment,
    in_place_change,
    suspended_process,
    lifetime,
)
