"""What every machine of an organisation has in its launch template, whatever it is for.

Servers of a service and nodes of a cluster are made of the same: a pinned image, metadata that needs a token
and stays on the machine (one hop), an encrypted disk, no public address, no key pair and no port 22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import ec2

from .args import ImageId, Late
from .names import LONG_PREFIX, name_prefix, named


class ServerTemplateArgs(Protocol):
    """What this module takes from the arguments of what it makes a template for."""

    @property
    def image_id(self) -> ImageId | Output[str]: ...
    @property
    def volume_size_gib(self) -> int: ...
    @property
    def root_device_name(self) -> str: ...
    @property
    def kms_key_id(self) -> Late | None: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def server_template(
    name: str,
    args: ServerTemplateArgs,
    *,
    description: str,
    group: ec2.SecurityGroup,
    user_data: Output[str],
    metadata_tags: bool,
    opts: ResourceOptions,
    **more: Any,
) -> ec2.LaunchTemplate:
    """The launch template; `user_data` is in base64, `more` is what this kind of machine has beside it.

    `metadata_tags`: whether a machine reads its own tags. It costs tags with spaces or slashes in their keys.
    """
    return ec2.LaunchTemplate(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description=description,
        image_id=args.image_id,
        update_default_version=True,
        user_data=user_data,
        monitoring=ec2.LaunchTemplateMonitoringArgs(enabled=True),
        metadata_options=_metadata_options(metadata_tags),
        network_interfaces=[_network_interface(group)],
        block_device_mappings=[_root_volume(args)],
        tag_specifications=_tag_specifications(name, args),
        tags=named(args.tags, name),
        opts=opts,
        **more,
    )


def _metadata_options(tags: bool) -> ec2.LaunchTemplateMetadataOptionsArgs:
    return ec2.LaunchTemplateMetadataOptionsArgs(
        http_endpoint="enabled",
        http_tokens="required",
        http_put_response_hop_limit=1,
        http_protocol_ipv6="disabled",
        instance_metadata_tags="enabled" if tags else "disabled",
    )


def _network_interface(group: ec2.SecurityGroup) -> ec2.LaunchTemplateNetworkInterfaceArgs:
    """Stated here and not left to the subnet: no public address, wherever the machine starts."""
    return ec2.LaunchTemplateNetworkInterfaceArgs(
        device_index=0,
        associate_public_ip_address="false",
        delete_on_termination="true",
        security_groups=[group.id],
    )


def _root_volume(args: ServerTemplateArgs) -> ec2.LaunchTemplateBlockDeviceMappingArgs:
    return ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=args.root_device_name,
        ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            volume_size=args.volume_size_gib,
            encrypted="true",
            kms_key_id=args.kms_key_id,
            delete_on_termination="true",
        ),
    )


def _tag_specifications(
    name: str, args: ServerTemplateArgs
) -> Sequence[ec2.LaunchTemplateTagSpecificationArgs]:
    return [
        ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=named(args.tags, name))
        for kind in ("instance", "volume", "network-interface")
    ]
