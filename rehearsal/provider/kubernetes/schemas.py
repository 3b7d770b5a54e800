"""Kubernetes' published schemas, for what no server can be asked about: objects with values that are not
known yet, and all objects while there is no cluster.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from rehearsal.plugin import UNKNOWN, Properties
from rehearsal.provider.values import has_unknown

# Making a schema ready takes a moment, and several threads ask for the same one at first.
_lock = threading.Lock()


def mistakes(thing: Properties, version: str) -> Iterator[tuple[str, str]]:
    """Path and text of each mistake, by the schemas of a Kubernetes version (`1.36`; the newest without
    one). A kind that has no schema is taken as it is, and so is a value that is not known yet.
    """
    with _lock:
        validator = _validator(str(thing.get("apiVersion")), str(thing.get("kind")), version)
    if validator is None:
        return
    for error in sorted(validator.iter_errors(thing), key=lambda each: str(each.path)):
        if not _for_want_of_a_value(error):
            path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path)
            yield path.lstrip("."), " ".join(error.message.split())


def _for_want_of_a_value(error: Any) -> bool:
    """Whether it is about a value that is not known yet."""
    if error.instance == UNKNOWN:
        return True
    return bool(error.context) and has_unknown(error.instance)


@cache
def _validator(api_version: str, kind: str, version: str) -> Any:
    import jsonschema  # type: ignore[import-untyped]
    from referencing import Registry, Resource

    folder = f"kubernetes-json-schema/v{_known(version)}-local-strict"
    short = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    try:
        schema = _contents(f"{folder}/{kind.lower()}-{short}.json")
    except FileNotFoundError:
        return None
    registry = Resource.from_contents(schema) @ (_definitions(folder) @ Registry())
    return jsonschema.validators.Draft202012Validator(schema, registry=registry)


@cache
def _definitions(folder: str) -> Any:
    from referencing import Resource

    return Resource.from_contents(_contents(f"{folder}/_definitions.json"))


@cache
def _known(version: str) -> str:
    """The newest version with schemas that is not newer than the given one."""
    from kubernetes_validate.utils import all_versions

    wanted = _numbers(version) if version else (99, 0)
    versions: list[str] = all_versions()
    older = [each for each in versions if _numbers(each) <= wanted]
    return (older or versions[:1])[-1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _contents(name: str) -> Any:
    import json
    from importlib import resources

    return json.loads(resources.files("kubernetes_validate").joinpath(name).read_text())
