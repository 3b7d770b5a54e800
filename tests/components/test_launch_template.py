from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components import policies
from components.args import Placement
from components.launch_template import LaunchTemplate, LaunchTemplateArgs
from components.lifecycle_hooks import Lifecycle, variables
from components.user_data import server_config
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

IMAGE = "ami-0123456789abcdef0"
PLACEMENT = Placement(
    vpc_id="vpc-1",
    subnet_ids=("subnet-a", "subnet-b"),
    endpoint_security_group_id="sg-endpoints",
    s3_prefix_list_id="pl-s3",
    internet_egress=True,
)
GIVEN: dict[str, Any] = {
    "service": "web",
    "image_id": IMAGE,
    "instance_type": "m7g.large",
    "placement": PLACEMENT,
    "port": 8080,
    "health_path": "/healthz",
    "load_balancer_security_group_id": "sg-lb",
    "environment": {"LOG_LEVEL": "info"},
    "tags": {"owner": "platform"},
}
LOG_GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:web-log"


COMPLETER = policies.lifecycle_completer(
    policies.owner_of(LOG_GROUP_ARN), "immutable-server-role", "web-role"
)


def tags(name: str = "web") -> dict[str, str]:
    return {"owner": "platform", "Name": name}


def template(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = LaunchTemplate("web", LaunchTemplateArgs(**{**GIVEN, **changed}))
        return {
            "id": made.id,
            "version": made.latest_version,
            "group": made.security_group_id,
            "role": made.role_name,
            "logs": made.log_group_name,
        }

    return build(program)


def test_a_server_is_pinned_closed_and_encrypted(build: Build) -> None:
    made = template(build).inputs("LaunchTemplate")
    user_data = base64.b64decode(made["LaunchTemplate web"].pop("userData")).decode()
    hooks = variables(8080, "/healthz", Lifecycle())
    assert user_data == server_config("web", {"LOG_GROUP": "web-log", "LOG_LEVEL": "info"} | hooks)
    # No keyName: no one logs in.
    assert made == {
        "LaunchTemplate web": {
            "namePrefix": "web-",
            "description": "Servers of web",
            "imageId": IMAGE,
            "instanceType": "m7g.large",
            "updateDefaultVersion": True,
            "iamInstanceProfile": {"arn": "arn:profile/web"},
            "instanceInitiatedShutdownBehavior": "terminate",
            "monitoring": {"enabled": True},
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpTokens": "required",
                "httpPutResponseHopLimit": 1,
                "httpProtocolIpv6": "disabled",
                "instanceMetadataTags": "enabled",
            },
            "networkInterfaces": [
                {
                    "deviceIndex": 0,
                    "associatePublicIpAddress": "false",
                    "deleteOnTermination": "true",
                    "securityGroups": ["web-id"],
                }
            ],
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "volumeType": "gp3",
                        "volumeSize": 20,
                        "encrypted": "true",
                        "deleteOnTermination": "true",
                    },
                }
            ],
            "tagSpecifications": [
                {"resourceType": kind, "tags": tags()} for kind in ("instance", "volume", "network-interface")
            ],
            "tags": tags(),
        }
    }


def test_a_customer_key_and_another_disk_reach_it(build: Build) -> None:
    built = template(build, kms_key_id="arn:key", volume_size_gib=100, root_device_name="/dev/sda1")
    assert built.inputs()["LaunchTemplate web"]["blockDeviceMappings"] == [
        {
            "deviceName": "/dev/sda1",
            "ebs": {
                "volumeType": "gp3",
                "volumeSize": 100,
                "encrypted": "true",
                "kmsKeyId": "arn:key",
                "deleteOnTermination": "true",
            },
        }
    ]


def test_its_version_is_a_number_and_never_an_alias(build: Build) -> None:
    assert template(build).outputs == {
        "id": "web-id",
        "version": "7",
        "group": "web-id",
        "role": "web-role",
        "logs": "web-log",
    }


def test_variables_that_are_known_late_reach_the_server(build: Build) -> None:
    late = {"DATABASE": pulumi.Output.from_input("db.internal")}
    made = template(build, environment=late).inputs()["LaunchTemplate web"]
    assert 'DATABASE=\\"db.internal\\"' in base64.b64decode(made["userData"]).decode()


