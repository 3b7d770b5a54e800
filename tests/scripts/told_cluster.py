"""A cluster on loopback that answers with the documents of a test, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"
"""What its clock says."""
Document = dict[str, Any]


class ToldCluster:
    """`objects` by path; a path with a list is a collection. `refusals` by path: status and message."""

    def __init__(self) -> None:
        self.objects: dict[str, Document | list[Document]] = {}
        self.refusals: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.most = 500
        self.port = 0

    @property
    def kubeconfig(self) -> Document:
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "c", "user": {"token": "a-token"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
            "current-context": "c",
        }

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path in self.refusals:
            code, message = self.refusals[path]
            return code, {"kind": "Status", "message": message}
        found = self.objects.get(path)
        if found is None:
            return 404, {"kind": "Status", "message": f"{path} not found"}
        if not isinstance(found, list):
            return 200, found
        start = int(query.get("continue", 0))
        items = found[start : start + self.most]
        more = {"continue": str(start + self.most)} if start + self.most < len(found) else {}
        return 200, {"kind": "List", "metadata": more, "items": items}


@contextmanager
def told_cluster() -> Iterator[ToldCluster]:
    """Answers until the end of the block."""
    made = ToldCluster()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            made.asked.append((url.path, query, self.headers.get("Authorization", "")))
            code, document = made.answer(url.path, query)
            body = (document if isinstance(document, str) else json.dumps(document)).encode()
            self.send_response_only(code)
            self.send_header("Date", DATE)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Standard error belongs to the command under test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def deployment(
    image: str,
    *,
    replicas: int = 2,
    updated: int = 2,
    available: int = 2,
    total: int | None = None,
    seen: int = 1,
    reason: str = "NewReplicaSetAvailable",
    **spec: Any,
) -> Document:
    """What a cluster says of the Deployment `shop`."""
    progressing = {
        "type": "Progressing",
        "status": "False" if reason == "ProgressDeadlineExceeded" else "True",
        "reason": reason,
        "message": 'ReplicaSet "shop-1" has timed out progressing.',
        "lastUpdateTime": "2026-11-20T11:30:00Z",
    }
    return {
        "metadata": {
            "name": "shop",
            "namespace": "workloads",
            "generation": 1,
            "labels": {"app.kubernetes.io/name": "shop"},
            "annotations": {"deployment.kubernetes.io/revision": "4"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app.kubernetes.io/name": "shop"}},
            "template": {"spec": {"containers": [{"name": "main", "image": image}]}},
            **spec,
        },
        "status": {
            "observedGeneration": seen,
            "replicas": updated if total is None else total,
            "updatedReplicas": updated,
            "availableReplicas": available,
            "conditions": [progressing],
        },
    }


def pod(
    name: str, image: str, *, ready: bool = True, status: Document | None = None, **more: Any
) -> Document:
    """What a cluster says of a pod of `shop`. `status`: its container's; `more` goes into the metadata."""
    container = {"restartCount": 0, "state": {"running": {}}, **(status or {})}
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-11-20T11:00:30Z"}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": "2026-11-20T11:00:00Z",
            "labels": {"app.kubernetes.io/name": "shop", "pod-template-hash": "1"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "shop-1", "controller": True}],
            **more,
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": image}]},
        "status": {"phase": "Running", "conditions": [condition], "containerStatuses": [container]},
    }


def waiting(reason: str, message: str = "", ended: Document | None = None) -> Document:
    """A container that waits, after it `ended` so."""
    state = {"waiting": {"reason": reason, "message": message}}
    if ended is None:
        return {"state": state}
    return {"state": state, "restartCount": 3, "lastState": {"terminated": ended}}
