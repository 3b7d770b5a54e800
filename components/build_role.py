"""What the machine that builds an image may do, and what it fetches: no more than Image Builder needs.

AWS's managed policy for it (EC2InstanceProfileForImageBuilder) reads every component of the account, writes
to every log group of Image Builder's and decrypts with every key. Here components and groups are named, and
decrypting is left out: it is for components that have a key of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import iam

from . import policies
from .args import Late
from .names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named


class BuildRoleArgs(Protocol):
    """What this module takes from the pipeline's arguments."""

    @property
    def region(self) -> str: ...
    @property
    def log_bucket(self) -> Late: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def download_buckets(region: str) -> tuple[str, ...]:
    """AWS's own buckets that a build reads: Image Builder's program, and the agents in the image.

    All of it is read without credentials, so the S3 endpoint of the build's network must let such requests
    through (EC2 Image Builder, VPC endpoints; Systems Manager, SSM Agent communications). The last two are
    the agents' buckets for all regions: elsewhere than in their own they are reached by the NAT.
    """
    return (
        f"ec2imagebuilder-toe-{region}-prod",
        f"ec2imagebuilder-managed-resources-{region}-prod",
        f"amazon-ssm-{region}",
        "amazoncloudwatch-agent",
        "ec2-downloads-windows",
    )


def build_role(
    name: str,
    args: BuildRoleArgs,
    components: Sequence[str],
    log_group_arn: Output[str],
    opts: ResourceOptions,
) -> tuple[iam.Role, iam.InstanceProfile]:
    """The role of the build's and the test's machine. `components` are the names of those that it runs."""
    child_name = f"{name}-build"
    role = iam.Role(
        child_name,
        name_prefix=name_prefix(child_name, ROLE_PREFIX),
        description=f"Builds and tests images of {name}",
        assume_role_policy=Output.json_dumps(policies.trust("ec2.amazonaws.com")),
        tags=named(args.tags, child_name),
        opts=opts,
    )
    known = Output.all(log_group_arn, args.log_bucket)
    policy = iam.RolePolicy(
        child_name,
        role=role.name,
        policy=Output.json_dumps(
            known.apply(lambda values: build_policy(name, args.region, components, values[0], values[1]))
        ),
        opts=opts,
    )
    profile = iam.InstanceProfile(
        child_name,
        name_prefix=name_prefix(child_name, LONG_PREFIX),
        role=role.name,
        tags=named(args.tags, child_name),
        # A machine that starts before it may call fails its build.
        opts=ResourceOptions(parent=opts.parent, depends_on=[policy]),
    )
    return role, profile


def build_policy(
    name: str, region: str, components: Sequence[str], log_group_arn: str, log_bucket: str
) -> policies.Document:
    """Running its own components, telling how they went, and being reached by Systems Manager."""
    partition, _, account = policies.owner_of(log_group_arn)
    prefix = f"arn:{partition}:imagebuilder:{region}:{account}:component"
    return policies.document(
        policies.ssm_agent(),
        {
            "Sid": "ReadComponents",
            "Effect": "Allow",
            "Action": "imagebuilder:GetComponent",
            "Resource": [f"{prefix}/{component}/*" for component in components],
        },
        {
            "Sid": "Download",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [f"arn:{partition}:s3:::{bucket}/*" for bucket in download_buckets(region)],
        },
        {
            "Sid": "KeepLogs",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"arn:{partition}:s3:::{log_bucket}/{name}/*",
        },
        {
            # Image Builder asks for the group before it writes, whether or not it is there.
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [log_group_arn, f"{log_group_arn}:*"],
        },
    )
