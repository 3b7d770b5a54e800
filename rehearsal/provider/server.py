"""The provider for the real engine: `pulumirpc.ResourceProvider` over gRPC on a thread pool.

The service is answered directly, not through the SDK's `pulumi.provider.experimental` server: that one turns
every value into `PropertyValue` objects and back, knows no detailed diffs and no partly failed creations, and
runs on one event loop, where each blocking AWS call would need a thread anyway. Here a request is a thread,
and a value is the same plain dictionary that the embedded engine hands over.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from rehearsal.engine.property_paths import way_of
from rehearsal.plugin import Diff, Movable, PartialFailureError, Properties, Provider, ProviderError
from rehearsal.provider.wire import from_struct, to_struct

# The engine's default parallelism is four times the cores; more threads than it has steps only wait.
THREADS = 64
MAX_MESSAGE_BYTES = 400 * 1024 * 1024
ROOT = Path(__file__).resolve().parent.parent.parent
_FAILED = grpc.StatusCode.UNKNOWN
_PropertyDiff = provider_pb2.PropertyDiff


def serve(package: str, provider: Provider, version: str = "0.0.0") -> None:
    """Answer on a free loopback port, print the port, and run until the engine goes away."""
    server, port = start(package, provider, version)
    # The engine reads the port as the first line of output, and takes everything else as log lines.
    print(port, flush=True)
    server.wait_for_termination()


def start(package: str, provider: Provider, version: str) -> tuple[grpc.Server, int]:
    """A running server and its port."""
    limits = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(THREADS, "provider"), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        ProviderService(package, provider, version), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def write_plugin_executable(folder: Path, package: str) -> Path:
    """Write `pulumi-resource-PACKAGE`, to be put on the PATH; the engine prefers it to a download."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pulumi-resource-{package}"
    python, root = shlex.quote(sys.executable), shlex.quote(str(ROOT))
    path.write_text(
        "#!/bin/sh\n"
        f"PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}}\nexport PYTHONPATH\n"
        f'exec {python} -m rehearsal.provider {package} "$@"\n'
    )
    path.chmod(0o755)
    return path


def _abort(context: grpc.ServicerContext, error: ProviderError) -> NoReturn:
    """End the call with the error's one line; what exists in spite of it goes along as a detail."""
    if isinstance(error, PartialFailureError):
        detail = errors_detail(error)
        context.set_trailing_metadata((("grpc-status-details-bin", detail.SerializeToString()),))
    context.abort(_FAILED, str(error))
    raise AssertionError("abort always raises")


def errors_detail(error: PartialFailureError) -> Any:
    """The status that tells the engine to keep a resource whose creation or update failed half-way."""
    status = status_pb2.Status(code=_FAILED.value[0], message=str(error))
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=to_struct(error.outputs), reasons=[str(error)]
    )
    status.details.add().Pack(detail)
    return status


@contextmanager
def _answering(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except ProviderError as error:
        _abort(context, error)


class ProviderService(provider_pb2_grpc.ResourceProviderServicer):
    """One configured provider; for several, the engine starts several processes."""

    def __init__(self, package: str, provider: Provider, version: str) -> None:
        self._package = package
        self._provider = provider
        self._version = version

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        # Programs in general-purpose languages bring the SDK's types; only YAML programs would ask for more.
        schema = f'{{"name": "{self._package}", "version": "{self._version}"}}'
        return provider_pb2.GetSchemaResponse(schema=schema)

    def GetMapping(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.GetMappingsResponse()

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        old, new = from_struct(request.olds), from_struct(request.news)
        replaces = self._provider.moved_by(old, new) if isinstance(self._provider, Movable) else ()
        changed = tuple(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))
        return _diff_response(Diff(bool(changed), replaces, changed), old, new)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            self._provider.configure(from_struct(request.args))
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            inputs, failures = self._provider.check(
                request.urn, from_struct(request.olds), from_struct(request.news), request.randomSeed
            )
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in failures
            ],
        )

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        outputs, news = from_struct(request.olds), from_struct(request.news)
        inputs = from_struct(request.old_inputs)
        with _answering(context):
            diff = self._provider.diff(
                request.urn, request.id, inputs, outputs, news, list(request.ignoreChanges)
            )
        return _diff_response(diff, inputs, news)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            state = self._provider.create(
                request.urn, from_struct(request.properties), request.timeout, request.preview
            )
        return provider_pb2.CreateResponse(id=state.id, properties=to_struct(state.outputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            state = self._provider.read(
                request.urn, request.id, from_struct(request.inputs), from_struct(request.properties)
            )
        if state is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=state.id, properties=to_struct(state.outputs), inputs=to_struct(state.inputs or {})
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            outputs = self._provider.update(
                request.urn,
                request.id,
                from_struct(request.old_inputs),
                from_struct(request.olds),
                from_struct(request.news),
                request.timeout,
                list(request.ignoreChanges),
                request.preview,
            )
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            self._provider.delete(
                request.urn,
                request.id,
                from_struct(request.old_inputs),
                from_struct(request.properties),
                request.timeout,
            )
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            result, failures = self._provider.invoke(request.tok, from_struct(request.args))
        return getattr(provider_pb2, "InvokeResponse")(  # noqa: B009
            **{"return": to_struct(result)},
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in failures
            ],
        )


def _diff_response(diff: Diff, old: Properties, new: Properties) -> Any:
    """The engine's diff, with how each property changed."""
    detailed = {}
    for name in diff.diffs:
        kind = way_of(old, new, name).upper()
        if name in diff.replaces:
            kind += "_REPLACE"
        detailed[name] = _PropertyDiff(kind=_PropertyDiff.Kind.Value(kind), inputDiff=True)
    changes = provider_pb2.DiffResponse.DiffChanges
    return provider_pb2.DiffResponse(
        changes=changes.Value("DIFF_SOME" if diff.changed else "DIFF_NONE"),
        replaces=diff.replaces,
        diffs=diff.diffs,
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=diff.delete_before_replace,
    )
