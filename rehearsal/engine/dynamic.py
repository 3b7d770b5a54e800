"""Dynamic providers (`pulumi.dynamic`): the program's own Python classes, served in the program's process.

What `pulumi.dynamic`'s own plugin does (site-packages/pulumi/dynamic/__main__.py) without its server: the
provider travels pickled in the input `__provider`, is unpickled and configured once, and is handed plain
Python values.
"""

from __future__ import annotations

import asyncio
import base64
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.protobuf import struct_pb2

from rehearsal.engine.values import Properties, equal, from_struct, to_struct
from rehearsal.plugin import UNKNOWN, CheckFailure, Diff, ProviderError, State

PROVIDER_KEY = "__provider"
PACKAGE = "pulumi-python"


class DynamicProvider:
    """Serves every dynamic provider of one program."""

    def __init__(self) -> None:
        self._config: Properties = {}
        self._loaded: dict[str, Any] = {}
        self._lock = threading.Lock()

    def configure(self, config: Properties) -> None:
        """The stack's whole configuration, with full keys (`project:key`)."""
        self._config = config

    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[CheckFailure]]:
        """What the program's `check` says; its inputs keep the pickled provider."""
        del urn, seed
        provider = self._provider(olds if news[PROVIDER_KEY] == UNKNOWN else news)
        result = provider.check(_values(olds, keep_unknowns=True), _values(news, keep_unknowns=True))
        inputs = {**result.inputs, PROVIDER_KEY: news[PROVIDER_KEY]}
        return _wire(inputs), [CheckFailure(item.property, item.reason) for item in result.failures]

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: list[str],
    ) -> Diff:
        """What the program's `diff` says. When it does not say whether anything changed, the inputs are
        compared.
        """
        del urn, ignore_changes
        provider = self._provider(old_outputs if news[PROVIDER_KEY] == UNKNOWN else news)
        result = provider.diff(
            resource_id, _values(old_outputs, keep_unknowns=True), _values(news, keep_unknowns=True)
        )
        changed = not equal(old_inputs, news) if result.changes is None else bool(result.changes)
        differing = sorted(
            key for key in old_inputs.keys() | news.keys() if not equal(old_inputs.get(key), news.get(key))
        )
        return Diff(
            changed, tuple(result.replaces or ()), tuple(differing), bool(result.delete_before_replace)
        )

    def create(self, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
        """Runs the program's `create`; a preview does not, and knows nothing but the inputs."""
        del urn, timeout_seconds
        if preview:
            return State("", news)
        with _errors_in_the_providers_words():
            result = self._provider(news).create(_values(news))
        return State(str(result.id), _wire({**(result.outs or {}), PROVIDER_KEY: news[PROVIDER_KEY]}))

    def read(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Runs the program's `read`; an empty ID means that the resource is gone."""
        del urn
        known = outputs or inputs
        if PROVIDER_KEY not in known:
            raise ProviderError("a dynamic resource cannot be read or imported without its provider")
        with _errors_in_the_providers_words():
            result = self._provider(known).read(resource_id, _values(known))
        if not result.id:
            return None
        pickled = known[PROVIDER_KEY]
        fresh = None if result.inputs is None else _wire({**result.inputs, PROVIDER_KEY: pickled})
        return State(str(result.id), _wire({**(result.outs or {}), PROVIDER_KEY: pickled}), fresh)

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        timeout_seconds: float,
        ignore_changes: list[str],
        preview: bool,
    ) -> Properties:
        """Runs the program's `update`; a preview does not, and knows nothing but the inputs."""
        del urn, old_inputs, timeout_seconds, ignore_changes
        if preview:
            return news
        with _errors_in_the_providers_words():
            result = self._provider(news).update(resource_id, _values(old_outputs), _values(news))
        return _wire({**(result.outs or {}), PROVIDER_KEY: news[PROVIDER_KEY]})

    def delete(
        self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout_seconds: float
    ) -> None:
        """Runs the program's `delete`, with the provider that the state holds."""
        del urn, inputs, timeout_seconds
        with _errors_in_the_providers_words():
            self._provider(outputs).delete(resource_id, _values(outputs))

    def invoke(self, token: str, args: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Dynamic providers have no functions."""
        del args
        raise ProviderError(f"unknown function {token}")

    def _provider(self, properties: Properties) -> Any:
        pickled = properties[PROVIDER_KEY]
        with self._lock:
            provider = self._loaded.get(pickled)
            if provider is None:
                provider = self._loaded[pickled] = self._load(pickled)
        return provider

    def _load(self, pickled: str) -> Any:
        import dill
        from pulumi.dynamic import Config, ConfigureRequest
        from pulumi.metadata import get_project
        from pulumi.runtime._serialization import _deserialize

        provider: Any = _deserialize(lambda: dill.loads(base64.b64decode(pickled)))  # noqa: S301 (the program's own code)
        provider.configure(
            ConfigureRequest(config=Config(raw_config=self._config, project_name=get_project()))
        )
        return provider


@contextmanager
def _errors_in_the_providers_words() -> Iterator[None]:
    """The SDK's server reports `traceback.format_exc()`; a provider that makes it one line is heard."""
    try:
        yield
    except Exception as error:
        text = traceback.format_exc().strip()
        if "\n" in text:
            raise
        raise ProviderError(text) from error


def _values(properties: Properties, keep_unknowns: bool = False) -> dict[str, Any]:
    """Properties as the SDK hands them to a program (assets as objects, unknowns as its `UNKNOWN`)."""
    from pulumi.runtime import rpc

    return dict(rpc.deserialize_properties(to_struct(properties), keep_unknowns))


def _wire(values: dict[str, Any]) -> Properties:
    """What a program returned, as properties."""
    from pulumi.runtime import rpc

    async def serialize() -> struct_pb2.Struct:
        return await rpc.serialize_properties(values, {})

    loop = asyncio.new_event_loop()
    try:
        return from_struct(loop.run_until_complete(serialize()))
    finally:
        loop.close()
