"""Pulumi's checkpoint JSON, version 3 (and 4 where its features are known): read and write.

Two forms: what lies in a file backend (`{"version", "checkpoint": {"stack", "latest": {…}}}`) and what
`pulumi stack export` prints (`{"version", "deployment": {…}}`).
"""

from __future__ import annotations

from typing import Any

from rehearsal.engine.secrets import Secrets
from rehearsal.engine.state import ResourceState, Snapshot


class CheckpointError(Exception):
    """The text is not a checkpoint that can be used; one line."""


def read_resource(raw: dict[str, Any], secrets: Secrets) -> ResourceState:
    """One resource from its JSON object. Raises CheckpointError."""
    raise NotImplementedError


def resource_text(state: ResourceState, secrets: Secrets) -> str:
    """One resource as JSON text, secrets encrypted."""
    raise NotImplementedError


def read(text: str | bytes, secrets: Secrets) -> Snapshot:
    """A snapshot from either form. Raises CheckpointError: not JSON, wrong shape, unknown version."""
    raise NotImplementedError


def exported(snapshot: Snapshot, secrets: Secrets) -> str:
    """The `pulumi stack export` form, for `pulumi stack import`."""
    raise NotImplementedError
