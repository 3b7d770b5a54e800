"""The smallest right and wrong resources for the rules on immutability."""

from __future__ import annotations

import base64

from policies import immutability as rules
from policies.rules import UNKNOWN, Rule
from tests.policies.cases import Case, res


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRITES = "#cloud-config\nwrite_files:\n- path: /etc/immutable/web.env\n  content: A=1\n"
# What a node of EKS is told, and a command beside it.
NODE = (
    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n"
    "--B\nContent-Type: application/node.eks.aws\n\n{}\n"
)
SCRIPT = "--B\nContent-Type: text/x-shellscript\n\nreboot\n"
NO_DATA = {"userData": encoded(WRITES)}
OTHERS = (rules.LAUNCH_CONFIGURATION, rules.INSTANCE)
IMAGE = "ami-0123456789abcdef0"


ATTACHMENTS = (
    "aws:ec2/eipAssociation:EipAssociation",
    "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment",
    "aws:ec2/volumeAttachment:VolumeAttachment",
)
CHANGERS = (
    "aws:codedeploy/deploymentGroup:DeploymentGroup",
    "aws:ssm/association:Association",
    "aws:ssm/maintenanceWindowTask:MaintenanceWindowTask",
    "aws:ssm/patchGroup:PatchGroup",
)
COOKIE_POLICIES = (
    "aws:elb/appCookieStickinessPolicy:AppCookieStickinessPolicy",
    "aws:elb/loadBalancerCookieStickinessPolicy:LoadBalancerCookieStickinessPolicy",
)
SERVERS = (
    "aws:ec2/fleet:Fleet",
    "aws:ec2/instance:Instance",
    "aws:ec2/spotFleetRequest:SpotFleetRequest",
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
)


def mixed(version: str | None, **override: object) -> dict[str, object]:
    specification = {"launchTemplateId": "lt-1"} | ({} if version is None else {"version": version})
    template = {"launchTemplateSpecification": specification, "overrides": [override] if override else []}
    return {"mixedInstancesPolicy": {"launchTemplate": template}}


def data(text: str) -> dict[str, str]:
    return {"userData": encoded(text)}


def port(first: int, last: int, protocol: str = "tcp") -> dict[str, object]:
    return {"ipProtocol": protocol, "fromPort": first, "toPort": last}


def forbidden(rule: Rule, *kinds: str, says: str) -> list[Case]:
    """Types that are wrong whatever they hold."""
    return [Case(rule, res(rules.GROUP), res(kind), says) for kind in kinds]


