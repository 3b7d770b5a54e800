"""What Image Builder is told to build: component documents, and a recipe of their versions.

Both are immutable there. A version comes from a hash of the content, so what is changed is a new version and
what is not is no change; a number kept by hand is forgotten, and Image Builder refuses a changed document
under an old number (pulumi/pulumi-aws#1473, hashicorp/terraform-provider-aws#28677).

A new version stands beside the old one until the pipeline has moved to it: Image Builder deletes nothing that
is in use. The names are fixed, for which the provider would delete first; `delete_before_replace` forbids it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import imagebuilder
from pydantic import Field, StringConstraints

from .args import Args
from .names import named

Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
DocumentName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$")]


class Document(Args):
    """One component document."""

    name: DocumentName
    version: Version
    """Another one for every other content."""
    data: str = Field(min_length=1, max_length=16_000)
    """The document's YAML (CreateComponent takes 16,000 characters)."""


class ImageRecipeArgs(Protocol):
    """What this module takes from the pipeline's arguments."""

    @property
    def description(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def documents(self) -> tuple[Document, ...]: ...
    @property
    def parent_image_id(self) -> str: ...
    @property
    def architecture(self) -> str: ...
    @property
    def volume_size_gib(self) -> int: ...
    @property
    def root_device_name(self) -> str: ...
    @property
    def recipe_hash(self) -> str: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def component_name(name: str, document: Document) -> str:
    """Of a recipe's own: two recipes with one document move apart when one of them is not deployed."""
    return f"{name}-{document.name}"


def image_recipe(
    name: str, args: ImageRecipeArgs, key: Output[str], opts: ResourceOptions
) -> imagebuilder.ImageRecipe:
    """The recipe, in the order of its documents."""
    replaced = ResourceOptions(parent=opts.parent, delete_before_replace=False)
    components = [_component(name, document, args.tags, replaced) for document in args.documents]
    user_data = bootstrap(args.region, args.architecture)
    known = [args.description, args.recipe_hash, user_data]
    return imagebuilder.ImageRecipe(
        name,
        name=name,
        description=args.description,
        version=key.apply(lambda arn: content_version([*known, arn])),
        parent_image=args.parent_image_id,
        components=[
            imagebuilder.ImageRecipeComponentArgs(component_arn=component.arn) for component in components
        ],
        block_device_mappings=[_root_volume(args, key)],
        systems_manager_agent=imagebuilder.ImageRecipeSystemsManagerAgentArgs(uninstall_after_build=False),
        user_data_base64=base64.b64encode(user_data.encode()).decode(),
        tags=named(args.tags, name),
        opts=replaced,
    )


def content_version(parts: Sequence[str]) -> str:
    """A semantic version that is another one for every other content."""
    digits = int(hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:14], 16)
    return f"1.{digits >> 28}.{digits & (1 << 28) - 1}"


def bootstrap(region: str, architecture: str) -> str:
    """What makes a parent image without an SSM agent reachable for the build: Debian's has none.

    It takes the place of what Image Builder would run, which knows no Debian. Python is there because
    cloud-init is written in it; curl need not be.
    """
    package = f"debian_{'arm64' if architecture == 'arm64' else 'amd64'}/amazon-ssm-agent.deb"
    bucket = f"amazon-ssm-{region}"
    url = f"https://{bucket}.s3.{region}.amazonaws.com/latest/{package}"
    return f"""#!/bin/sh
set -eu
command -v amazon-ssm-agent >/dev/null && exit 0
cd "$(mktemp -d)"
python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], "agent.deb")' '{url}'
dpkg -i agent.deb
systemctl enable --now amazon-ssm-agent.service
"""


def _component(
    name: str, document: Document, tags: Mapping[str, str], opts: ResourceOptions
) -> imagebuilder.Component:
    child_name = component_name(name, document)
    # No description: the document has one, and another would be a change without a new version.
    return imagebuilder.Component(
        child_name,
        name=child_name,
        version=document.version,
        platform="Linux",
        data=document.data,
        tags=named(tags, child_name),
        opts=opts,
    )


def _root_volume(args: ImageRecipeArgs, key: Output[str]) -> imagebuilder.ImageRecipeBlockDeviceMappingArgs:
    """Encrypted from the first byte on, and not only in the copies."""
    return imagebuilder.ImageRecipeBlockDeviceMappingArgs(
        device_name=args.root_device_name,
        ebs=imagebuilder.ImageRecipeBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            volume_size=args.volume_size_gib,
            encrypted="true",
            kms_key_id=key,
            delete_on_termination="true",
        ),
    )
