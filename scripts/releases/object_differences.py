"""Where an object is not as it was declared, and whose hand was on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases.backend import SECRET
from scripts.releases.kubernetes_api import Document, moment

#: In whose name the program's own objects are applied, by it and by the rollout that puts a version back.
_OURS = ("pulumi-kubernetes", "immutable")
#: Parts of Kubernetes and of EKS, which do their work on objects.
_KUBERNETES = (
    "kube-controller-manager", "kube-scheduler", "kube-apiserver", "kubelet", "eks",
    "vpc-resource-controller", "aws-network-policy-agent", "csi-secrets-store",
)  # fmt: skip
#: What Pulumi's provider reads, and what controllers write: no declaration of ours.
_NOT_OURS = ("pulumi.com/", "deployment.kubernetes.io/", "deprecated.daemonset.template.generation")
#: Compared. The status of an object is told, not declared, and whoever asks for it sees its kind.
_ASIDE = ("status", "apiVersion", "kind", "__initialApiVersion", "__fieldManager")
_SUFFIXES = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@dataclass(frozen=True)
class Difference:
    """One value that is not as declared; `actual` is None where there is none."""

    path: str
    declared: Any
    actual: Any


@dataclass(frozen=True)
class Hand:
    """Somebody who owns fields of an object beside us."""

    manager: str
    at: datetime | None
    paths: tuple[str, ...]


def differences(declared: Mapping[str, Any], live: Document) -> Iterator[Difference]:
    """What the program says and the cluster does not have so. What the program does not say is not compared:
    defaults, and what controllers add.
    """
    for name, value in declared.items():
        if name not in _ASIDE:
            yield from _compared(name, value, live.get(name))


def _compared(path: str, declared: Any, actual: Any) -> Iterator[Difference]:
    if declared == SECRET:
        return
    if isinstance(declared, Mapping) and isinstance(actual, Mapping):
        for name, value in declared.items():
            if not str(name).startswith((*_NOT_OURS, "__")):
                yield from _compared(f"{path}.{name}", value, actual.get(name))
    elif _is_list(declared) and _is_list(actual):
        yield from _items(path, declared, actual)
    elif not _same(declared, actual):
        yield Difference(path, declared, actual)


def _items(path: str, declared: Sequence[Any], actual: Sequence[Any]) -> Iterator[Difference]:
    """By name where items have one, else in order. One more is a difference too: it was not declared."""
    if all(isinstance(each, Mapping) and "name" in each for each in (*declared, *actual)):
        there = {each["name"]: each for each in actual}
        for each in declared:
            yield from _compared(f"{path}[{each['name']}]", each, there.pop(each["name"], None))
        for name, added in there.items():
            yield Difference(f"{path}[{name}]", None, added)
    elif len(declared) != len(actual):
        yield Difference(path, declared, actual)
    else:
        for place, (one, other) in enumerate(zip(declared, actual, strict=True)):
            yield from _compared(f"{path}[{place}]", one, other)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _same(declared: Any, actual: Any) -> bool:
    """Nothing, and what is empty, are one value to Kubernetes; so are `1000m` and `1`, and 3.0 and 3."""
    if not declared and not actual:
        return True
    if isinstance(declared, bool) or isinstance(actual, bool):
        return bool(declared == actual)
    if str(declared) == str(actual):
        return True
    amounts = _amount(declared), _amount(actual)
    return None not in amounts and amounts[0] == amounts[1]


def _amount(value: Any) -> float | None:
    """A number, or a quantity such as `250m` or `1Gi`."""
    text = str(value)
    suffix = next((each for each in sorted(_SUFFIXES, key=len, reverse=True) if text.endswith(each)), "")
    try:
        return round(float(text.removesuffix(suffix)) * _SUFFIXES.get(suffix, 1), 6)
    except ValueError:
        return None


def hands(live: Document, ours: frozenset[str]) -> Iterator[Hand]:
    """Whose fields of the object are neither ours nor a controller's, as the API server keeps the books."""
    for entry in (live.get("metadata") or {}).get("managedFields") or ():
        manager = str(entry.get("manager") or "")
        if entry.get("subresource") == "status" or manager in ours or manager.startswith(_OURS):
            continue
        if manager.startswith(_KUBERNETES):
            continue
        paths = tuple(path for path in _paths(entry.get("fieldsV1") or {}) if _is_ours(path))
        if paths:
            yield Hand(manager or "somebody", moment(entry.get("time")), paths)


def _is_ours(path: str) -> bool:
    """Whether a field says what an object is; others are for those who work on it."""
    last = path.rpartition(".")[2] if "/" not in path else path.partition("annotations.")[2]
    return not last.startswith(_NOT_OURS) and not path.startswith(("metadata.finalizers", "status"))


def _paths(fields: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The leaves of `fieldsV1`, such as `spec.replicas` or `spec.containers[main].image`."""
    for key, inner in fields.items():
        kind, _, rest = key.partition(":")
        if kind == "k":
            path = f"{before}[{_key(rest)}]"
        elif kind == "f":
            path = f"{before}.{rest}" if before else rest
        elif kind == "v":
            path = f"{before}[{rest.strip(chr(34))}]"
        else:
            continue
        if isinstance(inner, Mapping) and any(name != "." for name in inner):
            yield from _paths(inner, path)
        elif inner is not None:
            yield path


def _key(text: str) -> str:
    """`{"name":"main"}` as `main`."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return str(found.get("name") or ",".join(map(str, found.values())))
