"""Container images of a stack file: each under a key of its own, by digest."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from stacks.problems import shown

LOG_AGENT = "log-agent"
"""The key of the image that carries pods' lines away; every cluster needs it."""

FORM = "REGISTRY/NAME@sha256: and 64 lower-case hexadecimal digits"

_REFERENCE = re.compile(
    r"(?P<registry>[a-z0-9.-]+(?::\d+)?)/(?P<name>[a-z0-9]+(?:(?:[._]|__|-+|/)[a-z0-9]+)*)@(?P<digest>sha256:[0-9a-f]{64})"
)
_TAGGED = re.compile(r"(?P<image>.+?)(?P<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?P<digest>@.*)?")
_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def _image(value: str) -> str:
    found = _REFERENCE.fullmatch(value)
    if found is not None:
        # Without a host in front, it is the node's settings that say which registry is meant.
        if "." in found["registry"] or ":" in found["registry"]:
            return value
        raise ValueError(f"{shown(value)} names no registry; write {FORM}")
    tagged = _TAGGED.fullmatch(value)
    if tagged is not None and "@" not in tagged["image"] and "/" not in tagged["tag"]:
        if tagged["digest"]:
            text = f"has the tag {tagged['tag'][1:]} beside its digest, which nobody looks at"
            raise ValueError(f"{shown(value)} {text}; take {tagged['tag']} out")
        text = "is a tag, which may mean another image tomorrow; write the digest that it stands for"
        raise ValueError(f"{shown(value)} {text}, {FORM}")
    raise ValueError(f"{shown(value)} is no image by digest; write {FORM}")


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        text = (
            "is no key for an image; take up to 63 lower-case letters, digits, hyphens, no hyphen at an end"
        )
        raise ValueError(text)
    return value


ImageReference = Annotated[str, AfterValidator(_image)]
ImageKey = Annotated[str, AfterValidator(_key)]


class Repository(NamedTuple):
    """Where an image of ECR lies."""

    account: str
    region: str
    name: str
    digest: str


def registry_of(reference: str) -> str:
    """The host that an image is pulled from."""
    return reference.partition("/")[0]


def repository_of(reference: str) -> Repository | None:
    """None for an image of another registry than a private one of ECR."""
    found = _REFERENCE.fullmatch(reference)
    ecr = _ECR.fullmatch(found["registry"]) if found else None
    if found is None or ecr is None:
        return None
    return Repository(ecr["account"], ecr["region"], found["name"], found["digest"])
