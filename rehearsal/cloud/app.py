"""The emulated AWS as one callable: finds the service a request is for and answers with moto or with our own.

Services at the path `/` (all but S3) and our own go straight to moto's response class, without the Flask
application that moto's own server builds per service: that halves the time of a request. All else takes the
way of moto.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from email.utils import format_datetime
from typing import Any

from rehearsal.cloud import errors, preload
from rehearsal.cloud.faults import Call, Dropped
from rehearsal.cloud.outside import Outside
from rehearsal.cloud.server import Answer, Environ
from rehearsal.cloud.world import World

preload.before_moto()

from moto.core.request import Request  # noqa: E402  (moto reads its settings from the environment once, at import)

Dispatch = Callable[..., Any]


class _ServerRequest(Request):
    from_wsgi_server = True


class Cloud:
    """Answers AWS requests and the admin requests under `/rehearsal/`, one at a time.

    moto's backends are plain dictionaries without locks, and Python runs one thread at a time anyway: a
    single lock costs no speed and makes every operation atomic, as AWS's are for its users.
    """

    def __init__(self, world: World | None = None) -> None:
        from rehearsal.cloud.admin import Admin

        preload.after_moto()
        self.world = world or World()
        self.lock = self.world.lock
        self._admin = Admin(self.world)
        self._dispatchers: dict[str, Dispatch] = {}
        self._fallback: Any = None

    def __call__(self, environ: Environ) -> Answer:
        """Raises Dropped, by a fault that was put there: the connection is closed without an answer."""
        self.world.endpoint = f"http://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        if environ["PATH_INFO"].startswith("/rehearsal/"):
            return self._answer(environ, self._admin)
        if environ["PATH_INFO"].startswith("/kubernetes/"):
            return self._answer(environ, self._kubernetes)
        with self.lock:
            call = self.world.faults.call(environ)
        if call is None:
            return self._answer(environ, self._aws)
        call.delay()
        return self._answer(environ, lambda environ: self._faulty(environ, call))

    def _kubernetes(self, environ: Environ) -> Answer:
        from rehearsal.cloud.kubernetes import api

        return api.answer(self.world.kubernetes, environ)

    def _faulty(self, environ: Environ, call: Call) -> Answer:
        return call.answer(self.world.timeline.now, _service(environ), lambda: self._aws(environ))

    def _answer(self, environ: Environ, answer: Callable[[Environ], Answer]) -> Answer:
        try:
            with self.lock:
                try:
                    self.world.timeline.catch_up()
                    return self._dated(*answer(environ))
                except Outside as slow:
                    work = slow.work
            return self._dated(*work())
        except Dropped:
            raise
        except NotImplementedError as missing:
            text = f"{missing} (emulated cloud)"
            return errors.answer(environ, _service(environ), "UnsupportedOperation", text)
        except Exception as broken:  # noqa: BLE001  (a fault of an emulated service must not end the server)
            service = _service(environ)
            print(f"{service}: {type(broken).__name__}: {broken}", file=sys.stderr, flush=True)
            text = f"the emulated {service} failed: {type(broken).__name__}: {broken}"
            return errors.answer(environ, service, "InternalFailure", text)

    def _dated(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """The answer with the emulated hour: who tells ages by AWS's own clock is right about them here."""
        now = self.world.clock.date(self.world.timeline.now)
        kept = [(name, value) for name, value in headers if name.lower() != "date"]
        return status, [*kept, ("date", format_datetime(now, usegmt=True))], body

    def preload(self, services: Iterable[str] = preload.SERVICES) -> None:
        """Import what will be used, so that no first request pays for it."""
        for service in services:
            self._dispatcher(service)

    def _aws(self, environ: Environ) -> Answer:
        service = _service(environ)
        denied = self._refused(environ, service)
        if denied is not None:
            return denied
        if service not in preload.OWN and (service == "s3" or environ["PATH_INFO"] != "/"):
            return self._moto_server(environ)
        request = _ServerRequest(environ)
        answer = self._dispatcher(service)(request, request.raw_url, dict(request.headers))
        status, headers, body = answer if len(answer) == 3 else (200, {}, answer)
        return int(status), _text(headers), body.encode() if isinstance(body, str) else body or b""

    def _refused(self, environ: Environ, service: str) -> Answer | None:
        """What a session of a role is told that may not do this; keys that are no session's may do all."""
        if "Credential=ASIA" not in environ.get("HTTP_AUTHORIZATION", ""):
            return None
        from rehearsal.cloud.iam import authorization

        return authorization.refused(environ, service)

    def _dispatcher(self, service: str) -> Dispatch:
        found = self._dispatchers.get(service)
        if found is None:
            found = self._dispatchers[service] = _find(service)
        return found

    def _moto_server(self, environ: Environ) -> Answer:
        if self._fallback is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            self._fallback = DomainDispatcherApplication(create_backend_app)
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started[:] = [int(status.split()[0]), headers]

        chunks = self._fallback(environ, start)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return started[0], started[1], body


def _find(service: str) -> Dispatch:
    """Our own service where there is one, else moto's. Raises NotImplementedError for an unknown one."""
    if service in preload.OWN:
        return _only_path(importlib.import_module(preload.OWN[service]))
    module = preload.MOTO_MODULES.get(service, service)
    try:
        return _only_path(importlib.import_module(f"moto.{module}.urls"))
    except ModuleNotFoundError as unknown:
        raise NotImplementedError(f"the service {service!r} is not there") from unknown


def _only_path(urls: Any) -> Dispatch:
    dispatch: Dispatch = next(iter(urls.url_paths.values()))
    return dispatch


def _service(environ: Environ) -> str:
    """The service a request was signed for, as in `Credential=KEY/DATE/REGION/SERVICE/aws4_request`."""
    scope: list[str] = (
        environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    )
    if len(scope) == 5:
        return scope[3].lower()
    # Without a signature come those who take a role by a token, and readers of public objects.
    return "sts" if "form-urlencoded" in environ.get("CONTENT_TYPE", "") else "s3"


def _text(headers: Any) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in headers.items()]
