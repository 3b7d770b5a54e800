"""Who a service's servers are to AWS: a role that may do what is named here, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import iam

from components import lifecycle_hooks, policies, server_access
from components.lifecycle_hooks import Lifecycle
from components.names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named


class ServerRoleArgs(server_access.AccessArgs, Protocol):
    """What this module takes from the launch template's arguments."""

    @property
    def policy_statements(self) -> tuple[Mapping[str, Any], ...]: ...
    @property
    def lifecycle(self) -> Lifecycle: ...


class ServerRole(NamedTuple):
    """A role as servers have it."""

    role: iam.Role
    policy: iam.RolePolicy
    """A server that starts before it has this would fail its first calls."""
    profile: iam.InstanceProfile


def server_role(
    name: str, args: ServerRoleArgs, log_group_arn: Output[str], opts: ResourceOptions
) -> ServerRole:
    """The role, its only policy and the profile by which EC2 gives it to servers."""
    role = iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description=f"Servers of {args.service}",
        assume_role_policy=Output.json_dumps(policies.trust("ec2.amazonaws.com")),
        tags=named(args.tags, name),
        opts=opts,
    )
    return ServerRole(
        role,
        iam.RolePolicy(name, role=role.name, policy=_policy(log_group_arn, role.name, args), opts=opts),
        iam.InstanceProfile(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            role=role.name,
            tags=named(args.tags, name),
            opts=opts,
        ),
    )


def _policy(log_group_arn: Output[str], role_name: Output[str], args: ServerRoleArgs) -> Output[str]:
    """The statements may hold values that are not known yet, so they go through an Output too."""

    def document(log_group_arn: str, role_name: str, own: list[policies.Statement]) -> policies.Document:
        owner = policies.owner_of(log_group_arn)
        hooks = [policies.lifecycle_completer(owner, lifecycle_hooks.SERVER_ROLE_TAG, role_name)]
        return policies.server_policy(log_group_arn, [*(hooks if args.lifecycle.any else ()), *own])

    known = Output.all(log_group_arn, role_name, server_access.statements(args), list(args.policy_statements))
    return Output.json_dumps(known.apply(lambda each: document(each[0], each[1], [*each[2], *each[3]])))
