"""Amazon RDS, safety: databases are private, encrypted, and nobody gets in by guessing.

A replica has its source's storage, users and backups, and what is restored has those of its snapshot: what
RDS takes from there is asked of the source alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.rules import Resource, Rule, Severity, at, is_true, known, of_type, rule

INSTANCE = "aws:rds/instance:Instance"
SNAPSHOT = "aws:rds/snapshot:Snapshot"
SNAPSHOT_COPY = "aws:rds/snapshotCopy:SnapshotCopy"
BACKUPS_COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
PROXY = "aws:rds/proxy:Proxy"
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"

_PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}
_ADMINS = frozenset({"admin", "administrator", "mysql", "postgres", "root"})
_TLS = {
    "postgres": "rds.force_ssl",
    "mysql": "require_secure_transport",
    "mariadb": "require_secure_transport",
}


def is_replica(instance: Resource) -> bool:
    """Whether it is a copy of another database that is kept up to date."""
    return at(instance, "replicateSourceDb") is not None


def _inherits(instance: Resource) -> bool:
    origins = ("replicateSourceDb", "snapshotIdentifier", "restoreToPointInTime")
    return any(at(instance, origin) is not None for origin in origins)


@rule(
    id="rds-1",
    types=(SNAPSHOT, SNAPSHOT_COPY),
    severity=Severity.CRITICAL,
    control="RDS.1",
    reason="A public snapshot is the whole database, for anyone to restore.",
    fix="share it with accounts by their numbers, or with none",
)
def rds_1(snapshot: Resource) -> Iterator[str]:
    if "all" in at(snapshot, "sharedAccounts", ()):
        yield "sharedAccounts holds all: the snapshot is public"


@rule(
    id="rds-2",
    types=(INSTANCE,),
    severity=Severity.CRITICAL,
    control="RDS.2",
    reason="A database that has a public address is attacked by everyone.",
    fix="set publiclyAccessible to false",
)
def rds_2(instance: Resource) -> Iterator[str]:
    if is_true(at(instance, "publiclyAccessible")):
        yield "publiclyAccessible is true"


@rule(
    id="rds-3",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.3",
    reason="Storage that is encrypted is of no use to who gets hold of a disk or a snapshot.",
    fix="set storageEncrypted to true; it cannot be turned on later",
)
def rds_3(instance: Resource) -> Iterator[str]:
    if not _inherits(instance) and not at(instance, "storageEncrypted", False):
        yield "storageEncrypted is not true"


@rule(
    id="rds-4",
    types=(BACKUPS_COPY,),
    severity=Severity.MEDIUM,
    control="RDS.4",
    reason="A copy of backups in another region is encrypted with a key of that region, or not at all.",
    fix="name a key of the other region in kmsKeyId",
)
def rds_4(copy: Resource) -> Iterator[str]:
    if at(copy, "kmsKeyId") is None:
        yield "kmsKeyId is missing: the copied backups are not encrypted"


@rule(
    id="rds-10",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.10",
    reason="With IAM authentication people get in without a password that could leak.",
    fix="set iamDatabaseAuthenticationEnabled to true",
)
def rds_10(instance: Resource) -> Iterator[str]:
    if not at(instance, "iamDatabaseAuthenticationEnabled", False):
        yield "iamDatabaseAuthenticationEnabled is not true"


@rule(
    id="rds-23",
    types=(INSTANCE,),
    severity=Severity.LOW,
    control="RDS.23",
    reason="The engine's default port is the first that anyone tries.",
    fix="name another port",
)
def rds_23(instance: Resource) -> Iterator[str]:
    default = _PORTS.get(at(instance, "engine", "none"))
    if default is not None and at(instance, "port", default) == default:
        yield f"port is {default}, the engine's default"


@rule(
    id="rds-25",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.25",
    reason="The administrator's usual name is half of what an attacker has to guess.",
    fix="name the administrator otherwise; it cannot be changed later",
)
def rds_25(instance: Resource) -> Iterator[str]:
    name = at(instance, "username", "")
    if name.lower() in _ADMINS:
        yield f"username is {name}"


@rule(
    id="rds-43",
    types=(PROXY,),
    severity=Severity.MEDIUM,
    control="RDS.43",
    reason="Between a server and the proxy go passwords and data.",
    fix="set requireTls to true",
)
def rds_43(proxy: Resource) -> Iterator[str]:
    if not at(proxy, "requireTls", False):
        yield "requireTls is not true"


@rule(
    id="rds-44",
    types=(PARAMETER_GROUP, INSTANCE),
    severity=Severity.MEDIUM,
    control="RDS.44",
    reason="A client that may come without TLS sends its password in clear one day.",
    fix="give the database a parameter group in which TLS is forced",
)
def rds_44(resource: Resource) -> Iterator[str]:
    if resource.type == INSTANCE:
        if not is_replica(resource) and at(resource, "parameterGroupName") is None:
            yield "parameterGroupName is missing: the default group decides whether TLS is forced"
        return
    family = at(resource, "family", "")
    wanted = next((name for engine, name in _TLS.items() if family.startswith(engine)), None)
    values = {at(each, "name"): str(at(each, "value")).lower() for each in at(resource, "parameters", ())}
    if wanted is not None and values.get(wanted) not in ("1", "on"):
        yield f"parameter {wanted} of {family} is {values.get(wanted, 'not set')}"


@rule(
    id="rds-46",
    severity=Severity.HIGH,
    control="RDS.46",
    reason="In a subnet with a way to the internet one wrong security group is enough to publish a database.",
    fix="take subnets without a route to an internet gateway",
)
def rds_46(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    public = _public_subnets(resources)
    groups = {each.urn: each for each in of_type(resources, SUBNET_GROUP)}
    for instance in of_type(resources, INSTANCE):
        for urn in instance.depends.get("dbSubnetGroupName", ()):
            own = _subnets(resources, groups[urn], "subnetIds") if urn in groups else set()
            for subnet in sorted(own & public.keys()):
                yield instance.urn, f"its subnet {public[subnet]} has a route to an internet gateway"


def _public_subnets(resources: Sequence[Resource]) -> dict[str, str]:
    """URNs and names of the subnets whose route table leads to an internet gateway."""
    gateways = {each.urn for each in of_type(resources, INTERNET_GATEWAY)}
    tables = {
        table
        for route in of_type(resources, ROUTE)
        if gateways & set(route.depends.get("gatewayId", ()))
        for table in route.depends.get("routeTableId", ())
    }
    names = {each.urn: each.name for each in of_type(resources, SUBNET)}
    return {
        subnet: names[subnet]
        for association in of_type(resources, ASSOCIATION)
        if tables & set(association.depends.get("routeTableId", ()))
        for subnet in names.keys() & set(association.depends.get("subnetId", ()))
    }


def _subnets(resources: Sequence[Resource], user: Resource, key: str) -> set[str]:
    """The subnets that an input names, straight or by their associations: that waits for their routes."""
    through = {each.urn: each.depends.get("subnetId", ()) for each in of_type(resources, ASSOCIATION)}
    return {subnet for urn in user.depends.get(key, ()) for subnet in through.get(urn, (urn,))}


@rule(
    id="rds-managed-password",
    types=(INSTANCE,),
    severity=Severity.HIGH,
    reason="A password that the program gives lies in the state, and in every log of who made it.",
    fix="set manageMasterUserPassword to true: RDS makes it, keeps it secret and renews it",
)
def rds_managed_password(instance: Resource) -> Iterator[str]:
    password = at(instance, "password")
    if known(password) and password is not None:
        yield "password is given"
    elif not _inherits(instance) and not at(instance, "manageMasterUserPassword", False):
        yield "manageMasterUserPassword is not true"


RULES: tuple[Rule, ...] = (
    rds_1,
    rds_2,
    rds_3,
    rds_4,
    rds_10,
    rds_23,
    rds_25,
    rds_43,
    rds_44,
    rds_46,
    rds_managed_password,
)
