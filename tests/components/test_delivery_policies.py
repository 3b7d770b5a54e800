"""What the roles of deliveries may do, as IAM reads their documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components import delivery_limits, delivery_policies
from components.delivery_actions import FAMILIES, WRITTEN
from components.delivery_boundary import boundary_policy
from components.delivery_state import State, state_reader, state_writer
from components.policies import Owner
from rehearsal.cloud.iam.evaluation import Request, like, refusal
from rehearsal.cloud.iam.responses import _policies

ACCOUNT = "123456789012"
OWNER = Owner("aws", "", ACCOUNT)
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"
STATE = State("the-state", KEY, "immutable")
BUCKET = "arn:aws:s3:::the-state"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/delivery/boundary"
REGIONS = ("eu-central-1", "eu-west-1")


def documents() -> dict[str, dict[str, Any]]:
    families = {each: delivery_policies.write_policy(each, REGIONS) for each in FAMILIES}
    boundaries = {f"boundary {kind}": boundary_policy(OWNER, "immutable", kind, ()) for kind in WRITTEN}
    return {
        "read": delivery_policies.read_policy(OWNER),
        "global": delivery_policies.global_policy(OWNER),
        **families,
        **boundaries,
    }


def size(document: Any) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def test_every_policy_is_as_short_as_iam_wants_it() -> None:
    """6,144 characters in a policy of its own, 10,240 in all of a role's own (IAM, Quotas)."""
    assert {name: size(each) for name, each in documents().items() if size(each) > 6144} == {}
    for kind in WRITTEN:
        own = [
            *state_reader(OWNER, STATE),
            *state_writer(OWNER, STATE, "pr-*"),
            *delivery_limits.own_only(OWNER, STATE, "pr-*", kind, BOUNDARY),
        ]
        assert size(own) < 10_240 * 0.8, "with longer names there has to be room"
        assert len(WRITTEN[kind]) + 2 <= 10, "a role takes ten policies"


def test_what_is_written_is_written_in_the_regions_that_are_named() -> None:
    for family, actions in FAMILIES.items():
        (statement,) = delivery_policies.write_policy(family, REGIONS)["Statement"]
        assert statement["Action"] == list(actions)
        assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": list(REGIONS)}}


def statements(kind: Any = "environment", stacks: str = "staging") -> Iterator[dict[str, Any]]:
    yield from (dict(each) for each in state_reader(OWNER, STATE))
    yield from (dict(each) for each in state_writer(OWNER, STATE, stacks))
    yield from (dict(each) for each in delivery_limits.own_only(OWNER, STATE, stacks, kind, BOUNDARY))


def may(
    action: str, resource: str, stacks: str = "staging", kind: Any = "environment", **context: str
) -> bool:
    policies = [
        {"Statement": list(statements(kind, stacks))},
        *(delivery_policies.write_policy(family, REGIONS) for family in WRITTEN[kind]),
        delivery_policies.global_policy(OWNER),
        delivery_policies.read_policy(OWNER),
    ]
    known = {"aws:requestedregion": ["eu-central-1"], "aws:resourceaccount": [ACCOUNT]}
    given = {name.replace("__", ":").replace("_", "/"): [value] for name, value in context.items()}
    return refusal(Request(action, resource, {**known, **given}), policies) is None


@pytest.mark.parametrize(
    ("path", "mine"),
    [
        ("stacks/immutable/staging.json", True),
        ("stacks/immutable/staging.json.bak", True),
        ("history/immutable/staging/staging-1.checkpoint.json", True),
        ("backups/immutable/staging/staging.1.json", True),
        ("locks/organization/immutable/staging/1.json", True),
        ("stacks/immutable/prod.json", False),
        ("stacks/immutable/staging2.json", False),
        ("locks/organization/immutable/prod/1.json", False),
        ("stacks/another/staging.json", False),
        ("meta.yaml", False),
    ],
)
def test_a_deployment_writes_the_state_of_its_own_stacks(path: str, mine: bool) -> None:
    resource = f"{BUCKET}/.pulumi/{path}"
    assert may("s3:PutObject", resource) is mine
    assert may("s3:DeleteObject", resource, aws__resourceaccount="other") is mine


def test_a_deployment_reads_the_state_of_every_stack_of_the_project() -> None:
    for path in ("stacks/immutable/prod.json", "stacks/immutable/staging.json", "meta.yaml"):
        assert may("s3:GetObject", f"{BUCKET}/.pulumi/{path}")
    assert not may("s3:GetObject", f"{BUCKET}/.pulumi/stacks/another/prod.json")


def test_review_environments_are_those_whose_names_begin_so() -> None:
    for stack, mine in (("pr-12", True), ("prod", False), ("staging", False)):
        assert may("s3:PutObject", f"{BUCKET}/.pulumi/stacks/immutable/{stack}.json", "pr-*") is mine
        tagged = {"aws__ResourceTag_environment".lower(): stack}
        assert may("ec2:DeleteVpc", "*", "pr-*", **tagged) is mine
        role = f"arn:aws:iam::{ACCOUNT}:role/immutable/{stack}/web-1"
        assert may("iam:UpdateAssumeRolePolicy", role, "pr-*") is mine


def test_the_place_of_the_state_is_kept() -> None:
    for action, resource in (
        ("s3:DeleteBucket", BUCKET), ("s3:PutBucketPolicy", BUCKET), ("s3:PutBucketVersioning", BUCKET),
        ("s3:PutLifecycleConfiguration", BUCKET), ("s3:PutEncryptionConfiguration", BUCKET),
        ("s3:DeleteObjectVersion", f"{BUCKET}/.pulumi/stacks/immutable/staging.json"),
        ("kms:ScheduleKeyDeletion", KEY), ("kms:PutKeyPolicy", KEY), ("kms:CreateGrant", KEY),
        ("kms:DisableKey", KEY),
    ):  # fmt: skip
        assert not may(action, resource), action
        assert may(action, resource.replace("the-state", "logs").replace("key/1", "key/2")), action


