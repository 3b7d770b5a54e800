"""The stack of the roles that deliver: its file, its composition, and what it asks of the other stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from stacks import config
from stacks.delivery_sections import DeliveryConfig
from tests.stacks.declared import declared
from tests.stacks.given import SMALLEST, complaint, in_stack, stack_file, with_changes

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
BOUNDARY = "arn:aws:iam::123456789012:policy/delivery/boundary-1"
D = "immutable:delivery"
SMALLEST_DELIVERY: dict[str, Any] = {
    "aws:region": "eu-central-1",
    D: {
        "repository": "example/shop",
        "state": {"bucket": "the-state", "keyArn": KEY},
        "environments": {"prod": {}},
    },
}
FIRST = "Pulumi.delivery.yaml: "


def complaints(changes: Mapping[str, Any]) -> list[str]:
    values = with_changes(changes, SMALLEST_DELIVERY)
    try:
        found = in_stack("delivery", values, lambda: config.load("delivery"))
    except pulumi.RunError as error:
        return [line.removeprefix(FIRST) for line in str(error).splitlines()]
    assert isinstance(found, DeliveryConfig)
    return []


def test_the_smallest_file_is_taken() -> None:
    assert complaints({}) == []


def test_the_repositorys_own_file_makes_two_roles_for_each_environment() -> None:
    found = declared("delivery", stack_file("delivery"))
    roles = [each.name for each in found.resources if each.type == "aws:iam/role:Role"]
    environments = ("images", "prod", "review", "staging")
    assert sorted(roles) == sorted(
        f"delivery-{each}-{kind}" for each in environments for kind in ("preview", "deploy")
    )
    assert found.outputs["roles"]["prod"] == {
        "preview": "arn:role/delivery-prod-preview",
        "deploy": "arn:role/delivery-prod-deploy",
    }
    assert set(found.outputs["boundaries"]) == {"environment", "factory"}
    assert found.outputs["provider"].endswith(":oidc-provider/token.actions.githubusercontent.com")


def test_what_stands_in_the_file_arrives() -> None:
    given = {
        f"{D}.branch": "trunk", f"{D}.regions": ["eu-west-1"], f"{D}.serviceActions": ["dynamodb:GetItem"],
        f"{D}.environments": {"review": {"stacks": "pr-*"}}, "immutable:tags": {"owner": "platform"},
        f"{D}.oidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    }  # fmt: skip
    found = declared("delivery", with_changes(given, SMALLEST_DELIVERY))
    assert not [each for each in found.resources if each.type.endswith(":OpenIdConnectProvider")]
    preview, deploy = (
        found.one("Role", "delivery-review-preview"),
        found.one("RolePolicy", "delivery-review-deploy"),
    )
    assert "repo:example/shop:ref:refs/heads/trunk" in preview.inputs["assumeRolePolicy"]
    assert "stacks/immutable/pr-*." in deploy.inputs["policy"]
    assert "arn:aws:s3:::the-state/" in deploy.inputs["policy"]
    assert KEY in deploy.inputs["policy"]
    assert '"eu-central-1", "eu-west-1"' in found.one("Policy", "delivery-network").inputs["policy"]
    assert "dynamodb:GetItem" in found.one("Policy", "delivery-environment-boundary").inputs["policy"]
    assert preview.tags is not None
    assert preview.tags | {"owner": "platform", "project": "immutable"} == preview.tags
    assert "environment" not in preview.tags, "it is no environment's own"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            f"{D}.repository",
            "shop",
            "'shop' is not a repository of GitHub's; write its owner and its name, such as example/shop",
        ),
        (f"{D}.repository", None, "is missing; set it to the repository on GitHub, such as example/shop"),
        (f"{D}.branch", "a b", "'a b' is not a branch; write its name, such as main"),
        (
            f"{D}.oidcProviderArn",
            "arn:aws:iam::123456789012:oidc-provider/gitlab.com",
            "'arn:aws:iam::123456789012:oidc-provider/gitlab.com' is not GitHub's provider; one is "
            "arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com",
        ),
        (
            f"{D}.state.bucket",
            "S",
            "'S' is not a bucket's name; write the one that scripts/bootstrap printed",
        ),
        (f"{D}.state.keyArn", "k", "'k' is not a key's ARN; write the one that scripts/bootstrap printed"),
        (f"{D}.environments", {}, "{} has too few entries; give at least 1"),
        (f"{D}.environments.prod.kind", "server", "'server' is not a choice; write environment or factory"),
        (
            f"{D}.environments.prod.stacks",
            "*",
            "'*' is not a stack's name, or the beginning of several with * at its end, such as pr-*",
        ),
        (f"{D}.regions", ["eu-central-1"], "'eu-central-1' stands there already; remove it"),
        (f"{D}.regions", ["Paris"], "'Paris' is not a region; write one such as eu-central-1"),
        (
            f"{D}.serviceActions",
            ["s3:*"],
            "'s3:*' is not an action; write it in full, such as dynamodb:GetItem",
        ),
        (
            f"{D}.serviceActions",
            ["iam:CreateUser"],
            "'iam:CreateUser' is a way around the boundary of services' roles; remove it",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(path: str, value: Any, line: str) -> None:
    (found,) = complaints({path: value})
    place, _, text = found.partition(": ")
    assert place.partition("[")[0] == path.partition("[")[0]
    assert text == line


def test_two_environments_do_not_deploy_one_stack() -> None:
    (line,) = complaints({f"{D}.environments": {"review": {"stacks": "pr*"}, "prod": {}}})
    assert line == (
        f"{D}.environments.prod.stacks: 'prod' are stacks of review too; let one environment deploy a stack"
    )
    assert complaints({f"{D}.environments": {"review": {"stacks": "pr-*"}, "prod": {}}}) == []


def test_beside_an_image_it_is_a_key_too_many() -> None:
    assert complaint({D: SMALLEST_DELIVERY[D]}).startswith(f"{D}: is not a known key")


@pytest.mark.parametrize("stack", ["staging", "images"])
def test_every_role_of_a_stack_with_a_boundary_carries_it_below_the_stacks_path(stack: str) -> None:
    found = declared(stack, {**stack_file(stack), "immutable:permissionsBoundary": BOUNDARY})
    roles = [each for each in found.resources if each.type == "aws:iam/role:Role"]
    profiles = [each for each in found.resources if each.type == "aws:iam/instanceProfile:InstanceProfile"]
    assert len(roles) > 2
    assert profiles
    assert {each.inputs["permissionsBoundary"] for each in roles} == {BOUNDARY}
    assert {each.inputs["path"] for each in [*roles, *profiles]} == {f"/immutable/{stack}/"}


def test_without_a_boundary_roles_are_where_they_were() -> None:
    found = declared("staging", SMALLEST)
    roles = [each for each in found.resources if each.type == "aws:iam/role:Role"]
    assert roles
    assert not [each for each in roles if {"path", "permissionsBoundary"} & each.inputs.keys()]


def test_a_boundary_that_is_none_is_refused() -> None:
    assert complaint({"immutable:permissionsBoundary": "admin"}) == (
        "immutable:permissionsBoundary: 'admin' is not a policy's ARN; take the one that the stack of "
        "deliveries prints under boundaries"
    )
