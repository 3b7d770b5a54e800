"""Where an image goes once it has passed its tests: encrypted copies in every region, their IDs published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import imagebuilder

from . import policies
from .names import named

PROVENANCE = "immutable"
"""What the keys of the tags begin with that say where an image comes from."""
BUILD_DATE = "{{ imagebuilder:buildDate }}"
"""What Image Builder puts the time in place of. Without it two builds would have one name."""


class ImageDistributionArgs(Protocol):
    """What this module takes from the pipeline's arguments."""

    @property
    def recipe_hash(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def parent_image_id(self) -> str: ...
    @property
    def regions(self) -> tuple[str, ...]: ...
    @property
    def accounts(self) -> tuple[str, ...]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def parameter_name(name: str) -> str:
    """The Systems Manager parameter that holds the newest image's ID, in every region."""
    return f"/immutable/images/{name}"


def image_tags(name: str, args: ImageDistributionArgs) -> dict[str, str]:
    """What an image says of itself. Nothing is distributed before its tests passed, so it may say so."""
    own = {
        "recipe": name,
        "recipe-hash": args.recipe_hash,
        "commit": args.commit,
        "parent": args.parent_image_id,
        "tests": "passed",
    }
    return {**args.tags, **{f"{PROVENANCE}:{key}": value for key, value in own.items()}}


def image_distribution(
    name: str,
    args: ImageDistributionArgs,
    owner: Output[policies.Owner],
    keys: Mapping[str, Output[str]],
    opts: ResourceOptions,
) -> imagebuilder.DistributionConfiguration:
    """The same in every region, each with its own key."""
    return imagebuilder.DistributionConfiguration(
        name,
        description=f"Encrypted copies of {name} where servers start from them",
        distributions=[
            imagebuilder.DistributionConfigurationDistributionArgs(
                region=region,
                ami_distribution_configuration=_copy(name, args, owner, keys[region]),
                ssm_parameter_configurations=[
                    imagebuilder.DistributionConfigurationDistributionSsmParameterConfigurationArgs(
                        parameter_name=parameter_name(name), data_type="aws:ec2:image"
                    )
                ],
            )
            for region in args.regions
        ],
        tags=named(args.tags, name),
        opts=opts,
    )


def _copy(
    name: str, args: ImageDistributionArgs, owner: Output[policies.Owner], key: Output[str]
) -> imagebuilder.DistributionConfigurationDistributionAmiDistributionConfigurationArgs:
    """An account gets a copy of its own and not leave to use this one: tags do not show in other accounts."""
    return imagebuilder.DistributionConfigurationDistributionAmiDistributionConfigurationArgs(
        name=f"{name}-{args.recipe_hash} {BUILD_DATE}",
        # Copies in other regions and accounts get no description unless it is said here.
        description=f"{name} {args.recipe_hash}, made from {args.parent_image_id}",
        ami_tags=image_tags(name, args),
        kms_key_id=key,
        target_account_ids=_accounts(args.accounts, owner) if args.accounts else None,
    )


def _accounts(accounts: Sequence[str], owner: Output[policies.Owner]) -> Output[Sequence[str]]:
    """As soon as accounts are named, the factory's own is no longer understood."""
    return owner.apply(lambda known: sorted({known.account, *accounts}))
