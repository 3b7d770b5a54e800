"""Container images of a stack file: each under a key of its own, by digest. `images/containers.py` says how
one is written, to the release commands too."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from images import containers

LOG_AGENT = "log-agent"
"""The key of the image that carries pods' lines away; every cluster needs it."""
AUTOSCALER = "cluster-autoscaler"
"""The key of the image that adds and takes nodes; without it a cluster stays as large as it is."""
OF_CLUSTERS = frozenset({AUTOSCALER, LOG_AGENT})
"""Keys of images that a cluster has beside its workloads'."""

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def _image(value: str) -> str:
    return str(containers.parse(value))


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        text = (
            "is no key for an image; take up to 63 lower-case letters, digits, hyphens, no hyphen at an end"
        )
        raise ValueError(text)
    return value


ImageReference = Annotated[str, AfterValidator(_image)]
ImageKey = Annotated[str, AfterValidator(_key)]
