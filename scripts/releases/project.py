"""The project: `Pulumi.yaml` names it, a `Pulumi.ENV.yaml` with images is an environment, and the one with
recipes is the image factory.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from scripts.releases import config_file, factory, yaml_line
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError
from scripts.releases.factory import Factory

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Project:
    """A directory that holds a Pulumi project, and the project's name."""

    directory: Path
    name: str

    def files(self) -> dict[str, Path]:
        """Every stack's config file by the stack's name, in the alphabet's order."""
        found = sorted(self.directory.glob("Pulumi.*.yaml"))
        return {path.name.removeprefix("Pulumi.").removesuffix(".yaml"): path for path in found}

    def stack_file(self, stack: str) -> Path:
        """The config file of any stack, of whatever kind.

        Raises:
            RefusedError: there is none, or the name is no stack's.
        """
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", stack):
            raise RefusedError(
                f"{stack!r} is not a stack's name; take letters, digits, hyphens, underscores and periods"
            )
        path = self.files().get(stack)
        if path is None:
            known = ", ".join(self.files()) or "none"
            raise RefusedError(f"there is no Pulumi.{stack}.yaml in {self.directory}; known: {known}")
        return path

    def environments(self) -> list[str]:
        """The stacks that run servers or workloads. One whose file cannot be read counts: it must not vanish
        unseen.
        """
        return [name for name in self.files() if self._is_environment(name)]

    def _is_environment(self, name: str) -> bool:
        try:
            config = config_file.read(self.files()[name], name, self.name)
        except RefusedError:
            return True
        return config.shared is not None or bool(config.services or config.workloads)

    def config(self, environment: str) -> ConfigFile:
        """What the environment's config file says.

        Raises:
            RefusedError: there is no such environment, its file cannot be read, or it is the image factory.
        """
        path = self.files().get(environment)
        if path is None:
            known = ", ".join(self.environments()) or "none"
            raise RefusedError(f"there is no environment {environment!r} in {self.directory}; known: {known}")
        found = config_file.read(path, environment, self.name)
        if found.factory:
            known = ", ".join(self.environments()) or "none"
            raise RefusedError(f"{environment} is the image factory, no environment; known: {known}")
        return found

    def factory(self) -> Factory:
        """The image factory: the one stack whose config has recipes.

        Raises:
            RefusedError: there is none, there are several, or its file cannot be read.
        """
        found, unread = [], []
        for stack, path in self.files().items():
            try:
                found.append(factory.read(path, stack, self.name))
            except RefusedError as error:
                unread.append(error)
        factories = [each for each in found if each is not None]
        if len(factories) > 1:
            names = ", ".join(each.path.name for each in factories)
            raise RefusedError(f"{names} all have {self.name}:recipes; one factory builds for all")
        if not factories:
            # The file that cannot be read may be the factory's.
            raise (
                unread[0]
                if unread
                else RefusedError(
                    f"{self.directory} has no image factory: no Pulumi.STACK.yaml with {self.name}:recipes"
                )
            )
        return factories[0]


def find(directory: Path) -> Project:
    """The project in `directory`.

    Raises:
        RefusedError: there is none, or its `Pulumi.yaml` does not name it.
    """
    path = directory / "Pulumi.yaml"
    try:
        name = yaml_line.scalar(yaml_line.entries(yaml_line.parse(path.read_text("utf-8"))).get("name"))
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be read: {error.strerror}; name the project with --project DIR"
        ) from error
    except ValueError as error:
        raise RefusedError(f"{path}: {error}") from error
    if not name:
        raise RefusedError(f"{path}: the project has no name")
    return Project(directory.resolve(), name)
