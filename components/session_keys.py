"""The keys that a fleet's cookies are signed and encrypted with: a secret that makes and renews itself.

A session that lives in a cookie needs no server that remembers it, so a load balancer sticks to none and any
server can go. For that, all servers share keys; nobody else ever sees them, not this program or its state.
"""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, kms, lambda_, secretsmanager
from pydantic import Field

from . import policies
from .args import ComponentArgs, Late, RetentionDays, SecretReference
from .function_code import function_code
from .names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named

_FUNCTION = "session_keys"


class SessionKeysArgs(ComponentArgs):
    """What `SessionKeys` are made of."""

    owner_arn: Late
    """The ARN of any resource of the same account and region, such as `Network.vpc_arn`."""
    alert_topic_arn: Late
    """Where it is told that keys were not renewed."""
    rotation_days: int = Field(default=60, ge=1, le=1000)
    """How often there is a new key (RotateSecret takes 1 to 1000). Longer than the life of a server, which
    reads the keys as it starts and knows the next of them, not the one after. A cookie is accepted for one to
    two times as long after it was made."""
    log_retention_days: RetentionDays = 365
    recovery_window_days: int = Field(default=30, ge=7, le=30)
    """How long the secret and its key can be had back once they are deleted."""
    retain: bool = True
    """Whether the keys outlive the stack. Without them, every session ends."""


class SessionKeys(pulumi.ComponentResource):
    """A secret of Secrets Manager, the function that rotates it, and an alarm for when that fails.

    The function makes the first keys too, within seconds of the secret's creation. It is in no network: all
    that it calls is Secrets Manager, and nobody but Secrets Manager calls it.
    """

    reference: SecretReference
    """For `ServiceArgs.secrets`, known once the first rotation has been asked for. What the value looks like
    is said in `functions/session_keys.py`."""

    def __init__(self, name: str, args: SessionKeysArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:sessionkeys:SessionKeys", name, None, opts)
        child = ResourceOptions(parent=self)
        kept = ResourceOptions(parent=self, retain_on_delete=args.retain)
        owner = Output.from_input(args.owner_arn).apply(policies.owner_of)
        key = _key(name, args, owner, kept)
        secret = secretsmanager.Secret(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            description="Keys of session cookies, made and renewed by a function",
            kms_key_id=key.arn,
            recovery_window_in_days=args.recovery_window_days,
            tags=named(args.tags, name),
            opts=kept,
        )
        function, policy = _function(name, args, secret, key, child)
        permission = lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="secretsmanager.amazonaws.com",
            source_account=owner.apply(lambda known: known.account),
            source_arn=secret.arn,
            opts=child,
        )
        rotation = secretsmanager.SecretRotation(
            name,
            secret_id=secret.arn,
            rotation_lambda_arn=function.arn,
            rotation_rules=secretsmanager.SecretRotationRotationRulesArgs(
                automatically_after_days=args.rotation_days
            ),
            rotate_immediately=True,
            # It begins at once, and needs both to succeed.
            opts=ResourceOptions(parent=self, depends_on=[permission, policy]),
        )
        _alarm(name, args, function, child)
        self.reference = SecretReference(arn=rotation.secret_id, key_arn=key.arn)
        self.register_outputs({"secretArn": self.reference.arn})


def key_policy(owner: policies.Owner) -> policies.Document:
    """The account's own administration of the key; who uses it, roles say, and only by way of the secret."""
    return policies.document(
        {
            "Sid": "AdministerByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{owner.partition}:iam::{owner.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    )


def rotation_policy(secret_arn: str, key_arn: str, log_group_arn: str) -> policies.Document:
    """What the function may do: the four calls of a rotation, of this one secret, and say how it went."""
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
            "Sid": "UseKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key_arn,
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": f"secretsmanager.{policies.owner_of(secret_arn).region}.amazonaws.com"
                }
            },
        },
        policies.log_writer(log_group_arn),
    )


def _key(name: str, args: SessionKeysArgs, owner: Output[policies.Owner], opts: ResourceOptions) -> kms.Key:
    return kms.Key(
        name,
        description=f"Encrypts the session keys {name}",
        policy=Output.json_dumps(owner.apply(key_policy)),
        enable_key_rotation=True,
        deletion_window_in_days=args.recovery_window_days,
        tags=named(args.tags, name),
        opts=opts,
    )


def _function(
    name: str, args: SessionKeysArgs, secret: secretsmanager.Secret, key: kms.Key, opts: ResourceOptions
) -> tuple[lambda_.Function, iam.RolePolicy]:
    logs = cloudwatch.LogGroup(
        name, retention_in_days=args.log_retention_days, tags=named(args.tags, name), opts=opts
    )
    role = iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description=f"Rotation of the session keys {name}",
        assume_role_policy=Output.json_dumps(policies.trust("lambda.amazonaws.com")),
        tags=named(args.tags, name),
        opts=opts,
    )
    known = Output.all(secret.arn, key.arn, logs.arn)
    policy = iam.RolePolicy(
        name,
        role=role.name,
        policy=Output.json_dumps(known.apply(lambda arns: rotation_policy(*arns))),
        opts=opts,
    )
    function = lambda_.Function(
        name,
        description=f"Rotates the session keys {name}",
        runtime="python3.13",
        architectures=["arm64"],
        handler=f"{_FUNCTION}.handler",
        code=function_code(_FUNCTION),
        role=role.arn,
        timeout=30,
        memory_size=128,
        logging_config=lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=logs.name),
        tags=named(args.tags, name),
        opts=opts,
    )
    return function, policy


def _alarm(name: str, args: SessionKeysArgs, function: lambda_.Function, opts: ResourceOptions) -> None:
    """Rings at the first failure: Secrets Manager tries again, but with a function that is broken in vain."""
    cloudwatch.MetricAlarm(
        f"{name}-rotation",
        alarm_description=f"The session keys {name} could not be renewed; the present ones stay in use",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions={"FunctionName": function.name},
        statistic="Sum",
        period=300,
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        treat_missing_data="notBreaching",
        alarm_actions=[args.alert_topic_arn],
        ok_actions=[args.alert_topic_arn],
        tags=named(args.tags, f"{name}-rotation"),
        opts=opts,
    )
