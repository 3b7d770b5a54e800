"""Amazon RDS: databases are private, encrypted, watched, backed up, and hard to lose.

A replica has its source's storage, users and backups, and what is restored has those of its snapshot: what RDS takes
from there is asked of the source alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.rules import (
    Resource,
    Rule,
    Severity,
    at,
    is_false,
    is_true,
    items,
    known,
    of_type,
    rule,
)

INSTANCE = "aws:rds/instance:Instance"
SNAPSHOT = "aws:rds/snapshot:Snapshot"
SNAPSHOT_COPY = "aws:rds/snapshotCopy:SnapshotCopy"
BACKUPS_COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
SUBSCRIPTION = "aws:rds/eventSubscription:EventSubscription"
PROXY = "aws:rds/proxy:Proxy"

_PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}
_ADMINS = frozenset({"admin", "postgres", "root", "mysql", "administrator"})
_LOGS = {
    "postgres": ("postgresql", "upgrade"),
    "mysql": ("audit", "error", "general", "slowquery"),
    "mariadb": ("audit", "error", "general", "slowquery"),
}
"""What AWS asks for by engine, of the engines that the component Database knows."""
_TLS = {"postgres": "rds.force_ssl", "mysql": "require_secure_transport", "mariadb": "require_secure_transport"}
_BACKUP_DAYS_LEAST = 7
"""AWS's default for the control's parameter."""


def _is_replica(instance: Resource) -> bool:
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
    id="rds-5",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.5",
    reason="A database in one zone is away while its zone is.",
    fix="set multiAz to true",
)
def rds_5(instance: Resource) -> Iterator[str]:
    if not _is_replica(instance) and not at(instance, "multiAz", False):
        yield "multiAz is not true"


@rule(
    id="rds-6",
    types=(INSTANCE,),
    severity=Severity.LOW,
    control="RDS.6",
    reason="Enhanced monitoring shows what the machine under a slow database does.",
    fix="set monitoringInterval to 60 seconds, with a monitoringRoleArn",
)
def rds_6(instance: Resource) -> Iterator[str]:
    if not at(instance, "monitoringInterval", 0):
        yield "monitoringInterval is 0 or missing"


@rule(
    id="rds-8",
    types=(INSTANCE,),
    severity=Severity.LOW,
    control="RDS.8",
    reason="With deletion protection it takes two deliberate steps to lose a database.",
    fix="set deletionProtection to true",
)
def rds_8(instance: Resource) -> Iterator[str]:
    if not _is_replica(instance) and not at(instance, "deletionProtection", False):
        yield "deletionProtection is not true"


def _missing_logs(instance: Resource, wanted: Sequence[str]) -> Iterator[str]:
    missing = sorted(set(wanted) - set(at(instance, "enabledCloudwatchLogsExports", ())))
    if missing:
        yield f"enabledCloudwatchLogsExports lacks {', '.join(missing)}"


@rule(
    id="rds-9",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.9",
    reason="A log that stays on the database's machine is lost with it, and nobody searches it.",
    fix="export every log of the engine to CloudWatch Logs",
)
def rds_9(instance: Resource) -> Iterator[str]:
    yield from _missing_logs(instance, _LOGS.get(at(instance, "engine", "none"), ()))


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
    id="rds-11",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.11",
    reason="What was broken a week ago and is noticed today can only be had from a backup.",
    fix=f"set backupRetentionPeriod to {_BACKUP_DAYS_LEAST} days or more",
)
def rds_11(instance: Resource) -> Iterator[str]:
    days = at(instance, "backupRetentionPeriod", 0)
    if not _is_replica(instance) and days < _BACKUP_DAYS_LEAST:
        yield f"backupRetentionPeriod is {days} days"


@rule(
    id="rds-13",
    types=(INSTANCE,),
    severity=Severity.HIGH,
    control="RDS.13",
    reason="Minor versions bring the fixes of known holes.",
    fix="leave autoMinorVersionUpgrade out, or set it to true",
)
def rds_13(instance: Resource) -> Iterator[str]:
    if is_false(at(instance, "autoMinorVersionUpgrade")):
        yield "autoMinorVersionUpgrade is false"


@rule(
    id="rds-17",
    types=(INSTANCE,),
    severity=Severity.LOW,
    control="RDS.17",
    reason="A snapshot with its database's tags is found, accounted for, and covered by the same permissions.",
    fix="set copyTagsToSnapshot to true",
)
def rds_17(instance: Resource) -> Iterator[str]:
    if not at(instance, "copyTagsToSnapshot", False):
        yield "copyTagsToSnapshot is not true"


def _unheard(resources: Sequence[Resource], kind: str, source: str, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Says it of each resource of the kind, while no subscription hears all that is wanted of its source."""
    heard = any(
        is_false(at(each, "enabled")) is False
        and at(each, "sourceType", source) == source
        and wanted <= set(at(each, "eventCategories", ()) or wanted)
        for each in of_type(resources, SUBSCRIPTION)
    )
    for each in () if heard else of_type(resources, kind):
        yield each.urn, f"no event subscription of {source} hears of {', '.join(sorted(wanted))}"


