"""How services reach a database: at its own port, or through a proxy before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import rds

from . import policies
from .args import DatabaseAccess, Late
from .database_engines import Engine, own_port
from .database_proxy import DatabaseProxy, DatabaseProxyArgs
from .database_settings import Settings


class DatabaseAccessArgs(Protocol):
    """What this module takes from the database's arguments."""

    @property
    def vpc_id(self) -> Late: ...
    @property
    def subnet_ids(self) -> tuple[Late, ...]: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def database_name(self) -> str: ...
    @property
    def iam_user(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def proxy(self) -> bool: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def database_access(
    name: str,
    args: DatabaseAccessArgs,
    instance: rds.Instance,
    made: Settings,
    secret_arn: Output[str],
    key_arn: Output[str],
    opts: ResourceOptions,
) -> DatabaseAccess:
    """What a service needs; makes the proxy where there is to be one."""
    port = args.port or own_port(args.engine)
    reached: dict[str, Any] = {
        "host": instance.address,
        "port": port,
        "security_group_id": made.security_group.id,
    }
    if args.proxy:
        proxy = DatabaseProxy(
            f"{name}-proxy",
            DatabaseProxyArgs(
                engine=args.engine,
                identifier=instance.identifier,
                port=port,
                security_group_id=made.security_group.id,
                vpc_id=args.vpc_id,
                subnet_ids=args.subnet_ids,
                secret_arn=secret_arn,
                key_arn=key_arn,
                tags=args.tags,
            ),
            opts=opts,
        )
        reached = {"host": proxy.host, "port": proxy.port, "security_group_id": proxy.security_group_id}
    user = args.iam_user
    return DatabaseAccess(
        **reached,
        name=args.database_name,
        secret_arn=secret_arn,
        secret_key_arn=key_arn,
        connect_arn=_connect_arn(instance, user) if user else None,
        user=user,
    )


def _connect_arn(instance: rds.Instance, user: str) -> Output[str]:
    def arn(known: Sequence[Any]) -> str:
        owner = policies.owner_of(known[0])
        return f"arn:{owner.partition}:rds-db:{owner.region}:{owner.account}:dbuser:{known[1]}/{user}"

    return Output.all(instance.arn, instance.resource_id).apply(arn)
