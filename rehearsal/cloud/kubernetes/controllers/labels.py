"""Which pods a selector means and which selectors mean a pod, without asking all of either."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.cloud.kubernetes import selectors
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Change, Key, Store

_Label = tuple[str, str, str]


class PodLabels:
    """The pods of a namespace by each of their labels."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pods: dict[_Label, dict[Key, None]] = {}
        self._all: dict[str, dict[Key, None]] = {}

    def noticed(self, change: Change) -> None:
        if change.key.plural != "pods" or change.key.group:
            return
        for label in _labels(change.before, change.key.namespace):
            self._pods.get(label, {}).pop(change.key, None)
        for label in _labels(change.after, change.key.namespace):
            self._pods.setdefault(label, {})[change.key] = None
        pods = self._all.setdefault(change.key.namespace, {})
        if change.after is None:
            pods.pop(change.key, None)
        else:
            pods[change.key] = None

    def selected(self, namespace: str, selector: Object) -> list[Object]:
        """In the order of their names; by the label that fewest pods have."""
        wanted = [(namespace, key, value) for key, value in (selector.get("matchLabels") or {}).items()]
        candidates: list[dict[Key, None]] = [self._pods.get(label, {}) for label in wanted] or [
            self._all.get(namespace, {})
        ]
        matches = selectors.of_object(selector)
        fewest = sorted(candidates, key=len)[0]
        found = (self._store.get(key) for key in sorted(fewest))
        return [pod for pod in found if pod and matches(pod["metadata"].get("labels") or {})]


class Selecting:
    """The objects of one kind by a label that their selector asks for: that which fewest others ask for."""

    def __init__(self) -> None:
        self._objects: dict[_Label, dict[Key, Object]] = {}
        self._labels: dict[Key, _Label] = {}
        self._others: dict[Key, Object] = {}

    def put(self, key: Key, selector: Object | None) -> None:
        """None: it selects nothing, or is gone."""
        label = self._labels.pop(key, None)
        if label is not None:
            self._objects.get(label, {}).pop(key, None)
        self._others.pop(key, None)
        if selector is None:
            return
        asked = [(key.namespace, name, value) for name, value in (selector.get("matchLabels") or {}).items()]
        if not asked:
            self._others[key] = selector
            return
        rarest = min(asked, key=lambda each: len(self._objects.get(each, ())))
        self._labels[key] = rarest
        self._objects.setdefault(rarest, {})[key] = selector

    def of(self, pod: Object) -> Iterator[Key]:
        """Those that select the pod."""
        metadata = pod["metadata"]
        labels = metadata.get("labels") or {}
        found = [self._objects.get(each, {}) for each in _labels(pod, metadata["namespace"])]
        others = {key: each for key, each in self._others.items() if key.namespace == metadata["namespace"]}
        for objects in (*found, others):
            for key, selector in objects.items():
                if selectors.of_object(selector)(labels):
                    yield key


def _labels(pod: Object | None, namespace: str) -> list[_Label]:
    if pod is None:
        return []
    return [(namespace, key, value) for key, value in (pod["metadata"].get("labels") or {}).items()]
