"""Component documents, checked as CreateComponent does: what it refuses here it refuses on AWS.

Written from "Use the AWSTOE component document framework for custom components" alone, so that it is a second
opinion on the documents of this project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from rehearsal.cloud.imagebuilder.actions import ACTIONS
from rehearsal.cloud.imagebuilder.exceptions import InvalidParameterValue

BUILD, VALIDATE, TEST = "build", "validate", "test"
_RUN_BY_IMAGE_BUILDER = {BUILD, VALIDATE, TEST}
_ON_FAILURE = ("Abort", "Continue", "Ignore")
_NAME = re.compile(r"[0-9A-Za-z_-]+")
_PARAMETER_TYPES = {"string", "list"}


@dataclass(frozen=True)
class Step:
    name: str
    action: str
    inputs: Any
    on_failure: str
    max_attempts: int


@dataclass(frozen=True)
class Phase:
    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Document:
    phases: tuple[Phase, ...]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """TEST for a document with no phase but `test`, else BUILD."""
        return "TEST" if [phase.name for phase in self.phases] == [TEST] else "BUILD"


def parse(data: str, platform: str) -> Document:
    """Raises InvalidParameterValue, in one line, for what AWS refuses."""
    try:
        content = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as broken:
        raise _wrong(f"The document is not valid YAML: {' '.join(str(broken).split())}") from broken
    if not isinstance(content, dict):
        raise _wrong("The document is not a map.")
    if str(content.get("schemaVersion")) not in ("1.0", "1"):
        raise _wrong("Invalid schema version. Supported versions include: 1.0.")
    phases = content.get("phases")
    if not isinstance(phases, list) or not phases:
        raise _wrong("The document has no phases.")
    parsed = tuple(_phase(each, platform) for each in phases)
    _unique([phase.name for phase in parsed], "phase names in the document")
    if not _RUN_BY_IMAGE_BUILDER & {phase.name for phase in parsed}:
        raise _wrong("At least one of the phases build, validate and test must be in the document.")
    return Document(parsed, _parameters(content.get("parameters")))


def _phase(given: Any, platform: str) -> Phase:
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str) or not name:
        raise _wrong("A phase has no name.")
    _check_name(name, f"Invalid phase name '{name}'.")
    steps = given.get("steps")
    if not isinstance(steps, list) or not steps:
        raise _wrong(f"Phase '{name}' has no steps.")
    parsed = tuple(_step(each, name, platform) for each in steps)
    _unique([step.name for step in parsed], f"step names in phase '{name}'")
    return Phase(name, parsed)


def _step(given: Any, phase: str, platform: str) -> Step:
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str) or not name:
        raise _wrong(f"A step in phase '{phase}' has no name.")
    _check_name(name, f"Invalid step name '{name}' in phase '{phase}'.")
    failed = f"Parsing step '{name}' in phase '{phase}' failed. Error:"
    action = given.get("action")
    known = ACTIONS.get(action) if isinstance(action, str) else None
    if known is None or platform not in known.platforms:
        raise _wrong(f"{failed} Unsupported action {action} for platform {platform}.")
    problem = known.problem(str(action), given.get("inputs"))
    if problem:
        raise _wrong(f"{failed} {problem}")
    if action == "ExecuteBash" and not _texts(given["inputs"]["commands"]):
        raise _wrong(f"{failed} Action ExecuteBash requires 'commands' to be a list of strings")
    on_failure = given.get("onFailure", "Abort")
    if on_failure not in _ON_FAILURE:
        raise _wrong(f"{failed} onFailure {on_failure!r} is not one of {', '.join(_ON_FAILURE)}")
    attempts, timeout = given.get("maxAttempts", 1), given.get("timeoutSeconds", 7200)
    if not _whole(attempts) or attempts < 1:
        raise _wrong(f"{failed} maxAttempts {attempts!r} is not a whole number from 1 on")
    if not _whole(timeout) or (timeout < 1 and timeout != -1):
        raise _wrong(f"{failed} timeoutSeconds {timeout!r} is not a whole number from 1 on, or -1")
    return Step(name, str(action), given.get("inputs"), on_failure, attempts)


def _parameters(given: Any) -> dict[str, dict[str, Any]]:
    """Input parameters by name; their attributes are `type`, `default` and `description`."""
    if given is None:
        return {}
    if not isinstance(given, list) or not all(isinstance(each, dict) and len(each) == 1 for each in given):
        raise _wrong("The document's parameters are not a list of maps of one name each.")
    parameters: dict[str, dict[str, Any]] = {}
    for each in given:
        (name, about), *_ = each.items()
        if name in parameters:
            raise _wrong(f"The parameter '{name}' is defined twice.")
        if not isinstance(about, dict) or about.get("type") not in _PARAMETER_TYPES:
            raise _wrong(f"The type of the parameter '{name}' is not string or list.")
        parameters[str(name)] = about
    return parameters


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise _wrong(
            f"{what} Allowed characters are combinations of numbers [0-9], english letters [a-z,A-Z] and "
            "special characters [-_]."
        )


def _unique(names: list[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _wrong(f"The {what} must be unique: {', '.join(twice)}")


def _texts(value: Any) -> bool:
    """Scalars do, such as `true`: as text they are commands."""
    return isinstance(value, list) and not any(isinstance(each, list | dict | None) for each in value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(why: str) -> InvalidParameterValue:
    return InvalidParameterValue(name="data", why=why)
