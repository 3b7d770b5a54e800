"""Policy documents, as plain values: who may do what, named as narrowly as each service allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Statement = Mapping[str, Any]
Document = dict[str, Any]

USE_KEY = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
"""What EC2 does with the key of a volume or snapshot on behalf of whoever asks for these."""

_SECRET_KEEPERS = ("secretsmanager", "ssm")


class Owner(NamedTuple):
    """Whose resources they are."""

    partition: str
    region: str
    account: str


def owner_of(arn: str) -> Owner:
    """Partition, region and account of an ARN such as a security group's: no call to ask who is calling."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return Owner(partition, region, account)


def document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def trust(service: str, condition: Mapping[str, Any] | None = None) -> Document:
    """Lets one AWS service assume a role."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = dict(condition)
    return document(statement)


def schedule_trust(group_arn: str) -> Document:
    """Lets the schedules of one schedule group, and no others, assume the role (EventBridge Scheduler,
    Confused deputy).
    """
    return trust(
        "scheduler.amazonaws.com",
        {"StringEquals": {"aws:SourceAccount": owner_of(group_arn).account, "aws:SourceArn": group_arn}},
    )


def flow_log_trust(owner: Owner) -> Document:
    """Lets the flow logs of this account and region, and no other's, assume the role (confused deputy)."""
    source = f"arn:{owner.partition}:ec2:{owner.region}:{owner.account}:vpc-flow-log/*"
    return trust(
        "vpc-flow-logs.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": owner.account},
            "ArnLike": {"aws:SourceArn": source},
        },
    )


def log_writer(log_group_arn: str) -> Statement:
    """Writing to one log group: not reading it, not creating others."""
    return {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": [log_group_arn, f"{log_group_arn}:*"],
    }


def log_group_finder(log_group_arn: str) -> Statement:
    """Listing log groups, which flow logs do before they write (Amazon VPC, IAM role for publishing)."""
    partition, region, account = owner_of(log_group_arn)
    return {
        "Sid": "FindLogGroup",
        "Effect": "Allow",
        "Action": "logs:DescribeLogGroups",
        "Resource": f"arn:{partition}:logs:{region}:{account}:log-group:*",
    }


def ssm_agent() -> Statement:
    """What the SSM agent needs to report its server and to run a document on it.

    AWS's managed policy (AmazonSSMManagedInstanceCore) also lets a server read every parameter of the
    account: that is left out, and so are the data channels of Session Manager, for no one logs in to a
    server. The actions concern the calling server only and take no narrower resource.
    """
    return {
        "Sid": "SsmAgent",
        "Effect": "Allow",
        "Action": [
            "ec2messages:AcknowledgeMessage",
            "ec2messages:DeleteMessage",
            "ec2messages:FailMessage",
            "ec2messages:GetEndpoint",
            "ec2messages:GetMessages",
            "ec2messages:SendReply",
            "ssm:DescribeAssociation",
            "ssm:DescribeDocument",
            "ssm:GetDocument",
            "ssm:ListAssociations",
            "ssm:ListInstanceAssociations",
            "ssm:PutInventory",
            "ssm:UpdateAssociationStatus",
            "ssm:UpdateInstanceAssociationStatus",
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:OpenControlChannel",
        ],
        "Resource": "*",
    }


def lifecycle_completer(owner: Owner, tag: str, role_name: str) -> Statement:
    """Telling Auto Scaling that a server of this role is ready, or done.

    The group's name is not known when its servers' role is made, and a name's beginning is that of other
    groups too: the group that the servers may speak for is the one whose `tag` names their role. Of a server
    in that group AWS takes no narrower resource.
    """
    return {
        "Sid": "CompleteLifecycle",
        "Effect": "Allow",
        "Action": ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
        "Resource": f"arn:{owner.partition}:autoscaling:{owner.region}:{owner.account}:autoScalingGroup:*",
        "Condition": {"StringEquals": {f"autoscaling:ResourceTag/{tag}": role_name}},
    }


def group_member(owner: Owner, tag: str, role_name: str, actions: Sequence[str]) -> Statement:
    """Doing something to the servers of the group whose `tag` names their role; see `lifecycle_completer`."""
    return {
        "Sid": "OwnGroup",
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": f"arn:{owner.partition}:autoscaling:{owner.region}:{owner.account}:autoScalingGroup:*",
        "Condition": {"StringEquals": {f"autoscaling:ResourceTag/{tag}": role_name}},
    }


def server_policy(log_group_arn: str, statements: Sequence[Statement]) -> Document:
    """What every server may do, and `statements` on top."""
    return document(ssm_agent(), log_writer(log_group_arn), *statements)


def secret_reader(arns: Sequence[str]) -> Statement:
    """Reading the value of these secrets, and of no others whose names begin alike."""
    return {
        "Sid": "ReadSecrets",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": _once_each(arns),
    }


def parameter_reader(arns: Sequence[str]) -> Statement:
    """Reading these parameters by name; not by path, which would read their neighbours."""
    return {
        "Sid": "ReadParameters",
        "Effect": "Allow",
        "Action": ["ssm:GetParameter", "ssm:GetParameters"],
        "Resource": _once_each(arns),
    }


def secret_decrypter(key_arns: Sequence[str]) -> Statement:
    """Using the keys of secrets, and only by way of the two services that keep secrets."""
    regions = _once_each([owner_of(arn).region for arn in key_arns])
    services = [f"{service}.{region}.amazonaws.com" for region in regions for service in _SECRET_KEEPERS]
    return {
        "Sid": "DecryptSecrets",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": _once_each(key_arns),
        "Condition": {"StringEquals": {"kms:ViaService": services}},
    }


def database_user(connect_arns: Sequence[str]) -> Statement:
    """Being one user of one database without a password (RDS, IAM database authentication)."""
    return {
        "Sid": "ConnectToDatabase",
        "Effect": "Allow",
        "Action": "rds-db:connect",
        "Resource": _once_each(connect_arns),
    }


def _once_each(values: Sequence[str]) -> list[str]:
    """Sorted: the order in which things were given changes no policy."""
    return sorted(set(values))


def refuse_wildcards(statements: Sequence[Statement]) -> None:
    """Raises ValueError for a statement that allows all actions, or all of a service (IAM.1, IAM.21)."""
    for statement in statements:
        actions = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            if statement.get("Effect") == "Allow" and (action == "*" or str(action).endswith(":*")):
                raise ValueError(f"a policy statement allows {action!r}: name the actions that are needed")


def own_account_only(owner: Owner) -> Document:
    """For an interface endpoint: a stolen server cannot carry data out with another account's credentials."""
    return document(_own_principals(owner))


def s3_endpoint_policy(owner: Owner, download_buckets: Sequence[str] = ()) -> Document:
    """As `own_account_only`, and the layers of ECR images, which an account of AWS's own signs for.

    `download_buckets` are read by whoever asks, without credentials too.
    """
    layers = {
        "Sid": "EcrLayers",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:{owner.partition}:s3:::prod-{owner.region}-starport-layer-bucket/*",
    }
    if not download_buckets:
        return document(_own_principals(owner), layers)
    downloads = {
        "Sid": "Downloads",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"arn:{owner.partition}:s3:::{bucket}/*" for bucket in download_buckets],
    }
    return document(_own_principals(owner), layers, downloads)


def _own_principals(owner: Owner) -> Statement:
    return {
        "Sid": "OwnAccount",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": owner.account}},
    }


def tls_only(bucket_arn: str) -> Statement:
    """Refuses whoever comes to a bucket without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
