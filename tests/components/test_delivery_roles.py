"""What `DeliveryRoles` makes: one role that reads and one that deploys for each environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi import Output
from pydantic import ValidationError

from components import delivery_policies
from components.delivery_boundary import boundary_policy
from components.delivery_limits import own_only
from components.delivery_roles import DeliveryEnvironment, DeliveryRoles, DeliveryRolesArgs
from components.delivery_state import State, state_reader, state_writer
from components.policies import Owner
from tests.components.recorder import ACCOUNT, Built

Build = Callable[[Callable[[], Any]], Built]
OWNER = Owner("aws", "", ACCOUNT)
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"
STATE = State("the-state", KEY, "immutable")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
REGIONS = ("eu-central-1", "eu-west-1")
GIVEN: dict[str, Any] = {
    "repository": "example/shop",
    "environments": {
        "images": DeliveryEnvironment(kind="factory"),
        "prod": DeliveryEnvironment(),
        "review": DeliveryEnvironment(stacks="pr-*"),
    },
    "project": "immutable",
    "regions": REGIONS,
    "state_bucket": "the-state",
    "state_key_arn": KEY,
    "tags": {"owner": "platform"},
}


def roles(build: Build, **changes: Any) -> Built:
    def program() -> dict[str, Any]:
        late = {"state_bucket": Output.from_input("the-state"), "state_key_arn": Output.from_input(KEY)}
        made = DeliveryRoles("delivery", DeliveryRolesArgs(**{**GIVEN, **late, **changes}))
        return {
            "provider": made.provider_arn,
            "boundaries": made.boundaries,
            "roles": {name: tuple(each) for name, each in made.roles.items()},
        }

    return build(program)


def tags(name: str) -> dict[str, str]:
    return {"owner": "platform", "Name": name}


def test_every_child_has_the_component_as_its_parent(build: Build) -> None:
    built = roles(build)
    assert built.types()["the DeliveryRoles delivery"] == "immutable:deliveryroles:DeliveryRoles"
    assert {parent for key, parent in built.parents().items() if not key.startswith("the ")} == {
        "the DeliveryRoles delivery"
    }


def test_githubs_tokens_are_taken_for_awss_own_audience(build: Build) -> None:
    assert roles(build).inputs("OpenIdConnectProvider")["OpenIdConnectProvider delivery"] == {
        "url": "https://token.actions.githubusercontent.com",
        "clientIdLists": ["sts.amazonaws.com"],
        "tags": tags("delivery"),
    }


def test_an_account_that_has_the_provider_keeps_its_own(build: Build) -> None:
    built = roles(build, oidc_provider_arn=PROVIDER)
    assert built.inputs("OpenIdConnectProvider") == {}
    assert built.outputs["provider"] == PROVIDER


def test_a_preview_reads_and_is_taken_by_requests_schedules_and_deployments(build: Build) -> None:
    built = roles(build)
    subjects = ["pull_request", "ref:refs/heads/main"]
    subjects += [f"environment:{each}" for each in ("images", "prod", "review")]
    assert built.inputs("Role")["Role delivery-prod-preview"] == {
        "namePrefix": "delivery-prod-preview-",
        "path": "/delivery/",
        "description": "Previews prod: reads, and writes nothing",
        "assumeRolePolicy": delivery_policies.trust(PROVIDER, [f"repo:example/shop:{s}" for s in subjects]),
        "maxSessionDuration": 14_400,
        "tags": tags("delivery-prod-preview"),
    }
    assert attached(built, "delivery-prod-preview") == ["read"]
    assert own(built, "delivery-prod-preview") == state_reader(OWNER, STATE)


@pytest.mark.parametrize(
    ("environment", "stacks", "kind", "families"),
    [
        ("prod", "prod", "environment", ["clusters", "data", "global", "logs", "network", "read", "servers"]),
        (
            "review",
            "pr-*",
            "environment",
            ["clusters", "data", "global", "logs", "network", "read", "servers"],
        ),
        ("images", "images", "factory", ["global", "images", "logs", "network", "read"]),
    ],
)
def test_a_deployment_is_taken_by_a_job_of_its_environment_alone(
    environment: str, stacks: str, kind: Any, families: list[str], build: Build
) -> None:
    built, name = roles(build), f"delivery-{environment}-deploy"
    role = built.inputs("Role")[f"Role {name}"]
    subject = f"repo:example/shop:environment:{environment}"
    assert role["assumeRolePolicy"] == delivery_policies.trust(PROVIDER, [subject])
    assert (role["path"], role["description"]) == ("/delivery/", f"Deploys {stacks}")
    assert attached(built, name) == families
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/delivery/delivery-{kind}-boundary"
    assert own(built, name) == [
        *state_reader(OWNER, STATE),
        *state_writer(OWNER, STATE, stacks),
        *own_only(OWNER, STATE, stacks, kind, boundary),
    ]


def test_policies_are_shared_and_say_what_they_are_for(build: Build) -> None:
    found = roles(build, service_actions=("dynamodb:GetItem",)).inputs("Policy")
    assert found["Policy delivery-network"] == {
        "namePrefix": "delivery-network-",
        "path": "/delivery/",
        "description": "What deployments write of network",
        "policy": delivery_policies.write_policy("network", REGIONS),
        "tags": tags("delivery-network"),
    }
    written = {name.removeprefix("Policy delivery-"): each["policy"] for name, each in found.items()}
    assert written["read"] == delivery_policies.read_policy(OWNER)
    assert written["global"] == delivery_policies.global_policy(OWNER)
    for kind in ("environment", "factory"):
        bounded = boundary_policy(OWNER, "immutable", kind, ["dynamodb:GetItem"])
        assert written[f"{kind}-boundary"] == bounded


def test_what_no_environment_needs_is_not_made(build: Build) -> None:
    found = roles(build, environments={"images": DeliveryEnvironment(kind="factory")}).inputs("Policy")
    assert sorted(name.removeprefix("Policy delivery-") for name in found) == [
        "factory-boundary", "global", "images", "logs", "network", "read",
    ]  # fmt: skip


def test_it_tells_its_roles_and_boundaries(build: Build) -> None:
    outputs = roles(build).outputs
    assert outputs["boundaries"]["factory"].endswith(":policy/delivery/delivery-factory-boundary")
    assert list(outputs["roles"]["prod"]) == [
        "arn:role/delivery-prod-preview",
        "arn:role/delivery-prod-deploy",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"repository": "shop"},
        {"environments": {}},
        {"environments": {"Prod": DeliveryEnvironment()}},
        {"regions": ()},
        {"max_session_seconds": 60},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_aws_or_github_would_refuse_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeliveryRolesArgs(**{**GIVEN, **wrong})


def test_stacks_of_another_kind_of_pattern_are_refused() -> None:
    for pattern in ("*", "*-pr", "a*b"):
        with pytest.raises(ValidationError):
            DeliveryEnvironment(stacks=pattern)


def attached(built: Built, role: str) -> list[str]:
    found = built.inputs("RolePolicyAttachment")
    names = [name for name, each in found.items() if each["role"] == f"{role}-role"]
    for name in names:
        suffix = name.rpartition("-")[2]
        assert found[name]["policyArn"] == f"arn:aws:iam::{ACCOUNT}:policy/delivery/delivery-{suffix}"
    return sorted(name.rpartition("-")[2] for name in names)


def own(built: Built, role: str) -> list[Any]:
    found = built.inputs("RolePolicy")[f"RolePolicy {role}"]
    assert found["role"] == f"{role}-role"
    return list(found["policy"]["Statement"])
