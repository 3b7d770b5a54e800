"""DescribeImageReferences: which instances, launch templates, SSM parameters and recipes name an image."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from moto.ec2.utils import generic_filter

from rehearsal.cloud.ec2 import errors
from rehearsal.cloud.ssm.models import ssm_backends

INSTANCE, TEMPLATE, PARAMETER = "ec2:Instance", "ec2:LaunchTemplate", "ssm:Parameter"
RECIPE, CONTAINER_RECIPE = "imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe"
ALL_KINDS = (INSTANCE, TEMPLATE, PARAMETER, RECIPE, CONTAINER_RECIPE)
STATES = ("pending", "running", "shutting-down", "terminated", "stopping", "stopped")
#: Of each launch template the most recent versions: this many unless the request says otherwise.
DEFAULT_DEPTH = 10
DEEPEST = 10_000
#: DescribeImageReferences, `ImageId.N`.
MOST_IMAGES = 10

#: By kind: the states of instances, or the number of template versions, that count. Others have none.
Scope = Collection[str] | int | None
Kinds = Mapping[str, Scope]
_DEFAULTS: Kinds = {INSTANCE: STATES, TEMPLATE: DEFAULT_DEPTH}


def kinds(given: Sequence[Mapping[str, Any]], everything: bool) -> Kinds:
    """What a request asks for. Raises InvalidCombination, InvalidValue."""
    if not given and not everything:
        raise errors.InvalidCombination("Either IncludeAllResourceTypes or ResourceTypes must be specified")
    chosen: dict[str, Scope] = {kind: _DEFAULTS.get(kind) for kind in ALL_KINDS if everything}
    for each in given:
        kind = each["ResourceType"]
        if kind not in ALL_KINDS:
            raise errors.InvalidValue(f"ResourceType '{kind}' is not one of {', '.join(ALL_KINDS)}")
        chosen[kind] = _DEFAULTS.get(kind)
        for option in each.get("ResourceTypeOptions", []):
            chosen[kind] = _option(kind, option["OptionName"], option["OptionValues"])
    return chosen


def _option(kind: str, name: str, values: Sequence[str]) -> Collection[str] | int:
    if (kind, name) == (INSTANCE, "state-name") and set(values) <= set(STATES):
        return values
    if (kind, name) == (TEMPLATE, "version-depth"):
        return depth(values)
    raise errors.InvalidValue(f"The option {name} {', '.join(values)} is not valid for {kind}")


def depth(values: Sequence[str]) -> int:
    """A number of template versions. Raises InvalidValue."""
    if len(values) == 1 and values[0].isdecimal() and 1 <= int(values[0]) <= DEEPEST:
        return int(values[0])
    raise errors.InvalidValue(f"version-depth {', '.join(values)} is not a number from 1 to {DEEPEST}")


def find(ec2: Any, image_ids: Collection[str], chosen: Kinds) -> list[dict[str, str]]:
    """As DescribeImageReferences answers; an image need not be there. Raises Missing, InvalidValue."""
    if not image_ids:
        raise errors.Missing("ImageId")
    if len(image_ids) > MOST_IMAGES:
        raise errors.InvalidValue(f"{len(image_ids)} images are more than {MOST_IMAGES}")
    return [
        {"ImageId": image_id, "ResourceType": kind, "Arn": arn}
        for kind, image_id, arn in _all(ec2, chosen)
        if image_id in image_ids
    ]


def _all(ec2: Any, chosen: Kinds) -> Iterator[tuple[str, str, str]]:
    arn = f"arn:aws:ec2:{ec2.region_name}:{ec2.account_id}"
    if INSTANCE in chosen:
        for instance in instances(ec2):
            if instance.state in (chosen[INSTANCE] or ()):  # type: ignore[operator]
                yield INSTANCE, instance.image_id, f"{arn}:instance/{instance.id}"
    if TEMPLATE in chosen:
        for template in ec2.launch_templates.values():
            for image_id in named_by(template, chosen[TEMPLATE]):
                yield TEMPLATE, image_id, f"{arn}:launch-template/{template.id}"
    if PARAMETER in chosen:
        yield from _parameters(ec2.account_id, ec2.region_name)
    if RECIPE in chosen:
        yield from _recipes(ec2.account_id, ec2.region_name)


def instances(ec2: Any) -> list[Any]:
    return [instance for reservation in ec2.reservations.values() for instance in reservation.instances]


def named_by(template: Any, versions: Any) -> set[str]:
    """The images of a template's most recent versions, so many of them."""
    return {version.image_id for version in list(template.versions)[-int(versions or 0) :]}


def _parameters(account: str, region: str) -> Iterator[tuple[str, str, str]]:
    for parameter in ssm_backends[account][region]._parameters.values():
        current = parameter[-1] if isinstance(parameter, list) else parameter
        arn = f"arn:aws:ssm:{region}:{account}:parameter/{current.name.lstrip('/')}"
        yield PARAMETER, str(current.value), arn


def _recipes(account: str, region: str) -> Iterator[tuple[str, str, str]]:
    """Of the emulated Image Builder, where this process has imported it."""
    module = sys.modules.get("rehearsal.cloud.imagebuilder.models")
    if module is None:
        return
    for recipe in module.imagebuilder_backends[account][region].all(module.ImageRecipe):
        yield RECIPE, str(recipe.given["parentImage"]), recipe.arn


def filtered(filters: Mapping[str, Any], found: Iterable[Any]) -> list[Any]:
    return list(generic_filter(dict(filters), list(found)))


def page(found: Sequence[Any], token: str | None, size: int | None) -> tuple[list[Any], str | None]:
    """One page of an answer and the token of the next. Raises InvalidValue for a token that is none."""
    if token is not None and not token.isdecimal():
        raise errors.InvalidValue(f"The token '{token}' is not valid")
    start = int(token or 0)
    end = start + (size or 1000)
    return list(found[start:end]), str(end) if end < len(found) else None
