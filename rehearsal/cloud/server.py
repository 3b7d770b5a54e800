"""A small HTTP/1.1 server for loopback: a thread per connection, keep-alive, one write per answer.

Werkzeug's development server closes every connection after one answer and spends more time on headers than on
the emulated service. An environment is thousands of requests, so this loop parses just what AWS clients send.
"""

from __future__ import annotations

import io
import socketserver
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
Answer = tuple[int, Iterable[tuple[str, str]], bytes]
App = Callable[[Environ], Answer]

HOST = "127.0.0.1"
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Server(socketserver.ThreadingTCPServer):
    """Serves `app` on loopback only; port 0 picks a free one. Raises OSError when the port is in use."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    block_on_close = False

    def __init__(self, app: App, port: int = 0) -> None:
        self.app = app
        super().__init__((HOST, port), _Connection)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news; errors of the app are answered by the app."""


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    rbufsize = 1 << 16
    server: Server

    def handle(self) -> None:
        while True:
            line = self.rfile.readline(65537)
            if not line:
                return
            if line in (b"\r\n", b"\n"):
                continue
            environ = self._environ(line)
            if environ is None:
                self._send(400, [], b"", close=True)
                return
            close = environ["HTTP_CONNECTION"].lower() == "close" or environ["SERVER_PROTOCOL"] == "HTTP/1.0"
            status, headers, body = self.server.app(environ)
            self._send(status, headers, body, close=close, head=environ["REQUEST_METHOD"] == "HEAD")
            if close:
                return

    def _environ(self, request_line: bytes) -> Environ | None:
        parts = request_line.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            return None
        method, target, protocol = parts
        path, _, query = target.partition("?")
        environ: Environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": _unquote(path),
            "QUERY_STRING": query,
            "RAW_URI": target,
            "REQUEST_URI": target,
            "SERVER_PROTOCOL": protocol,
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.server.server_address[1]),
            "REMOTE_ADDR": HOST,
            "HTTP_CONNECTION": "",
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }
        self._read_headers(environ)
        environ["wsgi.input"] = io.BytesIO(self._read_body(environ))
        return environ

    def _read_headers(self, environ: Environ) -> None:
        kept: dict[str, str] = {}
        while (line := self.rfile.readline(65537)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            key = name.strip().upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            if "_" in name and name.lower().startswith("x-amz-meta-"):
                kept[key] = name.strip()
            value = value.strip()
            environ[key] = (
                f"{environ[key]},{value}" if environ.get(key) and key != "HTTP_CONNECTION" else value
            )
        environ["moto.preserved_header_names"] = kept

    def _read_body(self, environ: Environ) -> bytes:
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            body = _read_chunks(self.rfile)
            del environ["HTTP_TRANSFER_ENCODING"]
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["CONTENT_LENGTH"] = str(len(body))
        return body

    def _send(
        self,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        *,
        close: bool = False,
        head: bool = False,
    ) -> None:
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
        given = {name.lower(): value for name, value in headers}
        length = given.pop("content-length", None) if head else None
        for name in ("content-length", "connection", "transfer-encoding", "status"):
            given.pop(name, None)
        lines += [f"{name}: {value}" for name, value in given.items()]
        lines.append(f"content-length: {length if length is not None else len(body)}")
        lines.append("connection: close" if close else "connection: keep-alive")
        top = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(top if head or status == 204 else top + body)


def _unquote(path: str) -> str:
    """The path as WSGI wants it: percent-decoded bytes, read as latin-1."""
    if "%" not in path:
        return path
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _read_chunks(stream: io.BufferedIOBase) -> bytes:
    chunks = []
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        chunks.append(stream.read(size))
        stream.readline()
    while stream.readline() not in (b"\r\n", b"\n", b""):
        pass
    return b"".join(chunks)
