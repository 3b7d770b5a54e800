"""A real control plane on loopback: etcd, API server, controllers and scheduler, and simulated nodes.

Nothing runs in its pods: KWOK tells the API server of them what a kubelet would (programs/stages.yaml).
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kubernetes import client, config

from tests.kubernetes.build import PROGRAMS

ADMIN, VIEWER = "admin-token", "viewer-token"
ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
READY_SECONDS = 60.0


class ControlPlane:
    """Its programs and how to reach it. `stop` ends them all."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary, self._folder = binary, folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port = 0

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def kubeconfig(self, token: str = ADMIN) -> dict[str, Any]:
        """What a client needs to reach it as the one that the token is for."""
        authority = (self._folder / "certs" / "apiserver.crt").read_bytes()
        cluster = {
            "server": self.server,
            "certificate-authority-data": base64.b64encode(authority).decode(),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }

    def client(self, token: str = ADMIN) -> client.ApiClient:
        """The official client."""
        return config.new_client_from_config_dict(self.kubeconfig(token))

    def start(self) -> None:
        """Raises AssertionError with a program's last lines when it does not become ready."""
        store, peers, self._port = _free_ports(3)
        self._start_store(store, peers)
        self._start_api(store)
        self._until_ready("/readyz")
        path = self._folder / "kubeconfig.json"
        path.write_text(json.dumps(self.kubeconfig()))
        own = f"--kubeconfig={path}"
        self._start(
            "kube-controller-manager",
            own,
            f"--service-account-private-key-file={self._folder / 'accounts.key'}",
            f"--root-ca-file={self._folder / 'certs' / 'apiserver.crt'}",
            "--use-service-account-credentials=false",
            "--leader-elect=false",
            "--secure-port=0",
        )
        self._start("kube-scheduler", own, "--leader-elect=false", "--secure-port=0")
        self._start(
            "kwok",
            own,
            f"--config={PROGRAMS / 'stages.yaml'}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            "--cidr=10.244.0.0/16",
        )

    def add_nodes(self, count: int) -> None:
        """Simulated nodes, over the zones in turn; returns when they are ready."""
        core = client.CoreV1Api(self.client())
        for index in range(count):
            labels = {
                "kubernetes.io/hostname": f"node-{index}",
                "topology.kubernetes.io/zone": ZONES[index % len(ZONES)],
            }
            room = {"cpu": "8", "memory": "32Gi", "pods": "110"}
            core.create_node(
                {
                    "metadata": {"name": f"node-{index}", "labels": labels},
                    "status": {"allocatable": room, "capacity": room},
                }
            )
        deadline = time.monotonic() + READY_SECONDS
        while sum(map(_is_ready, core.list_node().items)) < count:
            assert time.monotonic() < deadline, self._last_lines("kwok")
            time.sleep(0.1)

    def stop(self) -> None:
        for process in reversed(self._processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start_store(self, port: int, peers: int) -> None:
        own, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
        self._start(
            "etcd",
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={own}",
            f"--advertise-client-urls={own}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )

    def _start_api(self, store: int) -> None:
        key, tokens = self._folder / "accounts.key", self._folder / "tokens.csv"
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        tokens.write_text(f"{ADMIN},admin,1,system:masters\n{VIEWER},viewer,2,viewers\n")
        self._start(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{store}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--cert-dir={self._folder / 'certs'}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
        )

    def _start(self, program: str, *arguments: str) -> None:
        with (self._folder / f"{program}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [str(self._binary), program, *arguments],
                    cwd=self._folder,
                    env={"HOME": str(self._folder), "PATH": os.environ["PATH"]},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def _until_ready(self, path: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with suppress(Exception):
                if self.client().call_api(path, "GET", auth_settings=["BearerToken"])[1] == 200:
                    return
            assert time.monotonic() < deadline, self._last_lines("kube-apiserver") + self._last_lines("etcd")
            time.sleep(0.1)

    def _last_lines(self, program: str) -> str:
        return "\n".join((self._folder / f"{program}.log").read_text().splitlines()[-20:])


@contextmanager
def running(binary: Path, folder: Path, nodes: int) -> Iterator[ControlPlane]:
    """One with so many nodes, gone afterwards."""
    plane = ControlPlane(binary, folder)
    try:
        plane.start()
        plane.add_nodes(nodes)
        yield plane
    finally:
        plane.stop()


def _is_ready(node: client.V1Node) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in node.status.conditions or ())


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
