"""The way to the emulated cloud: shared clients, loopback only, errors as one line.

botocore is imported when the first call needs it: a preview pays for no SDK that it does not use.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rehearsal.plugin import ProviderError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
# The engine runs up to 32 steps at once; a connection more than that is a spare for polling.
MAX_CONNECTIONS = 40
CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 60

# What AWS's services call a thing that is not there. Each service has words of its own; these ends cover
# them.
_GONE_ENDS = ("NotFound", "NotFoundException", "NoSuchEntity", "NotFoundFault", "NotFoundError")
_GONE_PARTS = ("NoSuch", ".NotFound", "NotFound.")


def endpoint() -> str:
    """The emulated cloud's address. Raises ProviderError unless it is one on this machine."""
    url = os.environ.get(ENDPOINT_VARIABLE, "")
    if not url:
        raise ProviderError(
            f"{ENDPOINT_VARIABLE} is not set: this provider works on the emulated cloud only; "
            "start it with `python -m rehearsal.cloud` and set the variable to its address"
        )
    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        raise ProviderError(
            f"{ENDPOINT_VARIABLE} is {url}: this provider works on the emulated cloud only; "
            "use an address on this machine such as http://127.0.0.1:5000"
        )
    return url


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Clients:
    """botocore clients by service and region: making one costs tens of milliseconds, sharing one is free.

    Clients (unlike sessions) may be used from several threads. Nothing is read from the user's own AWS files:
    a rehearsal must not depend on a profile, and a profile must not lead out of it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}

    def get(self, service: str, region: str) -> Any:
        """The client of `service` in `region` at the present endpoint."""
        key = (service, region, endpoint())
        client = self._clients.get(key)
        if client is None:
            with self._lock:
                client = self._clients.get(key)
                if client is None:
                    client = self._clients[key] = self._make(*key)
        return client

    def _make(self, service: str, region: str, url: str) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        if self._session is None:
            nothing = (None, None, None, None)
            files = (None, None, os.devnull, None)
            self._session = Session(
                session_vars={"profile": nothing, "config_file": files, "credentials_file": files}
            )
        return self._session.create_client(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID") or "test",
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY") or "test",
            config=Config(
                # The provider checks inputs itself, and the emulated cloud answers for the rest.
                parameter_validation=False,
                max_pool_connections=MAX_CONNECTIONS,
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"mode": "standard", "max_attempts": 3},
            ),
        )


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that the thing asked about does not exist."""
    code = error_code(error)
    return code.endswith(_GONE_ENDS) or any(part in code for part in _GONE_PARTS)


def error_code(error: ClientError) -> str:
    """AWS's error code, such as `DependencyViolation`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def one_line(error: ClientError) -> str:
    """Code and message on one line."""
    message = str(error.response.get("Error", {}).get("Message", "")).strip()
    return f"{error_code(error)}: {' '.join(message.split())}" if message else error_code(error)


@contextmanager
def reported(doing: str) -> Iterator[None]:
    """Turn what botocore raises into a ProviderError that begins with `doing`."""
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

    try:
        yield
    except ClientError as error:
        raise ProviderError(f"{doing}: {one_line(error)}") from error
    except EndpointConnectionError as error:
        where = os.environ.get(ENDPOINT_VARIABLE)
        raise ProviderError(
            f"{doing}: no answer from the emulated cloud at {where}; is it running?"
        ) from error
    except BotoCoreError as error:
        raise ProviderError(f"{doing}: {' '.join(str(error).split())}") from error
