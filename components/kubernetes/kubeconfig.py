"""The one way to a cluster: a kubeconfig, which says where it is and how to get a token, and holds none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pulumi import Output

from ..args import Late

TOKEN_API = "client.authentication.k8s.io/v1beta1"  # noqa: S105
"""What `aws eks get-token` answers in."""


def document(name: str, endpoint: str, certificate_authority: str, region: str) -> dict[str, Any]:
    """The kubeconfig of an EKS cluster, as `aws eks update-kubeconfig` writes one.

    `certificate_authority` is in base64, as EKS tells it. Who may do what is for the access entries of the
    cluster to say: the token is that of whoever runs the command.
    """
    token = {
        "apiVersion": TOKEN_API,
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", region],
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority},
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "users": [{"name": name, "user": {"exec": token}}],
    }


def kubeconfig(name: Late, endpoint: Late, certificate_authority: Late, region: str) -> Output[str]:
    """The same as text, of values that may be known late. The same values give the same text."""

    def written(known: Sequence[str]) -> str:
        return json.dumps(document(known[0], known[1], known[2], region), sort_keys=True)

    return Output.all(name, endpoint, certificate_authority).apply(written)
