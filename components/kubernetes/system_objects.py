"""What the cluster's own pods have in common, the log agent's and the autoscaler's: a namespace of their own,
and ways to names, AWS and Kubernetes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import core, rbac

from ..args import Late
from .labels import APPLY, MANAGER, NAME, PART
from .network_ways import POD_IDENTITY_AGENT, blocks, tcp

Rules = Sequence[dict[str, Any]]
MODES = ("audit", "enforce", "warn")


def labels(name: str) -> dict[str, str]:
    return {NAME: name, PART: name, MANAGER: "pulumi"}


def metadata(name: str, own_name: str | None = None) -> dict[str, Any]:
    """Of an object in the namespace `name`, of that name too unless it is given one of its own."""
    return {**unspaced(name), "name": own_name or name, "namespace": name}


def unspaced(name: str) -> dict[str, Any]:
    """Of an object in no namespace."""
    return {"name": name, "labels": labels(name), "annotations": APPLY}


def namespace(
    child_name: str, name: str, level: str, opts: ResourceOptions, version: str | None = None
) -> core.v1.Namespace:
    """A namespace that takes pods of this Pod Security level, by the rules of this minor version or, without
    one, by those of the cluster's."""
    security = "pod-security.kubernetes.io"
    modes = {f"{security}/{mode}": level for mode in MODES}
    if version is not None:
        modes |= {f"{security}/{mode}-version": f"v{version}" for mode in MODES}
    made = {**unspaced(name), "labels": {**labels(name), **modes}}
    return core.v1.Namespace(child_name, metadata=made, opts=opts)


def ways(api_cidrs: Sequence[Late]) -> dict[str, Any]:
    """The spec of a network policy: nobody asks them; they ask for names, who they are, AWS, Kubernetes."""
    dns = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    return {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "egress": [
            {"to": [dns], "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]},
            {"to": blocks(api_cidrs), "ports": tcp(443)},
            {"to": blocks([POD_IDENTITY_AGENT]), "ports": tcp(80)},
        ],
    }


def account(child_name: str, name: str, rules: Rules, opts: ResourceOptions) -> list[pulumi.Resource]:
    """The service account of pods in the namespace `name`, and what it may do in all of the cluster."""
    made = core.v1.ServiceAccount(
        child_name, metadata=metadata(name), automount_service_account_token=False, opts=opts
    )
    role = rbac.v1.ClusterRole(child_name, metadata=unspaced(name), rules=list(rules), opts=opts)
    binding = rbac.v1.ClusterRoleBinding(
        child_name,
        metadata=unspaced(name),
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": name}],
        opts=ResourceOptions(parent=opts.parent, depends_on=[role]),
    )
    return [made, binding]


def own_rules(child_name: str, name: str, rules: Rules, opts: ResourceOptions) -> list[pulumi.Resource]:
    """What that service account may do in its own namespace."""
    role = rbac.v1.Role(child_name, metadata=metadata(name), rules=list(rules), opts=opts)
    binding = rbac.v1.RoleBinding(
        child_name,
        metadata=metadata(name),
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": name}],
        opts=ResourceOptions(parent=opts.parent, depends_on=[role]),
    )
    return [role, binding]
