"""What a request asks for, in IAM's words: the action, and what is given with it.

The operation is in the body, in a header, or in method and path, by the protocol of the service; botocore's
models tell the last. Most actions are called as their operation: what is not is in the tables here
(AWS, Service Authorization Reference).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, unquote

from rehearsal.cloud.server import Environ

Given = list[tuple[str, str]]
"""Every value of a request by the last part of its name, in order: `("RoleName", "web")`."""

_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
_MODELS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
_S3 = {
    ("", "GET"): "ListBucket", ("", "HEAD"): "ListBucket", ("", "PUT"): "CreateBucket",
    ("", "DELETE"): "DeleteBucket", ("acl", "GET"): "GetBucketAcl", ("acl", "PUT"): "PutBucketAcl",
    ("delete", "POST"): "DeleteObject", ("lifecycle", "GET"): "GetLifecycleConfiguration",
    ("lifecycle", "PUT"): "PutLifecycleConfiguration", ("lifecycle", "DELETE"): "PutLifecycleConfiguration",
    ("encryption", "GET"): "GetEncryptionConfiguration", ("encryption", "PUT"): "PutEncryptionConfiguration",
    ("encryption", "DELETE"): "PutEncryptionConfiguration", ("policy", "DELETE"): "DeleteBucketPolicy",
    ("versions", "GET"): "ListBucketVersions", ("uploads", "GET"): "ListBucketMultipartUploads",
    ("accelerate", "GET"): "GetAccelerateConfiguration",
    ("replication", "GET"): "GetReplicationConfiguration",
}  # fmt: skip
_S3_PARTS = {
    "cors": "BucketCORS", "location": "BucketLocation", "logging": "BucketLogging",
    "notification": "BucketNotification", "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls", "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock", "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging", "versioning": "BucketVersioning", "website": "BucketWebsite",
}  # fmt: skip
_S3_OBJECTS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject",
               "DELETE": "DeleteObject"}  # fmt: skip


class Asked(NamedTuple):
    """One request. `resource` is set where the path is one, as for S3."""

    action: str
    given: Given
    tags: dict[str, str]
    resource: str | None = None

    def first(self, *names: str) -> str | None:
        return next((value for name, value in self.given if name in names), None)


def asked(environ: Environ, service: str) -> Asked:
    """Raises NotImplementedError for a request that fits no operation of the service."""
    body = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    if service == "s3":
        return _of_s3(environ, body)
    operation, given, tags = _operation(environ, service, body)
    return Asked(f"{_PREFIXES.get(service, service)}:{_action(service, operation)}", given, tags)


def _action(service: str, operation: str) -> str:
    if service == "budgets" and not operation.endswith(("TagResource", "UntagResource", "TagsForResource")):
        return "ViewBudget" if operation.startswith("Describe") else "ModifyBudget"
    return "InvokeFunction" if (service, operation) == ("lambda", "Invoke") else operation


def _operation(environ: Environ, service: str, body: bytes) -> tuple[str, Given, dict[str, str]]:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        document = json.loads(body or b"{}")
        return str(target).rpartition(".")[2], list(_values(document)), _tags_in(document)
    if "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        fields = dict(pairs)
        return fields["Action"], [(_last_name(name), value) for name, value in pairs], _tags_of(fields)
    # As it was sent: an ARN in a path has slashes of its own.
    path = str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")[0]
    found = _by_path(service, environ["REQUEST_METHOD"], path)
    if found is None:
        raise NotImplementedError(f"{service} {environ['REQUEST_METHOD']} {path}")
    operation, labels = found
    query = [(name, values[0]) for name, values in parse_qs(environ["QUERY_STRING"]).items()]
    if body[:1] == b"{":
        document = json.loads(body)
        return operation, [*labels, *query, *_values(document)], _tags_in(document)
    elements = [(name, text) for name, text in re.findall(r"<(\w+)>([^<]+)</", body.decode(errors="replace"))]
    return operation, [*labels, *query, *elements], dict(_pairs(elements))


@cache
def _paths(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    from botocore.loaders import Loader

    model = Loader().load_service_model(_MODELS.get(service, service), "service-2")
    found = []
    for name, operation in model["operations"].items():
        path = (
            re.escape(operation["http"]["requestUri"].partition("?")[0])
            .replace(r"\{", "{")
            .replace(r"\}", "}")
        )
        pattern = re.sub(r"\{(\w+)\\\+\}", r"(?P<\1>.+)", path)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        found.append((operation["http"]["method"], re.compile(pattern.rstrip("/") + "/?"), name))
    # Of two that fit, the one with fewer labels is meant.
    return tuple(sorted(found, key=lambda each: (each[1].groups, each[2])))


def _by_path(service: str, method: str, path: str) -> tuple[str, Given] | None:
    for verb, pattern, operation in _paths(service):
        if verb == method and (found := pattern.fullmatch(path)):
            return operation, [(name, unquote(value)) for name, value in found.groupdict().items()]
    return None


def _of_s3(environ: Environ, body: bytes) -> Asked:
    bucket, _, key = environ["PATH_INFO"].removeprefix("/").partition("/")
    method, query = environ["REQUEST_METHOD"], parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    tags = dict(_pairs(re.findall(r"<(\w+)>([^<]+)</", body.decode(errors="replace")))) if body else {}
    if key:
        suffix = "Version" if method == "DELETE" and "versionId" in query else ""
        return Asked(f"s3:{_S3_OBJECTS[method]}{suffix}", [], tags, f"arn:aws:s3:::{bucket}/{key}")
    if not bucket:
        return Asked("s3:ListAllMyBuckets", [], {})
    part = next((each for each in query if each in _S3_PARTS or (each, method) in _S3), "")
    action = _S3.get((part, method)) or f"{'Get' if method == 'GET' else 'Put'}{_S3_PARTS[part]}"
    resource = f"arn:aws:s3:::{bucket}" + ("/*" if action == "DeleteObject" else "")
    return Asked(f"s3:{action}", [], tags, resource)


def _values(document: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _values(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from _values(value, name)
    elif isinstance(document, str):
        yield name, document


def _last_name(name: str) -> str:
    """`SubnetId.1` and `Filter.2.Value.1` as `SubnetId` and `Value`."""
    return next((part for part in reversed(name.split(".")) if not part.isdigit() and part != "member"), name)


def _tags_in(document: Any) -> dict[str, str]:
    """Tags of a new resource, as a map or as a list of pairs."""
    for name in ("tags", "Tags", "TagList", "HostedZoneTags"):
        tags = document.get(name) if isinstance(document, dict) else None
        if isinstance(tags, dict):
            return {str(key): str(value) for key, value in tags.items()}
        if isinstance(tags, list) and tags and isinstance(tags[0], dict):
            return dict(pair for each in tags for pair in _pairs(each.items()))
    return {}


def _tags_of(fields: dict[str, str]) -> dict[str, str]:
    """Tags in a form: `Tags.member.1.Key`, `TagSpecification.1.Tag.2.Key`, `Tag.1.Key`."""
    found = {}
    for name, value in fields.items():
        if name.endswith(".Key") and "Tag" in name:
            found[value] = fields.get(f"{name.removesuffix('Key')}Value", "")
    return found


def _pairs(items: Any) -> Iterator[tuple[str, str]]:
    """The keys and values of tags, which stand in turns."""
    key = ""
    for name, value in items:
        if name in ("Key", "TagKey", "key"):
            key = str(value)
        elif name in ("Value", "TagValue", "value") and key:
            yield key, str(value)
            key = ""
