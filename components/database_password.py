"""A database's password where RDS cannot keep it: in a secret of its own, rotated by a function.

RDS manages no password beside replicas or blue/green updates (Amazon RDS, Password management with Secrets
Manager, Limitations). Then the instance starts with one that RDS manages, and the function replaces it before
the first replica is made: no password is ever an input of the program, nor in its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, lambda_, secretsmanager
from pydantic import Field

from . import policies
from .args import ComponentArgs, Late, RetentionDays
from .function_code import function_code
from .names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named

FUNCTION = "database_password"
TIMEOUT_SECONDS = 900


class DatabasePasswordArgs(ComponentArgs):
    """What a `DatabasePassword` is made of."""

    identifier: Late
    instance_arn: Late
    admin_name: Late
    key_arn: Late
    rotation_days: int = Field(default=7, ge=1, le=1000)
    """As often as RDS rotates one that it manages."""
    log_retention_days: RetentionDays = 365
    retain: bool = True
    """Whether the secret outlives the stack, as the database does."""


class DatabasePassword(pulumi.ComponentResource):
    """A secret in RDS's own form, with `username` and `password`, and what rotates it."""

    secret_arn: Output[str]
    """Known once the database has the password, and RDS no longer manages one."""

    def __init__(self, name: str, args: DatabasePasswordArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:databasepassword:DatabasePassword", name, None, opts)
        child = ResourceOptions(parent=self)
        secret = secretsmanager.Secret(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            description="Administrator of a database; rotated",
            kms_key_id=args.key_arn,
            recovery_window_in_days=30,
            tags=named(args.tags, name),
            opts=ResourceOptions(parent=self, retain_on_delete=args.retain),
        )
        function, allowed = _function(name, args, secret, child)
        taken = lambda_.Invocation(
            name,
            function_name=function.name,
            input=Output.json_dumps({"SecretId": secret.arn, "Step": "takeOver"}),
            lifecycle_scope="CREATE_ONLY",
            opts=child,
        )
        rotation = secretsmanager.SecretRotation(
            name,
            secret_id=secret.id,
            rotation_lambda_arn=function.arn,
            rotate_immediately=False,
            rotation_rules=secretsmanager.SecretRotationRotationRulesArgs(
                automatically_after_days=args.rotation_days
            ),
            opts=ResourceOptions(parent=self, depends_on=[taken, allowed]),
        )
        self.secret_arn = Output.all(secret.arn, rotation.id).apply(lambda known: str(known[0]))
        self.register_outputs({"secretArn": self.secret_arn})


def _function(
    name: str, args: DatabasePasswordArgs, secret: secretsmanager.Secret, opts: ResourceOptions
) -> tuple[lambda_.Function, lambda_.Permission]:
    logs = cloudwatch.LogGroup(
        name, retention_in_days=args.log_retention_days, tags=named(args.tags, name), opts=opts
    )
    role, policy = _role(name, args, secret, logs, opts)
    function = lambda_.Function(
        name,
        description="Rotates the password of a database",
        runtime="python3.13",
        architectures=["arm64"],
        handler=f"{FUNCTION}.handler",
        code=function_code(FUNCTION),
        role=role.arn,
        timeout=TIMEOUT_SECONDS,
        environment=lambda_.FunctionEnvironmentArgs(
            variables={"ADMIN_NAME": args.admin_name, "IDENTIFIER": args.identifier}
        ),
        logging_config=lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=logs.name),
        tags=named(args.tags, name),
        opts=ResourceOptions(parent=opts.parent, depends_on=[policy]),
    )
    allowed = lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        function=function.name,
        principal="secretsmanager.amazonaws.com",
        # Secrets Manager calls for this secret only (confused deputy).
        source_arn=secret.arn,
        opts=opts,
    )
    return function, allowed


def _role(
    name: str,
    args: DatabasePasswordArgs,
    secret: secretsmanager.Secret,
    logs: cloudwatch.LogGroup,
    opts: ResourceOptions,
) -> tuple[iam.Role, iam.RolePolicy]:
    role = iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description="Rotates the password of a database",
        assume_role_policy=Output.json_dumps(policies.trust("lambda.amazonaws.com")),
        tags=named(args.tags, name),
        opts=opts,
    )
    known = Output.all(secret.arn, args.key_arn, args.instance_arn, logs.arn)
    policy = iam.RolePolicy(
        name,
        role=role.name,
        policy=Output.json_dumps(known.apply(_rotation_policy)),
        opts=opts,
    )
    return role, policy


def _rotation_policy(known: Sequence[Any]) -> policies.Document:
    secret_arn, key_arn, instance_arn, log_group_arn = (str(each) for each in known)
    return policies.document(
        {
            "Sid": "RotateSecret",
            "Effect": "Allow",
            "Action": [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            "Resource": secret_arn,
        },
        {
            # It takes no resource: the answer belongs to nobody yet.
            "Sid": "MakePassword",
            "Effect": "Allow",
            "Action": "secretsmanager:GetRandomPassword",
            "Resource": "*",
        },
        policies.secret_decrypter([key_arn]),
        {
            "Sid": "EncryptSecret",
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": key_arn,
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": f"secretsmanager.{policies.owner_of(key_arn).region}.amazonaws.com"
                }
            },
        },
        {
            "Sid": "SetPassword",
            "Effect": "Allow",
            "Action": ["rds:DescribeDBInstances", "rds:ModifyDBInstance"],
            "Resource": instance_arn,
        },
        policies.log_writer(log_group_arn),
    )
