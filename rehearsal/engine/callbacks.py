"""Functions of the program that the engine calls: transforms, resource hooks and error hooks.

The SDK serves them over gRPC on loopback; the engine dials the address that it was registered with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import Properties, to_struct
from rehearsal.plugin import ProviderError

MAX_RETRIES = 100
"""How often an error hook may ask for one operation to be tried again (Pulumi's own limit)."""

Warn = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Hook:
    """A registered hook. `on_dry_run`: also in previews. `ignore_errors`: its failure is a warning."""

    name: str
    target: str
    token: str
    on_dry_run: bool = False
    ignore_errors: bool = False


class CallbackError(ProviderError):
    """A function of the program failed or cannot be reached."""


class Callbacks:
    """All registered functions of one program. Safe to use from several threads."""

    def __init__(self, preview: bool, warn: Warn) -> None:
        """`warn(urn, text)` takes the failures of hooks that ignore errors."""
        self._preview = preview
        self._warn = warn
        self._hooks: dict[str, Hook] = {}
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.stack_transforms: list[Any] = []
        self.invoke_transforms: list[Any] = []

    def register(self, hook: Hook) -> None:
        """Add a hook. Raises CallbackError when the name is taken or empty."""
        with self._lock:
            if not hook.name:
                raise CallbackError("a resource hook needs a name")
            if hook.name in self._hooks:
                raise CallbackError(f"a resource hook named {hook.name!r} is registered already")
            self._hooks[hook.name] = hook

    def call(self, target: str, token: str, request: Any, response: Any) -> Any:
        """Call one function with a message; parse the answer into `response` and return it. Raises
        CallbackError.
        """
        import grpc
        from pulumi.runtime.proto import callback_pb2

        message = callback_pb2.CallbackInvokeRequest(token=token, request=request.SerializeToString())
        try:
            answer = self._client(target).Invoke(message)
        except grpc.RpcError as error:
            raise CallbackError(_reason(error)) from error
        response.ParseFromString(answer.response)
        return response

    def run(self, names: list[str], old: ResourceState | None, new: ResourceState | None) -> None:
        """Run the hooks of these names before or after an operation, in order. Raises CallbackError."""
        for name in names:
            hook = self._find(name)
            if self._preview and not hook.on_dry_run:
                continue
            try:
                self._run_one(hook, old, new)
            except CallbackError as error:
                if not hook.ignore_errors:
                    raise
                self._warn((new or old).urn if new or old else "", f"hook {name!r} failed: {error}")  # type: ignore[union-attr]

    def retry(
        self, state: ResourceState, old: ResourceState | None, operation: str, failures: list[str]
    ) -> bool:
        """Ask the resource's error hooks whether to try again. `failures`: newest first. Raises
        CallbackError.
        """
        from pulumi.runtime.proto import resource_pb2

        again = False
        for name in state.resource_hooks.get("OnError", []) if not self._preview else []:
            hook = self._find(name)
            request = resource_pb2.ErrorHookRequest(
                urn=state.urn,
                id=state.id,
                name=state.name,
                type=state.type,
                failed_operation=operation,
                errors=failures,
            )
            _fill(request, old, state if operation != "delete" else None, outputs=False)
            answer = self.call(hook.target, hook.token, request, resource_pb2.ErrorHookResponse())
            if answer.error:
                raise CallbackError(answer.error)
            again = again or answer.retry
        return again

    def close(self) -> None:
        """Let go of the connections."""
        for channel, _ in self._clients.values():
            channel.close()

    def _run_one(self, hook: Hook, old: ResourceState | None, new: ResourceState | None) -> None:
        from pulumi.runtime.proto import resource_pb2

        state = new or old
        assert state is not None  # noqa: S101 (a hook always has a resource)
        request = resource_pb2.ResourceHookRequest(
            urn=state.urn, id=state.id, name=state.name, type=state.type
        )
        _fill(request, old, new, outputs=True)
        answer = self.call(hook.target, hook.token, request, resource_pb2.ResourceHookResponse())
        if answer.error:
            raise CallbackError(answer.error)

    def _find(self, name: str) -> Hook:
        hook = self._hooks.get(name)
        if hook is None:
            raise CallbackError(f"the program registered no hook named {name!r}")
        return hook

    def _client(self, target: str) -> Any:
        with self._lock:
            if target not in self._clients:
                import grpc
                from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
                from pulumi.runtime.proto import callback_pb2_grpc

                channel = grpc.insecure_channel(target, options=_GRPC_CHANNEL_OPTIONS)
                self._clients[target] = (channel, callback_pb2_grpc.CallbacksStub(channel))
            return self._clients[target][1]


def _fill(request: Any, old: ResourceState | None, new: ResourceState | None, outputs: bool) -> None:
    def put(field: str, properties: Properties | None) -> None:
        if properties is not None:
            getattr(request, field).CopyFrom(to_struct(properties))

    put("old_inputs", old.inputs if old else None)
    put("old_outputs", old.outputs if old else None)
    put("new_inputs", new.inputs if new else None)
    if outputs:
        put("new_outputs", new.outputs if new and new.outputs else None)


def _reason(error: Any) -> str:
    """The first line of what the SDK says, without its own frame."""
    details = error.details() or str(error.code())
    text = details.partition("error: ")[2] or details
    return str(text.splitlines()[0].rstrip(":"))
