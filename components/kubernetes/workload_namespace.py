"""The namespace of an environment's workloads: only what is restricted gets in, and nobody calls anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pulumi
import pulumi_kubernetes
from pulumi import Output, ResourceOptions
from pulumi_kubernetes import core, networking
from pydantic import Field, StringConstraints

from ..args import Args, Late

NamespaceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]


class WorkloadNamespaceArgs(Args):
    """What a `WorkloadNamespace` is made of."""

    kubeconfig: Late
    namespace: NamespaceName = "workloads"
    version: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]+$")]
    """The cluster's, such as 1.36: which Pod Security Standards are meant. A later cluster judges by the same
    ones until this says otherwise."""
    labels: Mapping[str, str] = Field(default_factory=dict)


class WorkloadNamespace(pulumi.ComponentResource):
    """A namespace that admits pods of the restricted standard only, and where every way is closed that no
    other network policy opens."""

    name: Output[str]
    """Known once the namespace is there, so that what is made in it comes after."""
    keeper: pulumi_kubernetes.Provider
    """For objects that are kept when Pulumi has deleted them, and are there when they are made again. With
    every other provider it is an error that an object is there: it may be somebody else's."""

    def __init__(self, name: str, args: WorkloadNamespaceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:workloadnamespace:WorkloadNamespace", name, None, opts)
        namespace = core.v1.Namespace(
            name,
            metadata=namespace_metadata(args),
            opts=ResourceOptions(parent=self),
        )
        self.name = namespace.metadata.apply(lambda metadata: str(metadata.name))
        networking.v1.NetworkPolicy(
            name,
            metadata={"name": "closed", "namespace": self.name, "labels": dict(args.labels)},
            spec=CLOSED,
            opts=ResourceOptions(parent=self),
        )
        self.keeper = pulumi_kubernetes.Provider(
            f"{name}-keeper",
            kubeconfig=args.kubeconfig,
            upsert_existing_objects=True,
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({"name": self.name})


CLOSED: Any = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
"""Of every pod, both ways."""


def namespace_metadata(args: WorkloadNamespaceArgs) -> Any:
    """Name and labels; the latter are what Pod Security Admission goes by."""
    standard = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("enforce", "audit", "warn")
        for suffix, value in (("", "restricted"), ("-version", f"v{args.version}"))
    }
    return {"name": args.namespace, "labels": {**args.labels, **standard}}