CASES: tuple[Case, ...] = (
    *forbidden(rules.key_pair, rules.KEY_PAIR, says="it is a key pair for servers, it"),
    *forbidden(rules.stickiness, *COOKIE_POLICIES, says="it is a stickiness policy, it"),
    *forbidden(rules.server_outside_group, *SERVERS, says="it is a"),
    *forbidden(rules.in_place_change, *CHANGERS, says="which changes running servers"),
    Case(
        rules.image_id,
        {"imageId": IMAGE},
        {"imageId": "resolve:ssm:/golden"},
        "'resolve:ssm:/golden'",
        kinds=OTHERS[:1],
    ),
    Case(rules.image_id, {"imageId": "ami-01234567"}, {}, "imageId is missing"),
    Case(rules.image_id, {"ami": IMAGE}, {"ami": "ami-latest"}, "'ami-latest'", kind=rules.INSTANCE),
    Case(rules.template_version, mixed("7"), mixed("$Latest"), "'$Latest'"),
    Case(
        rules.template_version,
        mixed(UNKNOWN),
        mixed(UNKNOWN, launchTemplateSpecification={"version": "$Default"}),
        "overrides[0].launchTemplateSpecification.version is '$Default'",
    ),
    Case(rules.template_version, mixed("7"), mixed(None), "version is missing: $Default"),
    Case(
        rules.template_version,
        {"launchTemplate": {"version": "1"}},
        {"launchTemplate": {"version": "$Default"}},
        "launchTemplate.version is '$Default'",
    ),
    Case(
        rules.template_version,
        mixed("7", instanceType="m7g.large"),
        mixed("7", launchTemplateSpecification={"version": "$Latest"}),
        "overrides[0].launchTemplateSpecification.version is '$Latest'",
    ),
    Case(rules.key_pair, {}, {"keyName": "ops"}, "'ops'", kind=rules.LAUNCH_TEMPLATE, kinds=OTHERS),
    Case(rules.key_pair, {}, {"keyPair": "ops"}, "'ops'", kind=rules.BUILDER),
    Case(rules.login_port, port(443, 443), port(22, 22), "22 (SSH)", kind=rules.INGRESS_RULE),
    Case(rules.login_port, port(23, 3388), port(3000, 4000), "3389 (RDP)", kind=rules.INGRESS_RULE),
    Case(rules.login_port, port(0, 21), {"ipProtocol": "-1"}, "every port", kind=rules.INGRESS_RULE),
    Case(
        rules.login_port,
        {"ipProtocol": "-1", "securityGroupId": "sg-1", "referencedSecurityGroupId": "sg-1"},
        {"ipProtocol": "-1", "securityGroupId": "sg-1", "referencedSecurityGroupId": "sg-2"},
        "every port",
        kind=rules.INGRESS_RULE,
    ),
    Case(
        rules.login_port,
        {"ipProtocol": "-1", "securityGroupId": "sg-1", "referencedSecurityGroupId": "sg-1"},
        {**port(22, 22), "securityGroupId": "sg-1", "referencedSecurityGroupId": "sg-1"},
        "22 (SSH)",
        kind=rules.INGRESS_RULE,
    ),
    Case(
        rules.login_port,
        {"ingress": [{"protocol": "tcp", "fromPort": 8080, "toPort": 8080}]},
        {"ingress": [{"protocol": "tcp", "fromPort": 0, "toPort": 1024}]},
        "ingress[0] lets 22 (SSH)",
        kinds=(rules.DEFAULT_SECURITY_GROUP,),
    ),
    Case(
        rules.login_port,
        {"ingress": [{"protocol": "icmp", "fromPort": 0, "toPort": 255}]},
        {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0}]},
        "ingress[0] lets every port in",
    ),
    Case(rules.login_port, {}, {"ingress": [{"protocol": "all"}]}, "ingress[0] lets every port in"),
    Case(rules.login_port, port(0, 21), port(3389, 3389, "udp"), "3389 (RDP)", kind=rules.INGRESS_RULE),
    Case(rules.login_port, port(0, 21, "17"), port(3389, 3389, "17"), "3389 (RDP)", kind=rules.INGRESS_RULE),
    Case(
        rules.login_port,
        {"type": "egress", "protocol": "tcp", "fromPort": 22, "toPort": 22},
        {"type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22},
        "22 (SSH)",
        kind=rules.OLD_RULE,
    ),
    Case(rules.mutable_user_data, NO_DATA, data("#!/bin/sh\napt-get update\n"), "'#!/bin/sh'", kinds=OTHERS),
    Case(rules.mutable_user_data, NO_DATA, data("#include\nhttps://x.example/boot\n"), "'#include'"),
    Case(rules.mutable_user_data, data(NODE), data(f"{NODE}{SCRIPT}--B--\n"), "'text/x-shellscript' beside"),
    Case(rules.mutable_user_data, {}, data(f"{WRITES}runcmd: [reboot]\n"), "'runcmd' beside write_files"),
    Case(rules.secret_in_user_data, {}, {"userDataBase64": encoded(f"AKIA{'A' * 16}")}, "an access key"),
    Case(rules.mutable_user_data, {}, {"userDataBase64": encoded("#!/bin/sh")}, "'#!/bin/sh'"),
    Case(rules.mutable_user_data, {}, {"userData": "#!/bin/sh"}, "no text in base64"),
    Case(rules.mutable_user_data, {}, data("#cloud-config\n- a\n"), "no YAML map"),
    Case(
        rules.mutable_user_data,
        NO_DATA,
        data("#cloud-config\nwrite_files:\n- path: /etc/a\n  source: {uri: 'https://x.example'}\n"),
        "fetches '/etc/a' at boot",
    ),
    Case(
        rules.secret_in_user_data,
        NO_DATA,
        data(f"{WRITES}# AKIA{'A' * 16}"),
        "the ID of an access key",
        kinds=OTHERS,
    ),
    Case(rules.secret_in_user_data, NO_DATA, data("-----BEGIN RSA PRIVATE KEY-----"), "a private key"),
    Case(rules.secret_in_user_data, NO_DATA, data(f"GH=ghp_{'a' * 36}"), "a token of GitHub"),
    Case(
        rules.secret_in_user_data,
        data("URL=postgres://db.example:5432/main"),
        data("URL=postgres://me:hunter2@db.example:5432/main"),
        "a password in a URL",
    ),
    Case(
        rules.stickiness,
        {"stickiness": {"type": "lb_cookie", "enabled": False}},
        {"stickiness": {"type": "lb_cookie", "enabled": True}},
        "stickiness.enabled is true",
    ),
    Case(
        rules.stickiness,
        {"defaultActions": [{"type": "forward"}]},
        {"defaultActions": [{"forward": {"stickiness": {"enabled": True}}}]},
        "defaultActions[0].forward.stickiness.enabled is true",
        kind=rules.LISTENER,
    ),
    Case(
        rules.stickiness,
        {"actions": [{"type": "forward"}]},
        {"actions": [{}, {"forward": {"stickiness": {"enabled": True}}}]},
        "actions[1].forward.stickiness.enabled is true",
        kind=rules.LISTENER_RULE,
    ),
    Case(
        rules.attachment,
        {"instanceId": ""},
        {"instanceId": "i-1"},
        "'i-1'",
        kinds=ATTACHMENTS,
        kind=ATTACHMENTS[0],
    ),
    Case(
        rules.attachment, {"domain": "vpc"}, {"instance": "i-1"}, "instance is 'i-1'", kind="aws:ec2/eip:Eip"
    ),
    Case(
        rules.attachment,
        {"targetId": "arn:aws:lambda:a"},
        {"targetId": "i-1"},
        "targetId is 'i-1'",
        kind="aws:lb/targetGroupAttachment:TargetGroupAttachment",
    ),
    Case(rules.suspended_process, {}, {"suspendedProcesses": ["HealthCheck"]}, "HealthCheck"),
    Case(rules.lifetime, {"maxInstanceLifetime": 604_800}, {}, "0 seconds"),
    Case(rules.lifetime, {"maxInstanceLifetime": 86_400}, {"maxInstanceLifetime": 3600}, "3600 seconds"),
    Case(
        rules.lifetime,
        {"maxInstanceLifetime": 31_536_000},
        {"maxInstanceLifetime": 40_000_000},
        "40000000 seconds",
    ),
)
