"""The SDK's `monitor`: answers the ResourceMonitor service in the program's own process, without a network
hop.

The SDK calls the methods with the protocol's messages from its own threads; a failure is raised as the gRPC
error that a real monitor would answer with.
"""

from __future__ import annotations

import threading
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, resource_pb2

from rehearsal.engine import calls, goal, transforms
from rehearsal.engine.callbacks import Hook
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.options import ORGANIZATION, Aborted
from rehearsal.engine.registering import Registrations
from rehearsal.engine.values import Properties, from_struct, lower_outputs, strip_secrets, to_struct
from rehearsal.errors import RehearsalError
from rehearsal.plugin import ProviderError

FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "OUTPUT_VALUES",
    "ALIAS_SPECS",
    "REPLACEMENT_TRIGGER",
    "DELETED_WITH",
    "REPLACE_WITH",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
    "RESOURCE_HOOKS",
    "ERROR_HOOKS",
)
"""What this monitor supports. Left out: parameterized packages, state migrations, byte strings; and
INVOKE_DEPENDS_ON and INVOKE_PARENT, without which the SDK itself waits for an invoke's dependencies and finds
its provider.
"""

_LEGACY_NAMES = {
    "secrets": "SECRETS",
    "resourceReferences": "RESOURCE_REFERENCES",
    "outputValues": "OUTPUT_VALUES",
    "aliasSpecs": "ALIAS_SPECS",
    "replacementTrigger": "REPLACEMENT_TRIGGER",
    "deletedWith": "DELETED_WITH",
    "replaceWith": "REPLACE_WITH",
    "transforms": "TRANSFORMS",
    "invokeTransforms": "INVOKE_TRANSFORMS",
    "resourceHooks": "RESOURCE_HOOKS",
    "errorHooks": "ERROR_HOOKS",
}


class MonitorError(grpc.RpcError):
    """A gRPC error as the SDK understands it. UNAVAILABLE makes it stop the program without a message of its
    own.
    """

    def __init__(self, text: str, code: grpc.StatusCode = grpc.StatusCode.UNKNOWN) -> None:
        super().__init__(text)
        self._text = text
        self._code = code

    def code(self) -> grpc.StatusCode:
        """The status code."""
        return self._code

    def details(self) -> str:
        """The text."""
        return self._text


