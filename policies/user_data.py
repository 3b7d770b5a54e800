"""User data as EC2 hands it to a server, and what in it would make the server another than its image."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from email import message_from_string
from typing import Any

import yaml

_CLOUD_CONFIG = "#cloud-config\n"
_MIME = "MIME-Version: "
# What a node of EKS is told of its cluster: settings for a program of its image (nodeadm). Nothing is run.
_NODE_CONFIG = "application/node.eks.aws"
_WRITES = frozenset({"write_files"})
_SECRETS = {
    "the ID of an access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a token of GitHub": re.compile(r"\b(?:gh[opsru]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+]*://[^\s:/@\"'$]+:[^\s/@\"'$]+@"),
}


def changes(given: Any) -> Iterator[str]:
    """What the user data does beside writing files; `given` as a launch template takes it, in base64."""
    text = _decoded(given)
    if text is None:
        yield "userData is no text in base64: what it does cannot be told"
    elif text.startswith(_MIME):
        yield from _parts(text)
    elif text and not text.startswith(_CLOUD_CONFIG):
        yield f"userData begins with {text.splitlines()[0][:40]!r}, and not with {_CLOUD_CONFIG.strip()!r}"
    elif text:
        yield from _done(text)


def secrets(given: Any) -> Iterator[str]:
    """The kinds of secret that the user data holds; never their values."""
    text = _decoded(given) or ""
    for kind, pattern in _SECRETS.items():
        if pattern.search(text):
            yield f"userData holds {kind}"


def _decoded(given: Any) -> str | None:
    try:
        return base64.b64decode(str(given), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _parts(text: str) -> Iterator[str]:
    """A document of several parts, as nodes of EKS get it."""
    for part in message_from_string(text).walk():
        if not part.is_multipart() and part.get_content_type() != _NODE_CONFIG:
            yield f"userData has a part {part.get_content_type()!r} beside {_NODE_CONFIG}"


def _done(text: str) -> Iterator[str]:
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        # A date that there is not, such as 2027-02-30, is a ValueError to PyYAML.
        document = None
    if not isinstance(document, Mapping):
        yield "userData is no YAML map: what it does cannot be told"
        return
    for key in sorted(str(key) for key in document if key not in _WRITES):
        yield f"userData has {key!r} beside write_files"
    files = document.get("write_files") or ()
    for file in files if isinstance(files, list) else ():
        if isinstance(file, Mapping) and "source" in file:
            yield f"userData fetches {file.get('path')!r} at boot"
