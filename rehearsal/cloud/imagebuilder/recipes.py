"""Image recipes: the version that a new one gets, and whether what it names is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rehearsal.cloud import images
from rehearsal.cloud.imagebuilder import arns
from rehearsal.cloud.imagebuilder.exceptions import (
    AlreadyExists,
    InvalidParameterCombination,
    InvalidParameterValue,
    NotEmulated,
)
from rehearsal.cloud.world import ACCOUNT, World

if TYPE_CHECKING:
    from rehearsal.cloud.imagebuilder.models import ImageBuilderBackend

#: "Amazon EC2 Image Builder endpoints and quotas": components in a recipe, by default.
MAX_COMPONENTS = 20
_PARAMETER = "ssm:"


def next_version(name_arn: str, given: str, recipe_arns: Iterable[str]) -> str:
    """The version itself, or for `1.0.x` the next patch of 1.0. Raises AlreadyExists for a version there."""
    if "x" not in given:
        arns.version(given)
        if f"{name_arn}/{given}" in recipe_arns:
            raise AlreadyExists(kind="ImageRecipe", arn=f"{name_arn}/{given}")
        return given
    major, minor, patch = given.split(".")
    if patch != "x" or "x" in (major, minor):
        raise NotEmulated(
            f"the version {given} of a recipe, with a wildcard elsewhere than in its last node,"
        )
    start = f"{name_arn}/{major}.{minor}."
    patches = [int(arn.removeprefix(start)) for arn in recipe_arns if arn.startswith(start)]
    return f"{major}.{minor}.{max(patches, default=-1) + 1}"


def check(backend: ImageBuilderBackend, given: dict[str, Any]) -> None:
    """Raises InvalidParameterValue, InvalidParameterCombination, NotEmulated, NotFound."""
    components = given.get("components") or []
    if len(components) > MAX_COMPONENTS:
        raise InvalidParameterValue(
            name="components", why=f"It has {len(components)} components, and {MAX_COMPONENTS} are allowed."
        )
    named: set[str] = set()
    for number, one in enumerate(components):
        _component(backend, f"components[{number}]", one, named)
    ami(backend, given["parentImage"])


def _component(backend: ImageBuilderBackend, where: str, one: dict[str, Any], named: set[str]) -> None:
    arn = one["componentArn"]
    owner, name = arn.split(":")[4], arn.split("/")[1]
    if owner != ACCOUNT:
        raise NotEmulated(f"{where}.componentArn {arn}, a component of {owner},")
    arns.check_wildcards(f"{where}.componentArn", arns.tail(arn))
    if name in named:
        raise InvalidParameterValue(name="components", why=f"The component {name} is there more than once.")
    named.add(name)
    defined = backend.component(arn).document.parameters
    values = {each["name"] for each in one.get("parameters") or []}
    unknown = values - set(defined)
    missing = {each for each in defined if "default" not in defined[each] and each not in values}
    for names, what in (
        (unknown, "The following parameters are not defined in the provided component"),
        (missing, "The following parameters have no default value and must be provided"),
    ):
        if names:
            raise InvalidParameterCombination(
                f"The value supplied for parameter '{where}.parameters' is not valid. "
                f"{what}: {', '.join(sorted(names))}"
            )


def ami(backend: ImageBuilderBackend, parent: str) -> Any:
    """The AMI that a recipe's `parentImage` means now, in this region.

    Raises:
        InvalidParameterValue (there is none), NotEmulated.
    """
    from moto.ec2.models import ec2_backends

    image_id = parent
    if parent.startswith(_PARAMETER):
        image_id = _parameter(backend.region_name, parent.removeprefix(_PARAMETER))
    elif not parent.startswith("ami-"):
        raise NotEmulated(f"parentImage {parent}, neither an AMI nor ssm: and a parameter,")
    ec2 = ec2_backends[ACCOUNT][backend.region_name]
    images.appear(World.current, ec2)
    found = ec2.amis.get(image_id)
    if found is None or found.state != "available":
        raise InvalidParameterValue(
            name="parentImage", why=f"The AMI ID '{image_id}' provided for parentImage does not exist."
        )
    return found


def _parameter(region: str, name: str) -> str:
    from rehearsal.cloud.ssm.models import ssm_backends

    name = name.split(":parameter", 1)[-1]
    found = ssm_backends[ACCOUNT][region].get_parameters([name]).get(name)
    if found is None:
        raise InvalidParameterValue(name="parentImage", why=f"The parameter '{name}' does not exist.")
    return str(found.value)
