"""The project: `Pulumi.yaml` names it, and a `Pulumi.ENV.yaml` with images is an environment."""

from dataclasses import dataclass
from pathlib import Path

from scripts.releases import config_file, yaml_line
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError

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

    def environments(self) -> list[str]:
        """The stacks that run servers. One whose file cannot be read counts: it must not vanish unseen."""
        return [name for name in self.files() if self._is_environment(name)]

    def _is_environment(self, name: str) -> bool:
        try:
            config = self.config(name)
        except RefusedError:
            return True
        return config.shared is not None or bool(config.services)

    def config(self, environment: str) -> ConfigFile:
        """What the environment's config file says.

        Raises:
            RefusedError: there is no such environment, or its file cannot be read.
        """
        path = self.files().get(environment)
        if path is None:
            known = ", ".join(self.environments()) or "none"
            raise RefusedError(f"there is no environment {environment!r} in {self.directory}; known: {known}")
        return config_file.read(path, environment, self.name)


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
