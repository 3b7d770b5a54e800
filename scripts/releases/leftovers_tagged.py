"""What is no network: found by tags with the Resource Groups Tagging API, roles with IAM, and deleted.

Nothing with data in it is deleted: a bucket has to be empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from scripts.releases.aws import Account
from scripts.releases.leftovers_network import Ids, Kind, Tags

#: Long enough to be asked for, and as short as AWS lets it be.
KEY_DAYS = SECRET_DAYS = 7
#: EC2 and Auto Scaling are asked themselves; IAM's profiles are told in one region alone.
ASKED_THEMSELVES = frozenset({"autoscaling", "ec2", "iam"})


class Arn(NamedTuple):
    """`arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; a resource is `TYPE/NAME`, `TYPE:NAME` or a name."""

    service: str
    type: str
    name: str


def parsed(arn: str) -> Arn:
    """An ARN's parts; `type` is "" where the service has but one."""
    service, rest = arn.split(":", 5)[2], arn.split(":", 5)[5]
    place = min((at for at in (rest.find("/"), rest.find(":")) if at >= 0), default=-1)
    return Arn(service, rest[:place], rest[place + 1 :]) if place >= 0 else Arn(service, "", rest)


def tagged(account: Account, tags: Tags) -> Ids:
    """The ARNs of all else in the region that has the tags, without what is waiting for its end already."""
    wanted: Any = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = (
        account.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=wanted)
    )
    arns = [str(each["ResourceARN"]) for page in pages for each in page["ResourceTagMappingList"]]
    return [
        arn
        for arn in arns
        if (part := parsed(arn)).service not in ASKED_THEMSELVES and not _ending(account, part, arn)
    ]


def _ending(account: Account, part: Arn, arn: str) -> bool:
    """Keys and secrets are there, with their tags, until their days are over."""
    if (part.service, part.type) == ("kms", "key"):
        key = account.client("kms").describe_key(KeyId=arn)["KeyMetadata"]
        return str(key["KeyState"]).startswith("Pending")
    if (part.service, part.type) == ("secretsmanager", "secret"):
        return "DeletedDate" in account.client("secretsmanager").describe_secret(SecretId=arn)
    return False


#: How what an ARN names is deleted, by service and type. An instance of a database that the state does not
#: know was never waited for, so nobody has written to it.
_DELETES: dict[tuple[str, str], Callable[[Account, str, str], Any]] = {
    ("elasticloadbalancing", "loadbalancer"): lambda account, arn, _: account.elbv2.delete_load_balancer(
        LoadBalancerArn=arn
    ),
    ("elasticloadbalancing", "targetgroup"): lambda account, arn, _: account.elbv2.delete_target_group(
        TargetGroupArn=arn
    ),
    ("elasticloadbalancing", "listener"): lambda account, arn, _: account.elbv2.delete_listener(
        ListenerArn=arn
    ),
    ("elasticloadbalancing", "listener-rule"): lambda account, arn, _: account.elbv2.delete_rule(RuleArn=arn),
    ("rds", "db"): lambda account, _, name: account.client("rds").delete_db_instance(
        DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
    ),
    ("rds", "db-proxy"): lambda account, _, name: account.client("rds").delete_db_proxy(
        DBProxyName=_proxy(account, name)
    ),
    ("rds", "subgrp"): lambda account, _, name: account.client("rds").delete_db_subnet_group(
        DBSubnetGroupName=name
    ),
    ("rds", "pg"): lambda account, _, name: account.client("rds").delete_db_parameter_group(
        DBParameterGroupName=name
    ),
    ("rds", "es"): lambda account, _, name: account.client("rds").delete_event_subscription(
        SubscriptionName=name
    ),
    ("acm", "certificate"): lambda account, arn, _: account.client("acm").delete_certificate(
        CertificateArn=arn
    ),
    ("cloudwatch", "alarm"): lambda account, _, name: account.cloudwatch.delete_alarms(AlarmNames=[name]),
    ("events", "rule"): lambda account, _, name: account.client("events").delete_rule(Name=name),
    ("firehose", "deliverystream"): lambda account, _, name: account.client(
        "firehose"
    ).delete_delivery_stream(DeliveryStreamName=name),
    ("kms", "key"): lambda account, _, name: account.client("kms").schedule_key_deletion(
        KeyId=name, PendingWindowInDays=KEY_DAYS
    ),
    ("lambda", "function"): lambda account, _, name: account.client("lambda").delete_function(
        FunctionName=name
    ),
    ("logs", "log-group"): lambda account, _, name: account.client("logs").delete_log_group(
        logGroupName=name.removesuffix(":*")
    ),
    ("s3", ""): lambda account, _, name: account.client("s3").delete_bucket(Bucket=name),
    ("scheduler", "schedule-group"): lambda account, _, name: account.client(
        "scheduler"
    ).delete_schedule_group(Name=name),
    ("secretsmanager", "secret"): lambda account, arn, _: account.client("secretsmanager").delete_secret(
        SecretId=arn, RecoveryWindowInDays=SECRET_DAYS
    ),
    ("sns", ""): lambda account, arn, _: account.client("sns").delete_topic(TopicArn=arn),
}
_SLOW = frozenset({("rds", "db"), ("rds", "db-proxy")})


def _proxy(account: Account, resource_id: str) -> str:
    """The ARN of a proxy has its resource ID, and the call to delete it takes its name."""
    pages = account.client("rds").get_paginator("describe_db_proxies").paginate()
    found = (each for page in pages for each in page["DBProxies"])
    return next(
        (str(each["DBProxyName"]) for each in found if each["DBProxyArn"].endswith(f":{resource_id}")),
        resource_id,
    )


def delete(account: Account, arn: str) -> bool | None:
    """Begins to delete it. Returns whether it may be there for a while; None when nobody knows how to delete
    what it is. Raises botocore's errors.
    """
    part = parsed(arn)
    kind = (part.service, part.type)
    if kind not in _DELETES:
        return None
    _DELETES[kind](account, arn, part.name)
    return kind in _SLOW


def _own_path(tags: Tags) -> str:
    return f"/{tags['project']}/{tags['environment']}/"


def _has(given: Any, tags: Tags) -> bool:
    """IAM's lists have no tags: they are asked for one by one."""
    found = {each["Key"]: each["Value"] for each in given}
    return all(found.get(key) == value for key, value in tags.items())


def _in_path(pages: Any, items: str, tags: Tags) -> Iterator[Any]:
    """Those below the stack's own path, and those below none, where a stack without a boundary has them."""
    for page in pages:
        yield from (each for each in page[items] if each["Path"] in ("/", _own_path(tags)))


def _roles(account: Account, tags: Tags) -> Ids:
    pages = account.client("iam").get_paginator("list_roles").paginate()
    names = [str(each["RoleName"]) for each in _in_path(pages, "Roles", tags)]
    return [name for name in names if _has(account.client("iam").list_role_tags(RoleName=name)["Tags"], tags)]


def _inline_policies(account: Account, tags: Tags) -> Ids:
    return [
        f"{role}:{policy}"
        for role in _roles(account, tags)
        for policy in account.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    ]


def _delete_inline_policy(account: Account, each: str) -> None:
    role, _, policy = each.partition(":")
    account.client("iam").delete_role_policy(RoleName=role, PolicyName=policy)


def _attached_policies(account: Account, tags: Tags) -> Ids:
    return [
        f"{role}/{policy['PolicyArn']}"
        for role in _roles(account, tags)
        for policy in account.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    ]


def _detach_policy(account: Account, each: str) -> None:
    role, _, arn = each.partition("/")
    account.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


def _delete_role(account: Account, name: str) -> None:
    account.client("iam").delete_role(RoleName=name)


def _profiles(account: Account, tags: Tags) -> Ids:
    pages = account.client("iam").get_paginator("list_instance_profiles").paginate()
    names = [str(each["InstanceProfileName"]) for each in _in_path(pages, "InstanceProfiles", tags)]
    return [name for name in names if _has(_profile(account, name).get("Tags", []), tags)]


def _profile(account: Account, name: str) -> Any:
    return account.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]


def _delete_profile(account: Account, name: str) -> None:
    for role in _profile(account, name)["Roles"]:
        account.client("iam").remove_role_from_instance_profile(
            InstanceProfileName=name, RoleName=role["RoleName"]
        )
    account.client("iam").delete_instance_profile(InstanceProfileName=name)


#: A role cannot go before its policies and the profile that it is in. The IDs are those of Pulumi's provider:
#: so a policy that was just given to a role which the state knows is found too.
KINDS: dict[str, Kind] = {
    "inline policy": Kind(_inline_policies, _delete_inline_policy),
    "attached policy": Kind(_attached_policies, _detach_policy),
    "instance profile": Kind(_profiles, _delete_profile),
    "role": Kind(_roles, _delete_role),
}
