"""The scratch copy of the project that a rehearsal works on, and the environment variables that point at it.

A release changes a line of configuration; a rehearsal of one must not change yours. The program itself is
taken over byte for byte, and learns everything that is special about a laptop from the variables below, which
are Pulumi's and AWS's own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML

from rehearsal import checkout
from rehearsal.errors import UsageError

REPOSITORY = Path(__file__).resolve().parent.parent
PROGRAM = (
    "__main__.py",
    "components",
    "functions",
    "images",
    "policies",
    "stacks",
    "Pulumi.yaml",
    "pyproject.toml",
)
PASSPHRASE = "rehearsal"  # noqa: S105 - it protects the made-up secrets of a cloud in memory
IMAGE_KEY, RECIPES_KEY, DELIVERY_KEY = "immutable:imageId", "immutable:recipes", "immutable:delivery"
NAMES_KEY, CLUSTER_KEY = "immutable:names", "immutable:cluster"
_IMAGE_ID = re.compile(r"\bami-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")
# What stands in the way of a destroy that leaves nothing: section, field, and the value that lets go.
_LOGS = ("immutable:logs", "retainOnDestroy", False)
_LOOSE_ENVIRONMENT = (
    ("immutable:loadBalancer", "deletionProtection", False),
    ("immutable:sessions", "retainOnDestroy", False),
    _LOGS,
)
_LOOSE_DATABASE = (("deletionProtection", False), ("retainOnDestroy", False), ("finalSnapshot", False))
_LOOSE_FACTORY = (("immutable:distribution", "retainKeysOnDestroy", False), _LOGS)
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")
# Of the caller's environment only these go on: an AWS profile, a proxy or a Pulumi token of the user's must
# reach neither the program nor the engine, for the cloud they speak to is the one in memory.
_KEPT_VARIABLES = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TERM", "SYSTEMROOT", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Workspace:
    """A scratch folder: `project/` the copy, `state/` Pulumi's file backend, `home/` Pulumi's own folder."""

    root: Path
    source: Path = REPOSITORY

    @property
    def project(self) -> Path:
        """Where the program and its configuration are."""
        return self.root / "project"

    @property
    def state(self) -> Path:
        """The file backend that holds each stack's state."""
        return self.root / "state"

    @property
    def home(self) -> Path:
        """Pulumi's own folder: the selected stack, plugins."""
        return self.root / "home"

    @classmethod
    def create(cls, root: Path, source: Path = REPOSITORY) -> Workspace:
        """Copy the program and the configuration of `source` to `root`, a folder that is not yet there."""
        workspace = cls(root, source)
        for folder in (workspace.project, workspace.state, workspace.home, root / "bin"):
            folder.mkdir(parents=True)
        for config in source.glob("Pulumi.*.yaml"):
            shutil.copy2(config, workspace.project)
        workspace.take_program()
        return workspace

    def take_program(self) -> None:
        """Take the program as it now is in the source; the environments' configuration stays as it is."""
        for name in PROGRAM:
            there, here = self.source / name, self.project / name
            if here.is_dir():
                shutil.rmtree(here)
            if there.is_dir():
                # Copies keep their time stamps, so that the compiled bytecode beside them is still good.
                shutil.copytree(there, here)
            elif there.exists():
                shutil.copy2(there, here)
        venv = self.project / ".venv"
        if not venv.is_symlink():
            venv.symlink_to(Path(sys.prefix), target_is_directory=True)

    def environments(self) -> list[str]:
        """The environments: every `Pulumi.<name>.yaml` that pins an image."""
        return environments_of(self.project)

    def require(self, stack: str) -> str:
        """`stack` itself, of whatever kind. Raises UsageError when there is no such one, and lists those that
        are.
        """
        return require(self.project, stack)

    def require_ready(self, *environments: str) -> None:
        """What the story itself reads is there in every one of these environments; the program checks the
        rest. Raises UsageError, naming file and key.
        """
        for environment in environments:
            name = f"Pulumi.{environment}.yaml"
            if not self.config_file(environment).exists():
                raise UsageError(f"there is no {name}, and the rehearsal needs it: start one as a copy")
            config = read_config(self.config_file(environment))
            for key, example in ((IMAGE_KEY, "ami-0123456789abcdef0"), ("aws:region", "eu-central-1")):
                if not config.get(key):
                    raise UsageError(f"{name}: {key}: is missing; set it to one such as {example}")
            if not _IMAGE_ID.fullmatch(str(config[IMAGE_KEY])):
                raise UsageError(
                    f"{name}: {IMAGE_KEY}: {config[IMAGE_KEY]!r} is not the ID of an image; "
                    "write 'ami-' with 8 or 17 lower-case hexadecimal digits"
                )

    def config_file(self, environment: str) -> Path:
        """The environment's configuration in the scratch copy."""
        return self.project / f"Pulumi.{environment}.yaml"

    def image(self, environment: str) -> str:
        """The image that the environment's configuration pins now."""
        return str(read_config(self.config_file(environment))[IMAGE_KEY])

    def loosen(self, stack: str) -> list[str]:
        """Let the stack be destroyed with all it holds, as its owner would: in its configuration.

        Returns what was changed, as `key: value`; production's own values protect it and keep its logs, the
        factory's keep the keys of its images.
        """
        yaml_of_people = YAML()
        path = self.config_file(stack)
        document = yaml_of_people.load(path.read_text())
        changed = []
        for label, section, field, value in _in_the_way(document["config"]):
            if section.get(field) is not value:
                section[field] = value
                changed.append(f"{label}.{field}: {str(value).lower()}")
        with path.open("w") as file:
            yaml_of_people.dump(document, file)
        return changed

    def region(self, environment: str) -> str:
        """The environment's AWS region."""
        return str(read_config(self.config_file(environment))["aws:region"])

    def images(self) -> list[str]:
        """Every image that any environment's configuration names, in order of appearance."""
        return self._named(_IMAGE_ID, *self.environments())

    def images_of(self, environment: str) -> list[str]:
        """Every image that this environment's configuration names: the shared one, and what services pin."""
        return self._named(_IMAGE_ID, environment)

    def certificates(self) -> list[str]:
        """Every certificate that any environment's configuration names."""
        return self._named(_CERTIFICATE, *self.environments())

    def zones(self) -> dict[str, str]:
        """The hosted zones that environments' configurations name, by ID, each with the domain that it holds:
        the shortest that is asked for in it.
        """
        found: dict[str, str] = {}
        for environment in self.environments():
            names = read_config(self.config_file(environment)).get(NAMES_KEY)
            if isinstance(names, Mapping) and names.get("zoneId") and names.get("domain"):
                zone_id, domain = str(names["zoneId"]), str(names["domain"])
                found[zone_id] = min(found.get(zone_id, domain), domain, key=len)
        return found

    def _named(self, pattern: re.Pattern[str], *environments: str) -> list[str]:
        found: dict[str, None] = {}
        for environment in environments:
            for text in _strings(read_config(self.config_file(environment))):
                found.update(dict.fromkeys(pattern.findall(text)))
        return list(found)

    def variables(self, endpoint: str) -> dict[str, str]:
        """What a process needs in its environment to work with this copy: the same for every engine."""
        return {
            **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            **self.exports(endpoint),
            **checkout.variables(self.source, self.project),
            "PULUMI_HOME": str(self.home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # No profile and no instance metadata of the user's: the two keys above are all there is.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def exports(self, endpoint: str) -> dict[str, str]:
        """The variables that a person exports to work with a kept rehearsal by hand."""
        return {
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def _in_the_way(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str, bool]]:
    """What keeps a destroy from leaving nothing: label, section, field, and the value that lets go."""
    if DELIVERY_KEY in config:
        return
    for key, field, value in _LOOSE_ENVIRONMENT if IMAGE_KEY in config else _LOOSE_FACTORY:
        yield key.removeprefix("immutable:"), config.setdefault(key, {}), field, value
    if CLUSTER_KEY in config:
        yield "cluster", config[CLUSTER_KEY], "deletionProtection", False
    for name, database in config.get("immutable:databases", {}).items():
        if "external" not in database:
            yield from ((f"databases.{name}", database, field, value) for field, value in _LOOSE_DATABASE)


def environments_of(project: Path) -> list[str]:
    """The environments of a project: its `Pulumi.<name>.yaml` files that pin an image, sorted."""
    return _stacks(project, IMAGE_KEY)


def factories_of(project: Path) -> list[str]:
    """The stacks of a project that build images, sorted."""
    return _stacks(project, RECIPES_KEY)


def deliveries_of(project: Path) -> list[str]:
    """The stacks of a project that hold the roles of those who deploy, sorted."""
    return _stacks(project, DELIVERY_KEY)


def require(project: Path, stack: str) -> str:
    """`stack` itself. Raises UsageError when the project has no stack of the name."""
    known = [*environments_of(project), *factories_of(project), *deliveries_of(project)]
    if stack not in known:
        raise UsageError(f"unknown environment {stack!r}: choose one of {', '.join(known) or '(none)'}")
    return stack


def _stacks(project: Path, key: str) -> list[str]:
    named = {
        path.name.removeprefix("Pulumi.").removesuffix(".yaml"): path
        for path in project.glob("Pulumi.*.yaml")
    }
    return sorted(name for name, path in named.items() if key in read_config(path))


def read_config(path: Path) -> dict[str, Any]:
    """The `config:` mapping of a stack's file, or an empty one. Raises UsageError when it is no YAML."""
    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    config = document.get("config") if isinstance(document, Mapping) else None
    return dict(config) if isinstance(config, Mapping) else {}


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []
