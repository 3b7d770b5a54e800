"""Services and what leads to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rehearsal.cloud.kubernetes import names
from rehearsal.cloud.kubernetes.errors import FieldError, Object, duplicate, required, unsupported, wrong
from rehearsal.cloud.kubernetes.validation import metadata
from rehearsal.cloud.kubernetes.validation.containers import PORT_RANGE, port_or_name

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def of_service(value: Object) -> Iterator[FieldError]:
    spec = value["spec"]
    ports = spec.get("ports") or []
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and spec.get("type") != "ExternalName":
        yield required("spec.ports")
    if spec.get("type") == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    yield from _ports(ports)
    yield from metadata.of_labels("spec.selector", spec.get("selector") or {})
    if spec.get("sessionAffinity") not in ("ClientIP", "None"):
        yield unsupported("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    if spec.get("type") not in _TYPES:
        yield unsupported("spec.type", spec.get("type"), _TYPES)


def _ports(ports: Sequence[Object]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for number, port in enumerate(ports):
        where, name = f"spec.ports[{number}]", port.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{where}.name")
        for text in names.label(name) if name else ():
            yield wrong(f"{where}.name", name, text)
        if name and name in seen:
            yield duplicate(f"{where}.name", name)
        seen.add(name)
        if not 1 <= port.get("port", 0) <= 65535:
            yield wrong(f"{where}.port", port.get("port", 0), PORT_RANGE)
        if port.get("protocol") not in ("SCTP", "TCP", "UDP"):
            yield unsupported(f"{where}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
        if port.get("targetPort"):
            yield from port_or_name(f"{where}.targetPort", port["targetPort"])


def of_ingress(value: Object) -> Iterator[FieldError]:
    spec = value.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield wrong("spec", spec, "either `defaultBackend` or `rules` must be specified")
    for number, rule in enumerate(spec.get("rules") or ()):
        for place, path in enumerate(rule.get("http", {}).get("paths") or ()):
            where = f"spec.rules[{number}].http.paths[{place}]"
            if path.get("pathType") in ("Exact", "Prefix") and not str(path.get("path", "")).startswith("/"):
                yield wrong(f"{where}.path", path.get("path", ""), "must be an absolute path")


def of_network_policy(value: Object) -> Iterator[FieldError]:
    spec = value.get("spec") or {}
    yield from metadata.selector("spec.podSelector", spec.get("podSelector"))
    for way, side in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(spec.get(way) or ()):
            for place, peer in enumerate(rule.get(side) or ()):
                where = f"spec.{way}[{number}].{side}[{place}]"
                if not peer:
                    yield required(where, "must specify a peer")
                yield from _block(f"{where}.ipBlock", peer.get("ipBlock"))


def _block(field: str, block: Object | None) -> Iterator[FieldError]:
    import ipaddress

    for key, text in (("cidr", (block or {}).get("cidr")),) if block is not None else ():
        try:
            ipaddress.ip_network(str(text))
        except ValueError:
            yield wrong(
                f"{field}.{key}", text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            )
