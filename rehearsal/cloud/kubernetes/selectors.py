"""Label selectors and field selectors, of requests and of objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloud.kubernetes.errors import Object, bad_request

Test = Callable[[Mapping[str, str]], bool]

_KEY = r"(?:[-A-Za-z0-9_.]+/)?[-A-Za-z0-9_.]+"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_EQUAL = re.compile(rf"({_KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)")
_THERE = re.compile(rf"(!?)\s*({_KEY})")

#: Which fields of a kind may be selected by, besides its name and namespace.
FIELDS = {
    "Pod": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "Event": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ),
    "Node": ("spec.unschedulable",),
    "Namespace": ("status.phase",),
    "ReplicaSet": ("status.replicas",),
    "Job": ("status.successful",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
}  # fmt: skip


def labels(text: str) -> Test:
    """As `app=web,tier in (a,b),!old`. Raises Refused for what cannot be read."""
    tests: list[Test] = []
    rest = text.strip()
    while rest:
        for form, read in ((_SET, _of_set), (_EQUAL, _of_equality), (_THERE, _of_presence)):
            found = form.match(rest)
            if found and re.match(r"\s*(,|$)", rest[found.end() :]):
                tests.append(read(found))
                rest = rest[found.end() :].lstrip().removeprefix(",").lstrip()
                break
        else:
            raise bad_request("unable to parse requirement: found '', expected: ',' or ')'")
    return lambda given: all(test(given) for test in tests)


def _of_set(found: re.Match[str]) -> Test:
    values = {value.strip() for value in found[3].split(",")}
    return _in(found[1], values) if found[2] == "in" else _not_in(found[1], values)


def _of_equality(found: re.Match[str]) -> Test:
    return _not_in(found[1], {found[3]}) if found[2] == "!=" else _in(found[1], {found[3]})


def _of_presence(found: re.Match[str]) -> Test:
    key = found[2]
    return (lambda given: key not in given) if found[1] else (lambda given: key in given)


def _in(key: str, values: set[str]) -> Test:
    return lambda given: given.get(key) in values


def _not_in(key: str, values: set[str]) -> Test:
    return lambda given: given.get(key) not in values


def of_object(selector: Object | None) -> Test:
    """A `LabelSelector`; none selects nothing, an empty one all."""
    if selector is None:
        return lambda _: False
    tests: list[Test] = [_in(key, {value}) for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or ():
        key, values = str(each["key"]), set(each.get("values") or ())
        forms: dict[str, Test] = {
            "In": _in(key, values),
            "NotIn": _not_in(key, values),
            "Exists": lambda given, key=key: key in given,  # type: ignore[misc]
            "DoesNotExist": lambda given, key=key: key not in given,  # type: ignore[misc]
        }
        tests.append(forms[each["operator"]])
    return lambda given: all(test(given) for test in tests)


def fields(text: str, kind: str) -> Callable[[Object], bool]:
    """As `metadata.name=web,status.phase!=Running`. Raises Refused for a field that does not select."""
    known = ("metadata.name", "metadata.namespace", *FIELDS.get(kind, ()))
    tests: list[tuple[str, bool, str]] = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(r"([\w.]+)\s*(==|=|!=)\s*(.*)", each)
        if found is None:
            raise bad_request(f"invalid selector: '{each}'; can't understand '{each}'")
        if found[1] not in known:
            shown = ", ".join(f'"{name}"' for name in known[:2])
            only = f": only {shown}" if len(known) == 2 else ""
            told = (
                f'"{found[1]}" is not a known field selector{only}'
                if only
                else f"field label not supported: {found[1]}"
            )
            raise bad_request(told)
        tests.append((found[1], found[2] != "!=", found[3]))
    return lambda given: all((_at(given, path) == value) is equal for path, equal, value in tests)


def _at(given: Any, path: str) -> str:
    for part in path.split("."):
        given = given.get(part) if isinstance(given, dict) else None
    if isinstance(given, dict):
        given = given.get("component")
    if isinstance(given, bool):
        return str(given).lower()
    return "" if given is None else str(given)
