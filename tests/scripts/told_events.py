"""An event log of Pulumi's engine, written by a test line by line in the engine's own format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STACK = "pulumi:pulumi:Stack"
SERVICE, NETWORK = "immutable:service:Service", "immutable:network:Network"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
ROLLOUT = "pulumi-python:dynamic/instancerefresh:Rollout"
DATABASE = "aws:rds/instance:Instance"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def urn(kind: str, name: str, stack: str = "staging") -> str:
    return f"urn:pulumi:{stack}::immutable::{kind}::{name}"


class ToldEvents:
    """What an engine tells of a stack: `documents` in order."""

    def __init__(self, stack: str = "staging") -> None:
        self.stack = stack
        self.documents: list[dict[str, Any]] = []
        self.root = self.step("same", STACK, f"immutable-{stack}", {}, {})

    def add(self, **event: Any) -> None:
        self.documents.append({"sequence": len(self.documents), "timestamp": 1795282544, **event})

    def component(self, kind: str, name: str, parent: str = "") -> str:
        return self.step("same", kind, name, {}, {}, parent=parent or self.root)

    def step(
        self,
        op: str,
        kind: str,
        name: str,
        old: dict[str, Any] | None,
        new: dict[str, Any] | None,
        parent: str = "",
        **more: Any,
    ) -> str:
        """A step with the inputs before and after; `outputs`, `id`, `protect` and the like are of both sides,
        `keys` of the step. Returns the URN.
        """
        where = urn(kind, name, self.stack)
        keys = more.pop("keys", None)
        custom = not kind.startswith(("immutable:", STACK))
        sides = [
            None
            if inputs is None
            else {"type": kind, "urn": where, "custom": custom, "id": "", "parent": parent, "inputs": inputs}
            | {"outputs": {}, **more}
            for inputs in (old, new)
        ]
        metadata = {"op": op, "urn": where, "type": kind, "old": sides[0], "new": sides[1]}
        if keys:
            metadata["keys"] = keys
        self.add(resOutputsEvent={"metadata": metadata, "planning": True})
        return where

    def service(self, name: str, before: str | None, after: str | None, **template: Any) -> str:
        """A service that goes from one image to another: its launch template and its rollout."""
        parent = self.component(SERVICE, name)
        op = "create" if before is None else "delete" if after is None else "update"
        old, new = (None if image is None else {"imageId": image} for image in (before, after))
        self.step(op, TEMPLATE, name, old, new and {**new, **template}, parent=parent)
        old, new = (
            None
            if image is None
            else {"image_id": image, "launch_template_id": "lt-1", "launch_template_version": version}
            for image, version in ((before, "3"), (after, UNKNOWN))
        )
        self.step(op, ROLLOUT, name, old, new, parent=parent)
        return parent

    def says(self, severity: str, message: str) -> None:
        self.add(diagnosticEvent={"message": message, "severity": severity, "color": "never", "prefix": ""})

    def finds(self, policy: str, resource: str, message: str, **more: Any) -> None:
        finding = {"policyName": policy, "resourceUrn": resource, "message": message, "color": "never"}
        self.add(policyEvent=finding | {"enforcementLevel": "advisory", "severity": "medium", **more})

    def ends(self, result: str = "succeeded", **more: Any) -> ToldEvents:
        self.add(summaryEvent={"resourceChanges": {}, "isPreview": True, "result": result, **more})
        self.add(cancelEvent={})
        return self

    def write(self, path: Path) -> Path:
        path.write_text("".join(json.dumps(document) + "\n" for document in self.documents))
        return path
