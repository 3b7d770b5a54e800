"""The provider: any Kubernetes object, previewed by the server's own dry run when there is one to ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.engine.property_paths import contains, parse, show
from rehearsal.plugin import (
    UNKNOWN,
    CheckFailure,
    Diff,
    PartialFailureError,
    Properties,
    ProviderError,
    State,
)
from rehearsal.provider.kubernetes import applying, comparing, objects, replacements, schemas, waiting
from rehearsal.provider.kubernetes.client import ApiError, UnreachableError
from rehearsal.provider.kubernetes.reach import Reach, moved_by
from rehearsal.provider.values import has_unknown, plain

_UNREADY = f'.metadata.annotations["{objects.REPLACE_UNREADY}"]'


class KubernetesProvider:
    """See `rehearsal.plugin.Provider`. Without a kubeconfig, or without an answer from the cluster, previews
    say what the program says; only an update needs the cluster.
    """

    def __init__(self) -> None:
        self._reach = Reach({})
        self._namespace = ""
        self._takes_over = False

    def configure(self, config: Properties) -> None:
        """Take `kubeconfig`, `context`, `cluster`, `namespace` and `upsertExistingObjects`. Raises
        ProviderError.
        """
        self._reach = Reach(config)
        namespace = config.get("namespace")
        self._takes_over = config.get("upsertExistingObjects") in (True, "true")
        self._namespace = namespace if isinstance(namespace, str) and namespace != UNKNOWN else ""

    @staticmethod
    def moved_by(old: Properties, new: Properties) -> tuple[str, ...]:
        """The settings by whose change this becomes the provider of another cluster, or may become."""
        return moved_by(old, new)

    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[CheckFailure]]:
        """Fill in name and namespace; what the server cannot be asked about is held against its schema."""
        token, logical_name = objects.token_and_name(urn)
        thing = objects.given(plain(news), token)
        if thing["kind"].endswith("List") and "items" in thing:
            raise ProviderError(
                "list resources exist for compatibility with YAML manifests and Helm charts, and cannot be "
                "created directly. Use the underlying resource type instead"
            )
        thing = objects.named(thing, plain(olds), logical_name, seed)
        if objects.metadata(thing).get("generateName") and not objects.name_of(thing):
            raise ProviderError(
                "the `.metadata.generateName` field is not supported in Server-Side Apply mode"
            )
        if self._namespace and "metadata" in thing and self._reach.is_namespaced(thing):
            thing["metadata"] = {"namespace": self._namespace, **thing["metadata"]}
        failures = []
        version = self._reach.version()
        if has_unknown(thing) or not version:
            failures = [CheckFailure(path, text) for path, text in schemas.mistakes(thing, version)]
        return thing, failures

    def diff(
        self,
        urn: str,
        resource_id: str,  # noqa: ARG002
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: list[str],
    ) -> Diff:
        """The places where the inputs differ from the object as last seen, and which of them replace it."""
        token, _ = objects.token_and_name(urn)
        old, new = objects.given(plain(old_inputs), token), objects.given(plain(news), token)
        live = objects.given(objects.live(plain(old_outputs)), token)
        old, new = _with_namespace(old), _with_namespace(new)
        found = [
            path
            for path in comparing.differences(_with_namespace(live), old, new)
            if not any(contains(parse(pattern), path) for pattern in ignore_changes)
        ]
        patterns = replacements.replacing_paths(new)
        replaces = [show(path) for path in found if comparing.replaces(path, new, patterns)]
        if objects.is_annotated(new, objects.REPLACE_UNREADY) and self._reach.is_unready(live):
            replaces.append(_UNREADY)
        diffs = tuple(show(path) for path in found)
        first = bool(replaces) and _same_place(live, new)
        return Diff(bool(diffs or replaces), tuple(replaces), diffs, first)

    def create(self, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
        """Create it and wait until it is ready; in a preview let the server try, if it can."""
        token, _ = objects.token_and_name(urn)
        thing = objects.given(plain(news), token)
        manager = applying.field_manager(thing, {})
        if preview:
            with _explained(f'resource "{urn}" was not successfully created by the Kubernetes API server'):
                foreseen = self._reach.try_to_create(thing)
            return State("", objects.outputs(foreseen, thing["apiVersion"], manager) if foreseen else news)
        with _explained(f'resource "{urn}" was not successfully created by the Kubernetes API server'):
            over = manager if self._takes_over else ""
            live = applying.create(self._reach.must(), thing, preview=False, over=over)
        try:
            live = waiting.until_ready(self._reach.must(), thing, live, timeout_seconds)
        except waiting.NotReadyError as error:
            raise PartialFailureError(
                f'resource "{urn}" was successfully created, but the Kubernetes API server reported that it '
                f"failed to fully initialize or become live: {error}",
                objects.shown_name(error.live),
                objects.outputs(error.live, thing["apiVersion"], manager),
            ) from error
        if thing["kind"] == "CustomResourceDefinition":
            self._reach.must().forget_kinds()
        return State(objects.shown_name(live), objects.outputs(live, thing["apiVersion"], manager))

    def read(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """The object as it is, and of it what the inputs spoke of; for an import, all that is no status."""
        token, _ = objects.token_and_name(urn)
        inputs, outputs = plain(inputs), plain(outputs)
        api_version, kind = objects.version_and_kind(token)
        namespace, name = objects.of_id(resource_id)
        wanted = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
        try:
            live = applying.get(self._reach.must(), wanted)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        if inputs:
            own = objects.pruned(live, objects.given(inputs, token))
        else:
            own = objects.given({key: value for key, value in live.items() if key != "status"}, token)
        manager = applying.field_manager(own, outputs)
        initial = str(outputs.get(objects.INITIAL_API_VERSION) or api_version)
        return State(resource_id, objects.outputs(live, initial, manager), own)

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,  # noqa: ARG002
        old_outputs: Properties,
        news: Properties,
        timeout_seconds: float,
        ignore_changes: list[str],  # noqa: ARG002
        preview: bool,
    ) -> Properties:
        """Apply it, and wait until it is ready; in a preview let the server try, if it can."""
        token, _ = objects.token_and_name(urn)
        thing, outputs = objects.given(plain(news), token), plain(old_outputs)
        manager = applying.field_manager(thing, outputs)
        initial = str(outputs.get(objects.INITIAL_API_VERSION) or thing["apiVersion"])
        if preview:
            with _explained(f'update of resource "{urn}" failed'):
                foreseen = self._reach.try_to_apply(thing, objects.live(outputs), manager)
            return objects.outputs(foreseen, initial, manager) if foreseen else news
        cluster = self._reach.must()
        with _explained(f'update of resource "{urn}" failed'):
            before = applying.get(cluster, objects.live(outputs))
            live = applying.apply(cluster, before, thing, manager, preview=False)
        try:
            live = waiting.until_ready(cluster, thing, live, timeout_seconds)
        except waiting.NotReadyError as error:
            raise PartialFailureError(
                f'the Kubernetes API server reported that "{resource_id}" failed to fully initialize or '
                f"become live: {error}",
                resource_id,
                objects.outputs(error.live, initial, manager),
            ) from error
        return objects.outputs(live, initial, manager)

    def delete(
        self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout_seconds: float
    ) -> None:
        """Delete it with all that hangs on it, and wait until it is gone."""
        del resource_id
        token, _ = objects.token_and_name(urn)
        thing, live = objects.given(plain(inputs), token), objects.live(plain(outputs))
        cluster = self._reach.must()
        policy = objects.annotation(thing, objects.DELETION_PROPAGATION).lower()
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": {"orphan": "Orphan", "background": "Background"}.get(policy, "Foreground"),
        }
        try:
            cluster.request("DELETE", applying.path_of(cluster, live), {}, options)
        except ApiError as error:
            if error.status == 404:
                return
            raise
        if not (
            objects.is_annotated(thing, objects.SKIP_AWAIT) and thing["kind"] in _DELETED_WITHOUT_WAITING
        ):
            waiting.until_gone(cluster, live, timeout_seconds)

    def invoke(self, token: str, args: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Nothing is run here: charts and folders of YAML are made into objects by other means."""
        del args
        raise ProviderError(f"unknown function {token}")


