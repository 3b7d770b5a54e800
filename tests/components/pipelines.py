"""An image pipeline as the tests of its parts build it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components import policies
from components.args import Placement
from components.image_pipeline import ImagePipeline, ImagePipelineArgs
from components.image_recipe import Document
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

OWNER = policies.Owner("aws", REGION, ACCOUNT)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
OTHER = "210987654321"
PARENT = "ami-0123456789abcdef0"
BASE = Document(name="base", version="1.22.333", data="name: base\n")
SEAL = Document(name="seal", version="1.4.5", data="name: seal\n")


def args(**changed: Any) -> ImagePipelineArgs:
    given: dict[str, Any] = {
        "description": "what every server has",
        "parent_image_id": PARENT,
        "architecture": "arm64",
        "root_device_name": "/dev/xvda",
        "documents": (BASE, SEAL),
        "recipe_hash": "0123456789abcdef",
        "commit": "c0ffee-dirty",
        "instance_types": ("m7g.large", "m6g.large"),
        "placement": Placement(
            vpc_id="vpc-1",
            subnet_ids=("subnet-a", "subnet-b"),
            s3_prefix_list_id="pl-s3",
            internet_egress=True,
        ),
        "log_bucket": "builds-bucket",
        "alert_topic_arn": TOPIC,
        "regions": (REGION, "eu-west-1"),
        "tags": {"owner": "platform"},
        **changed,
    }
    return ImagePipelineArgs(**given)


def pipeline(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = ImagePipeline("web", args(**changed))
        return {
            "pipeline": made.arn,
            "recipe": made.recipe_arn,
            "version": made.recipe_version,
            "keys": made.key_arns,
            "parameter": made.parameter,
            "logs": made.log_group_name,
        }

    return build(program)


def tags(name: str) -> dict[str, str]:
    return {"owner": "platform", "Name": name}


def key(region: str) -> str:
    """The ARN of a region's key, as the recorder makes it: in its own region whatever the key's."""
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/web-{region}"
