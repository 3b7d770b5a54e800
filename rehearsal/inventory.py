"""What the emulated account holds, by kind: compared before and after, it shows what a destroy left behind.

It asks the cloud with AWS's own calls and not the engine's state, which would only repeat what the engine
believes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal import aws_client

Inventory = frozenset[tuple[str, str]]
_Lister = tuple[str, str, str, str]

# kind: (service, operation, path of the list in the answer, key of the item's name)
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
    "target group": ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
    "instance profile": ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    "bucket": ("s3", "list_buckets", "Buckets", "Name"),
    "log group": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "rule": ("events", "list_rules", "Rules", "Name"),
    "topic": ("sns", "list_topics", "Topics", "TopicArn"),
}
# What AWS goes on listing for a while after it is gone.
_GONE = ("deleted", "terminated", "shutting-down", "deleting")


def take(endpoint: str, region: str) -> Inventory:
    """Everything the account holds in `region`, as (kind, name)."""
    found: set[tuple[str, str]] = set()
    for kind, (service, operation, path, key) in _LISTS.items():
        call = getattr(aws_client.client(service, endpoint, region), operation)
        found.update((kind, str(item[key])) for item in _items(call, path) if _there(item))
    return frozenset(found)


def warm(region: str) -> None:
    """Load what a first look takes longest for."""
    for service in {service for service, *_ in _LISTS.values()}:
        aws_client.warm(service, region)


def _items(call: Callable[..., Mapping[str, Any]], path: str) -> Iterator[Mapping[str, Any]]:
    token: dict[str, Any] = {}
    while True:
        answer = call(**token)
        outer, _, inner = path.partition("[].")
        for item in answer.get(outer, []):
            yield from item[inner] if inner else [item]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _there(item: Mapping[str, Any]) -> bool:
    state = item.get("State")
    name = state.get("Name") if isinstance(state, Mapping) else state
    return name not in _GONE
