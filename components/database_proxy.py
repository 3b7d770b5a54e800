"""A pool of connections before a database: many servers share few of them, and outlast a failover."""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import ec2, iam, rds, vpc
from pydantic import Field

from . import policies
from .args import ComponentArgs, Late, Port
from .database_engines import ENGINES, Engine
from .names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named


class DatabaseProxyArgs(ComponentArgs):
    """What a `DatabaseProxy` is made of."""

    engine: Engine
    identifier: Late
    """The identifier of the instance; there already."""
    port: Port
    """The port of the instance."""
    security_group_id: Late
    """The security group of the instance."""
    vpc_id: Late
    subnet_ids: tuple[Late, ...] = Field(min_length=2)
    secret_arn: Late
    key_arn: Late
    """The key of the secret."""
    idle_timeout_seconds: int = Field(default=1800, ge=1, le=28_800)
    """After how long without a byte a server's connection is closed (RDS Proxy: up to 8 hours)."""


class DatabaseProxy(pulumi.ComponentResource):
    """RDS Proxy, over TLS only. It logs in with the database's secret, and so do the servers to it.

    It listens on the engine's default port: RDS Proxy has no other.
    """

    host: Output[str]
    port: int
    security_group_id: Output[str]

    def __init__(self, name: str, args: DatabaseProxyArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:databaseproxy:DatabaseProxy", name, None, opts)
        child = ResourceOptions(parent=self)
        group, rules = _security_group(name, args, child)
        role, policy = _role(name, args, child)
        proxy = rds.Proxy(
            name,
            engine_family=ENGINES[args.engine].proxy_family,
            role_arn=role.arn,
            vpc_subnet_ids=list(args.subnet_ids),
            vpc_security_group_ids=[group.id],
            require_tls=True,
            # Its debug log holds whole statements.
            debug_logging=False,
            idle_client_timeout=args.idle_timeout_seconds,
            auths=[
                rds.ProxyAuthArgs(
                    auth_scheme="SECRETS",
                    description="The administrator of the database",
                    iam_auth="DISABLED",
                    secret_arn=args.secret_arn,
                )
            ],
            tags=named(args.tags, name),
            opts=ResourceOptions(parent=self, depends_on=[policy, *rules]),
        )
        pool = rds.ProxyDefaultTargetGroup(
            name,
            db_proxy_name=proxy.name,
            connection_pool_config=rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs(
                connection_borrow_timeout=120, max_connections_percent=90, max_idle_connections_percent=50
            ),
            opts=child,
        )
        target = rds.ProxyTarget(
            name,
            db_proxy_name=proxy.name,
            target_group_name=pool.name,
            db_instance_identifier=args.identifier,
            opts=child,
        )
        # With its target: whoever has the name can count on a database behind it.
        self.host = Output.all(proxy.endpoint, target.id).apply(lambda known: str(known[0]))
        self.port = ENGINES[args.engine].default_port
        self.security_group_id = group.id
        self.register_outputs({"host": self.host})


def _security_group(
    name: str, args: DatabaseProxyArgs, opts: ResourceOptions
) -> tuple[ec2.SecurityGroup, list[pulumi.Resource]]:
    group = ec2.SecurityGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description="The proxy of the database",
        vpc_id=args.vpc_id,
        tags=named(args.tags, name),
        opts=opts,
    )
    connections = {"ip_protocol": "tcp", "from_port": args.port, "to_port": args.port}
    rules: list[pulumi.Resource] = [
        vpc.SecurityGroupEgressRule(
            f"{name}-to-database",
            security_group_id=group.id,
            description="Connections to the database",
            referenced_security_group_id=args.security_group_id,
            tags=named(args.tags, f"{name}-to-database"),
            opts=opts,
            **connections,
        ),
        vpc.SecurityGroupIngressRule(
            f"{name}-from-proxy",
            security_group_id=args.security_group_id,
            description="Connections from the proxy",
            referenced_security_group_id=group.id,
            tags=named(args.tags, f"{name}-from-proxy"),
            opts=opts,
            **connections,
        ),
    ]
    return group, rules


def _role(name: str, args: DatabaseProxyArgs, opts: ResourceOptions) -> tuple[iam.Role, iam.RolePolicy]:
    owner = Output.from_input(args.key_arn).apply(policies.owner_of)
    role = iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description="Lets the proxy of the database read its secret",
        assume_role_policy=Output.json_dumps(owner.apply(proxy_trust)),
        tags=named(args.tags, name),
        opts=opts,
    )
    policy = iam.RolePolicy(
        name,
        role=role.name,
        policy=Output.json_dumps(
            Output.all(args.secret_arn, args.key_arn).apply(
                lambda known: policies.document(
                    policies.secret_reader([known[0]]), policies.secret_decrypter([known[1]])
                )
            )
        ),
        opts=opts,
    )
    return role, policy


def proxy_trust(owner: policies.Owner) -> policies.Document:
    """RDS may take the role for this account's proxies and no other's (confused deputy)."""
    return policies.trust("rds.amazonaws.com", {"StringEquals": {"aws:SourceAccount": owner.account}})
