from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.load_balancer import LoadBalancer, LoadBalancerArgs
from tests.components.recorder import ACCOUNT, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

GIVEN: dict[str, Any] = {
    "vpc_id": "vpc-1",
    "vpc_cidr": "10.20.0.0/16",
    "subnet_ids": ("subnet-a", "subnet-b"),
    "certificate_arn": "arn:certificate",
    "scheme": "internet-facing",
    "tags": {"owner": "platform"},
}


def load_balancer(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = LoadBalancer("entry", LoadBalancerArgs(**{**GIVEN, **changed}))
        return {
            "arn": made.arn,
            "suffix": made.arn_suffix,
            "dns": made.dns_name,
            "url": made.url,
            "listener": made.listener_arn,
            "group": made.security_group_id,
            "entry_point": dict(made.entry_point),
            "alias": dict(made.alias_target),
            "logs": dict(made.access_logs),
        }

    return build(program)


def tags(name: str) -> dict[str, str]:
    return {"owner": "platform", "Name": name}


def test_it_is_hardened_protected_and_logged(build: Build) -> None:
    assert load_balancer(build).inputs("LoadBalancer") == {
        "LoadBalancer entry": {
            "namePrefix": "entry-",
            "loadBalancerType": "application",
            "internal": False,
            "ipAddressType": "ipv4",
            "securityGroups": ["entry-id"],
            "subnets": ["subnet-a", "subnet-b"],
            "accessLogs": {"bucket": "entry-logs-id", "enabled": True},
            "desyncMitigationMode": "defensive",
            "dropInvalidHeaderFields": True,
            "enableCrossZoneLoadBalancing": True,
            "enableDeletionProtection": True,
            "enableHttp2": True,
            "idleTimeout": 60,
            "xffHeaderProcessingMode": "append",
            "tags": tags("entry"),
        }
    }


@pytest.mark.parametrize(
    ("argument", "value", "name", "expected"),
    [
        ("scheme", "internal", "internal", True),
        ("deletion_protection", False, "enableDeletionProtection", False),
        ("idle_timeout_seconds", 120, "idleTimeout", 120),
        ("desync_mitigation_mode", "strictest", "desyncMitigationMode", "strictest"),
    ],
)
def test_its_settings_reach_it(build: Build, argument: str, value: Any, name: str, expected: Any) -> None:
    assert load_balancer(build, **{argument: value}).inputs()["LoadBalancer entry"][name] == expected


def test_internal_is_the_default_scheme() -> None:
    given = {name: value for name, value in GIVEN.items() if name != "scheme"}
    assert LoadBalancerArgs(**given).scheme == "internal"


def test_https_answers_404_to_what_no_service_claims(build: Build) -> None:
    assert load_balancer(build).inputs("Listener")["Listener entry-https"] == {
        "loadBalancerArn": "arn:lb/entry",
        "port": 443,
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        "certificateArn": "arn:certificate",
        "defaultActions": [
            {
                "type": "fixed-response",
                "fixedResponse": {
                    "contentType": "text/plain",
                    "messageBody": "Not found",
                    "statusCode": "404",
                },
            }
        ],
        "tags": tags("entry-https"),
    }


def test_http_only_redirects_to_https(build: Build) -> None:
    assert load_balancer(build).inputs("Listener")["Listener entry-http"] == {
        "loadBalancerArn": "arn:lb/entry",
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [
            {
                "type": "redirect",
                "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
            }
        ],
        "tags": tags("entry-http"),
    }


def ingress(cidr: str) -> dict[str, Any]:
    return {
        f"SecurityGroupIngressRule entry-{scheme}-{cidr.replace('/', '-')}": {
            "securityGroupId": "entry-id",
            "description": f"{scheme.upper()} from {cidr}",
            "ipProtocol": "tcp",
            "fromPort": port,
            "toPort": port,
            "cidrIpv4": cidr,
            "tags": tags(f"entry-{scheme}-{cidr.replace('/', '-')}"),
        }
        for scheme, port in (("https", 443), ("http", 80))
    }


@pytest.mark.parametrize(
    ("changed", "callers"),
    [
        ({"scheme": "internet-facing"}, ["0.0.0.0/0"]),
        ({"scheme": "internal"}, ["10.20.0.0/16"]),
        ({"allowed_cidrs": ("203.0.113.0/24", "10.0.0.0/8")}, ["203.0.113.0/24", "10.0.0.0/8"]),
    ],
)
def test_who_may_call_it(build: Build, changed: dict[str, Any], callers: list[str]) -> None:
    rules = load_balancer(build, **changed).inputs("SecurityGroupIngressRule")
    assert rules == {key: rule for cidr in callers for key, rule in ingress(cidr).items()}


def test_its_security_group_lets_nothing_out_by_itself(build: Build) -> None:
    built = load_balancer(build)
    assert built.inputs("SecurityGroupEgressRule") == {}
    assert built.inputs("SecurityGroup") == {
        "SecurityGroup entry": {
            "namePrefix": "entry-",
            "description": "Requests to the load balancer",
            "vpcId": "vpc-1",
            "tags": tags("entry"),
        }
    }


def test_the_log_bucket_is_closed_encrypted_and_tidy(build: Build) -> None:
    built = load_balancer(build, access_log_retention_days=30)
    bucket = {"bucket": "entry-logs-id"}
    logs = {key: value for key, value in built.inputs().items() if re.match("Bucket.* entry-logs$", key)}
    policy = logs.pop("BucketPolicy entry-logs")
    assert policy["bucket"] == "entry-logs-id"
    assert logs == {
        "Bucket entry-logs": {
            "bucketPrefix": "entry-logs-",
            "forceDestroy": False,
            "tags": tags("entry-logs"),
        },
        "BucketLogging entry-logs": {
            **bucket,
            "targetBucket": "entry-logs-requests-id",
            "targetPrefix": "requests/",
        },
        "BucketOwnershipControls entry-logs": {
            **bucket,
            "rule": {"objectOwnership": "BucketOwnerEnforced"},
        },
        "BucketPublicAccessBlock entry-logs": {
            **bucket,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        "BucketServerSideEncryptionConfiguration entry-logs": {
            **bucket,
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
        "BucketVersioning entry-logs": {**bucket, "versioningConfiguration": {"status": "Enabled"}},
        "BucketLifecycleConfiguration entry-logs": {
            **bucket,
            "rules": [
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": 30},
                    "noncurrentVersionExpiration": {"noncurrentDays": 7},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                }
            ],
        },
    }


def test_load_balancers_of_this_account_deliver_logs_and_all_others_need_tls(build: Build) -> None:
    arn = "arn:aws:s3:::entry-logs"
    assert load_balancer(build).inputs("BucketPolicy")["BucketPolicy entry-logs"]["policy"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DeliverAccessLogs",
                "Effect": "Allow",
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{arn}/AWSLogs/{ACCOUNT}/*",
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def test_it_comes_after_its_bucket_takes_logs(build: Build) -> None:
    uses = load_balancer(build).resources["LoadBalancer entry"].uses
    assert uses == ["BucketPolicy entry-logs", "SecurityGroup entry"]


def test_the_bucket_is_set_up_one_step_at_a_time(build: Build) -> None:
    assert load_balancer(build).after() == {
        f"{second} {bucket}": [f"{first} {bucket}"]
        for bucket in ("entry-logs", "entry-logs-requests")
        for first, second in (
            ("BucketPublicAccessBlock", "BucketPolicy"),
            ("BucketVersioning", "BucketLifecycleConfiguration"),
        )
    }


def test_access_logs_outlive_it_with_all_that_protects_them(build: Build) -> None:
    built = load_balancer(build)
    kept = {key for key in built.resources if key.startswith("Bucket")}
    assert len(kept) == 15
    assert built.options() == {key: {"retain_on_delete": True} for key in kept}


def test_access_logs_go_with_it_when_told_so(build: Build) -> None:
    built = load_balancer(build, retain_logs=False)
    assert built.options() == {}
    assert built.inputs()["Bucket entry-logs"]["forceDestroy"] is True


def test_a_web_acl_is_put_before_it_when_there_is_one(build: Build) -> None:
    assert load_balancer(build).inputs("WebAclAssociation") == {}
    assert load_balancer(build, web_acl_arn="arn:acl").inputs("WebAclAssociation") == {
        "WebAclAssociation entry": {"resourceArn": "arn:lb/entry", "webAclArn": "arn:acl"}
    }


def test_everything_is_a_child_of_its_component(build: Build) -> None:
    built = load_balancer(build)
    parents = built.parents()
    for key, parent in parents.items():
        if key.startswith("Bucket"):
            assert parent == f"the LogBucket {key.split()[1]}"
    others = {key: parent for key, parent in parents.items() if not key.startswith("Bucket")}
    assert others == {
        "the LoadBalancer entry": "Stack",
        "the LogBucket entry-logs": "the LoadBalancer entry",
        "the LogBucket entry-logs-requests": "the LogBucket entry-logs",
        "LoadBalancer entry": "the LoadBalancer entry",
        "SecurityGroup entry": "the LoadBalancer entry",
        "SecurityGroupIngressRule entry-https-0.0.0.0-0": "the LoadBalancer entry",
        "SecurityGroupIngressRule entry-http-0.0.0.0-0": "the LoadBalancer entry",
        "Listener entry-http": "the LoadBalancer entry",
        "Listener entry-https": "the LoadBalancer entry",
    }
    assert built.types()["the LoadBalancer entry"] == "immutable:loadbalancer:LoadBalancer"
    assert built.types()["the LogBucket entry-logs"] == "immutable:logbucket:LogBucket"


def test_it_hands_on_its_name_and_its_entry_point(build: Build) -> None:
    assert load_balancer(build).outputs == {
        "arn": "arn:lb/entry",
        "suffix": "app/entry",
        "dns": "entry.elb.example",
        "url": "https://entry.elb.example",
        "listener": "arn:listener/entry-https",
        "group": "entry-id",
        "entry_point": {
            "listener_arn": "arn:listener/entry-https",
            "security_group_id": "entry-id",
            "arn_suffix": "app/entry",
        },
        "alias": {"dns_name": "entry.elb.example", "zone_id": "Z-OF-AWS", "dual_stack": False},
        "logs": {"bucket": "entry-logs-id", "prefix": None},
    }


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"subnet_ids": ("subnet-a",)}, "at least 2 items"),
        ({"scheme": "public"}, "'internet-facing' or 'internal'"),
        ({"ssl_policy": "ELBSecurityPolicy-2016-08"}, "TLS13"),
        ({"idle_timeout_seconds": 0}, "greater than or equal to 1"),
        ({"access_log_retention_days": 0}, "greater than or equal to 1"),
        ({"allowed_cidrs": ("office",)}, "'office' is not an IPv4 range: write one such as 203.0.113.0/24"),
    ],
)
def test_what_cannot_be_a_load_balancer_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        LoadBalancerArgs(**{**GIVEN, **changed})
