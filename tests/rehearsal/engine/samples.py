"""Pieces of state that several tests use, some of them written by the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal.engine.backend import Backend
from rehearsal.engine.state import STACK_TYPE, ResourceState, urn_of

PROJECT, STACK = "immutable", "staging"

# Made by `pulumi stack init` and `pulumi config set --secret` with the passphrase `x`. Tests share this salt,
# because each further one costs a third of a second.
PASSPHRASE = "x"
SALT = "v1:LzrjTBNiopc=:v1:PFNm6u7Tmc80UIPU:mGAfmhv42j1ReOAX2INO8WQTXWVBbQ=="
HUNTER2 = "v1:1r0iDC6ykWRt2ZZK:+SHI4PnZ2VpRKUxZpTWJUIz82FEASUY="

ENVIRONMENT = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}


def backend(directory: Path, **environment: str) -> Backend:
    """A backend in the directory, whose stacks have the passphrase of SALT."""
    url = {"PULUMI_BACKEND_URL": f"file://{directory}"}
    return Backend.from_environment({**url, **ENVIRONMENT, **environment})


def root(**fields: Any) -> ResourceState:
    """The stack resource."""
    return ResourceState(urn_of(STACK, PROJECT, "", STACK_TYPE, f"{PROJECT}-{STACK}"), STACK_TYPE, **fields)


def resource(name: str, *needs: ResourceState, **fields: Any) -> ResourceState:
    """A custom resource that depends on others."""
    fields = {"custom": True, "id": f"{name}-id", "dependencies": [state.urn for state in needs], **fields}
    kind = fields.pop("type", "aws:ec2/vpc:Vpc")
    return ResourceState(urn_of(STACK, PROJECT, fields.get("parent", ""), kind, name), kind, **fields)


def provider(name: str = "default", identifier: str = "one") -> ResourceState:
    """A provider resource."""
    return resource(name, type="pulumi:providers:aws", id=identifier)


def names(states: list[ResourceState]) -> list[str]:
    """The last parts of the URNs, in order."""
    return [state.name for state in states]
