"""The one safeguard of the laptop cloud: no call may leave this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from rehearsal.errors import UsageError

_PREFIX = "AWS_ENDPOINT_URL"


def require_loopback(environ: Mapping[str, str]) -> None:
    """Raises UsageError unless every AWS endpoint that the environment names is on this machine, and one is
    named.
    """
    if not environ.get(_PREFIX):
        raise UsageError(
            f"{_PREFIX} is not set: start the emulated cloud and set it to the address it prints; "
            "this engine never talks to a real cloud"
        )
    for name, url in sorted(environ.items()):
        if (name == _PREFIX or name.startswith(f"{_PREFIX}_")) and url and not is_loopback(url):
            raise UsageError(f"{name} is {url!r}, which is not on this machine: use http://127.0.0.1:PORT")
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        raise UsageError(f"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS makes the AWS SDK ignore {_PREFIX}: unset it")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is `localhost`, in 127.0.0.0/8, or ::1."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and (
            host == "localhost" or ipaddress.ip_address(host).is_loopback
        )
    except ValueError:
        return False
