"""What all emulated services of one process share: the time, and what was put into the world from outside."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.clock import Clock, Timeline
from rehearsal.cloud.faults import Faults
from rehearsal.cloud.images import Image

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Clusters

ACCOUNT = "123456789012"


class World:
    """moto's backends belong to the process, so one world at a time is `current`; a new one starts empty."""

    current: World

    def __init__(self, clock: Clock | None = None) -> None:
        from moto.core.base_backend import BackendDict

        BackendDict.reset()
        #: Held while a request is answered; whoever else changes anything here holds it too.
        self.lock = threading.RLock()
        #: The cloud's own address, known from its first request on.
        self.endpoint = ""
        self.clock = clock or Clock()
        self.timeline = Timeline(self.clock)
        self.images: list[Image] = []
        self.faults = Faults()
        #: What scans find in images, by the recipe's name and the severity; nothing for all other recipes.
        self.findings: dict[str, dict[str, int]] = {}
        #: What containers of an image do, by its reference; healthy ones are not named.
        self.container_images: dict[str, str] = {}
        World.current = self

    @cached_property
    def kubernetes(self) -> Clusters:
        """The Kubernetes APIs; read in only where there is a cluster."""
        from rehearsal.cloud.kubernetes.clusters import Clusters

        return Clusters(self)

    def backends(self, backends: Any) -> list[tuple[str, Any]]:
        """The regions in use of one of moto's backend dictionaries, for this account."""
        return list(backends[ACCOUNT].items())
