"""Who a service's servers are to AWS: a role that may do what is named here, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import iam

from . import lifecycle_hooks, policies, server_access
from .lifecycle_hooks import Lifecycle
from .names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named


class ServerRoleArgs(server_access.AccessArgs, Protocol):
    """What this module takes from the launch template's arguments."""

    @property
    def policy_statements(self) -> tuple[Mapping[str, Any], ...]: ...
    @property
    def lifecycle(self) -> Lifecycle: ...
    @property
    def port(self) -> int | None: ...
    @property
    def run_seconds(self) -> int | None: ...


class ServerRole(NamedTuple):
    """A role as servers have it."""

    role: iam.Role
    policies: list[iam.RolePolicy]
    """A server that starts before it has these would fail its first calls."""
    profile: iam.InstanceProfile


def server_role(
    name: str, args: ServerRoleArgs, log_group_arn: Output[str], opts: ResourceOptions
) -> ServerRole:
    """The role, what it may do, and the profile by which EC2 gives it to servers."""
    role = iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description=f"Servers of {args.service}",
        assume_role_policy=Output.json_dumps(policies.trust("ec2.amazonaws.com")),
        tags=named(args.tags, name),
        opts=opts,
    )
    every = iam.RolePolicy(name, role=role.name, policy=_policy(log_group_arn, role.name, args), opts=opts)
    return ServerRole(
        role,
        [every, *_access(name, role, args, opts)],
        iam.InstanceProfile(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            role=role.name,
            tags=named(args.tags, name),
            opts=opts,
        ),
    )


def _access(name: str, role: iam.Role, args: ServerRoleArgs, opts: ResourceOptions) -> list[iam.RolePolicy]:
    """What this service may do beside what every server may.

    Another one is made for another access, and the one before goes at the end of an update that succeeded:
    servers that are yet to be replaced, and those that a failed rollout brings back, read what they are told.
    """
    if args.database is None and not args.secrets and not args.policy_statements:
        return []
    known = Output.all(server_access.statements(args), list(args.policy_statements))
    return [
        iam.RolePolicy(
            f"{name}-access",
            role=role.name,
            policy=Output.json_dumps(known.apply(lambda each: policies.document(*each[0], *each[1]))),
            opts=ResourceOptions(parent=opts.parent, replace_on_changes=["policy"]),
        )
    ]


def _policy(log_group_arn: Output[str], role_name: Output[str], args: ServerRoleArgs) -> Output[str]:
    def document(log_group_arn: str, role_name: str) -> policies.Document:
        owner = policies.owner_of(log_group_arn)
        tag = lifecycle_hooks.SERVER_ROLE_TAG
        hooks = [policies.lifecycle_completer(owner, tag, role_name)]
        if actions := _of_own_group(args):
            hooks.append(policies.group_member(owner, tag, role_name, actions))
        return policies.server_policy(log_group_arn, hooks if args.lifecycle.any else [])

    known = Output.all(log_group_arn, role_name)
    return Output.json_dumps(known.apply(lambda each: document(*each)))


def _of_own_group(args: ServerRoleArgs) -> list[str]:
    """What only a server itself can know, where no load balancer asks it."""
    if args.run_seconds is not None:
        return ["autoscaling:TerminateInstanceInAutoScalingGroup"]
    return ["autoscaling:SetInstanceHealth"] if args.port is None else []
