"""What instance types offer to pods.

Source: "Amazon EC2 instance types"; what EKS reserves: nodeadm of awslabs/amazon-eks-ami. Pods per node are
those of the VPC CNI without prefixes: network interfaces times (addresses less one), plus two.
"""

from __future__ import annotations

import re

from rehearsal.cloud.kubernetes.errors import Object

_VCPUS = {"nano": 2, "micro": 2, "small": 2, "medium": 1, "large": 2, "xlarge": 4}
_GIB_OF_BURSTABLE = {
    "nano": 0.5,
    "micro": 1,
    "small": 2,
    "medium": 4,
    "large": 8,
    "xlarge": 16,
    "2xlarge": 32,
}
_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8, "x": 16}
_PODS = {"nano": 4, "micro": 4, "small": 11, "medium": 8, "large": 29, "xlarge": 58, "2xlarge": 58}
_MANY_PODS = 234


def architecture(instance_type: str) -> str:
    """`arm64` for Graviton, as the types' names tell it."""
    return "arm64" if re.match(r"[a-z]+\d+g", instance_type) else "amd64"


def resources(instance_type: str) -> tuple[Object, Object]:
    """What a node has, and what of it is for pods."""
    family, _, size = instance_type.partition(".")
    burstable = family.startswith("t")
    vcpus = _vcpus(size, burstable)
    gib = _GIB_OF_BURSTABLE.get(size, 8) if burstable else vcpus * _GIB_PER_VCPU.get(family[:1], 4)
    pods = (
        17
        if burstable and size == "medium"
        else 35
        if burstable and size == "large"
        else _PODS.get(size, _MANY_PODS)
    )
    mib = int(gib * 1024)
    capacity = {"cpu": str(vcpus), "memory": f"{mib}Mi", "pods": str(pods), "ephemeral-storage": "40Gi"}
    reserved = 11 * pods + 255 + 100
    mine = {"cpu": f"{vcpus * 1000 - _reserved_cpu(vcpus)}m", "memory": f"{max(mib - reserved, 64)}Mi"}
    return capacity, capacity | mine


def _vcpus(size: str, burstable: bool) -> int:
    many = re.fullmatch(r"(\d+)xlarge", size)
    if many:
        return int(many[1]) * 4
    return 2 if burstable and size == "medium" else _VCPUS.get(size, 2)


def _reserved_cpu(vcpus: int) -> int:
    """Thousandths of a core: 6 % of the first, 1 % of the second, 0.5 % of two more, 0.25 % of the rest."""
    shares = [60, 10, 5, 5]
    return int(sum(shares[:vcpus]) + max(vcpus - 4, 0) * 2.5)