@rule(
    id="rds-20",
    severity=Severity.LOW,
    control="RDS.20",
    reason="Somebody should hear at once that a database failed or was changed.",
    fix="subscribe an SNS topic to the events of source type db-instance",
)
def rds_20(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    yield from _unheard(resources, INSTANCE, "db-instance", {"maintenance", "configuration change", "failure"})


@rule(
    id="rds-21",
    severity=Severity.LOW,
    control="RDS.21",
    reason="A changed parameter can turn off encryption or logs of every database that uses the group.",
    fix="subscribe an SNS topic to the events of source type db-parameter-group",
)
def rds_21(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    yield from _unheard(resources, PARAMETER_GROUP, "db-parameter-group", {"configuration change"})


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
    id="rds-36",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.36",
    reason="PostgreSQL's own log says who connected, what was refused and what was slow.",
    fix="add it to enabledCloudwatchLogsExports",
)
def rds_36(instance: Resource) -> Iterator[str]:
    if at(instance, "engine", "none") == "postgres":
        yield from _missing_logs(instance, ("postgresql",))


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
    reason="A client that may come without TLS sends its password in clear one day; AWS asks it of MariaDB, we of all.",
    fix="give the database a parameter group in which TLS is forced",
)
def rds_44(resource: Resource) -> Iterator[str]:
    if resource.type == INSTANCE:
        if not _is_replica(resource) and at(resource, "parameterGroupName") is None:
            yield "parameterGroupName is missing: the default group decides whether TLS is forced"
        return
    family = at(resource, "family", "")
    wanted = next((name for engine, name in _TLS.items() if family.startswith(engine)), None)
    values = {at(each, "name"): str(at(each, "value")).lower() for _, each in items(resource, "parameters")}
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
    by_urn = {each.urn: each for each in of_type(resources, SUBNET_GROUP)}
    for instance in of_type(resources, INSTANCE):
        for group in instance.depends.get("dbSubnetGroupName", ()):
            found = set(by_urn[group].depends.get("subnetIds", ())) & set(public) if group in by_urn else set()
            for subnet in sorted(found):
                yield instance.urn, f"its subnet {public[subnet]} has a route to an internet gateway"


def _public_subnets(resources: Sequence[Resource]) -> dict[str, str]:
    """URNs and names of the subnets whose route table leads to an internet gateway."""
    gateways = {each.urn for each in of_type(resources, "aws:ec2/internetGateway:InternetGateway")}
    tables = {
        table
        for route in of_type(resources, "aws:ec2/route:Route")
        if gateways & set(route.depends.get("gatewayId", ()))
        for table in route.depends.get("routeTableId", ())
    }
    return {
        subnet.urn: subnet.name
        for association in of_type(resources, "aws:ec2/routeTableAssociation:RouteTableAssociation")
        if tables & set(association.depends.get("routeTableId", ()))
        for subnet in of_type(resources, "aws:ec2/subnet:Subnet")
        if association.comes_from("subnetId", subnet)
    }


@rule(
    id="rds-managed-password",
    types=(INSTANCE,),
    severity=Severity.HIGH,
    reason="A password that the program gives lies in the state, and in every log of who made it.",
    fix="set manageMasterUserPassword to true: RDS makes it, keeps it secret and renews it",
)
def rds_managed_password(instance: Resource) -> Iterator[str]:
    # A secret value is not read: that it is there is enough.
    if "password" in instance.inputs and instance.inputs["password"] is not None:
        yield "password is given"
    elif not _inherits(instance) and known(given := at(instance, "manageMasterUserPassword")) and not given:
        yield "manageMasterUserPassword is not true"


RULES: tuple[Rule, ...] = (
    rds_1,
    rds_2,
    rds_3,
    rds_4,
    rds_5,
    rds_6,
    rds_8,
    rds_9,
    rds_10,
    rds_11,
    rds_13,
    rds_17,
    rds_20,
    rds_21,
    rds_23,
    rds_25,
    rds_36,
    rds_43,
    rds_44,
    rds_46,
    rds_managed_password,
)
