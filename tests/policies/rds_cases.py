"""Right and wrong databases: who gets in, and how."""

from __future__ import annotations

from policies import rds
from policies.rules import Resource
from tests.policies.cases import Case, res

RIGHT = {
    "engine": "postgres",
    "port": 5433,
    "username": "steward",
    "storageEncrypted": True,
    "publiclyAccessible": False,
    "iamDatabaseAuthenticationEnabled": True,
    "parameterGroupName": "main",
    "manageMasterUserPassword": True,
}
TLS = [{"name": "rds.force_ssl", "value": "1"}]


def placed(*, public: bool) -> list[Resource]:
    """A database in a subnet, with a way to the internet or with one through a NAT gateway."""
    internet = res("aws:ec2/internetGateway:InternetGateway")
    subnet = res("aws:ec2/subnet:Subnet", "inner")
    table = res("aws:ec2/routeTable:RouteTable")
    group = res(rds.SUBNET_GROUP, depends={"subnetIds": subnet})
    way = {"gatewayId": internet} if public else {"natGatewayId": res("aws:ec2/natGateway:NatGateway")}
    return [
        internet,
        subnet,
        table,
        res("aws:ec2/route:Route", depends={"routeTableId": table, **way}),
        res(
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            depends={"routeTableId": table, "subnetId": subnet},
        ),
        group,
        res(rds.INSTANCE, depends={"dbSubnetGroupName": group}),
    ]


CASES: tuple[Case, ...] = (
    Case(
        rds.rds_1,
        right={"sharedAccounts": ["123456789012"]},
        wrong={"sharedAccounts": ["all"]},
        says="all",
        kinds=(rds.SNAPSHOT_COPY,),
    ),
    Case(rds.rds_2, right=RIGHT, wrong={"publiclyAccessible": True}, says="publiclyAccessible is true"),
    Case(rds.rds_3, right=RIGHT, wrong={"storageEncrypted": False}, says="storageEncrypted is not true"),
    Case(rds.rds_3, right={"replicateSourceDb": "main"}, wrong={}, says="storageEncrypted is not true"),
    *(
        Case(rds.rds_3, right={origin: "main"}, wrong={}, says="storageEncrypted is not true")
        for origin in ("snapshotIdentifier", "restoreToPointInTime")
    ),
    Case(
        rds.rds_4, right={"kmsKeyId": "arn:aws:kms:eu-west-1:1:key/a"}, wrong={}, says="kmsKeyId is missing"
    ),
    Case(rds.rds_10, right=RIGHT, wrong={}, says="iamDatabaseAuthenticationEnabled is not true"),
    Case(rds.rds_23, right={"engine": "mysql", "port": 3307}, wrong={"engine": "mysql"}, says="port is 3306"),
    Case(rds.rds_23, right=RIGHT, wrong={**RIGHT, "port": 5432}, says="port is 5432"),
    Case(rds.rds_23, right={"engine": "oracle-ee"}, wrong={"engine": "mariadb"}, says="port is 3306"),
    *(
        Case(rds.rds_25, right=RIGHT, wrong={"username": name}, says=f"username is {name}")
        for name in ("admin", "Administrator", "mysql", "Postgres", "root")
    ),
    Case(rds.rds_43, right={"requireTls": True}, wrong={"requireTls": False}, says="requireTls is not true"),
    Case(
        rds.rds_44,
        right={"family": "postgres16", "parameters": TLS},
        wrong={"family": "mariadb11.4", "parameters": TLS},
        says="require_secure_transport of mariadb11.4 is not set",
    ),
    Case(
        rds.rds_44,
        right={"family": "oracle-ee-19"},
        wrong={"family": "postgres16", "parameters": [{"name": "rds.force_ssl", "value": "0"}]},
        says="rds.force_ssl of postgres16 is 0",
    ),
    Case(
        rds.rds_44,
        right={"family": "mysql8.4", "parameters": [{"name": "require_secure_transport", "value": "ON"}]},
        wrong={"family": "mysql8.4", "parameters": [{"name": "require_secure_transport", "value": "OFF"}]},
        says="require_secure_transport of mysql8.4 is off",
    ),
    Case(rds.rds_44, right=RIGHT, wrong={}, says="parameterGroupName is missing", kind=rds.INSTANCE),
    Case(rds.rds_44, {"replicateSourceDb": "main"}, {}, "parameterGroupName is missing", rds.INSTANCE),
    Case(rds.rds_46, right=placed(public=False), wrong=placed(public=True), says="subnet inner"),
    Case(rds.rds_managed_password, right=RIGHT, wrong={**RIGHT, "password": "x"}, says="password is given"),
    Case(
        rds.rds_managed_password,
        right={"replicateSourceDb": "main", "password": None},
        wrong={"manageMasterUserPassword": False},
        says="manageMasterUserPassword is not true",
    ),
)