def test_late_variables_that_make_too_much_user_data_stop_the_update(build: Build) -> None:
    late = {"DATABASE": pulumi.Output.from_input("x" * 17000)}
    with pytest.raises(pulumi.RunError, match="the environment of 'web' makes 17"):
        template(build, environment=late)


def test_servers_start_when_they_may_call_and_write(build: Build) -> None:
    assert template(build).after() == {
        "LaunchTemplate web": [
            "RolePolicy web",
            "SecurityGroupEgressRule web-to-endpoints",
            "SecurityGroupEgressRule web-to-internet",
            "SecurityGroupEgressRule web-to-s3",
            "SecurityGroupEgressRule web-to-servers",
            "SecurityGroupIngressRule web-from-load-balancer",
        ]
    }


def test_the_load_balancer_alone_may_call_a_server_and_on_its_port_only(build: Build) -> None:
    built = template(build)
    assert built.inputs("SecurityGroup") == {
        "SecurityGroup web": {
            "namePrefix": "web-",
            "description": "Servers of web",
            "vpcId": "vpc-1",
            "tags": tags(),
        }
    }
    assert built.inputs("SecurityGroupIngressRule") == {
        "SecurityGroupIngressRule web-from-load-balancer": {
            "securityGroupId": "web-id",
            "description": "Requests from the load balancer",
            "ipProtocol": "tcp",
            "fromPort": 8080,
            "toPort": 8080,
            "referencedSecurityGroupId": "sg-lb",
            "tags": tags("web-from-load-balancer"),
        }
    }


def egress(suffix: str, description: str, **destination: str) -> dict[str, Any]:
    return {
        f"SecurityGroupEgressRule web-to-{suffix}": {
            "securityGroupId": "web-id",
            "description": description,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "tags": tags(f"web-to-{suffix}"),
            **destination,
        }
    }


TO_SERVERS = {
    "SecurityGroupEgressRule web-to-servers": {
        "securityGroupId": "sg-lb",
        "description": "Requests to the servers of web",
        "ipProtocol": "tcp",
        "fromPort": 8080,
        "toPort": 8080,
        "referencedSecurityGroupId": "web-id",
        "tags": tags("web-to-servers"),
    }
}
TO_ENDPOINTS = egress(
    "endpoints", "HTTPS to the interface endpoints", referencedSecurityGroupId="sg-endpoints"
)
TO_S3 = egress("s3", "HTTPS to S3 by its gateway endpoint", prefixListId="pl-s3")
TO_INTERNET = egress("internet", "HTTPS to the internet by the NAT gateway", cidrIpv4="0.0.0.0/0")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, TO_SERVERS | TO_ENDPOINTS | TO_S3 | TO_INTERNET),
        ({"internet_egress": False}, TO_SERVERS | TO_ENDPOINTS | TO_S3),
        ({"endpoint_security_group_id": None}, TO_SERVERS | TO_S3 | TO_INTERNET),
        ({"s3_prefix_list_id": None}, TO_SERVERS | TO_ENDPOINTS | TO_INTERNET),
    ],
)
def test_a_server_may_call_what_its_placement_offers(
    build: Build, changed: dict[str, Any], expected: dict[str, Any]
) -> None:
    placement = Placement(**{**dict(PLACEMENT), **changed})
    assert template(build, placement=placement).inputs("SecurityGroupEgressRule") == expected


def test_the_role_may_write_its_logs_report_itself_and_do_what_the_service_asked_for(build: Build) -> None:
    own = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": pulumi.Output.from_input("arn:queue"),
    }
    built = template(build, policy_statements=(own,))
    assert built.inputs("RolePolicy") == {
        "RolePolicy web": {
            "role": "web-role",
            "policy": policies.server_policy(LOG_GROUP_ARN, [COMPLETER]),
        },
        "RolePolicy web-access": {
            "role": "web-role",
            "policy": policies.document({**own, "Resource": "arn:queue"}),
        },
    }
    assert {"RolePolicy web", "RolePolicy web-access"} <= set(built.after()["LaunchTemplate web"])
    assert built.inputs("Role") == {
        "Role web": {
            "namePrefix": "web-",
            "description": "Servers of web",
            "assumeRolePolicy": policies.trust("ec2.amazonaws.com"),
            "tags": tags(),
        }
    }
    assert built.inputs("InstanceProfile") == {
        "InstanceProfile web": {"namePrefix": "web-", "role": "web-role", "tags": tags()}
    }


