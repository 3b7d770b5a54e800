"""A stack of Kubernetes objects without an engine: each is taken through the calls that an engine makes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.plugin import Diff, Properties, Provider, State
from rehearsal.provider import kubernetes_provider

IMAGE = "registry.example/app@sha256:" + "1" * 64
OTHER_IMAGE = "registry.example/app@sha256:" + "2" * 64
UNCHANGED = Diff(False)


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:test::project::immutable:kubernetes:Workload$kubernetes:{kind}::{name}"


@dataclass
class Stack:
    """Objects by kind and logical name, with the inputs and the outputs that an engine would remember."""

    provider: Provider
    known: dict[tuple[str, str], tuple[Properties, State]] = field(default_factory=dict)

    def check(self, kind: str, name: str, inputs: Properties) -> Properties:
        olds = self.known[kind, name][0] if (kind, name) in self.known else {}
        checked, failures = self.provider.check(urn(kind, name), olds, inputs, os.urandom(8))
        assert not failures
        return checked

    def preview(self, kind: str, name: str, inputs: Properties) -> State:
        return self.provider.create(urn(kind, name), self.check(kind, name, inputs), 0, True)

    def create(self, kind: str, name: str, inputs: Properties, seconds: float = 30) -> State:
        checked = self.check(kind, name, inputs)
        state = self.provider.create(urn(kind, name), checked, seconds, False)
        self.known[kind, name] = (checked, state)
        return state

    def diff(self, kind: str, name: str, inputs: Properties, ignored: list[str] | None = None) -> Diff:
        old, state = self.known[kind, name]
        new = self.check(kind, name, inputs)
        return self.provider.diff(urn(kind, name), state.id, old, state.outputs, new, ignored or [])

    def update(self, kind: str, name: str, inputs: Properties, *, preview: bool = False) -> Properties:
        old, state = self.known[kind, name]
        new = self.check(kind, name, inputs)
        outputs = self.provider.update(urn(kind, name), state.id, old, state.outputs, new, 30, [], preview)
        if not preview:
            self.known[kind, name] = (new, State(state.id, outputs))
        return outputs

    def refresh(self, kind: str, name: str) -> State | None:
        old, state = self.known[kind, name]
        found = self.provider.read(urn(kind, name), state.id, old, state.outputs)
        if found is not None:
            self.known[kind, name] = (found.inputs or {}, found)
        return found

    def delete(self, kind: str, name: str, seconds: float = 30) -> None:
        old, state = self.known.pop((kind, name))
        self.provider.delete(urn(kind, name), state.id, old, state.outputs, seconds)
        while self.provider.read(urn(kind, name), state.id, old, state.outputs) is not None:
            time.sleep(0.02)  # One that asks not to be waited for goes on going.


def stack_on(kubeconfig: Mapping[str, Any], **config: Any) -> Stack:
    provider = kubernetes_provider()
    provider.configure({"kubeconfig": json.dumps(kubeconfig), **config})
    return Stack(provider)


def deployment(name: str, image: str = IMAGE, **more: Any) -> Properties:
    """One that is not waited for, as a workload's: what its rollout does is watched by another resource."""
    container = {"name": "main", "image": image, **more}
    return {
        "metadata": {"name": name, "annotations": {"pulumi.com/skipAwait": "true"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def job(name: str, image: str, **annotations: str) -> Properties:
    container = {"name": "main", "image": image}
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }
