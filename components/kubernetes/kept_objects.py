"""What a version of a workload refers to by a name that holds a hash: its variables, and where secrets lie.

They never change. A changed value is another object beside, so that pods of both versions find theirs while
one replaces the other, and a version that is put back finds its own. Those that no version refers to any more
are deleted by the rollout; the rest goes with the workload's service account, which owns them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_kubernetes import apiextensions, core

from ..args import Late
from . import manifests
from .labels import KEPT, fingerprint, uid_of
from .pod_template import SECRETS_FOLDER
from .workload_args import WorkloadArgs, file_variable

SECRET_CLASS = "secrets-store.csi.x-k8s.io/v1"  # noqa: S105


@dataclass(frozen=True)
class Kept:
    """The objects, and their names, which are known before they are."""

    config: Output[str] | None
    secrets: Output[str] | None
    made: list[pulumi.Resource]


def kept_objects(
    name: str, args: WorkloadArgs, owner: core.v1.ServiceAccount, parent: pulumi.Resource
) -> Kept:
    """Makes a ConfigMap of the variables and a SecretProviderClass of the secrets, where there are some."""
    opts = ResourceOptions(parent=parent, provider=args.keeper, depends_on=[owner], retain_on_delete=True)
    kept: dict[str, Output[str]] = {}
    made: list[pulumi.Resource] = []
    mounted = args.mounted()
    variables = {**args.variables(), **{file_variable(file): f"{SECRETS_FOLDER}/{file}" for file in mounted}}
    if variables:
        data: Output[dict[str, str]] = Output.all(**variables)
        kept["config"] = _hashed(name, data)
        about = _metadata(kept["config"], name, args, owner)
        made.append(core.v1.ConfigMap(name, metadata=about, data=data, immutable=True, opts=opts))
    if mounted:
        parameters = Output.all(**mounted).apply(manifests.secret_objects)
        kept["secrets"] = _hashed(name, parameters)
        made.append(
            apiextensions.CustomResource(
                name,
                api_version=SECRET_CLASS,
                kind="SecretProviderClass",
                metadata=_metadata(kept["secrets"], name, args, owner),
                spec={"provider": "aws", "parameters": parameters},
                opts=opts,
            )
        )
    return Kept(kept.get("config"), kept.get("secrets"), made)


def _hashed(name: str, content: Output[Any]) -> Output[str]:
    return content.apply(lambda known: f"{name}-{fingerprint(known)}")


def _metadata(own_name: Late, workload: str, args: WorkloadArgs, owner: core.v1.ServiceAccount) -> Any:
    about = manifests.metadata(own_name, workload, args)
    about["labels"][KEPT] = workload
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "name": workload, "uid": uid_of(owner)}
    about["ownerReferences"] = [account]
    return about
