"""A stack's Kubernetes objects as YAML, one file each, to be read, compared, or checked by another tool.

They are the objects as declared, by the state that the last operation left; the folders and names are those
of Pulumi's provider when it renders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from rehearsal.engine.backend import Backend
from rehearsal.engine.project import load_config, load_project
from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import Properties, redact
from rehearsal.errors import UsageError
from rehearsal.provider.kubernetes import objects

_PACKAGE = "kubernetes:"
_DEFINITIONS, _REST = "0-crd", "1-manifest"
# As people write a manifest; what else there is follows.
_ORDER = ("apiVersion", "kind", "metadata")


def write(project: Path, stack: str, environ: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the stack's objects into `folder`; a secret value is `[secret]`. Returns the files.

    Raises UsageError when the stack has no state, or the folder holds something.
    """
    found = load_project(project)
    backend = Backend.from_environment(environ)
    known = backend.stacks(found.name)
    if stack not in known:
        raise UsageError(f"{stack} was not brought up yet: run scripts/rehearse up {stack} first")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty: name a folder that is, or that is not there yet")
    config = load_config(found, stack, environ, known)
    with backend.open(found.name, stack, salt=config.salt, write=False) as file:
        rendered = render(file.snapshot.resources)
    for path, text in rendered.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return [folder / path for path in rendered]


def render(resources: Iterable[ResourceState]) -> dict[Path, str]:
    """The text of each object by its place in the folder, sorted; those on their way out are left out."""
    return {
        _place(thing): yaml.safe_dump(thing, sort_keys=False, width=1_000)
        for thing in sorted(map(_declared, filter(_is_object, resources)), key=_place)
    }


def _is_object(state: ResourceState) -> bool:
    return state.type.startswith(_PACKAGE) and state.custom and not state.delete and not state.external


def _declared(state: ResourceState) -> Properties:
    thing: Properties = redact(objects.given(state.inputs, state.type))
    return {
        key: thing[key] for key in (*_ORDER, *(key for key in thing if key not in _ORDER)) if key in thing
    }


def _place(thing: Properties) -> Path:
    kind = str(thing["kind"])
    folder = _DEFINITIONS if kind == "CustomResourceDefinition" else _REST
    version = str(thing["apiVersion"]).replace("/", "_").replace(":", "_")
    namespace = objects.namespace_of(thing) or "default"
    return Path(folder) / f"{version}-{kind.lower()}-{namespace}-{objects.name_of(thing)}.yaml"
