"""Servers that look like an environment's: by the tags that the program gives, or by its security groups."""

from typing import Any

from scripts.releases.aws import Account, errors
from scripts.releases.declared import Declared
from scripts.releases.members import AT_A_TIME, described

#: What still costs, serves or can be started again.
STATES = ["pending", "running", "stopping", "stopped"]


def of(account: Account, declared: Declared) -> dict[str, dict[str, Any]]:
    """Every instance with the environment's tags, or in a security group that has them."""
    tags: Any = [
        {"Name": "tag:environment", "Values": [declared.environment]},
        {"Name": "tag:project", "Values": [declared.project]},
    ]
    alive: Any = [{"Name": "instance-state-name", "Values": STATES}]
    found = described(account, tags + alive)
    group_ids: list[str] = []
    with errors():
        for page in account.ec2.get_paginator("describe_security_groups").paginate(Filters=tags):
            group_ids += [str(each["GroupId"]) for each in page["SecurityGroups"]]
    for start in range(0, len(group_ids), AT_A_TIME):
        values = group_ids[start : start + AT_A_TIME]
        found.update(described(account, [{"Name": "instance.group-id", "Values": values}, *alive]))
    return found
