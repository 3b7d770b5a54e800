"""The image factory's config file: the one `Pulumi.STACK.yaml` with recipes, and no environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml.nodes import SequenceNode

from scripts.releases import config_file, yaml_line
from scripts.releases.errors import RefusedError


@dataclass(frozen=True)
class Factory:
    """What the file says.

    Attributes:
        stack: the stack's name.
        regions: where images are to be, the one where they are built first.
        recipes: the names of those that have a pipeline.
    """

    path: Path
    stack: str
    regions: tuple[str, ...]
    recipes: tuple[str, ...]

    @property
    def region(self) -> str:
        """Where images are built."""
        return self.regions[0]


def read(path: Path, stack: str, namespace: str) -> Factory | None:
    """The factory in a stack's config file; None when the stack is none.

    Raises:
        RefusedError: the file cannot be read, is an environment too, or has no region.
    """
    config = config_file.settings(path)
    if f"{namespace}:recipes" not in config:
        return None
    # A file that claims to be both is refused there.
    region = config_file.read(path, stack, namespace).region
    if region is None:
        raise RefusedError(f"{path.name} has no aws:region; it says where images are built")
    with config_file.problems(path):
        recipes = yaml_line.entries(config[f"{namespace}:recipes"])
        more = yaml_line.entries(config.get(f"{namespace}:distribution")).get("regions")
    listed = more.value if isinstance(more, SequenceNode) else []
    regions = [region, *(name for name in map(yaml_line.scalar, listed) if name is not None)]
    return Factory(path, stack, tuple(dict.fromkeys(regions)), tuple(recipes))
