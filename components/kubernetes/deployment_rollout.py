"""The rollout of a new version to a Deployment's pods, as a resource of its own: watched, and failed loudly.

Pulumi's own wait for a Deployment ends after its time with what pods said meanwhile; the new version stays,
half rolled out, and the state says that it is there. Here the Deployment is applied without a wait, and this
resource watches it to the end: on failure the version before is put back, and the state keeps it.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi.dynamic
from pulumi import Output, ResourceOptions

from ..args import Args, Late
from .rollout_provider import RolloutProvider


class DeploymentRolloutArgs(Args):
    """What a `DeploymentRollout` is made of."""

    kubeconfig: Late
    namespace: Late
    deployment: str
    """The Deployment's name."""
    deployment_uid: Late
    """Which Deployment of that name: one that is made anew is watched, whatever it was before."""
    metadata: Any
    spec: Any
    """Those of the Deployment's manifest. Another `template` is another rollout."""
    image: Late
    """The one of the template: remembered as what runs, and as what a rollback goes back to."""
    min_size: int
    """How many pods the autoscaler wants at least."""
    timeout_seconds: int
    """How long `up` waits. Then it fails, while the rollout goes on; the next `up` waits again."""


class DeploymentRollout(pulumi.dynamic.Resource, module="kubernetes", name="DeploymentRollout"):
    """Waits until every pod is of the given version and serves; `up` fails if it does not come to that.

    On failure the version before is put back and the state keeps it, so that the next `up` tries again and a
    config that is put back is no work. Outputs tell how the last successful rollout went.
    """

    image: Output[str]
    """What runs."""
    previous_image: Output[str]
    """The last one before that was another: where a rollback goes. Empty when there was none."""
    status: Output[str]
    reason: Output[str]
    revision: Output[str]
    """The Deployment's number of it, which also counts what was put back."""
    replica_set: Output[str]
    """The ReplicaSet of the pods that serve."""
    finished_at: Output[str]
    """When, by the cluster's clock."""

    def __init__(self, name: str, args: DeploymentRolloutArgs, opts: ResourceOptions | None = None) -> None:
        inputs = {field: getattr(args, field) for field in DeploymentRolloutArgs.model_fields}
        # Declared without a value, which makes them outputs; None is left out on the way to the engine.
        told = ("previous_image", "status", "reason", "revision", "replica_set", "finished_at")
        super().__init__(RolloutProvider(), name, {**inputs, **dict.fromkeys(told)}, opts)
