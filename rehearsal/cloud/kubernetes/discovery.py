"""What a client asks first: versions, groups, resources, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.resources import api_group

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_HEALTH = ("/healthz", "/readyz", "/livez")


def answer(cluster: Cluster, path: str) -> Object | None:
    """None where the path is no discovery."""
    path = path.rstrip("/") or "/"
    groups = cluster.resources.groups
    if path == "/version":
        return version(cluster.facts.version)
    if path in _HEALTH:
        return {"status": "ok"}
    if path == "/":
        return {"paths": ["/api", "/apis", *(f"/apis/{each}" for each in groups if "/" in each), "/version"]}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": cluster.resources.api_groups()}
    api_version = path.removeprefix("/apis/").removeprefix("/api/")
    if api_version in groups and ("/" in api_version) == path.startswith("/apis/"):
        listed = {"kind": "APIResourceList", "groupVersion": api_version, "resources": groups[api_version]}
        return listed | ({"apiVersion": "v1"} if "/" in api_version else {})
    versions = [
        each.partition("/")[2] for each in groups if each.partition("/")[0] == api_version and "/" in each
    ]
    if versions and path.startswith("/apis/"):
        return {"kind": "APIGroup", "apiVersion": "v1", **api_group(api_version, versions)}
    return None


def version(minor: str) -> Object:
    """As EKS tells it: with its own build in the version."""
    major, _, small = minor.partition(".")
    return {
        "major": major,
        "minor": small,
        "gitVersion": f"v{minor}.0-eks-rehearsal",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/arm64",
    }
