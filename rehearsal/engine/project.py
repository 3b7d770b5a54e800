"""Pulumi.yaml and Pulumi.<stack>.yaml: what the program is, and the configuration it runs with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.engine import yaml_file
from rehearsal.engine.config_values import ConfigValues, matches, type_name
from rehearsal.engine.secrets import Secrets
from rehearsal.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_TYPES = ("string", "integer", "boolean", "object", "array")


@dataclass(frozen=True)
class Project:
    """What Pulumi.yaml says. `file` is Pulumi.yaml itself and `directory` holds it; `main` is the program: a
    directory or a file. `config` is its `config` block: a key with a type definition each, short forms
    written out.
    """

    name: str
    file: Path
    main: Path
    stack_directory: Path
    description: str = ""
    runtime: str = "python"
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        """The directory of Pulumi.yaml."""
        return self.file.parent

    def config_file(self, stack: str) -> Path:
        """Where the stack's configuration is kept."""
        return self.stack_directory / f"Pulumi.{stack}{self.file.suffix}"


@dataclass(frozen=True)
class StackConfig:
    """A stack's configuration as the SDK takes it: `values` by full key (`namespace:name`; objects as JSON),
    and which of them are secret. `raw` is what the file itself says, by full key, with its ciphertexts;
    `salt` is its `encryptionsalt`.
    """

    values: Mapping[str, str]
    secret_keys: list[str]
    salt: str | None
    file: Path
    raw: Mapping[str, Any] = field(default_factory=dict)


def load_project(directory: Path) -> Project:
    """Read Pulumi.yaml in the directory or the nearest one above. Raises UsageError."""
    directory = directory.absolute()
    candidates = (
        above / name for above in (directory, *directory.parents) for name in ("Pulumi.yaml", "Pulumi.yml")
    )
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    if file is None:
        raise UsageError(f"no Pulumi.yaml project file found (searching upwards from {directory})")
    raw = yaml_file.read(file)
    if not isinstance(raw, dict):
        raise UsageError(f"{file}: a project file is a map with a name and a runtime")
    name = raw.get("name")
    if not name:
        raise UsageError(f"{file}: project is missing a 'name' attribute")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            f"{file}: name {name!r}: it may hold 1 to 100 letters, digits, underscores, hyphens and periods"
        )
    runtime, options = _runtime(file, raw.get("runtime"))
    config = raw.get("config")
    stack_directory = config if isinstance(config, str) else raw.get("stackConfigDir") or ""
    return Project(
        name=name,
        file=file,
        main=file.parent / str(raw.get("main") or "."),
        stack_directory=file.parent / str(stack_directory),
        description=str(raw.get("description") or ""),
        runtime=runtime,
        options=options,
        config=_schema(file, name, {} if isinstance(config, str) else config or {}),
    )


def environments(project: Project) -> list[str]:
    """The names of the stacks that have a config file, sorted."""
    files = project.stack_directory.glob(f"Pulumi.?*{project.file.suffix}")
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(project.file.suffix) for file in files)


def load_config(
    project: Project, stack: str, environ: Mapping[str, str], known: Iterable[str] = ()
) -> StackConfig:
    """Read Pulumi.<stack>.yaml, decrypt, apply the defaults of Pulumi.yaml and check the types it declares.

    `known` are stacks that have state: such a stack may lack a config file. Raises UsageError, one line that
    names the file and the key; the words about types and missing keys are Pulumi's own.
    """
    file = project.config_file(stack)
    if not file.is_file():
        names = sorted({*environments(project), *known})
        if stack not in known:
            listed = ", ".join(names) or "none yet"
            raise UsageError(
                f"unknown environment {stack!r}: there is no {file.name}; environments are: {listed}"
            )
    raw = (yaml_file.read(file) or {}) if file.is_file() else {}
    if not isinstance(raw, dict) or not isinstance(raw.get("config") or {}, dict):
        raise UsageError(f"{file}: a stack's configuration is a map with the key config, itself a map")
    _refuse_other_sources(file, raw)
    salt = raw.get("encryptionsalt")
    if salt is not None and not isinstance(salt, str):
        raise UsageError(f"{file}: encryptionsalt: {salt!r} is not text")
    values = ConfigValues(project.name, file, raw.get("config") or {}, Secrets(salt, environ))
    values.apply_defaults(project.config)
    values.check(stack, project.config)
    return StackConfig(values.texts(), values.secret_keys(), salt, file, values.raw())


def _refuse_other_sources(file: Path, raw: dict[str, Any]) -> None:
    provider = str(raw.get("secretsprovider") or "passphrase")
    if provider != "passphrase":
        raise UsageError(f"{file}: secretsprovider: {provider!r} is not supported, only passphrase is")
    if raw.get("environment"):
        raise UsageError(
            f"{file}: environment: values from Pulumi ESC need the pulumi command and a Pulumi account"
        )


def _runtime(file: Path, raw: Any) -> tuple[str, dict[str, Any]]:
    name = raw.get("name") if isinstance(raw, dict) else raw
    if name != "python":
        raise UsageError(f"{file}: runtime: {name!r} is not supported, only python is")
    options = raw.get("options") if isinstance(raw, dict) else None
    return name, options if isinstance(options, dict) else {}


def _schema(file: Path, project: str, raw: Any) -> dict[str, dict[str, Any]]:
    """The `config` block with short forms written out: `key: 5` is a default for the project's own keys, a
    value for keys of others. Raises UsageError where it contradicts itself; the words are Pulumi's.
    """
    if not isinstance(raw, dict):
        raise UsageError(f"{file}: config: expected a map of keys, not {raw!r}")
    schema: dict[str, dict[str, Any]] = {}
    for key, given in raw.items():
        own = ":" not in key or key.startswith(f"{project}:")
        definition = given if isinstance(given, dict) else {"default" if own else "value": given}
        problem = _problem(key, own, definition)
        if problem:
            raise UsageError(f"{file}: {problem}")
        schema[key] = definition
    return schema


def _problem(key: str, own: bool, definition: dict[str, Any]) -> str | None:
    kind, items = definition.get("type"), definition.get("items")
    default, value = definition.get("default"), definition.get("value")
    if default is not None and value is not None:
        return f"project config '{key}' cannot have both a 'default' and 'value' attribute"
    if not own:
        if kind is not None:
            return f"Configuration key '{key}' is not namespaced by the project and should not define a type"
        if default is not None:
            return (
                f"Configuration key '{key}' is not namespaced by the project and should not define a default "
                "value. Did you mean to use the 'value' attribute instead of 'default'?"
            )
        return (
            f"Configuration key '{key}' is namespaced and must provide an attribute 'value'"
            if value is None
            else None
        )
    if kind is not None and kind not in _TYPES:
        return f"config.{key}.type: {kind!r} is not one of {', '.join(_TYPES)}"
    if kind == "array" and not isinstance(items, dict):
        return (
            f"The configuration key '{key}' declares an array but does not specify the underlying type "
            "via the 'items' attribute"
        )
    if kind is not None and default is not None and not matches(kind, items, default):
        return (
            f"The default value specified for configuration key '{key}' is not of the expected type "
            f"'{type_name(kind, items)}'"
        )
    return None