def test_without_hooks_a_server_is_told_nothing_of_them_and_may_do_nothing_about_them(build: Build) -> None:
    none = Lifecycle(launch_timeout_seconds=0, termination_timeout_seconds=0)
    built = template(build, lifecycle=none, tags={"cost center": "12/3"})
    made = built.inputs()["LaunchTemplate web"]
    written = base64.b64decode(made["userData"]).decode()
    assert written == server_config("web", {"LOG_GROUP": "web-log", "LOG_LEVEL": "info"})
    assert made["metadataOptions"]["instanceMetadataTags"] == "disabled"
    policy = built.inputs()["RolePolicy web"]["policy"]
    assert policy == policies.server_policy(LOG_GROUP_ARN, [])


def test_hooks_are_those_of_its_port_and_path(build: Build) -> None:
    lifecycle = Lifecycle(launch_timeout_seconds=30)
    made = template(build, lifecycle=lifecycle, port=9000, health_path="/up").inputs()["LaunchTemplate web"]
    written = base64.b64decode(made["userData"]).decode()
    for name, value in variables(9000, "/up", lifecycle).items():
        assert rf"{name}=\"{value}\"\n" in written


def test_another_image_is_all_that_another_image_changes(build: Build) -> None:
    before, after = (template(build, image_id=image).inputs() for image in (IMAGE, "ami-0123456789abcdef1"))
    assert after["LaunchTemplate web"].pop("imageId") != before["LaunchTemplate web"].pop("imageId")
    assert after == before


def test_logs_have_a_group_of_their_own_that_outlives_the_service(build: Build) -> None:
    built = template(build, log_retention_days=30, log_kms_key_arn="arn:key")
    assert built.inputs("LogGroup") == {
        "LogGroup web": {"retentionInDays": 30, "kmsKeyId": "arn:key", "tags": tags()}
    }
    assert built.options() == {"LogGroup web": {"retain_on_delete": True}}
    assert template(build, retain_logs=False).options() == {}
    assert template(build).inputs("LogGroup")["LogGroup web"] == {"retentionInDays": 365, "tags": tags()}


def test_it_makes_these_children_and_no_others(build: Build) -> None:
    parents = template(build).parents()
    assert parents.pop("the LaunchTemplate web") == "Stack"
    assert set(parents.values()) == {"the LaunchTemplate web"}
    assert sorted(parents) == [
        "InstanceProfile web",
        "LaunchTemplate web",
        "LogGroup web",
        "Role web",
        "RolePolicy web",
        "SecurityGroup web",
        "SecurityGroupEgressRule web-to-endpoints",
        "SecurityGroupEgressRule web-to-internet",
        "SecurityGroupEgressRule web-to-s3",
        "SecurityGroupEgressRule web-to-servers",
        "SecurityGroupIngressRule web-from-load-balancer",
    ]
    assert template(build).types()["the LaunchTemplate web"] == "immutable:launchtemplate:LaunchTemplate"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"image_id": "latest"}, "should match pattern"),
        ({"image_id": "resolve:ssm:/images/web"}, "should match pattern"),
        ({"image_id": "ami-0123"}, "should match pattern"),
        ({"service": "../web"}, "should match pattern"),
        ({"service": "a" * 33}, "should match pattern"),
        ({"environment": {"LOG_GROUP": "mine"}}, "LOG_GROUP is set by the component"),
        ({"environment": {"IMMUTABLE_PORT": "x"}}, "IMMUTABLE_PORT is set by the component"),
        ({"tags": {"cost center": "1"}}, "the tag 'cost center' keeps servers from reading"),
        ({"health_path": "up"}, "should match pattern"),
        ({"environment": {"A-B": "x"}}, "'A-B' is no name for an environment variable"),
        ({"environment": {"A": "x" * 16384}}, "of user data and EC2 takes 16384"),
        ({"policy_statements": ({"Effect": "Allow", "Action": "s3:*"},)}, "allows 's3:"),
        ({"volume_size_gib": 0}, "greater than or equal to 1"),
        ({"key_name": "admin"}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_immutable_server_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        LaunchTemplateArgs(**{**GIVEN, **changed})


@pytest.mark.parametrize("service", ["a", "web", "a" * 32, "api-v2"])
def test_a_services_name_is_short_and_plain(service: str) -> None:
    assert LaunchTemplateArgs(**{**GIVEN, "service": service}).service == service
