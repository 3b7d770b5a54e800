"""A workload: containers of one image by its digest, what they may reach, and how a new one reaches them."""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions

from .workload_args import WorkloadArgs, WorkloadCallee, callee


class Workload(pulumi.ComponentResource):
    """Pods that are never changed: a new image, or anything else of them, replaces every one."""

    node_port: Output[int] | None
    """Where every node answers for it; None for one that is not exposed."""
    callee: WorkloadCallee | None
    """How others call it; None for one without `port`."""
    service_account: str
    """Its name, which a role is bound to."""

    def __init__(self, name: str, args: WorkloadArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:workload:Workload", name, None, opts)
        self.callee = None if args.port is None else callee(name, args.namespace, args.port)
        self.service_account = name
