"""Containers: names, images, ports, resources, probes, mounts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from rehearsal.cloud.kubernetes import names, quantities
from rehearsal.cloud.kubernetes.errors import (
    FieldError,
    Object,
    duplicate,
    forbidden,
    not_there,
    required,
    unsupported,
    wrong,
)

PORT_RANGE = "must be between 1 and 65535, inclusive"
_VARIABLE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_POLICIES = ("Always", "IfNotPresent", "Never")


def of_container(field: str, container: Object, volumes: Collection[str], grace: int) -> Iterator[FieldError]:
    name = container.get("name", "")
    if not name:
        yield required(f"{field}.name")
    for text in names.label(name) if name else ():
        yield wrong(f"{field}.name", name, text)
    image = container.get("image", "")
    if not image:
        yield required(f"{field}.image")
    elif image != image.strip():
        yield wrong(f"{field}.image", image, "must not have leading or trailing whitespace")
    yield from _lifecycle(f"{field}.lifecycle", container.get("lifecycle") or {}, grace)
    yield from _probes(field, container)
    policy = container.get("imagePullPolicy")
    if image and policy not in _POLICIES:
        yield unsupported(f"{field}.imagePullPolicy", policy, _POLICIES)
    yield from _ports(f"{field}.ports", container.get("ports") or ())
    yield from _env(f"{field}.env", container.get("env") or ())
    yield from _mounts(f"{field}.volumeMounts", container.get("volumeMounts") or (), volumes)
    yield from _resources(f"{field}.resources", container.get("resources") or {})


def _lifecycle(field: str, lifecycle: Object, grace: int) -> Iterator[FieldError]:
    for hook, action in lifecycle.items():
        if not isinstance(action, dict):
            continue
        if not action:
            yield required(f"{field}.{hook}", "must specify a handler type")
        seconds = action.get("sleep", {}).get("seconds")
        if seconds is not None and not 0 <= seconds <= grace:
            text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            yield wrong(f"{field}.{hook}.sleep", seconds, text)


def _probes(field: str, container: Object) -> Iterator[FieldError]:
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        where = f"{field}.{name}"
        handlers = [each for each in _HANDLERS if each in probe]
        if not handlers:
            yield required(where, "must specify a handler type")
        for extra in handlers[1:]:
            yield forbidden(f"{where}.{extra}", "may not specify more than 1 handler type")
        for kind in ("httpGet", "tcpSocket", "grpc"):
            if kind in probe:
                yield from port_or_name(f"{where}.{kind}.port", probe[kind].get("port", 0))
        for key in (
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        ):
            if probe.get(key, 0) < 0:
                yield wrong(f"{where}.{key}", probe[key], "must be greater than or equal to 0")
        if name != "readinessProbe" and probe.get("successThreshold", 1) != 1:
            yield wrong(f"{where}.successThreshold", probe["successThreshold"], "must be 1")


def port_or_name(field: str, value: int | str) -> Iterator[FieldError]:
    if isinstance(value, str):
        yield from (wrong(field, value, text) for text in names.port_name(value))
    elif not 1 <= value <= 65535:
        yield wrong(field, value, PORT_RANGE)


def _ports(field: str, ports: Sequence[Object]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for number, port in enumerate(ports):
        where, name = f"{field}[{number}]", port.get("name", "")
        for text in names.port_name(name) if name else ():
            yield wrong(f"{where}.name", name, text)
        if name and name in seen:
            yield duplicate(f"{where}.name", name)
        seen.add(name)
        if not port.get("containerPort"):
            yield required(f"{where}.containerPort")
        elif not 1 <= port["containerPort"] <= 65535:
            yield wrong(f"{where}.containerPort", port["containerPort"], PORT_RANGE)
        if port.get("hostPort") and not 1 <= port["hostPort"] <= 65535:
            yield wrong(f"{where}.hostPort", port["hostPort"], PORT_RANGE)
        if port.get("protocol") not in ("SCTP", "TCP", "UDP"):
            yield unsupported(f"{where}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))


def _env(field: str, variables: Sequence[Object]) -> Iterator[FieldError]:
    for number, each in enumerate(variables):
        where, name = f"{field}[{number}]", each.get("name", "")
        if not name:
            yield required(f"{where}.name")
        elif not re.fullmatch(r"[ -<>-~]+", name):
            yield wrong(f"{where}.name", name, _VARIABLE)
        source = each.get("valueFrom")
        if source is not None and each.get("value"):
            yield wrong(f"{where}.valueFrom", "", "may not be specified when `value` is not empty")
        elif source is not None and len(source) != 1:
            yield wrong(
                f"{where}.valueFrom",
                "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
            )


def _mounts(field: str, mounts: Sequence[Object], volumes: Collection[str]) -> Iterator[FieldError]:
    paths: set[str] = set()
    for number, mount in enumerate(mounts):
        where = f"{field}[{number}]"
        if not mount.get("name"):
            yield required(f"{where}.name")
        if mount.get("name", "") not in volumes:
            yield not_there(f"{where}.name", mount.get("name", ""))
        path = mount.get("mountPath", "")
        if not path:
            yield required(f"{where}.mountPath")
        if path in paths:
            yield wrong(f"{where}.mountPath", path, "must be unique")
        paths.add(path)


def _resources(field: str, resources: Object) -> Iterator[FieldError]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for part, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in sorted(amounts.items()):
            where = f"{field}.{part}[{name}]"
            if name not in _STANDARD and not name.startswith("hugepages-") and "/" not in name:
                yield wrong(where, name, "must be a standard resource type or fully qualified")
                yield wrong(where, name, "must be a standard resource for containers")
            if quantities.parse(str(amount)) < 0:
                yield wrong(where, str(amount), "must be greater than or equal to 0")
            limit = limits.get(name)
            if (
                part == "requests"
                and limit is not None
                and quantities.parse(amount) > quantities.parse(limit)
            ):
                yield wrong(
                    f"{field}.requests", str(amount), f"must be less than or equal to {name} limit of {limit}"
                )
