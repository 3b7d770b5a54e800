"""Clients for the emulated account with AWS's own calls, for what the admin interface is not there for."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def client(service: str, endpoint: str, region: str) -> Any:
    """The client of a service, made once."""
    return _session().client(service, region_name=region, endpoint_url=endpoint)


def warm(service: str, region: str) -> None:
    """Load AWS's description of a service, which takes longer than all that is then asked of it."""
    _session().client(service, region_name=region, endpoint_url="http://127.0.0.1:1")


@functools.cache
def _session() -> Any:
    """One for all regions: it reads AWS's descriptions once, which is most of what a client costs."""
    import boto3

    return boto3.Session("test", "test")
