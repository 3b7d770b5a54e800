"""The image factory in the scratch copy: which stack it is, what its recipes start from, and an edit of one.

The files are read as text and YAML alone: what they mean is the program's to say, and the emulated service's
to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML

from rehearsal.errors import UsageError
from rehearsal.workspace import RECIPES_KEY, factories_of, read_config

_RECIPES, _DOCUMENTS = Path("images/recipes"), Path("images/documents")
# What a release of an application is to its image: one more step of its build.
_NEXT = {
    "name": "next-release",
    "action": "ExecuteBash",
    "inputs": {"commands": ["echo 'the next release of the application'"]},
}


@dataclass(frozen=True)
class Factory:
    """`regions` get images, the one where they are built first; `recipe` is the one of the story."""

    stack: str
    regions: tuple[str, ...]
    recipe: str


@dataclass(frozen=True)
class Parent:
    """The image that a recipe starts from; somebody else's."""

    image_id: str
    owner: str
    name: str
    architecture: str


def find(project: Path) -> Factory:
    """The project's one factory. Raises UsageError when there is none, or more than one."""
    stacks = factories_of(project)
    if len(stacks) != 1:
        raise UsageError(
            f"the rehearsal needs one stack with {RECIPES_KEY} to build images; there is "
            f"{', '.join(f'Pulumi.{stack}.yaml' for stack in stacks) or 'none'}"
        )
    name = f"Pulumi.{stacks[0]}.yaml"
    config = read_config(project / name)
    recipes, region = config[RECIPES_KEY], config.get("aws:region")
    if not isinstance(recipes, Mapping) or not recipes:
        raise UsageError(f"{name}: {RECIPES_KEY}: names no recipe; write one such as service: {{}}")
    if not region:
        raise UsageError(f"{name}: aws:region: is missing; set it to one such as eu-central-1")
    more = config.get("immutable:distribution") or {}
    regions = more.get("regions") if isinstance(more, Mapping) else None
    return Factory(stacks[0], (str(region), *map(str, regions or ())), str(next(iter(recipes))))


def parents(project: Path) -> list[Parent]:
    """What the project's recipes start from, each once; what is no recipe the program itself will refuse."""
    found: dict[str, Parent] = {}
    for path in sorted((project / _RECIPES).glob("*.yaml")):
        recipe = _read(path)
        parent = recipe.get("parent")
        if isinstance(parent, Mapping) and isinstance(parent.get("id"), str):
            name = str(parent.get("name", "parent")).replace("*", "rehearsed")
            owner, architecture = str(parent.get("owner", "")), str(recipe.get("architecture", "arm64"))
            found.setdefault(parent["id"], Parent(parent["id"], owner, name, architecture))
    return list(found.values())


def change(project: Path, recipe: str) -> Path:
    """Let the recipe's own document say one thing more, as a release does; returns the file.

    Raises UsageError when there is no document of the recipe's name with a phase of steps.
    """
    path = project / _DOCUMENTS / f"{recipe}.yaml"
    yaml_of_people = YAML()
    yaml_of_people.preserve_quotes = True
    yaml_of_people.width = 1_000
    yaml_of_people.indent(mapping=2, sequence=4, offset=2)
    try:
        document = yaml_of_people.load(path.read_text())
        document["phases"][0]["steps"].append(_NEXT)
    except (OSError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path.relative_to(project)} is no document with steps, and the rehearsal changes it"
        ) from error
    with path.open("w") as file:
        yaml_of_people.dump(document, file)
    return path


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return found if isinstance(found, Mapping) else {}