def test_the_factory_retires_templates_of_other_environments_and_changes_nothing_else_of_theirs() -> None:
    tag = {"aws__resourcetag_environment": "prod"}
    assert may("ec2:DeleteLaunchTemplateVersions", "*", "images", "factory", **tag)
    assert not may("ec2:DeleteLaunchTemplateVersions", "*", "staging", "environment", **tag)
    assert not may("ec2:DeleteVpc", "*", "images", "factory", **tag)


def test_servers_start_from_images_that_are_tagged_as_the_factorys() -> None:
    assert may("ec2:RunInstances", "*", aws__resourcetag_environment="images")


def test_a_region_that_is_not_named_is_not_written_in() -> None:
    assert may("ec2:CreateVpc", "*")
    assert not may("ec2:CreateVpc", "*", aws__requestedregion="us-east-1")
    assert may("route53:ChangeResourceRecordSets", "*", aws__requestedregion="us-east-1")


def test_roles_are_given_to_the_services_that_need_one_and_to_no_others() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/immutable/staging/web-1"
    assert may("iam:PassRole", role, iam__passedtoservice="ec2.amazonaws.com")
    assert not may("iam:PassRole", role, iam__passedtoservice="codebuild.amazonaws.com")
    assert not may(
        "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", iam__passedtoservice="ec2.amazonaws.com"
    )


def test_a_trust_names_who_may_take_the_role_and_takes_no_wildcard() -> None:
    subjects = ["repo:example/shop:environment:prod"]
    (statement,) = delivery_policies.trust("arn:provider", subjects)["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Federated": "arn:provider"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": subjects,
            }
        },
    }
    with pytest.raises(ValueError, match="has a wildcard"):
        delivery_policies.trust("arn:provider", ["repo:example/*:pull_request"])


@pytest.mark.parametrize("action", ["iam:CreateUser", "sts:AssumeRole", "organizations:LeaveOrganization"])
def test_a_boundary_is_not_widened_by_what_leads_around_it(action: str) -> None:
    with pytest.raises(ValueError, match=f"{action!r} is a way around the boundary"):
        boundary_policy(OWNER, "immutable", "environment", [action])


def test_a_boundary_takes_in_what_services_do_by_themselves() -> None:
    (most, _) = boundary_policy(OWNER, "immutable", "environment", ["dynamodb:GetItem"])["Statement"]
    assert "dynamodb:GetItem" in most["Action"]
    assert not [action for action in most["Action"] if action.startswith(("iam:", "sts:"))]


def test_the_boundary_of_the_factory_leaves_image_builders_own_policy_whole() -> None:
    aws = _policies()["EC2ImageBuilderExecutionPolicy"]["Document"]
    boundary = boundary_policy(OWNER, "immutable", "factory", ())
    most = [action for each in boundary["Statement"] for action in [each["Action"]]]
    within = [each for action in most for each in (action if isinstance(action, list) else [action])]
    needed = {action for statement in aws["Statement"] for action in statement["Action"]}
    assert {action for action in needed if not any(like(action, each) for each in within)} == set()


@pytest.mark.parametrize(
    "policy",
    ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"],
)
def test_the_boundary_of_environments_leaves_the_policies_of_nodes_and_pods_networks_whole(
    policy: str,
) -> None:
    (most, _) = boundary_policy(OWNER, "immutable", "environment", ())["Statement"]
    needed = {each for found in _policies()[policy]["Document"]["Statement"] for each in found["Action"]}
    assert {each for each in needed if not any(like(each, within) for within in most["Action"])} == set()


def test_a_cluster_makes_no_load_balancer_volume_or_route_of_its_own() -> None:
    (most, _) = boundary_policy(OWNER, "immutable", "environment", ())["Statement"]
    for action in ("elasticloadbalancing:CreateLoadBalancer", "ec2:CreateVolume", "ec2:CreateRoute"):
        assert not any(like(action, within) for within in most["Action"]), action


def test_a_role_is_written_with_the_boundary_alone() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/immutable/staging/web-1"
    for action in (
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ):
        assert may(action, role, iam__permissionsboundary=BOUNDARY)
        assert not may(action, role, iam__permissionsboundary=f"{BOUNDARY}-2")
        assert not may(action, role)


def test_the_path_of_deliveries_is_closed_whatever_a_project_is_called() -> None:
    own = delivery_limits.own_only(OWNER, State("s", KEY, "delivery"), "prod", "environment", BOUNDARY)
    role = f"arn:aws:iam::{ACCOUNT}:role/delivery/prod/web-1"
    for action in ("iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:DeleteRole"):
        assert refusal(Request(action, role), [{"Statement": own}]) is not None, action


def test_keys_are_used_by_services_and_service_linked_roles_are_of_those_that_need_one() -> None:
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/2"
    assert may("kms:Decrypt", key, kms__viaservice="rds.eu-central-1.amazonaws.com")
    assert not may("kms:Decrypt", key)
    linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/a/b"
    assert may("iam:CreateServiceLinkedRole", linked, iam__awsservicename="autoscaling.amazonaws.com")
    assert not may("iam:CreateServiceLinkedRole", linked, iam__awsservicename="config.amazonaws.com")


def test_no_server_builds_images() -> None:
    (most, _) = boundary_policy(OWNER, "immutable", "environment", ())["Statement"]
    assert {"ec2:RunInstances", "imagebuilder:GetComponent", "ssm:SendCommand"}.isdisjoint(most["Action"])
