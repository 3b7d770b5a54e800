"""The cluster that a provider may reach, or may not: a preview has to do without one."""

from __future__ import annotations

from rehearsal.plugin import UNKNOWN, Properties, ProviderError
from rehearsal.provider.kubernetes import applying, objects, waiting
from rehearsal.provider.kubernetes.client import ApiError, Cluster, active, parsed
from rehearsal.provider.values import has_unknown

_SETTINGS = ("kubeconfig", "context", "cluster")


def moved_by(old: Properties, new: Properties) -> tuple[str, ...]:
    """The settings by whose change a provider becomes that of another cluster, or may become."""
    unknown = tuple(key for key in _SETTINGS if new.get(key) == UNKNOWN)
    if unknown:
        return unknown
    changed = tuple(key for key in _SETTINGS if old.get(key) != new.get(key))
    return changed if changed and _active(old) != _active(new) else ()


def _active(config: Properties) -> Properties | None:
    try:
        kubeconfig = parsed(str(config.get("kubeconfig") or ""))
    except ProviderError:
        return None
    return active(kubeconfig, config.get("context"), config.get("cluster"))


class Reach:
    """A cluster that was configured, if one was."""

    def __init__(self, config: Properties) -> None:
        """Raises ProviderError for a kubeconfig that is none."""
        self._cluster: Cluster | None = None
        self._why_not = "no kubeconfig is known yet"
        kubeconfig = config.get("kubeconfig")
        if isinstance(kubeconfig, str) and kubeconfig and kubeconfig != UNKNOWN:
            self._cluster = Cluster(kubeconfig, config.get("context"), config.get("cluster"))

    @property
    def is_known(self) -> bool:
        """Whether there is a cluster to ask."""
        return self._cluster is not None

    def must(self) -> Cluster:
        """The cluster. Raises ProviderError when there is none."""
        if self._cluster is None:
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {self._why_not}")
        return self._cluster

    def asked(self) -> Cluster | None:
        """The cluster, if it answers; one that did not is not asked again."""
        if self._cluster is not None:
            try:
                self._cluster.version()
            except ProviderError as error:
                self._why_not = str(error)
                self._cluster = None
        return self._cluster

    def version(self) -> str:
        """The cluster's version, or nothing."""
        cluster = self.asked()
        return cluster.version() if cluster is not None else ""

    def is_namespaced(self, thing: Properties) -> bool:
        """As the server says of the kind; without one, what is known of Kubernetes' own kinds."""
        if objects.is_cluster_wide(thing["kind"]):
            return False
        cluster = self.asked()
        served = cluster.kind(thing["apiVersion"], thing["kind"]) if cluster is not None else None
        return served is None or served.namespaced

    def is_unready(self, live: Properties) -> bool:
        """Whether a Job did not come to its good end. What cannot be read is left as it is."""
        if live.get("kind") != "Job" or self.asked() is None:
            return False
        try:
            return not waiting.is_job_complete(applying.get(self.must(), live))
        except ProviderError:
            return False

    # --- previews

    def _can_try(self, thing: Properties) -> Cluster | None:
        """The cluster, if it can say what would become of this object."""
        if has_unknown(thing):
            return None
        cluster = self.asked()
        served = cluster.kind(thing["apiVersion"], thing["kind"]) if cluster is not None else None
        return cluster if served is not None else None

    def try_to_create(self, thing: Properties) -> Properties | None:
        """What the object would be; None when nobody can say. Raises ApiError when it would be refused."""
        cluster = self._can_try(thing)
        if cluster is None:
            return None
        try:
            tried = applying.create(cluster, thing, preview=True)
        except ApiError as error:
            # The namespace may be on its way, the name may get free, and a reader may not try.
            if error.is_missing_namespace or error.reason in ("AlreadyExists", "Forbidden"):
                return None
            raise
        # A program that reads a status in a preview must not take an empty one for the truth.
        return {key: value for key, value in tried.items() if key != "status"}

    def try_to_apply(self, thing: Properties, live: Properties, manager: str) -> Properties | None:
        """The same for a change. Raises ApiError."""
        cluster = self._can_try(thing)
        if cluster is None:
            return None
        try:
            return applying.apply(cluster, applying.get(cluster, live), thing, manager, preview=True)
        except ApiError as error:
            if error.reason == "Forbidden":
                return None
            raise
