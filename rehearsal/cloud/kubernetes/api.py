"""The HTTP side of the emulated Kubernetes API: one request in, one answer out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.cloud.kubernetes import access, discovery, patches, subresources, watching
from rehearsal.cloud.kubernetes.apply import APPLY, UPDATE, Writer
from rehearsal.cloud.kubernetes.asked import (
    APPLY_TYPE,
    Asked,
    NoPath,
    asked,
    matching,
    unsupported_media_type,
)
from rehearsal.cloud.kubernetes.clusters import Cluster, Clusters
from rehearsal.cloud.kubernetes.decoding import Decoder, typed_errors
from rehearsal.cloud.kubernetes.errors import (
    Object,
    Refused,
    bad_request,
    no_such_method,
    not_found,
)
from rehearsal.cloud.kubernetes.objects import Write
from rehearsal.cloud.kubernetes.store import Key
from rehearsal.cloud.server import Answer, Environ

_PATCHES = {
    "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    APPLY_TYPE,
}  # fmt: skip
_VALIDATIONS = ("", "Strict", "Warn", "Ignore")


def answer(clusters: Clusters, environ: Environ) -> Answer:
    """Raises Outside for a watch that has nothing to tell yet."""
    region, name, path = access.region_and_name(environ["PATH_INFO"])
    cluster = clusters.get(region, name)
    if cluster is None:
        return _text(404, f"there is no cluster {name!r} in {region!r}\n")
    cluster.refresh()
    warnings: list[str] = []
    try:
        user, level = access.level(cluster, environ.get("HTTP_AUTHORIZATION", ""))
        found = discovery.answer(cluster, path) if environ["REQUEST_METHOD"] == "GET" else None
        if found is not None:
            return _json(200, found)
        request = asked(environ, path, cluster.resources)
        where = request.namespace or (request.name if request.resource.kind == "Namespace" else "")
        access.check(
            user,
            level,
            request.verb,
            request.resource.group,
            request.resource.plural,
            where,
            request.subresource,
        )
        if request.watch and request.method == "GET":
            return watching.answer(cluster, request)
        code, body = _Handler(cluster, request, warnings).handle()
    except Refused as refused:
        return _json(refused.code, refused.status(), warnings)
    except NoPath:
        return _text(404, "404 page not found\n")
    cluster.controllers.run()
    return _text(code, body) if isinstance(body, str) else _json(code, body, warnings)


class _Handler:
    """Of one request; every method gives the status code and the body."""

    def __init__(self, cluster: Cluster, request: Asked, warnings: list[str]) -> None:
        self._cluster, self._asked, self._warnings = cluster, request, warnings
        self._resource = request.resource
        self._key = Key(self._resource.group, self._resource.plural, request.namespace, request.name)

    def handle(self) -> tuple[int, Object | str]:
        request = self._asked
        if request.subresource in subresources.ANSWERS:
            return subresources.ANSWERS[request.subresource](
                self._cluster, self._here(), request, self._write()
            )
        if request.subresource not in ("", "status"):
            raise no_such_method()
        one: dict[str, Callable[[], tuple[int, Object]]] = {
            "GET": lambda: (200, self._here()),
            "PUT": self._put,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }
        many = {"GET": self._list, "POST": self._post, "DELETE": self._delete_all}
        action = (one if request.name else many).get(request.method)
        if action is None:
            raise no_such_method()
        return action()

    def _write(self, operation: str = UPDATE) -> Write:
        given = self._asked.query.get("fieldValidation", "")
        if given not in _VALIDATIONS:
            raise bad_request(f'fieldValidation: Unsupported value: "{given}"')
        writer = Writer(
            self._asked.manager, operation, self._resource.api_version, self._cluster.now(),
            self._asked.subresource,
        )  # fmt: skip
        return Write(writer, self._asked.dry_run, given or "Warn", self._warnings)

    def _here(self) -> Object:
        found = self._cluster.store.get(self._key)
        if found is None:
            raise not_found(self._resource.plural, self._resource.group, self._asked.name)
        return found

    def _post(self) -> tuple[int, Object]:
        given = self._asked.document()
        return 201, self._cluster.objects.create(self._resource, self._asked.namespace, given, self._write())

    def _put(self) -> tuple[int, Object]:
        given = self._asked.document()
        self._asked.named(given.setdefault("metadata", {}))
        return 200, self._cluster.objects.update(
            self._resource, self._here(), given, self._write(), self._asked.subresource
        )

    def _patch(self) -> tuple[int, Object]:
        kind = self._asked.content_type
        if kind not in _PATCHES:
            raise unsupported_media_type()
        if kind == APPLY_TYPE:
            return self._apply()
        before = self._here()
        after = patched(before, self._asked, self._cluster)
        write = self._write()
        return 200, self._cluster.objects.update(
            self._resource, before, after, write, self._asked.subresource
        )

    def _apply(self) -> tuple[int, Object]:
        given = self._asked.applied()
        schema, known = self._cluster.objects.schema(self._resource), self._cluster.schemas
        problems = list(typed_errors(given, schema, known))
        if problems:
            metadata, group = given["metadata"], self._resource.group
            shown = f"{group}/{self._resource.version}" if group else f"/{self._resource.version}"
            what = (
                f"({metadata.get('namespace', '')}/{metadata['name']}; {shown}, Kind={self._resource.kind})"
            )
            text = (
                problems[0] if len(problems) == 1 else "errors:" + "".join(f"\n  {each}" for each in problems)
            )
            raise Refused(500, "", f"failed to create typed patch object {what}: {text}")
        custom = self._cluster.is_custom(self._resource)
        decoder = Decoder(known, self._resource.kind, self._resource.version, custom=custom, as_given=True)
        value = decoder.decode(given, schema)
        before = self._cluster.store.get(self._key)
        if before is None:
            self._cluster.objects.opened(self._resource, self._asked.namespace, self._asked.name)
        self._cluster.objects.placed(self._resource, self._asked.namespace, value["metadata"])
        force = self._asked.query.get("force", "") in ("true", "1")
        after = self._cluster.objects.apply(
            self._resource,
            before,
            value,
            self._write(APPLY),
            force=force,
            subresource=self._asked.subresource,
        )
        return (201 if before is None else 200), after

    def _delete(self) -> tuple[int, Object]:
        options = self._asked.options()
        after, gone = self._cluster.deletion.delete(self._resource, self._here(), options, self._warnings)
        if not gone or self._resource.kind in ("Pod", "ServiceAccount", "Service"):
            return 200, after
        details = {"name": self._asked.name}
        details |= {"group": self._resource.group} if self._resource.group else {}
        details |= {"kind": self._resource.plural, "uid": after["metadata"]["uid"]}
        return 200, {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }

    def _delete_all(self) -> tuple[int, Object]:
        options = self._asked.options()
        found = list(self._selected())
        for each in found:
            self._cluster.deletion.delete(self._resource, each, options, self._warnings)
        return 200, self._listed(found)

    def _list(self) -> tuple[int, Object]:
        return 200, self._listed(list(self._selected()))

    def _selected(self) -> Iterator[Object]:
        matches = matching(self._asked)
        space = None if self._asked.everywhere else self._asked.namespace
        return (
            each
            for each in self._cluster.store.all(self._resource.group, self._resource.plural, space)
            if matches(each)
        )

    def _listed(self, found: list[Object]) -> Object:
        head: Object = {"kind": f"{self._resource.kind}List", "apiVersion": self._resource.api_version}
        head["metadata"] = {"resourceVersion": str(self._cluster.store.version)}
        whole = self._cluster.is_custom(self._resource)
        return head | {"items": [each if whole else _headless(each) for each in found]}


def patched(before: Object, request: Asked, cluster: Cluster) -> Object:
    """The object as a patch makes it; it does not say what version it is of unless the patch does."""
    try:
        patch: Any = json.loads(request.body)
    except ValueError as wrong:
        raise bad_request(f"invalid JSON: {wrong}") from None
    if request.content_type == "application/json-patch+json":
        after = patches.json_patch(before, patch)
    elif request.content_type == "application/merge-patch+json":
        after = patches.merge(before, patch)
    elif cluster.is_custom(request.resource):
        raise unsupported_media_type()
    else:
        schema = cluster.objects.schema(request.resource)
        after = patches.strategic(before, patch, schema, cluster.schemas)
    request.named(after["metadata"])
    return after


def _headless(value: Object) -> Object:
    return {key: each for key, each in value.items() if key not in ("kind", "apiVersion")}


def _json(code: int, body: Object, warnings: list[str] | None = None) -> Answer:
    headers = [("content-type", "application/json"), ("cache-control", "no-cache, private")]
    if warnings:
        told = (text.replace("\\", "\\\\").replace('"', '\\"') for text in dict.fromkeys(warnings))
        headers.append(("warning", ", ".join(f'299 - "{text}"' for text in told)))
    return code, headers, json.dumps(body).encode() + b"\n"


def _text(code: int, body: str) -> Answer:
    return code, [("content-type", "text/plain; charset=utf-8")], body.encode()
