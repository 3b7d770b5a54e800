"""Pods, and the templates of pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rehearsal.cloud.kubernetes import names
from rehearsal.cloud.kubernetes.errors import (
    FieldError,
    Object,
    duplicate,
    forbidden,
    required,
    unsupported,
    wrong,
)
from rehearsal.cloud.kubernetes.validation.containers import of_container

_VOLUME_KINDS = ("emptyDir", "configMap", "secret", "hostPath", "projected", "downwardAPI", "csi", "nfs")


def of_pod(value: Object) -> Iterator[FieldError]:
    yield from of_spec("spec", value.get("spec") or {})


def of_spec(field: str, spec: Object) -> Iterator[FieldError]:
    volumes = spec.get("volumes") or []
    yield from _volumes(f"{field}.volumes", volumes)
    mountable = {each.get("name", "") for each in volumes}
    grace = spec.get("terminationGracePeriodSeconds", 30)
    seen: set[str] = set()
    for key in ("containers", "initContainers"):
        containers = spec.get(key) or []
        if key == "containers" and not containers:
            yield required(f"{field}.containers")
        for number, container in enumerate(containers):
            where = f"{field}.{key}[{number}]"
            yield from of_container(where, container, mountable, grace)
            name = container.get("name", "")
            if name and name in seen:
                yield duplicate(f"{where}.name", name)
            seen.add(name)
    yield from _simple(field, spec)
    yield from _spread(f"{field}.topologySpreadConstraints", spec.get("topologySpreadConstraints") or ())


def _simple(field: str, spec: Object) -> Iterator[FieldError]:
    policy = spec.get("restartPolicy")
    if policy not in ("Always", "OnFailure", "Never"):
        yield unsupported(f"{field}.restartPolicy", policy, ("Always", "OnFailure", "Never"))
    if spec.get("dnsPolicy") not in ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"):
        known = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
        yield unsupported(f"{field}.dnsPolicy", spec.get("dnsPolicy"), known)
    for text in names.subdomain(spec["serviceAccountName"]) if spec.get("serviceAccountName") else ():
        yield wrong(f"{field}.serviceAccountName", spec["serviceAccountName"], text)
    if spec.get("activeDeadlineSeconds") is not None and not 1 <= spec["activeDeadlineSeconds"] < 2**31:
        text = "must be between 1 and 2147483647, inclusive"
        yield wrong(f"{field}.activeDeadlineSeconds", spec["activeDeadlineSeconds"], text)


def _volumes(field: str, volumes: Sequence[Object]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for number, volume in enumerate(volumes):
        where, name = f"{field}[{number}]", volume.get("name", "")
        kinds = [key for key in volume if key != "name"]
        kinds.sort(
            key=lambda kind: _VOLUME_KINDS.index(kind) if kind in _VOLUME_KINDS else len(_VOLUME_KINDS)
        )
        for kind in kinds[1:]:
            yield forbidden(f"{where}.{kind}", "may not specify more than 1 volume type")
        yield from _named(f"{where}.name", name, names.label)
        if name in seen:
            yield duplicate(f"{where}.name", name)
        seen.add(name)
        if "csi" in volume and not volume["csi"].get("driver"):
            yield required(f"{where}.csi.driver")
        if "secret" in volume and not volume["secret"].get("secretName"):
            yield required(f"{where}.secret.secretName")
        if "configMap" in volume and not volume["configMap"].get("name"):
            yield required(f"{where}.configMap.name")
        if "hostPath" in volume and not volume["hostPath"].get("path"):
            yield required(f"{where}.hostPath.path")


def _named(field: str, name: str, form: Callable[[str], Iterator[str]]) -> Iterator[FieldError]:
    if not name:
        yield required(field)
    else:
        yield from (wrong(field, name, text) for text in form(name))


def _spread(field: str, constraints: Sequence[Object]) -> Iterator[FieldError]:
    for number, each in enumerate(constraints):
        where = f"{field}[{number}]"
        if each.get("maxSkew", 0) <= 0:
            yield wrong(f"{where}.maxSkew", each.get("maxSkew", 0), "must be greater than zero")
        if not each.get("topologyKey"):
            yield required(f"{where}.topologyKey", "can not be empty")
        known = ("DoNotSchedule", "ScheduleAnyway")
        if each.get("whenUnsatisfiable") not in known:
            yield unsupported(f"{where}.whenUnsatisfiable", each.get("whenUnsatisfiable", ""), known)
