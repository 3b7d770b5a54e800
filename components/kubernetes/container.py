"""What every container has here, whatever runs in it: few rights, a promised size, a word when it ends."""

from __future__ import annotations

from typing import Any

from ..args import Late
from .quantities import Quantity

CONTAINER = "main"
"""The name of a pod's one container."""
CONFINED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Its security context, but for who it runs as."""
NOT_ROOT: dict[str, Any] = {**CONFINED, "runAsNonRoot": True}


def base_container(image: Late, cpu: Quantity, memory: Quantity, security: dict[str, Any]) -> dict[str, Any]:
    """One that nothing changes while it runs."""
    return {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": dict(security),
        "resources": {
            "requests": {"cpu": cpu.request, "memory": memory.request},
            "limits": {"cpu": cpu.limit, "memory": memory.limit},
        },
        # What it said last is then in its status, where a failed rollout finds it.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
