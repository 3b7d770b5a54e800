"""The emulated cloud inside the own process, for tests: on a free port, with a clock that stands still."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from rehearsal.cloud.app import Cloud
from rehearsal.cloud.clock import Clock
from rehearsal.cloud.images import Image
from rehearsal.cloud.server import Server
from rehearsal.cloud.world import World

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Local:
    """A running cloud, its world, and clients of it. One at a time: moto's state is the process's."""

    def __init__(self, cloud: Cloud, url: str, region: str) -> None:
        self.cloud, self.url, self.region = cloud, url, region
        self.world = cloud.world

    def client(self, service: str, region: str | None = None, account: str | None = None) -> Any:
        """In another region, or in another account by a role of it."""
        given = {"AccessKeyId": CREDENTIALS["AWS_ACCESS_KEY_ID"]}
        given["SecretAccessKey"] = CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
        if account is not None:
            role = {"RoleArn": f"arn:aws:iam::{account}:role/other", "RoleSessionName": "other"}
            given = self.client("sts").assume_role(**role)["Credentials"]
        return _session().client(
            service,
            region_name=region or self.region,
            endpoint_url=self.url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
        )

    def image(self, image_id: str, **tags: str) -> str:
        """Register an AMI; `_` in a tag's name stands for `:`, as in `rehearsal_behaviour="slow-boot"`."""
        named = {name.replace("_", ":"): value for name, value in tags.items()}
        with self.cloud.lock:
            self.world.images.append(Image(image_id, image_id, named))
        return image_id

    def fault(self, action: str, **what: Any) -> None:
        """Put a fault there for one operation, with the keys of `faults.py`: `error="Throttling"`."""
        with self.cloud.lock:
            self.world.faults.add({"action": action} | what)

    def clear_faults(self) -> None:
        with self.cloud.lock:
            self.world.faults.clear()

    def step(self, seconds: float) -> None:
        with self.cloud.lock:
            self.world.clock.step(seconds)
            self.world.timeline.catch_up()


@cache
def _session() -> Any:
    """One for all clients: it reads the API models once, which is most of what a client costs."""
    import boto3

    return boto3.Session()


@contextmanager
def running(speed: float = 0.0, region: str = "eu-central-1") -> Iterator[Local]:
    """A cloud whose clock runs at `speed`; with 0 it moves by `Local.step` alone."""
    cloud = Cloud(World(Clock(speed)))
    with Server(cloud) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Local(cloud, server.url, region)
        finally:
            server.shutdown()
            thread.join()
