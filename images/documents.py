"""Component documents of EC2 Image Builder: what the service would refuse is refused here, by file and line.

Source of the rules: EC2 Image Builder User Guide, "Use the AWSTOE component document framework for custom
components"; of the size: the API's `InlineComponentData`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from images import canonical
from images.actions import check_action, check_inputs
from images.problems import DocumentError, Place, PlacedError, found_in, shown
from images.yaml_text import YamlText

MAX_CHARACTERS = 16_000
"""The longest `data` that CreateComponent takes."""

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PhaseName = Literal["build", "validate", "test"]

_NOT_HERE = {
    "loop": "loops are not supported here: write the loop in bash",
    "if": "conditions are not supported here: write the condition in bash",
    "constants": "constants are not supported here: write the value where it is used",
    "parameters": "parameters are not supported here: what an image holds is in its documents",
}


class Section(BaseModel):
    """A part of a document: AWS's camelCase keys, no others, nothing converted."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _known_but_refused(cls, given: Any) -> Any:
        if isinstance(given, dict):
            PlacedError.raise_any(((key,), text) for key, text in _NOT_HERE.items() if key in given)
        return given


def _step_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name):
        raise ValueError(f"{shown(name)} is not a name for a step; use 1 to 128 letters, digits, - and _")
    return name


class Step(Section):
    """A unit of work. Steps of a phase run in order; one that fails ends it, unless `on_failure` says so."""

    name: Annotated[str, AfterValidator(_step_name)]
    action: Annotated[str, AfterValidator(check_action)]
    timeout_seconds: int = Field(default=7200, ge=-1, description="-1: no limit")
    on_failure: Literal["Abort", "Continue", "Ignore"] = "Abort"
    max_attempts: int = Field(default=1, ge=1)
    inputs: Any = None

    @model_validator(mode="after")
    def _takes_its_inputs(self) -> Step:
        check_inputs(self.action, self.inputs)
        PlacedError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if self.timeout_seconds == 0:
            yield ("timeoutSeconds",), "0 is not a time; write seconds, or -1 for no limit"
        for place, text in _texts(self.inputs, ("inputs",)):
            # AWSTOE replaces {{ name }} by constants, parameters and outputs of other steps.
            reference = re.search(r"\{\{.*?\}\}", text)
            if reference:
                yield (
                    place,
                    f"{shown(reference[0])} is a reference, which AWS replaces; write the value",
                )

    @property
    def script(self) -> str | None:
        """The bash script that an ExecuteBash step runs; None for any other action.

        AWSTOE writes all commands of a step into one file and runs that, so a variable set in one is there
        in the next, and a command that fails ends nothing unless the script says so.
        """
        return "\n".join(self.inputs["commands"]) if self.action == "ExecuteBash" else None

    def value(self) -> dict[str, canonical.Value]:
        value: dict[str, canonical.Value] = {"name": self.name, "action": self.action}
        if self.timeout_seconds != 7200:
            value["timeoutSeconds"] = self.timeout_seconds
        if self.on_failure != "Abort":
            value["onFailure"] = self.on_failure
        if self.max_attempts != 1:
            value["maxAttempts"] = self.max_attempts
        if self.inputs:
            value["inputs"] = self.inputs
        return value


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))


class Phase(Section):
    """`build` and `validate` run on the machine that becomes the image, `test` on a copy of it."""

    name: PhaseName
    steps: tuple[Step, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _every_step_has_its_own_name(self) -> Phase:
        PlacedError.raise_any(
            (("steps", *place), text) for place, text in _repeated([step.name for step in self.steps])
        )
        return self


class Document(Section):
    """A component document. Equal documents have equal `data`, and `version` changes when `data` does."""

    name: str
    description: str = Field(min_length=1, max_length=1024)
    schema_version: Literal["1.0"]
    phases: tuple[Phase, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _is_one(self) -> Document:
        PlacedError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if not NAME.fullmatch(self.name) or not 3 <= len(self.name) <= 40:
            yield ("name",), f"{shown(self.name)} is not a name; use 3 to 40 of a-z, 0-9 and single dashes"
        for place, text in _repeated([phase.name for phase in self.phases]):
            yield ("phases", *place), text
        if len(self.data) > MAX_CHARACTERS:
            yield (
                (),
                f"has {len(self.data)} characters with its files, and AWS takes {MAX_CHARACTERS}: split it",
            )

    @cached_property
    def data(self) -> str:
        """The document as it is sent to AWS: canonical YAML, files inlined, comments left out."""
        return canonical.yaml(
            {
                "name": self.name,
                "description": self.description,
                "schemaVersion": self.schema_version,
                "phases": [
                    {"name": phase.name, "steps": [step.value() for step in phase.steps]}
                    for phase in self.phases
                ],
            }
        )

    @property
    def version(self) -> str:
        """The semantic version of this content, such as 1.193847562.8347561."""
        return version(self.data)

    def phase(self, name: PhaseName) -> tuple[Step, ...]:
        """The steps of a phase; none when the document has no such phase."""
        return next((phase.steps for phase in self.phases if phase.name == name), ())


def version(text: str) -> str:
    """A semantic version that is `text`'s own: twice 28 bits of its SHA-256.

    AWS takes numbers up to 2^30-1 and never takes other content under a version that exists.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"1.{int(digest[:7], 16)}.{int(digest[7:14], 16)}"


def load(path: Path) -> Document:
    """The document at `FOLDER/documents/NAME.yaml`; what it names with `!file` is looked for in FOLDER.

    Raises:
        DocumentError: it is refused; one line a problem.
    """
    text = YamlText(path, path.parent.parent)
    given = text.value
    if not isinstance(given, dict):
        raise DocumentError([text.problem((), "is not a map of keys; see docs/images.md")])
    if given.setdefault("name", path.stem) != path.stem:
        raise DocumentError([text.problem(("name",), f"is not the file's name; write {path.stem}")])
    try:
        return Document.model_validate(given)
    except ValidationError as error:
        raise DocumentError(text.problem(place, said) for place, said in found_in(error)) from error


def _repeated(names: list[str]) -> Iterator[tuple[Place, str]]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (index, "name"), f"{shown(name)} stands there twice; give each its own name"
