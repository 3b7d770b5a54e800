"""The token that EKS takes: a signed address of `sts:GetCallerIdentity`, as `aws eks get-token` makes it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from rehearsal.provider.cloud import Clients

# What EKS takes is good for 15 minutes; the address in it for this long, as in the AWS CLI.
SIGNED_SECONDS = 60
_PREFIX = "k8s-aws-v1."
_HEADER = "x-k8s-aws-id"
_clients = Clients()


def cluster_and_region(user: dict[str, Any]) -> tuple[str, str] | None:
    """The cluster and the region that a kubeconfig's user asks `aws eks get-token` about; None for another
    kind of user.
    """
    plugin = user.get("exec") or {}
    arguments = list(plugin.get("args") or ())
    if plugin.get("command") != "aws" or "get-token" not in arguments:
        return None
    name, region = _option(arguments, "--cluster-name"), _option(arguments, "--region")
    return (name, region) if name and region else None


def _option(arguments: Sequence[str], name: str) -> str:
    place = arguments.index(name) + 1 if name in arguments else len(arguments)
    return arguments[place] if place < len(arguments) else ""


def make(cluster: str, region: str) -> str:
    """A new token for the cluster, with the credentials of this process."""
    from botocore.signers import RequestSigner

    sts = _clients.get("sts", region)
    signer = RequestSigner(
        sts.meta.service_model.service_id,
        region,
        "sts",
        "v4",
        sts._request_signer._credentials,
        sts.meta.events,
    )
    address = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {_HEADER: cluster},
            "context": {},
        },
        region_name=region,
        expires_in=SIGNED_SECONDS,
        operation_name="",
    )
    return _PREFIX + base64.urlsafe_b64encode(address.encode()).decode().rstrip("=")