# Kinds whose deletion is not waited for either when they say that they are not to be waited for.
_DELETED_WITHOUT_WAITING = frozenset(
    ("Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job")
)


def _same_place(live: Properties, new: Properties) -> bool:
    """Whether the new object has to have the name and the namespace of the one before: the program gave it,
    so the old one goes first.
    """
    if objects.is_annotated(new, objects.AUTONAMED) or not objects.name_of(new):
        return False
    same_namespace = (objects.namespace_of(new) or "default") == (objects.namespace_of(live) or "default")
    return objects.name_of(new) == objects.name_of(live) and same_namespace


def _with_namespace(thing: Properties) -> Properties:
    """The object with the namespace that it has when it names none, or without one that means nothing."""
    found = thing.get("metadata")
    if not isinstance(found, dict):
        return thing
    if objects.is_cluster_wide(thing["kind"]):
        return {**thing, "metadata": {key: value for key, value in found.items() if key != "namespace"}}
    return {**thing, "metadata": {"namespace": "default", **found}}


@contextmanager
def _explained(doing: str) -> Iterator[None]:
    """Put what was being done before the server's own words."""
    try:
        yield
    except (ApiError, UnreachableError) as error:
        if isinstance(error, ApiError) and error.reason == "NoMatch":
            doing += " (verify that any required CRDs have been created)"
        raise ProviderError(f"{doing}: {error}") from error
