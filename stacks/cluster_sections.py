"""The `cluster` section of an environment: the Kubernetes cluster that its workloads run in.

Limits are EKS's and Kubernetes' unless said otherwise; `sections.py` says what holds for every field.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from stacks.instance_types import InstanceType, conflicts
from stacks.problems import Place, SectionError, nearest, shown
from stacks.sections import Block, ImageId, Section

LEAST_MINOR = 30
"""Pods wait before they stop by the `sleep` action, which is in Kubernetes 1.30 and later."""

ADD_ONS = {
    "vpc-cni": "gives pods their addresses and enforces network policies",
    "coredns": "resolves the names by which workloads call each other",
    "kube-proxy": "leads requests from a node to a pod",
    "eks-pod-identity-agent": "gives pods their roles",
    "metrics-server": "measures what workloads are scaled by",
    "aws-secrets-store-csi-driver-provider": "brings secrets into pods",
}
"""What a cluster needs beside Kubernetes itself, and for what."""

_MOST_SKEW = 3
_RESERVED_NAMESPACES = ("cluster-autoscaler", "default", "log-agent")
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def _version(value: str) -> str:
    found = re.fullmatch(r"1\.(\d{2})", value)
    if found is None:
        raise ValueError(f'{shown(value)} is not a version of Kubernetes; write one such as "1.36"')
    if int(found[1]) < LEAST_MINOR:
        raise ValueError(f"{shown(value)} is too old; the least is 1.{LEAST_MINOR}")
    return value


def _add_on_version(value: str) -> str:
    if not re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", value):
        raise ValueError(
            f"{shown(value)} is not a version of an add-on; write one such as v1.20.4-eksbuild.2"
        )
    return value


def _principal(value: str) -> str:
    if ":assumed-role/" in value:
        raise ValueError(
            f"{shown(value)} is a session of a role; write the role's own, arn:aws:iam::ACCOUNT:role/NAME"
        )
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:(?:role|user)/[\w+=,.@/-]{1,512}", value):
        raise ValueError(f"{shown(value)} is nobody's ARN; write a role's, arn:aws:iam::ACCOUNT:role/NAME")
    return value


def _namespace(value: str) -> str:
    if not _NAMESPACE.fullmatch(value):
        text = "is not a namespace; take up to 63 lower-case letters, digits and hyphens, no hyphen at an end"
        raise ValueError(f"{shown(value)} {text}")
    if value in _RESERVED_NAMESPACES or value.startswith("kube-"):
        raise ValueError(
            f"{shown(value)} is kept for others than workloads; write another, such as workloads"
        )
    return value


Principal = Annotated[str, AfterValidator(_principal)]


class NodesConfig(Section):
    """The servers that pods run on. They start from a pinned image, as the servers of services do."""

    image_id: ImageId = Field(
        description="the ID of the image that nodes start from, ami-..., made for the cluster's version"
    )
    instance_types: tuple[InstanceType, ...] = Field(
        min_length=1, max_length=20, description="one or more instance types, the preferred one first"
    )
    min: int = Field(default=2, ge=1, le=450, description="the least number of nodes")
    max: int = Field(
        default=6, ge=1, le=450, description="the greatest number of nodes, for images.cluster-autoscaler"
    )
    max_unavailable: int = Field(
        default=1, ge=1, le=100, description="how many nodes an update takes away at once"
    )
    max_age_days: int = Field(
        default=21, ge=1, le=365, description="days until a node is replaced by a fresh one"
    )
    volume_size_gib: int = Field(
        default=40, ge=20, le=16_384, description="the root volume's size in GiB, images of containers too"
    )

    @model_validator(mode="after")
    def _agrees(self) -> NodesConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if self.min > self.max:
            yield ("min",), f"{self.min} is more than max {self.max}; lower min or raise max"
        if self.max_unavailable > self.max:
            text = f"{self.max_unavailable} is more than max {self.max}, all nodes at once; lower it"
            yield ("maxUnavailable",), text
        yield from ((("instanceTypes", index), text) for index, text in conflicts(self.instance_types))


class ClusterConfig(Section):
    """The cluster of an environment, of which there is one."""

    version: Annotated[str, AfterValidator(_version)] = Field(
        description='the version of Kubernetes, such as "1.36"; one minor version more at a time'
    )
    nodes: NodesConfig = Field(description="a map with imageId and instanceTypes")
    add_ons: dict[str, Annotated[str, AfterValidator(_add_on_version)]] = Field(
        description="a map of versions by add-on: " + ", ".join(ADD_ONS)
    )
    admins: tuple[Principal, ...] = Field(
        min_length=1, description="ARNs of roles that may do all in it; who runs `pulumi up` is one of them"
    )
    viewers: tuple[Principal, ...] = Field(
        default=(), description="ARNs of roles that may look at it, but not at secrets"
    )
    public_access_cidrs: tuple[Block, ...] = Field(
        default=(), description="blocks that reach its API from outside; without any, the network alone does"
    )
    namespace: Annotated[str, AfterValidator(_namespace)] = Field(
        default="workloads", description="the namespace of the workloads"
    )
    deletion_protection: bool = Field(default=True, description="true to refuse the cluster's deletion")

    @model_validator(mode="after")
    def _agrees(self) -> ClusterConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        for name in self.add_ons.keys() - ADD_ONS.keys():
            yield ("addOns", name), f"is no add-on that is used here; {nearest(name, ADD_ONS)}"
        for name, purpose in ADD_ONS.items():
            if name not in self.add_ons:
                text = f"is missing, and it {purpose}; set it to a version such as v1.20.4-eksbuild.2"
                yield ("addOns", name), text
        yield from self._proxy_problems()
        for index, block in enumerate(self.public_access_cidrs):
            if ipaddress.IPv4Network(block).prefixlen == 0:
                text = f"{block} lets everybody call the cluster's API; name blocks of your own"
                yield ("publicAccessCidrs", index), text
        yield from self._principal_problems()

    def _proxy_problems(self) -> Iterator[tuple[Place, str]]:
        """It has Kubernetes' number: never above the cluster's, at most three below (Version Skew Policy)."""
        proxy = self.add_ons.get("kube-proxy")
        if proxy is None:
            return
        minor, own = int(self.version.split(".")[1]), int(proxy.split(".")[1])
        if not minor - _MOST_SKEW <= own <= minor:
            text = f"{proxy} is not for a cluster of {self.version}; write a version v{self.version}"
            yield ("addOns", "kube-proxy"), text

    def _principal_problems(self) -> Iterator[tuple[Place, str]]:
        for key, principals in (("admins", self.admins), ("viewers", self.viewers)):
            for index, each in enumerate(principals):
                if each in principals[:index]:
                    yield (key, index), f"{shown(each)} stands there twice; remove one"
        for index, each in enumerate(self.viewers):
            if each in self.admins:
                yield ("viewers", index), f"{shown(each)} is an admin already; remove it here or there"
