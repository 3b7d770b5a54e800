"""What the emulated account holds, by kind: compared before and after, it shows what a destroy left behind.

It asks the cloud with AWS's own calls and not the engine's state, which would only repeat what the engine
believes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from rehearsal import aws_client

Inventory = frozenset[tuple[str, str]]
_Lister = tuple[str, str, str, str]

# kind: (service, operation, path of the list in the answer, key of the item's name if it is not the item)
_LISTS: dict[str, _Lister] = {
    "VPC": ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    "subnet": ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    "route table": ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    "internet gateway": ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "NAT gateway": ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    "elastic IP": ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    "VPC endpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "security group": ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    "flow log": ("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    "launch template": ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    "instance": ("ec2", "describe_instances", "Reservations[].Instances", "InstanceId"),
    "volume": ("ec2", "describe_volumes", "Volumes", "VolumeId"),
    "Auto Scaling group": (
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        "AutoScalingGroupName",
    ),
    "load balancer": ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    "certificate": ("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    "hosted zone": ("route53", "list_hosted_zones", "HostedZones", "Id"),
    "target group": ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
    "instance profile": ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    "bucket": ("s3", "list_buckets", "Buckets", "Name"),
    "log group": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "rule": ("events", "list_rules", "Rules", "Name"),
    "topic": ("sns", "list_topics", "Topics", "TopicArn"),
    "function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "secret": ("secretsmanager", "list_secrets", "SecretList", "ARN"),
    "database": ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    "snapshot of a database": ("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
    "backups of a database": (
        "rds",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups",
        "DbiResourceId",
    ),
    "cluster": ("eks", "list_clusters", "clusters", ""),
    "repository": ("ecr", "describe_repositories", "repositories", "repositoryName"),
    "schedule": ("scheduler", "list_schedules", "Schedules", "Name"),
    "image component": ("imagebuilder", "list_components", "componentVersionList", "arn"),
    "image recipe": ("imagebuilder", "list_image_recipes", "imageRecipeSummaryList", "arn"),
    "image build": ("imagebuilder", "list_images", "imageVersionList", "arn"),
    "image pipeline": ("imagebuilder", "list_image_pipelines", "imagePipelineList", "arn"),
    "infrastructure of builds": (
        "imagebuilder",
        "list_infrastructure_configurations",
        "infrastructureConfigurationSummaryList",
        "arn",
    ),
    "distribution of images": (
        "imagebuilder",
        "list_distribution_configurations",
        "distributionConfigurationSummaryList",
        "arn",
    ),
}
# What an image has in every region that it goes to.
_COPIES: dict[str, _Lister] = {
    "image": ("ec2", "describe_images", "Images", "ImageId"),
    "snapshot": ("ec2", "describe_snapshots", "Snapshots", "SnapshotId"),
    "parameter": ("ssm", "describe_parameters", "Parameters", "Name"),
}
_REQUESTS: dict[str, dict[str, Any]] = {
    "image": {"Owners": ["self"], "IncludeDisabled": True, "IncludeDeprecated": True},
    "snapshot": {"OwnerIds": ["self"]},
}
# What AWS goes on listing for a while after it is gone.
_GONE = ("deleted", "terminated", "shutting-down", "deleting", "PendingDeletion")
_TOKENS = ("NextToken", "nextToken")


def take(endpoint: str, region: str) -> Inventory:
    """Everything the account holds in `region`, as (kind, name)."""
    return _listed(_LISTS, endpoint, region) | _records(endpoint, region) | take_copies(endpoint, region)


def _records(endpoint: str, region: str) -> Inventory:
    """The records of every hosted zone: a zone that was there before may have got some."""
    route53 = aws_client.client("route53", endpoint, region)
    zones = [each["Id"] for each in _items(route53.list_hosted_zones, "HostedZones")]
    lists = {zone: partial(route53.list_resource_record_sets, HostedZoneId=zone) for zone in zones}
    return frozenset(
        ("record", f"{each['Type']} {each['Name']} ({zone})")
        for zone, call in lists.items()
        for each in _items(call, "ResourceRecordSets")
    )


def take_copies(endpoint: str, region: str) -> Inventory:
    """What the account holds in a region that only gets copies of images; names are those of the region."""
    kms = aws_client.client("kms", endpoint, region)
    # Keys that AWS made for its own services are nobody's to delete.
    of_aws = {
        each.get("TargetKeyId")
        for each in _items(kms.list_aliases, "Aliases")
        if each["AliasName"].startswith("alias/aws/")
    }
    keys = {each["KeyId"] for each in _items(kms.list_keys, "Keys")} - of_aws
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}
    there = frozenset(("key", f"{key} ({region})") for key, state in states.items() if state not in _GONE)
    return there | {(kind, f"{name} ({region})") for kind, name in _listed(_COPIES, endpoint, region)}


def _listed(lists: Mapping[str, _Lister], endpoint: str, region: str) -> Inventory:
    found: set[tuple[str, str]] = set()
    for kind, (service, operation, path, key) in lists.items():
        call = partial(
            getattr(aws_client.client(service, endpoint, region), operation), **_REQUESTS.get(kind, {})
        )
        found.update((kind, str(item[key] if key else item)) for item in _items(call, path) if _there(item))
    return frozenset(found)


def warm(region: str) -> None:
    """Load what a first look takes longest for."""
    for service in {"kms", *(service for service, *_ in (*_LISTS.values(), *_COPIES.values()))}:
        aws_client.warm(service, region)


def _items(call: Callable[..., Mapping[str, Any]], path: str) -> Iterator[Any]:
    token: dict[str, Any] = {}
    while True:
        answer = call(**token)
        outer, _, inner = path.partition("[].")
        for item in answer.get(outer, []):
            yield from item[inner] if inner else [item]
        token = {name: answer[name] for name in _TOKENS if answer.get(name)}
        if not token:
            return


def _there(item: Any) -> bool:
    state = item.get("State") if isinstance(item, Mapping) else None
    name = state.get("Name") if isinstance(state, Mapping) else state
    return name not in _GONE
