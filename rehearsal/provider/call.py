"""Who a call acts for: the resource's name and region, its time limit, and the clients."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.cloud import Clients
from rehearsal.provider.query import caller_identity

# Pulumi's bridge gives creation and deletion this long when a resource names no `customTimeouts`.
DEFAULT_TIMEOUT_SECONDS = 600.0
FIRST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.08

_TOKEN = re.compile(r"^aws:[A-Za-z0-9-]+/[A-Za-z0-9-]+:[A-Za-z0-9]+$")
_clients = Clients()
_accounts: dict[str, str] = {}
_accounts_lock = threading.Lock()


def token_and_name(urn: str) -> tuple[str, str]:
    """Type token and logical name of a URN. Raises ProviderError for what is no AWS resource's URN."""
    parts = urn.split("::", 3)
    if not urn.startswith("urn:pulumi:") or len(parts) != 4:
        raise ProviderError(f"{urn!r} is no resource URN")
    token = parts[2].rsplit("$", 1)[-1]
    if not _TOKEN.match(token):
        raise ProviderError(f"{token!r} ({parts[3]!r}) is no AWS resource type such as aws:ec2/vpc:Vpc")
    return token, parts[3]


@dataclass(frozen=True)
class AwsCall:
    """One operation on one resource; see `rehearsal.provider.record.Call`."""

    region: str
    name: str
    default_tags: dict[str, str] = field(default_factory=dict)
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    def client(self, service: str) -> Any:
        """The botocore client of a service in this call's region."""
        return _clients.get(service, self.region)

    def tags(self, news: Properties) -> dict[str, str]:
        """The resource's own tags over the provider's default tags."""
        return {**self.default_tags, **(news.get("tags") or {})}

    def account_id(self) -> str:
        """The account of the credentials; asked for once per region."""
        with _accounts_lock:
            if self.region not in _accounts:
                _accounts[self.region] = caller_identity(self.region)["accountId"]
            return _accounts[self.region]

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Return when `ready` holds; raises ProviderError naming `what` after the call's time limit."""
        limit = self.timeout_seconds or DEFAULT_TIMEOUT_SECONDS
        deadline = time.monotonic() + limit
        pause = FIRST_POLL_SECONDS
        while not ready():
            if time.monotonic() > deadline:
                raise ProviderError(f"'{self.name}': {what} took longer than {limit:g} seconds")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
