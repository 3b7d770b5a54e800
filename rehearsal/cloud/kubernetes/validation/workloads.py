"""What makes pods from a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rehearsal.cloud.kubernetes import selectors
from rehearsal.cloud.kubernetes.errors import FieldError, Object, forbidden, required, unsupported, wrong
from rehearsal.cloud.kubernetes.validation import metadata, pods

_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex"
    " used for validation is '[0-9]+%')"
)
_NOT_NEGATIVE = "must be greater than or equal to 0"


def of_deployment(value: Object) -> Iterator[FieldError]:
    spec = value["spec"]
    yield from _not_negative(spec, "replicas")
    yield from _selector(spec, "deployment")
    yield from _template(spec, ("Always",))
    yield from _strategy(spec.get("strategy") or {})
    yield from _not_negative(spec, "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def of_replica_set(value: Object) -> Iterator[FieldError]:
    yield from _not_negative(value["spec"], "replicas", "minReadySeconds")
    yield from _selector(value["spec"], "replica set")
    yield from _template(value["spec"], ("Always",))


def of_daemon_set(value: Object) -> Iterator[FieldError]:
    spec = value["spec"]
    yield from _selector(spec, "daemonset")
    yield from _template(spec, ("Always",))
    yield from _not_negative(spec, "minReadySeconds", "revisionHistoryLimit")
    if spec.get("updateStrategy", {}).get("type") not in ("RollingUpdate", "OnDelete"):
        known = ("OnDelete", "RollingUpdate")
        yield unsupported("spec.updateStrategy", spec["updateStrategy"].get("type"), known)


def of_stateful_set(value: Object) -> Iterator[FieldError]:
    yield from _not_negative(value["spec"], "replicas", "minReadySeconds")
    yield from _selector(value["spec"], "statefulset")
    yield from _template(value["spec"], ("Always",))


def of_job(value: Object) -> Iterator[FieldError]:
    spec = value["spec"]
    keys = ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
    yield from _not_negative(spec, *keys)
    template = spec.get("template") or {}
    if spec.get("selector") is None:
        yield required("spec.selector")
    elif not selectors.of_object(spec["selector"])(template.get("metadata", {}).get("labels") or {}):
        yield _not_matching(template)
    pod = template.get("spec") or {}
    if pod.get("restartPolicy") == "Always":
        yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    yield from _template_parts(template)


def _not_negative(spec: Object, *names: str) -> Iterator[FieldError]:
    for name in names:
        if spec.get(name) is not None and spec[name] < 0:
            yield wrong(f"spec.{name}", spec[name], _NOT_NEGATIVE)


def _selector(spec: Object, kind: str) -> Iterator[FieldError]:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield wrong("spec.selector", {}, f"empty selector is invalid for {kind}")
    yield from metadata.selector("spec.selector", selector)


def _template(spec: Object, policies: tuple[str, ...]) -> Iterator[FieldError]:
    template = spec.get("template") or {}
    labels = template.get("metadata", {}).get("labels") or {}
    selector = spec.get("selector")
    empty = selector is not None and not any(selector.values())
    if not empty and not selectors.of_object(selector)(labels):
        yield _not_matching(template)
    yield from _template_parts(template)
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy not in policies and policy in ("OnFailure", "Never"):
        yield unsupported("spec.template.spec.restartPolicy", policy, policies)


def _template_parts(template: Object) -> Iterator[FieldError]:
    given = template.get("metadata") or {}
    yield from metadata.of_labels("spec.template.metadata.labels", given.get("labels") or {})
    yield from metadata.of_annotations("spec.template.metadata.annotations", given.get("annotations") or {})
    yield from pods.of_spec("spec.template.spec", template.get("spec") or {})


def _not_matching(template: Object) -> FieldError:
    labels = template.get("metadata", {}).get("labels")
    return wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def _strategy(strategy: Object) -> Iterator[FieldError]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate" and rolling is not None:
        text = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden("spec.strategy.rollingUpdate", text)
    elif kind not in ("Recreate", "RollingUpdate"):
        yield unsupported(
            "spec.strategy", {"Type": kind, "RollingUpdate": rolling}, ("Recreate", "RollingUpdate")
        )
    elif kind == "RollingUpdate":
        where = "spec.strategy.rollingUpdate"
        surge, unavailable = (rolling or {}).get("maxSurge", 0), (rolling or {}).get("maxUnavailable", 0)
        problems = [
            *_share(f"{where}.maxSurge", surge, None),
            *_share(f"{where}.maxUnavailable", unavailable, 100),
        ]
        yield from problems
        if not problems and not _some(surge) and not _some(unavailable):
            yield wrong(f"{where}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")


def _some(value: Any) -> bool:
    return int(str(value).removesuffix("%")) > 0


def _share(field: str, value: Any, most: int | None) -> Iterator[FieldError]:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+%", value):
        yield wrong(field, value, _PERCENT)
    elif isinstance(value, str) and most is not None and int(value[:-1]) > most:
        yield wrong(field, value, f"must not be greater than {most}%")
    elif isinstance(value, int) and value < 0:
        yield wrong(field, value, _NOT_NEGATIVE)