class Monitor:
    """Serves one run of a program. The methods' names are the protocol's."""

    # ruff: noqa: N802

    def __init__(self, deployment: Deployment, registrations: Registrations) -> None:
        self._deployment = deployment
        self._registrations = registrations
        self._component_providers: dict[str, dict[str, str]] = {}
        self._own_transforms: dict[str, list[Any]] = {}
        self._parents: dict[str, str] = {}
        self._waiting = threading.Lock()

    def GetDeploymentInfo(self, request: Any) -> Any:
        """What runs, and what this monitor can do."""
        del request
        options = self._deployment.options
        prefix = "RESOURCE_MONITOR_FEATURE_"
        return resource_pb2.DeploymentInfo(
            project=options.project,
            stack=options.stack,
            organization=ORGANIZATION,
            config=dict(options.config),
            configSecretKeys=sorted(options.secret_keys),
            dryRun=options.preview,
            parallel=options.parallel,
            supportedFeatures=[getattr(resource_pb2, prefix + feature) for feature in FEATURES],
        )

    def SupportsFeature(self, request: Any) -> Any:
        """The older way to ask for one feature."""
        supported = _LEGACY_NAMES.get(request.id) in FEATURES
        return resource_pb2.SupportsFeatureResponse(hasSupport=supported)

    # --- resources

    def RegisterResource(self, request: Any) -> Any:
        """Bring a resource to its goal; answers when it is there."""
        with _answering():
            try:
                wanted = self._goal(request)
            except ProviderError as error:
                self._deployment.fail("", f"{request.type} {request.name!r}: {calls.one_line(error)}")
                raise Aborted(str(error)) from error
            result = self._registrations.register(wanted)
        state = result.state
        self._settle(state.urn, wanted, request)
        outputs = state.outputs if wanted.custom else {}
        return resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id="" if result.unknown else state.id,
            object=to_struct(outputs),
            result=resource_pb2.FAIL if result.failed else resource_pb2.SUCCESS,
            unknown=result.unknown,
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """A component's outputs, or the stack's."""
        with _answering():
            self._deployment.go_on()
            outputs = lower_outputs(from_struct(request.outputs))
            self._registrations.outputs(request.urn, outputs)
        return empty_pb2.Empty()

    def ReadResource(self, request: Any) -> Any:
        """Read a resource that is not the program's own."""
        with _answering():
            wanted = goal.Goal(
                type=request.type,
                name=request.name,
                custom=True,
                parent=request.parent,
                inputs=lower_outputs(from_struct(request.properties)),
                dependencies=sorted(request.dependencies),
                provider=request.provider,
                version=request.version,
                additional_secret_outputs=list(request.additionalSecretOutputs),
                source_position=goal.read_position(request.sourcePosition, self._deployment.options.root),
            )
            if not wanted.provider:
                wanted.provider = self._registrations.default_provider(wanted.package, wanted.version)
            state = self._registrations.read(wanted, request.id)
        self._parents[state.urn] = wanted.parent
        return resource_pb2.ReadResourceResponse(urn=state.urn, properties=to_struct(state.outputs))

    def _goal(self, request: Any) -> goal.Goal:
        """The goal with everything it takes from its parent, its transforms and the default providers."""
        if request.remote:
            raise ProviderError(
                f"{request.type} is a component of a package; only local components can run here"
            )
        if request.packageRef or request.envVarMappings:
            raise ProviderError(
                f"{request.type}: parameterized packages and envVarMappings cannot be used here"
            )
        wanted = goal.from_request(request, self._deployment.options.root)
        parent = self._deployment.goals.get(wanted.parent)
        if parent is not None:
            wanted.inherit(parent)
        inherited = self._component_providers.get(wanted.parent, {})
        if wanted.custom and not wanted.provider:
            wanted.provider = wanted.providers.get(wanted.package) or inherited.get(wanted.package, "")
        functions = self._transforms(wanted.parent, request.transforms)
        if functions:
            transforms.apply(self._deployment.callbacks, functions, wanted)
        if not wanted.custom:
            wanted.providers = {**inherited, **wanted.providers}
        elif wanted.is_provider:
            self._registrations.explicit_provider(wanted)
        elif not wanted.provider:
            wanted.provider = self._registrations.default_provider(wanted.package, wanted.version)
        return wanted

    def _transforms(self, parent: str, own: Any) -> list[Any]:
        functions = list(own)
        while parent and self._own_transforms:
            functions += self._own_transforms.get(parent, [])
            parent = self._parents.get(parent, "")
        return functions + self._deployment.callbacks.stack_transforms

    def _settle(self, urn: str, wanted: goal.Goal, request: Any) -> None:
        """Remember what children of this resource take from it."""
        self._parents[urn] = wanted.parent
        if request.transforms:
            self._own_transforms[urn] = list(request.transforms)
        if not wanted.custom and wanted.providers:
            self._component_providers[urn] = wanted.providers

    # --- functions

    def Invoke(self, request: Any) -> Any:
        """Call a function of a provider."""
        with _answering(request.tok):
            self._deployment.go_on()
            args = from_struct(request.args)
            provider, version = request.provider, request.version
            if self._deployment.callbacks.invoke_transforms:
                options = resource_pb2.TransformInvokeOptions(provider=provider, version=version)
                args, options = transforms.apply_to_invoke(
                    self._deployment.callbacks, request.tok, args, options
                )
                provider, version = options.provider, options.version
            found, failures = self._invoke(request.tok, args, provider, version)
        return resource_pb2.ResourceInvokeResponse(
            **{"return": to_struct(found)},
            failures=[
                provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures
            ],
        )

    def _invoke(
        self, token: str, args: Properties, reference: str, version: str
    ) -> tuple[Properties, list[Any]]:
        reference = reference or self._registrations.default_provider(token.partition(":")[0], version)
        provider = self._deployment.providers.get(reference)
        if provider is None:
            raise ProviderError(f"unknown provider {reference!r}")
        with calls.guarded():
            return provider.invoke(token, strip_secrets(args))

    def Call(self, request: Any) -> Any:
        """Methods of packaged components cannot be called: such components cannot be made here either."""
        raise MonitorError(f"call of {request.tok}: methods of packaged components cannot be called here")

    # --- functions of the program

    def RegisterStackTransform(self, request: Any) -> Any:
        """A transform for every resource from now on."""
        self._deployment.callbacks.stack_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:
        """A transform for every invoke from now on."""
        self._deployment.callbacks.invoke_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:
        """A function to run before or after operations."""
        call = request.callback
        hook = Hook(request.name, call.target, call.token, request.on_dry_run, request.ignore_errors)
        with _answering():
            self._deployment.callbacks.register(hook)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:
        """A function that decides whether a failed operation is tried again."""
        with _answering():
            hook = Hook(request.name, request.callback.target, request.callback.token)
            self._deployment.callbacks.register(hook)
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any) -> Any:
        """Parameterized packages need a plugin that runs outside."""
        raise MonitorError(
            f"package {request.name!r}: parameterized packages cannot be used here",
            grpc.StatusCode.UNIMPLEMENTED,
        )

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        """The program has ended. What it no longer has is deleted while its hooks can still be called."""
        del request
        if not self._waiting.acquire(blocking=False):
            raise MonitorError("already waiting for the end")
        with _answering():
            self._registrations.delete_leftovers()
        return empty_pb2.Empty()


class _answering:  # noqa: N801 (reads as a statement)
    """Turn what the engine raises into what the SDK expects."""

    def __init__(self, token: str = "") -> None:
        self._prefix = f"{token}: " if token else ""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, MonitorError):
            return
        if isinstance(error, Aborted):
            raise MonitorError(str(error), grpc.StatusCode.UNAVAILABLE) from error
        if isinstance(error, (RehearsalError, ProviderError)):
            raise MonitorError(calls.one_line(error) if not self._prefix else str(error)) from error
