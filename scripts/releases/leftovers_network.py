"""What a network is made of, and the servers in it: found by tags with each service's own description, and
deleted.

The Resource Groups Tagging API tells of some of these long after they are gone (a NAT gateway, an hour), and
of Auto Scaling groups never; a description of EC2 and Auto Scaling is right at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from scripts.releases.aws import Account, AwsError

Tags = Mapping[str, str]
Ids = list[str]


class Kind(NamedTuple):
    """One type of resource.

    Attributes:
        find: the IDs of those that have the tags and are not gone. Raises botocore's errors.
        delete: begins to delete one. Raises botocore's errors.
        slow: it goes on being there for a while, and keeps others from going.
    """

    find: Callable[[Account, Tags], Ids]
    delete: Callable[[Account, str], Any]
    slow: bool = False


def filters(tags: Tags) -> Any:
    """As EC2 and Auto Scaling take them: all of these tags."""
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]


def _ids(pages: Any, items: str, name: str) -> Ids:
    return [str(item[name]) for page in pages for item in page.get(items, [])]


def _groups(account: Account, tags: Tags) -> Ids:
    pages = account.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(Filters=filters(tags))
    return _ids(pages, "AutoScalingGroups", "AutoScalingGroupName")


def _delete_group(account: Account, name: str) -> None:
    account.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


def _nat_gateways(account: Account, tags: Tags) -> Ids:
    there: Any = {"Name": "state", "Values": ["pending", "available", "failed", "deleting"]}
    pages = account.ec2.get_paginator("describe_nat_gateways").paginate(Filters=[*filters(tags), there])
    return _ids(pages, "NatGateways", "NatGatewayId")


def _endpoints(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters(tags))
    return [
        str(each["VpcEndpointId"])
        for page in pages
        for each in page["VpcEndpoints"]
        if each.get("State", "").lower() != "deleted"
    ]


def _delete_endpoint(account: Account, endpoint: str) -> None:
    _must(account.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint]))


def _delete_flow_log(account: Account, flow_log: str) -> None:
    _must(account.ec2.delete_flow_logs(FlowLogIds=[flow_log]))


def _must(answer: Any) -> None:
    """EC2 answers some deletions well, and says in the answer what it did not delete. Raises AwsError."""
    for each in answer.get("Unsuccessful") or []:
        code, message = str(each["Error"].get("Code", "")), str(each["Error"].get("Message", ""))
        raise AwsError(f"AWS refused: {code}: {message}", code, message)


def _addresses(account: Account, tags: Tags) -> Ids:
    # EC2 tells all addresses at once.
    return _ids([account.ec2.describe_addresses(Filters=filters(tags))], "Addresses", "AllocationId")


def _internet_gateways(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_internet_gateways").paginate(Filters=filters(tags))
    return _ids(pages, "InternetGateways", "InternetGatewayId")


def _delete_internet_gateway(account: Account, gateway: str) -> None:
    answer: Any = account.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])
    for attached in answer["InternetGateways"][0].get("Attachments", []):
        account.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=attached["VpcId"])
    account.ec2.delete_internet_gateway(InternetGatewayId=gateway)


def _subnets(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_subnets").paginate(Filters=filters(tags))
    return _ids(pages, "Subnets", "SubnetId")


def _route_tables(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_route_tables").paginate(Filters=filters(tags))
    return _ids(pages, "RouteTables", "RouteTableId")


def _associations(account: Account, tags: Tags) -> Ids:
    """They have no tags. A table that the state knows cannot go with one that the state does not know."""
    pages = account.ec2.get_paginator("describe_route_tables").paginate(Filters=filters(tags))
    return [
        str(each["RouteTableAssociationId"])
        for page in pages
        for table in page["RouteTables"]
        for each in table.get("Associations", [])
        if not each.get("Main")
    ]


def _network_acls(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_network_acls").paginate(Filters=filters(tags))
    return _ids(pages, "NetworkAcls", "NetworkAclId")


def _delete_network_acl(account: Account, acl: str) -> None:
    """Subnets in it go back to the VPC's default one: a subnet is always in one."""
    answer: Any = account.ec2.describe_network_acls(NetworkAclIds=[acl])
    found = answer["NetworkAcls"][0]
    default: Any = [{"Name": "vpc-id", "Values": [found["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
    defaults: Any = account.ec2.describe_network_acls(Filters=default)
    for association in found["Associations"]:
        account.ec2.replace_network_acl_association(
            AssociationId=association["NetworkAclAssociationId"],
            NetworkAclId=defaults["NetworkAcls"][0]["NetworkAclId"],
        )
    account.ec2.delete_network_acl(NetworkAclId=acl)


def _security_groups(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_security_groups").paginate(Filters=filters(tags))
    # A VPC's default group is tagged, and goes with the VPC alone.
    return [
        str(each["GroupId"])
        for page in pages
        for each in page["SecurityGroups"]
        if each.get("GroupName") != "default"
    ]


def _security_group_rules(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_security_group_rules").paginate(Filters=filters(tags))
    return _ids(pages, "SecurityGroupRules", "SecurityGroupRuleId")


def _delete_security_group_rule(account: Account, rule: str) -> None:
    answer: Any = account.ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
    found = answer["SecurityGroupRules"][0]
    group = str(found["GroupId"])
    if found["IsEgress"]:
        account.ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=[rule])
    else:
        account.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])


def _flow_logs(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_flow_logs").paginate(Filters=filters(tags))
    return _ids(pages, "FlowLogs", "FlowLogId")


def _launch_templates(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_launch_templates").paginate(Filters=filters(tags))
    return _ids(pages, "LaunchTemplates", "LaunchTemplateId")


def _vpcs(account: Account, tags: Tags) -> Ids:
    pages = account.ec2.get_paginator("describe_vpcs").paginate(Filters=filters(tags))
    return _ids(pages, "Vpcs", "VpcId")


#: What is in another comes before it. Servers go with their group, interfaces with what AWS made them for.
KINDS: dict[str, Kind] = {
    "Auto Scaling group": Kind(_groups, _delete_group, slow=True),
    "NAT gateway": Kind(
        _nat_gateways, lambda account, each: account.ec2.delete_nat_gateway(NatGatewayId=each), slow=True
    ),
    "VPC endpoint": Kind(_endpoints, _delete_endpoint, slow=True),
    "elastic IP": Kind(_addresses, lambda account, each: account.ec2.release_address(AllocationId=each)),
    "internet gateway": Kind(_internet_gateways, _delete_internet_gateway),
    "flow log": Kind(_flow_logs, _delete_flow_log),
    "subnet": Kind(_subnets, lambda account, each: account.ec2.delete_subnet(SubnetId=each)),
    "route table association": Kind(
        _associations, lambda account, each: account.ec2.disassociate_route_table(AssociationId=each)
    ),
    "route table": Kind(
        _route_tables, lambda account, each: account.ec2.delete_route_table(RouteTableId=each)
    ),
    "network ACL": Kind(_network_acls, _delete_network_acl),
    # One that names another group keeps that from going.
    "security group rule": Kind(_security_group_rules, _delete_security_group_rule),
    "security group": Kind(
        _security_groups, lambda account, each: account.ec2.delete_security_group(GroupId=each)
    ),
    "launch template": Kind(
        _launch_templates, lambda account, each: account.ec2.delete_launch_template(LaunchTemplateId=each)
    ),
    "VPC": Kind(_vpcs, lambda account, each: account.ec2.delete_vpc(VpcId=each)),
}  # fmt: skip
