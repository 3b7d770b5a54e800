"""Who asks: the token of `aws eks get-token`, or the token of a test's cluster.

EKS's token is a presigned request of STS's GetCallerIdentity, signed over the cluster's name in the header
`x-k8s-aws-id`. Its signature and its times are not looked at, as nowhere in the emulated cloud: the
principal is that of the access key. A key that is no session's may do all here as well.
Source: "Kubernetes API server authentication" of aws-iam-authenticator.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from rehearsal.cloud.kubernetes.errors import Refused, not_allowed

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

ADMIN, VIEW = "admin", "view"
TOKEN_PREFIX = "k8s-aws-v1."  # noqa: S105 - how a token begins
_READS = ("get", "list", "watch")
#: What the cluster role `view` leaves out: secrets, nodes and what else belongs to the whole cluster.
_VIEWED = {"", "apps", "autoscaling", "batch", "discovery.k8s.io", "networking.k8s.io", "policy"}


def unauthorized() -> Refused:
    return Refused(401, "Unauthorized", "Unauthorized")


def level(cluster: Cluster, authorization: str) -> tuple[str, str]:
    """The user and `admin` or `view`. Raises Refused (401) for who is not known."""
    token = authorization.removeprefix("Bearer ").strip()
    if not authorization.startswith("Bearer ") or not token:
        raise unauthorized()
    if token in cluster.tokens:
        return "test", cluster.tokens[token]
    access_key = _access_key(token)
    if not access_key.startswith("ASIA"):
        return "arn:aws:iam::123456789012:root", ADMIN
    principal = _principal(access_key)
    given = cluster.facts.access(principal) if principal else None
    if given is None:
        raise unauthorized()
    return principal, given


def _access_key(token: str) -> str:
    if not token.startswith(TOKEN_PREFIX):
        raise unauthorized()
    text = token.removeprefix(TOKEN_PREFIX)
    try:
        url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise unauthorized() from None
    asked = {name.lower(): values[0] for name, values in parse_qs(url.query).items()}
    signed = asked.get("x-amz-signedheaders", "").split(";")
    if asked.get("action") != "GetCallerIdentity" or "x-k8s-aws-id" not in signed:
        raise unauthorized()
    return asked.get("x-amz-credential", "").partition("/")[0]


def _principal(access_key: str) -> str:
    """The role of a session, as access entries name it: without the session's name."""
    from moto.sts.models import sts_backends

    from rehearsal.cloud.world import ACCOUNT

    for backend in (sts_backends[ACCOUNT]["aws"],):
        role = backend.get_assumed_role_from_access_key(access_key)
        if role is not None:
            return str(role.role_arn)
    return ""


def check(
    user: str, given: str, verb: str, group: str, resource: str, namespace: str, subresource: str
) -> None:
    """Raises Refused (403) for a request that this level does not allow."""
    viewed = group in _VIEWED and resource != "secrets" and bool(namespace or resource == "namespaces")
    if given == ADMIN or (verb in _READS and viewed):
        return
    what = f"{resource}/{subresource}" if subresource else resource
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    text = f'User "{user}" cannot {verb} resource "{what}" in API group "{group}" {where}'
    raise not_allowed(resource, group, "", text)


def region_and_name(path: str) -> tuple[str, str, str]:
    """The parts of `/kubernetes/<region>/<cluster>/rest`."""
    found = re.fullmatch(r"/kubernetes/([^/]+)/([^/]+)(/.*)?", path)
    return (found[1], found[2], found[3] or "/") if found else ("", "", "/")
