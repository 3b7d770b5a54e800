"""Which ways are open to a workload's pods: a network policy each, so that one is opened before a rollout
and closed after it. In one policy for all, a rollout that fails would leave the pods of before with the ways
of the new ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..args import Late
from .labels import NAME, selector
from .workload_args import WorkloadArgs

POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where a pod gets its credentials for AWS, on port 80 of its own node."""
_LINK_LOCAL = "169.254.0.0/16"

Spec = dict[str, Any]


def ways(name: str, args: WorkloadArgs) -> dict[str, Spec]:
    """The specs of all policies, by name: what is after a dot is no part of a workload's name. The first one
    closes every way that none of them opens."""
    found = {name: _of_every_pod(name, args)}
    if args.database is not None:
        to = {"to": blocks(args.database_cidrs), "ports": tcp(args.database.port)}
        found[f"{name}.database"] = _egress({NAME: name}, to)
    for callee in args.calls.values():
        there = {"podSelector": {"matchLabels": selector(callee.name)}}
        here = {"podSelector": {"matchLabels": {NAME: name}}}
        found[f"{name}.to.{callee.name}"] = _egress({NAME: name}, {"to": [there], "ports": tcp(callee.port)})
        found[f"{callee.name}.from.{name}"] = _ingress(
            selector(callee.name), {"from": [here], "ports": tcp(callee.port)}
        )
    for who, source in _entries(args):
        # Port is that of the pod: the node has put it in place of its own by then.
        found[f"{name}.{who}"] = _ingress(selector(name), {"from": source, "ports": tcp(args.port or 0)})
    return found


def _entries(args: WorkloadArgs) -> Iterator[tuple[str, list[Any]]]:
    if args.exposed:
        yield "nodes", blocks(args.entry_cidrs)
    if args.ingress is not None:
        namespace = {"kubernetes.io/metadata.name": args.ingress.controller_namespace}
        yield "ingress", [{"namespaceSelector": {"matchLabels": namespace}}]


def _of_every_pod(name: str, args: WorkloadArgs) -> Spec:
    """What no workload can do without: names, AWS, and who it is to AWS."""
    dns = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    egress = [
        {"to": [dns], "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]},
        {"to": blocks(args.api_cidrs), "ports": tcp(443)},
        {"to": blocks([POD_IDENTITY_AGENT]), "ports": tcp(80)},
    ]
    return {
        "podSelector": {"matchLabels": {NAME: name}},
        "policyTypes": ["Ingress", "Egress"],
        "egress": egress,
    }


def blocks(cidrs: Sequence[Late]) -> list[dict[str, Any]]:
    """Peers by address; of everything, not what is of the node alone."""
    return [
        {"ipBlock": {"cidr": cidr} | ({"except": [_LINK_LOCAL]} if cidr == "0.0.0.0/0" else {})}
        for cidr in cidrs
    ]


def tcp(port: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port}]


def _egress(who: Mapping[str, str], rule: Spec) -> Spec:
    return {"podSelector": {"matchLabels": dict(who)}, "policyTypes": ["Egress"], "egress": [rule]}


def _ingress(who: Mapping[str, str], rule: Spec) -> Spec:
    return {"podSelector": {"matchLabels": dict(who)}, "policyTypes": ["Ingress"], "ingress": [rule]}
