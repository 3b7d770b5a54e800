"""Files of secrets: what the AWS provider of the Secrets Store CSI driver fetches before a pod starts, with
the role that the pod's service account gets by pod identity.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from rehearsal.cloud.kubernetes.clusters import ANY_ROLE
from rehearsal.cloud.kubernetes.custom import SECRETS_STORE
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

DRIVER = "secrets-store.csi.k8s.io"
GROUP, PLURAL = "secrets-store.csi.x-k8s.io", "secretproviderclasses"
ACTION = "secretsmanager:GetSecretValue"
_SERVICE = "pods.eks.amazonaws.com"
_FAILED = "rpc error: code = Unknown desc ="


def problem(cluster: Cluster, pod: Object, name: str) -> str:
    """Why the files of this SecretProviderClass cannot be mounted; empty when they can."""
    if SECRETS_STORE not in cluster.facts.add_ons():
        return f"kubernetes.io/csi: driver name {DRIVER} not found in the list of registered CSI drivers"
    namespace = pod["metadata"]["namespace"]
    found = cluster.store.get(Key(GROUP, PLURAL, namespace, name))
    if found is None:
        absent = f'SecretProviderClass.{GROUP} "{name}" not found'
        return f"{_FAILED} failed to get secretproviderclass {namespace}/{name}, error: {absent}"
    account = pod["spec"].get("serviceAccountName", "default")
    role = cluster.facts.pod_role(namespace, account)
    if role == ANY_ROLE:
        return ""
    what = f"failed to mount secrets store objects for pod {namespace}/{pod['metadata']['name']}"
    start = f"{_FAILED} {what}, err: {_FAILED} {cluster.region}:"
    if role is None:
        return f"{start} no pod identity association found for service account {account} in {namespace}"
    refused = next(_refused(cluster, role, found), "")
    if refused:
        hint = "Verify secret exists and required permissions are granted for"
        return f"{start} Failed to fetch secret from all regions. {hint}: {refused}"
    return ""


def _refused(cluster: Cluster, role: str, provider_class: Object) -> Iterator[str]:
    """The secrets that are not there, or that the role may not read."""
    from moto.secretsmanager.models import secretsmanager_backends

    from rehearsal.cloud.iam.permissions import allowed, assumable
    from rehearsal.cloud.world import ACCOUNT

    for each in _objects(provider_class):
        name = str(each.get("objectName", ""))
        parts = name.split(":")
        region, account = (parts[3], parts[4]) if len(parts) > 5 else (cluster.region, ACCOUNT)
        there = name in secretsmanager_backends[account][region].secrets
        if not (there and assumable(role, _SERVICE) and allowed(role, ACTION, name)):
            yield name


def _objects(provider_class: Object) -> list[dict[str, Any]]:
    """What `parameters.objects` lists, in YAML."""
    text = str((provider_class["spec"].get("parameters") or {}).get("objects", "[]"))
    try:
        found = json.loads(text)
    except ValueError:
        found = yaml.safe_load(text)
    return [each for each in found or () if isinstance(each, dict)]
