"""The fake provider over gRPC, for Pulumi's own engine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from rehearsal.engine.calls import plain
from rehearsal.engine.values import Properties, from_struct, to_struct
from rehearsal.plugin import PartialFailureError, ProviderError
from tests.rehearsal.engine.fake import FakeCloud, FakeProvider


def _read(struct: Any) -> Properties:
    return dict(plain(from_struct(struct)))


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Translates the protocol's calls. The methods' names are the protocol's."""

    # ruff: noqa: N802

    def __init__(self, provider: FakeProvider) -> None:
        self._provider = provider

    def Handshake(self, request: Any, context: Any) -> Any:
        """Nothing to agree on."""
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:
        """The engine's address is not needed."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """A version is wanted."""
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Taken as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Left to the engine."""
        return provider_pb2.DiffResponse()

    def Configure(self, request: Any, context: Any) -> Any:
        """Previews are supported."""
        self._provider.configure(_read(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        """See FakeProvider."""
        inputs, failures = self._provider.check(
            request.urn, _read(request.olds), _read(request.news), request.randomSeed
        )
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[
                provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures
            ],
        )

    def Diff(self, request: Any, context: Any) -> Any:
        """See FakeProvider."""
        diff = self._provider.diff(
            request.urn,
            request.id,
            _read(request.old_inputs),
            _read(request.olds),
            _read(request.news),
            list(request.ignoreChanges),
        )
        changes = provider_pb2.DiffResponse.DIFF_SOME if diff.changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=changes,
            replaces=diff.replaces,
            diffs=diff.diffs,
            deleteBeforeReplace=diff.delete_before_replace,
        )

    def Create(self, request: Any, context: Any) -> Any:
        """See FakeProvider."""
        with _failing(context):
            state = self._provider.create(
                request.urn, _read(request.properties), request.timeout, request.preview
            )
            return provider_pb2.CreateResponse(id=state.id, properties=to_struct(state.outputs))

    def Read(self, request: Any, context: Any) -> Any:
        """See FakeProvider."""
        with _failing(context):
            state = self._provider.read(
                request.urn, request.id, _read(request.inputs), _read(request.properties)
            )
            if state is None:
                return provider_pb2.ReadResponse()
            inputs = to_struct(state.inputs or {})
            return provider_pb2.ReadResponse(id=state.id, properties=to_struct(state.outputs), inputs=inputs)

    def Update(self, request: Any, context: Any) -> Any:
        """See FakeProvider."""
        with _failing(context):
            outputs = self._provider.update(
                request.urn,
                request.id,
                _read(request.old_inputs),
                _read(request.olds),
                _read(request.news),
                request.timeout,
                list(request.ignoreChanges),
                request.preview,
            )
            return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        """See FakeProvider."""
        with _failing(context):
            self._provider.delete(
                request.urn, request.id, _read(request.old_inputs), _read(request.properties), request.timeout
            )
            return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        """See FakeProvider."""
        found, failures = self._provider.invoke(request.tok, _read(request.args))
        return provider_pb2.InvokeResponse(
            **{"return": to_struct(found)},
            failures=[
                provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures
            ],
        )

    def Cancel(self, request: Any, context: Any) -> Any:
        """Nothing to stop."""
        return empty_pb2.Empty()


@contextmanager
def _failing(context: Any) -> Iterator[None]:
    """Failures as the protocol has them."""
    try:
        yield
    except PartialFailureError as failure:
        detail = any_pb2.Any()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=failure.resource_id, properties=to_struct(failure.outputs), reasons=[str(failure)]
            )
        )
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=str(failure), details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, str(failure))
    except ProviderError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


@contextmanager
def served(cloud: FakeCloud) -> Iterator[int]:
    """Serve the fake provider; yields the port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=32))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(FakeProvider(cloud)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None)
