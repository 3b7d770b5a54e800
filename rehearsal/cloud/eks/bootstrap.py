"""What a node's user data says of its cluster, as `nodeadm` of the EKS images reads it.

Source: "Customize managed nodes with launch templates" and the API reference of nodeadm: user data is a
MIME document with parts of the type `application/node.eks.aws`, or one such part alone.
"""

from __future__ import annotations

import base64
import email
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.cloud.eks.cluster import Cluster

CONTENT_TYPE = "application/node.eks.aws"
KIND = "NodeConfig"


def trouble(data: dict[str, Any], cluster: Cluster) -> str | None:
    """Why servers of this LaunchTemplateData do not find the cluster; None when they do."""
    configs = [each for each in _documents(str(data.get("UserData") or "")) if each.get("kind") == KIND]
    if not configs:
        return f"the user data has no {KIND} ({CONTENT_TYPE})"
    said: dict[str, Any] = {}
    for each in configs:
        said |= (each.get("spec") or {}).get("cluster") or {}
    wanted = {
        "name": cluster.name,
        "apiServerEndpoint": cluster.endpoint,
        "certificateAuthority": cluster.certificate_authority,
        "cidr": cluster.service_cidr,
    }
    wrong = [name for name, value in wanted.items() if said.get(name) != value]
    return f"{KIND} has another {' and '.join(wrong)} than the cluster" if wrong else None


def _documents(user_data: str) -> Iterator[dict[str, Any]]:
    import yaml

    try:
        text = base64.b64decode(user_data).decode()
        for part in _parts(text):
            found = yaml.load(part, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe one
            if isinstance(found, dict):
                yield found
    except (yaml.YAMLError, ValueError):
        return  # nodeadm could not read it either.


def _parts(text: str) -> Iterator[str]:
    message = email.message_from_string(text)
    if not message.is_multipart() and message.get_content_type() != CONTENT_TYPE:
        yield text
        return
    for part in message.walk():
        payload = part.get_payload(decode=True) if part.get_content_type() == CONTENT_TYPE else None
        if isinstance(payload, bytes):
            yield payload.decode()
