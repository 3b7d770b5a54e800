"""What a service's servers may reach beyond requests and logs: a database, secrets, other services.

Each needs three things that change together: a variable that names it, leave to read or call it, and the open
path in the security groups of both sides. Nothing that is not named here is reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from pulumi import Output, ResourceOptions
from pulumi_aws import ec2, vpc

from . import policies
from .args import Callee, DatabaseAccess, Late, Port, SecretReference
from .names import named

SECRETS = "IMMUTABLE_SECRETS"
"""The variable that tells a server its secrets, as NAME=REFERENCE with a space between two. A program of the
image resolves them with the server's own role, so that no value passes through user data or state."""

DATABASE_VARIABLES = ("DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_SECRET", "DATABASE_USER")
"""What servers are told of their database; the user only where there is IAM authentication."""

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"arn:[^:]+:ssm:[^:]*:[^:]*:parameter/")

Rule: TypeAlias = "vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule"


class ReadArgs(Protocol):
    """What this module takes from the arguments of whoever reads secrets: servers, and pods."""

    @property
    def database(self) -> DatabaseAccess | None: ...
    @property
    def secrets(self) -> Mapping[str, SecretReference]: ...


class AccessArgs(ReadArgs, Protocol):
    """What this module takes from the launch template's arguments."""

    @property
    def calls(self) -> Mapping[str, Callee]: ...
    @property
    def service(self) -> str: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def url_variable(callee: str) -> str:
    """The variable with a called service's address: `BILLING_URL` for `billing`."""
    return f"{callee.upper().replace('-', '_')}_URL"


def variables(args: AccessArgs) -> dict[str, Late]:
    """What the servers are told of all this: the names are known at once, the values may be late."""
    found: dict[str, Late] = {}
    if args.database is not None:
        database = args.database
        told = (database.host, str(database.port), database.name, database.secret_arn, database.user)
        by_name = zip(DATABASE_VARIABLES, told, strict=True)
        found |= {name: value for name, value in by_name if value is not None}
    found |= {url_variable(name): callee.url for name, callee in args.calls.items()}
    if args.secrets:
        # Sorted, so that the order in which secrets were given makes no new launch template version.
        arns = {name: args.secrets[name].arn for name in sorted(args.secrets)}
        known: Output[dict[str, str]] = Output.all(**arns)
        found[SECRETS] = known.apply(lambda all_arns: " ".join(f"{name}={all_arns[name]}" for name in arns))
    return found


def refuse_names(args: AccessArgs, environment: Iterable[str]) -> None:
    """Raises ValueError for a variable that is set here, and for a secret whose name is none or is taken."""
    own = variables(args).keys()
    given = set(environment)
    for name in sorted(own & given):
        raise ValueError(f"{name} is set by the component: take it out of the environment")
    for name in args.secrets:
        if not VARIABLE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for an environment variable: use letters, digits and _")
        if name in own or name in given:
            raise ValueError(f"{name} is a variable already: give the secret another name")
    twice = [url_variable(name) for name in args.calls]
    for name in twice:
        if twice.count(name) > 1:
            raise ValueError(f"two called services make the variable {name}: rename one")


def statements(args: ReadArgs) -> Output[list[policies.Statement]]:
    """Leave to read exactly what is named, to decrypt it, and to connect to the database."""
    references = list(args.secrets.values())
    connect: list[Late] = []
    if args.database is not None:
        references.append(SecretReference(arn=args.database.secret_arn, key_arn=args.database.secret_key_arn))
        connect = [] if args.database.connect_arn is None else [args.database.connect_arn]
    known = Output.all(
        arns=[each.arn for each in references],
        keys=[each.key_arn for each in references if each.key_arn is not None],
        connect=connect,
    )
    return known.apply(lambda found: list(granted(found["arns"], found["keys"], found["connect"])))


def granted(arns: Sequence[str], keys: Sequence[str], connect: Sequence[str]) -> Iterator[policies.Statement]:
    """The same of values that are known."""
    parameters = [arn for arn in arns if _PARAMETER.match(arn)]
    secrets = [arn for arn in arns if not _PARAMETER.match(arn)]
    if secrets:
        yield policies.secret_reader(secrets)
    if parameters:
        yield policies.parameter_reader(parameters)
    if keys:
        yield policies.secret_decrypter(keys)
    if connect:
        yield policies.database_user(connect)


def access_rules(name: str, group: ec2.SecurityGroup, args: AccessArgs, opts: ResourceOptions) -> list[Rule]:
    """The way to the database and to each called service, opened on both sides and to one port."""
    rules: list[Rule] = []
    if args.database is not None:
        rules += _way(
            f"{name}-to-database", "the database", args.database.security_group_id, args.database.port,
            group, args, opts,
        )  # fmt: skip
    for callee, access in args.calls.items():
        rules += _way(
            f"{name}-calls-{callee}", callee, access.security_group_id, access.port, group, args, opts
        )
    return rules


def _way(
    name: str,
    what: str,
    to: Late,
    port: Port,
    group: ec2.SecurityGroup,
    args: AccessArgs,
    opts: ResourceOptions,
) -> list[Rule]:
    common = {"ip_protocol": "tcp", "from_port": port, "to_port": port, "tags": named(args.tags, name)}
    # To another database, or a proxy before it, is another way: changed in place, it would be lost to the
    # servers that are yet to be replaced. The old one is closed when the rollout is over.
    moved = ResourceOptions(
        parent=opts.parent, replace_on_changes=["referencedSecurityGroupId", "fromPort", "toPort"]
    )
    return [
        vpc.SecurityGroupEgressRule(
            name,
            security_group_id=group.id,
            description=f"Calls to {what}",
            referenced_security_group_id=to,
            opts=moved,
            **common,
        ),
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=to,
            description=f"Calls from the servers of {args.service}",
            referenced_security_group_id=group.id,
            opts=moved,
            **common,
        ),
    ]
