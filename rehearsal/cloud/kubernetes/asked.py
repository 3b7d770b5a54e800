"""A request as the API reads it: which object of which resource, and with which options."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from rehearsal.cloud.kubernetes import selectors
from rehearsal.cloud.kubernetes.errors import (
    Object,
    Refused,
    bad_request,
    invalid,
    no_such_resource,
    required,
)
from rehearsal.cloud.kubernetes.resources import Resource, Resources
from rehearsal.cloud.server import Environ

APPLY_TYPE = "application/apply-patch+yaml"
_NAMESPACE_PARTS = ("status", "finalize")


class NoPath(Exception):  # noqa: N818 - answered as text, not as a Status
    """There is nothing at all at this path."""


@dataclass(frozen=True)
class Asked:
    """Of one request; `body` is read by `document`."""

    method: str
    resource: Resource
    namespace: str
    name: str
    subresource: str
    query: dict[str, str]
    content_type: str
    body: bytes
    agent: str
    everywhere: bool = False

    @property
    def dry_run(self) -> bool:
        """Raises Refused for anything but `All`."""
        given = self.query.get("dryRun", "")
        if given not in ("", "All"):
            raise bad_request(f'Invalid value: "{given}": dryRun must be All')
        return given == "All"

    @property
    def manager(self) -> str:
        """Who is asking: as it says, or the beginning of its user agent."""
        return self.query.get("fieldManager") or self.agent.partition("/")[0] or "unknown"

    @property
    def watch(self) -> bool:
        return self.query.get("watch", "") in ("true", "1")

    @property
    def verb(self) -> str:
        """As roles name what is asked for."""
        if self.method == "GET":
            return "watch" if self.watch else "get" if self.name else "list"
        if self.method == "DELETE":
            return "delete" if self.name else "deletecollection"
        return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(self.method, self.method.lower())

    def document(self) -> Object:
        """The body as an object. Raises Refused (400) for what is none."""
        text = self.body.decode(errors="replace")
        try:
            found = json.loads(text)
        except ValueError as wrong:
            found = self._yaml(text, wrong)
        if not isinstance(found, dict):
            raise bad_request(f"the object provided is unrecognized (must be of type {self.resource.kind})")
        return found

    def options(self) -> Object:
        """Of a deletion, from the body and the address."""
        given = self.document() if self.body.strip() else {}
        for name in ("propagationPolicy", "gracePeriodSeconds", "dryRun"):
            if self.query.get(name):
                value: Any = self.query[name]
                given[name] = int(value) if name == "gracePeriodSeconds" else value
        return given

    def applied(self) -> Object:
        """The body of a server-side apply. Raises Refused."""
        if not self.query.get("fieldManager"):
            problem = required("fieldManager", "is required for apply patch")
            raise invalid("PatchOptions", "meta.k8s.io", "", [problem])
        given = self.document()
        if (given.get("apiVersion"), given.get("kind")) != (self.resource.api_version, self.resource.kind):
            api_version = str(given.get("apiVersion") or "/")
            shown = api_version if "/" in api_version else f"/{api_version}"
            raise bad_request(f"invalid object type: {shown}, Kind={given.get('kind') or ''}")
        metadata = given.setdefault("metadata", {})
        if metadata.get("managedFields") is not None:
            raise bad_request("metadata.managedFields must be nil")
        self.named(metadata)
        return given

    def named(self, metadata: Object) -> None:
        """Raises Refused when an object is not the one of the address."""
        if not metadata.get("name"):
            metadata["name"] = self.name
        if metadata["name"] != self.name:
            named = f"the name of the object ({metadata['name']})"
            raise bad_request(f"{named} does not match the name on the URL ({self.name})")

    def _yaml(self, text: str, wrong: ValueError) -> Any:
        if "json" not in self.content_type and self.content_type:
            import yaml

            try:
                return yaml.safe_load(text)
            except yaml.YAMLError:
                pass
        shown = text or "<empty>"
        problem = "unexpected end of JSON input" if not text else f"invalid JSON: {wrong}"
        raise bad_request(
            f"the object provided is unrecognized (must be of type {self.resource.kind}):"
            f" couldn't get version/kind; json parse error: {problem} ({shown[:60]})"
        )


def asked(environ: Environ, path: str, resources: Resources) -> Asked:
    """Raises NoPath for a group that there is not, Refused (404) for a resource that the group does not
    have.
    """
    parts = [part for part in path.split("/") if part]
    if parts[0] == "api":
        group, version, rest = "", parts[1] if len(parts) > 1 else "", parts[2:]
    else:
        group, version, rest = ([*parts[1:3], "", ""])[0], ([*parts[1:3], "", ""])[1], parts[3:]
    if (f"{group}/{version}" if group else version) not in resources.groups:
        raise NoPath(path)
    namespace = ""
    inside = rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS
    if inside:
        namespace, rest = rest[1], rest[2:]
    resource = resources.at(group, version, rest[0]) if rest else None
    name, subresource = ([*rest, "", ""])[1], "/".join(rest[2:])
    if resource is None or (subresource and subresource not in resource.subresources):
        raise no_such_resource()
    if resource.namespaced is not inside and (
        name or not resource.namespaced or environ["REQUEST_METHOD"] == "POST"
    ):
        raise no_such_resource()
    query = {
        key: values[0]
        for key, values in parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).items()
    }
    return Asked(
        environ["REQUEST_METHOD"], resource, namespace, name, subresource, query,
        environ.get("CONTENT_TYPE", "").partition(";")[0].strip(), environ["wsgi.input"].read(),
        environ.get("HTTP_USER_AGENT", ""), resource.namespaced and not inside,
    )  # fmt: skip


def matching(request: Asked) -> Callable[[Object], bool]:
    """By the selectors of the request. Raises Refused for one that cannot be read."""
    labels = selectors.labels(request.query.get("labelSelector", ""))
    fields = selectors.fields(request.query.get("fieldSelector", ""), request.resource.kind)
    name = request.name
    return lambda value: (
        labels(value["metadata"].get("labels") or {})
        and fields(value)
        and (not name or value["metadata"]["name"] == name)
    )


def unsupported_media_type() -> Refused:
    return Refused(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
