"""Pulumi.yaml and Pulumi.<stack>.yaml: what the program is, and the configuration it runs with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.engine.secrets import Secrets


@dataclass(frozen=True)
class Project:
    """What Pulumi.yaml says. `directory` holds it; `main` is where the program is (usually the same)."""

    name: str
    directory: Path
    main: Path
    description: str = ""
    runtime: str = "python"
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StackConfig:
    """A stack's configuration as the SDK takes it: `values` by full key (objects as JSON), and which are secret."""

    values: Mapping[str, str]
    secret_keys: list[str]
    salt: str | None
    file: Path


def load_project(directory: Path) -> Project:
    """Read Pulumi.yaml in the directory or one above. Raises UsageError."""
    raise NotImplementedError


def environments(project: Project) -> list[str]:
    """The names of the stacks that have a config file beside Pulumi.yaml, sorted."""
    raise NotImplementedError


def load_config(project: Project, stack: str, environ: Mapping[str, str], known: list[str] = []) -> StackConfig:  # noqa: B006
    """Read Pulumi.<stack>.yaml, decrypt, apply the defaults of Pulumi.yaml and check the types it declares.

    `known` are stacks that have state: such a stack may lack a config file. Raises UsageError, one line.
    """
    raise NotImplementedError
