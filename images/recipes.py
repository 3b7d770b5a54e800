"""Recipes: which parent image, which documents in which order. One YAML file each, in `images/recipes/`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from images import documents
from images.documents import NAME, Document
from images.problems import DocumentError, Place, PlacedError, found_in, nearest, shown
from images.yaml_text import YamlText

FOLDER = Path(__file__).parent
"""The folder of this repository's recipes and documents."""

Architecture = Literal["arm64", "x86_64"]

_SPELLINGS = {"arm64": "arm64", "aarch64": "arm64", "amd64": "x86_64", "x86_64": "x86_64"}


class Section(BaseModel):
    """A part of a recipe: camelCase keys, no others, nothing converted."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )


def _image_id(value: str) -> str:
    if not re.fullmatch(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})", value):
        raise ValueError(
            f"{shown(value)} does not pin one image; write its ID: 'ami-' and 8 or 17 digits of 0-9, a-f"
        )
    return value


def _owner(value: str) -> str:
    if not re.fullmatch(r"\d{12}|amazon|self", value):
        raise ValueError(f"{shown(value)} owns no images; write an account's 12 digits, amazon or self")
    return value


class Parent(Section):
    """The image that everything is put on. Another one changes the recipe's hash, and so the image."""

    id: Annotated[str, AfterValidator(_image_id)]
    owner: Annotated[str, AfterValidator(_owner)]
    name: str = Field(min_length=1, max_length=128, description="where a newer parent is looked for; * and ?")
    suite: str = Field(pattern=r"^[a-z]+$", description="the Debian release of a bake on this machine")


class RecipeComponent(Section):
    """A document in its place; `on: aws` leaves it out of a bake on this machine."""

    document: Document
    on: Literal["anywhere", "aws"] = "anywhere"


class Recipe(Section):
    """What an image is made of. Equal recipes have equal hashes, and only they."""

    name: str
    description: str = Field(min_length=1, max_length=1024)
    parent: Parent
    architecture: Architecture
    volume_size_gib: int = Field(ge=1, le=16384)
    root_device_name: str = Field(pattern=r"^/dev/[a-z0-9]+$")
    components: tuple[RecipeComponent, ...] = Field(min_length=1, max_length=20, strict=False)

    @model_validator(mode="after")
    def _is_one(self) -> Recipe:
        PlacedError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if not NAME.fullmatch(self.name) or not 3 <= len(self.name) <= 40:
            yield (), f"{shown(self.name)} is not a name; use 3 to 40 of a-z, 0-9 and single dashes"
        for spelling, architecture in _SPELLINGS.items():
            if spelling in self.parent.name and architecture != self.architecture:
                yield (
                    ("architecture",),
                    f"{self.architecture} is not that of the parent {shown(self.parent.name)}; "
                    f"write {architecture}, or take another parent",
                )
        names = [component.document.name for component in self.components]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield ("components", index), f"{shown(name)} stands there twice; remove one"
        if not any(component.document.phase("test") for component in self.components):
            yield (
                ("components",),
                "no document has a test phase; what is not tested is never released",
            )

    @cached_property
    def hash(self) -> str:
        """16 hexadecimal digits that stand for everything that decides the image."""
        return _digest(self._contents())[:16]

    @cached_property
    def version(self) -> str:
        """The semantic version of the recipe in AWS: of the contents and of the description."""
        return documents.version(_digest({**self._contents(), "description": self.description}))

    def _contents(self) -> dict[str, Any]:
        return {
            "parent": [self.parent.id, self.parent.suite],
            "architecture": self.architecture,
            "volumeSizeGib": self.volume_size_gib,
            "rootDeviceName": self.root_device_name,
            "components": [[component.document.data, component.on] for component in self.components],
        }


def _digest(contents: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The names of the recipes in `folder`, sorted."""
    return tuple(sorted(path.stem for path in (folder / "recipes").glob("*.yaml")))


def load(folder: Path, name: str) -> Recipe:
    """The recipe `name` of `folder`, with its documents.

    Raises:
        DocumentError: it, or one of its documents, is refused or not there; one line a problem.
    """
    if name not in names(folder):
        known = names(folder)
        advice = nearest(name, known) if known else f"there is none in {folder.name}/recipes"
        raise DocumentError([f"{shown(name)} is not a recipe; {advice}"])
    text = YamlText(folder / "recipes" / f"{name}.yaml", folder)
    given = text.value
    if not isinstance(given, dict):
        raise DocumentError([text.problem((), "is not a map of keys; see docs/images.md")])
    if "name" in given:
        raise DocumentError([text.problem(("name",), "is the file's; remove the line")])
    try:
        return Recipe.model_validate(
            {**given, "name": name, "components": _components(given.get("components"), text, folder)}
        )
    except ValidationError as error:
        raise DocumentError(text.problem(place, said) for place, said in found_in(error)) from error


def load_all(folder: Path = FOLDER) -> dict[str, Recipe]:
    """Every recipe of `folder` by name; raises DocumentError with the problems of all of them."""
    found: dict[str, Recipe] = {}
    problems: list[str] = []
    for name in names(folder):
        try:
            found[name] = load(folder, name)
        except DocumentError as error:
            problems += [each for each in error.problems if each not in problems]
    if problems:
        raise DocumentError(problems)
    return found


def _components(given: Any, text: YamlText, folder: Path) -> Any:
    """The list as the model takes it: names replaced by documents. What is no list is left to the model."""
    if not isinstance(given, list):
        return given
    found: list[Any] = []
    problems: list[str] = []
    for index, item in enumerate(given):
        entry = {"document": item} if isinstance(item, str) else item
        name = entry.get("document") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            place = ("components", index)
            problems.append(
                text.problem(place, f"{shown(item)} names no document; write its name, or document and on")
            )
            continue
        try:
            found.append({**entry, "document": _document(name, folder)})
        except DocumentError as error:
            problems += error.problems
        except LookupError as error:
            problems.append(text.problem(("components", index), str(error.args[0])))
    if problems:
        raise DocumentError(problems)
    return found


def _document(name: str, folder: Path) -> Document:
    known = sorted(path.stem for path in (folder / "documents").glob("*.yaml"))
    if name not in known:
        raise LookupError(f"{shown(name)} is not in {folder.name}/documents; {nearest(name, known)}")
    return documents.load(folder / "documents" / f"{name}.yaml")
