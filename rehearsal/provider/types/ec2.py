"""What all of EC2's types share: how it tags, describes, and names things."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call
from rehearsal.provider.values import tag_dict, tag_list


def tag_specification(kind: str, tags: dict[str, str]) -> dict[str, Any]:
    """The request's tags for a new resource of a kind; nothing when there are none."""
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tag_list(tags)}]} if tags else {}


def retag(
    call: Call, resource_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]
) -> None:
    """Change the tags of any EC2 resource."""
    ec2 = call.client("ec2")
    if wanted:
        ec2.create_tags(Resources=[resource_id], Tags=tag_list(wanted))
    if removed:
        ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in removed])


def tags_of(found: dict[str, Any]) -> dict[str, str]:
    """The tags in a description."""
    return tag_dict(found.get("Tags"))


def arn(call: Call, owner: str, kind: str, resource_id: str) -> str:
    """The ARN of an EC2 resource."""
    return f"arn:aws:ec2:{call.region}:{owner}:{kind}/{resource_id}"


def filters(**wanted: str) -> list[dict[str, Any]]:
    """EC2's filters; an underscore in a name stands for a dash."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in wanted.items()]
