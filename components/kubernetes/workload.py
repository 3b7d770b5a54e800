"""A workload: containers of one image by its digest, what they may reach, and how a new one reaches them."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import CustomTimeouts, Output, ResourceOptions
from pulumi.output import UNKNOWN
from pulumi_kubernetes import apps, autoscaling, batch, core, networking, policy
from pydantic import TypeAdapter

from . import manifests
from .deployment_rollout import DeploymentRollout, DeploymentRolloutArgs
from .kept_objects import Kept, kept_objects
from .labels import APPLY, MIGRATION, NO_WAIT, fingerprint, uid_of
from .network_ways import ways
from .pod_template import migration_pod, server_pod
from .workload_args import WorkloadArgs, WorkloadCallee, WorkloadName, callee

_NAME: TypeAdapter[str] = TypeAdapter(WorkloadName)


class Workload(pulumi.ComponentResource):
    """Pods that are never changed: a new image, or anything else of them, replaces every one.

    `name` is that of its Deployment, its Service and its service account. Raises ValueError for one that
    Kubernetes would refuse.
    """

    rollout: DeploymentRollout
    """The last rollout: `rollout.image` is what runs, which a failed one leaves as it was."""
    node_port: Output[int] | None
    """Where every node answers for it; None for one that is not exposed."""
    callee: WorkloadCallee | None
    """How others call it; None for one without `port`."""
    service_account: str
    """Its name, which a role is bound to."""

    def __init__(self, name: str, args: WorkloadArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:workload:Workload", _NAME.validate_python(name), None, opts)
        account = core.v1.ServiceAccount(
            name,
            metadata=manifests.metadata(name, name, args),
            automount_service_account_token=args.service_account_token,
            opts=ResourceOptions(parent=self),
        )
        kept = kept_objects(name, args, account, self)
        before = [account, *kept.made, *_policies(name, args, self)]
        before += _migration(name, args, kept, before, self)
        spec = manifests.deployment_spec(name, args, server_pod(name, args, kept.config, kept.secrets))
        metadata = manifests.deployment_metadata(name, args)
        deployment = apps.v1.Deployment(
            name, metadata=metadata, spec=spec, opts=ResourceOptions(parent=self, depends_on=before)
        )
        beside, self.node_port = _beside(name, args, self)
        self.rollout = DeploymentRollout(
            name,
            DeploymentRolloutArgs(
                kubeconfig=args.kubeconfig,
                namespace=args.namespace,
                deployment=name,
                deployment_uid=uid_of(deployment),
                metadata=metadata,
                spec=spec,
                image=args.image,
                min_size=args.min_size,
                timeout_seconds=args.rollout_timeout_seconds,
            ),
            ResourceOptions(parent=self, depends_on=[deployment, *beside]),
        )
        self.callee = None if args.port is None else callee(name, args.namespace, args.port)
        self.service_account = name
        self.register_outputs({"image": self.rollout.image})


def _policies(name: str, args: WorkloadArgs, parent: pulumi.Resource) -> list[pulumi.Resource]:
    return [
        networking.v1.NetworkPolicy(
            way,
            metadata=manifests.metadata(way, name, args),
            spec=spec,
            opts=ResourceOptions(parent=parent),
        )
        for way, spec in ways(name, args).items()
    ]


def _migration(
    name: str, args: WorkloadArgs, kept: Kept, before: list[pulumi.Resource], parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """A Job that is done before any pod of the new version starts. Whatever of it changes is another Job."""
    if not args.migrate:
        return []
    spec = manifests.migration_spec(args, migration_pod(name, args, kept.config, kept.secrets))
    own_name = Output.from_input(spec).apply(lambda known: f"{name}-migrate-{fingerprint(known)}")
    # One that has failed is made again by the next `up`, under its name.
    about = manifests.metadata(
        own_name, name, args, MIGRATION, {**APPLY, "pulumi.com/replaceUnready": "true"}
    )
    longest = CustomTimeouts(*[f"{args.migrate_timeout_seconds}s"] * 2)
    # The one before goes first: an up that fails leaves it to the next one to delete, and if that one goes
    # back to the digest before, its Job has the very name.
    opts = ResourceOptions(
        parent=parent, depends_on=before, custom_timeouts=longest, delete_before_replace=True
    )
    return [batch.v1.Job(f"{name}-migrate", metadata=about, spec=spec, opts=opts)]


def _beside(
    name: str, args: WorkloadArgs, parent: pulumi.Resource
) -> tuple[list[pulumi.Resource], Output[int] | None]:
    """What stands beside the Deployment, and the port of the nodes."""
    opts = ResourceOptions(parent=parent)
    about = manifests.metadata(name, name, args, annotations=NO_WAIT)
    made: list[pulumi.Resource] = [
        policy.v1.PodDisruptionBudget(
            name, metadata=about, spec=manifests.disruption_budget_spec(name), opts=opts
        ),
        autoscaling.v2.HorizontalPodAutoscaler(
            name, metadata=about, spec=manifests.autoscaler_spec(name, args), opts=opts
        ),
    ]
    if not args.served:
        return made, None
    service = core.v1.Service(name, metadata=about, spec=manifests.service_spec(name, args), opts=opts)
    made.append(service)
    if args.ingress is not None:
        spec = manifests.ingress_spec(name, args.ingress)
        made.append(networking.v1.Ingress(name, metadata=about, spec=spec, opts=opts))
    return made, service.spec.apply(_node_port) if args.exposed else None


def _node_port(service: Any) -> Any:
    """That of the first port, which is `http`; in a preview it is for the cluster to choose yet."""
    return service.ports[0].node_port or UNKNOWN
