"""What goes on in a cluster by itself: each change of an object wakes who has to do with it.

A controller is told which object to look at, compares what is wanted with what there is, and writes the
difference. Nothing runs in between: what takes time is put on the cloud's timeline.
"""

from __future__ import annotations

from rehearsal.cloud.kubernetes.controllers.manager import Controllers

__all__ = ["Controllers"]
