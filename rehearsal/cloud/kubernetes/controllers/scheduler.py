"""Which node a pod goes to: one that it may be on, with room for it, where the fewest of its like are.

Of what can be asked for there are node selectors, required node affinity, taints, requests, and spreading
over zones and hosts among pods of one controller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes import quantities, selectors
from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.events import WARNING
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Change, Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_RESOURCES = ("cpu", "memory")
Needs = tuple[Decimal, Decimal]


class Scheduler:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._needs: dict[Key, Needs] = {}
        self._used: dict[str, list[Decimal]] = {}
        self._waiting: dict[Key, None] = {}

    def noticed(self, change: Change, enqueue: Callable[[Key], None]) -> None:
        """Keep account of what is in use; room that comes lets those who wait try again."""
        plural = change.key.plural
        if plural == "pods":
            self._account(change)
        freed = plural == "pods" and change.after is None and change.before is not None
        if self._waiting and (plural == "nodes" or freed):
            for key in self._waiting:
                enqueue(key)

    def schedule(self, key: Key, pod: Object) -> None:
        """Give the pod its node, or say why it has none."""
        nodes = list(self._cluster.store.all("", "nodes"))
        reasons: Counter[str] = Counter()
        fitting = []
        for node in nodes:
            reason = self._why_not(pod, node)
            if reason:
                reasons[reason] += 1
            else:
                fitting.append(node)
        fitting = list(self._spread(pod, fitting, reasons))
        if not fitting:
            self._refuse(key, pod, len(nodes), reasons)
            return
        self._waiting.pop(key, None)
        self._bind(key, min(fitting, key=lambda node: self._crowd(pod, node)))

    def _bind(self, key: Key, node: Object) -> None:
        name, now = node["metadata"]["name"], self._cluster.now()

        def bind(pod: Object) -> None:
            pod["spec"]["nodeName"] = name
            parts.set_condition(pod["status"], now, "PodScheduled", "True")

        after = self._cluster.objects.change(key, bind)
        if after is not None:
            text = f"Successfully assigned {key.namespace}/{key.name} to {name}"
            self._cluster.controllers.events.record(after, "Normal", "Scheduled", text, "default-scheduler")

    def _refuse(self, key: Key, pod: Object, count: int, reasons: Counter[str]) -> None:
        text = "no nodes available to schedule pods"
        if count:
            told = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
            rest = f"0/{count} nodes are available"
            victims = f"{count} Preemption is not helpful for scheduling"
            if any(reason.startswith("Insufficient") for reason in reasons):
                victims = f"{count} No preemption victims found for incoming pod"
            text = f"{rest}: {told}. preemption: {rest}: {victims}."
        self._waiting[key] = None
        now = self._cluster.now()

        def refuse(value: Object) -> None:
            more = {"reason": "Unschedulable", "message": text}
            parts.set_condition(value["status"], now, "PodScheduled", "False", **more)

        before = parts.condition(pod, "PodScheduled")
        self._cluster.objects.change(key, refuse)
        if before is None or before.get("message") != text:
            recorder = self._cluster.controllers.events
            recorder.record(pod, WARNING, "FailedScheduling", text, "default-scheduler")

    def _why_not(self, pod: Object, node: Object) -> str:
        spec = pod["spec"]
        taint = next((each for each in _taints(node) if not _tolerated(spec, each)), None)
        if taint is not None:
            if taint["key"] == "node.kubernetes.io/unschedulable":
                return "node(s) were unschedulable"
            return f"node(s) had untolerated taint(s) {{{taint['key']}: {taint.get('value', '')}}}"
        if not _selected(spec, node["metadata"].get("labels") or {}):
            return "node(s) didn't match Pod's node affinity/selector"
        allocatable = node["status"].get("allocatable") or {}
        name = node["metadata"]["name"]
        if len(self._cluster.controllers.nodes.pods.get(name, ())) >= int(allocatable.get("pods", 110)):
            return "Too many pods"
        used = self._used.get(name, [Decimal(0), Decimal(0)])
        for number, resource in enumerate(_RESOURCES):
            needed = needs(pod)[number]
            if needed and used[number] + needed > quantities.parse(allocatable.get(resource, "0")):
                return f"Insufficient {resource}"
        return ""

    def _spread(self, pod: Object, nodes: list[Object], reasons: Counter[str]) -> Iterator[Object]:
        """Those that keep the skew of the constraints that must be kept."""
        constraints = [
            each
            for each in pod["spec"].get("topologySpreadConstraints") or ()
            if each["whenUnsatisfiable"] == "DoNotSchedule"
        ]
        every = list(self._cluster.store.all("", "nodes")) if constraints else []
        for node in nodes:
            for each in constraints:
                counts = self._by_domain(pod, every, each["topologyKey"])
                domain = (node["metadata"].get("labels") or {}).get(each["topologyKey"])
                if domain is None or counts[domain] + 1 - min(counts.values()) > each["maxSkew"]:
                    reasons["node(s) didn't match pod topology spread constraints"] += 1
                    break
            else:
                yield node

    def _by_domain(self, pod: Object, nodes: list[Object], label: str) -> Counter[str]:
        domains = {
            node["metadata"]["name"]: node["metadata"]["labels"][label]
            for node in nodes
            if label in (node["metadata"].get("labels") or {})
        }
        counts = Counter(dict.fromkeys(domains.values(), 0))
        for name in self._places(pod):
            if name in domains:
                counts[domains[name]] += 1
        return counts

    def _places(self, pod: Object) -> list[str]:
        """The nodes of the pods that the same controller made."""
        owner = parts.controller_of(pod)
        if owner is None:
            return []
        found = self._cluster.store.owned(owner["uid"])
        return [
            each["spec"]["nodeName"]
            for _, each in found
            if each["spec"].get("nodeName") and parts.active(each)
        ]

    def _crowd(self, pod: Object, node: Object) -> tuple[int, int, int, str]:
        """How full a node is for this pod: its like in the zone, on the node, all on the node."""
        places = self._places(pod)
        name, zones = node["metadata"]["name"], "topology.kubernetes.io/zone"
        zone = (node["metadata"].get("labels") or {}).get(zones)
        store = self._cluster.store
        others = (store.get(Key("", "nodes", "", place)) for place in places)
        near = sum(1 for each in others if each and (each["metadata"].get("labels") or {}).get(zones) == zone)
        return near, places.count(name), len(self._cluster.controllers.nodes.pods.get(name, ())), name

    def _account(self, change: Change) -> None:
        before, after = _place(change.before), _place(change.after)
        if before == after:
            if change.after is None:
                self._waiting.pop(change.key, None)
            return
        if before:
            self._add(before, self._needs.pop(change.key, (Decimal(0), Decimal(0))), -1)
        if after and change.after is not None:
            self._needs[change.key] = needs(change.after)
            self._add(after, self._needs[change.key], 1)
        if change.after is None:
            self._waiting.pop(change.key, None)

    def _add(self, node: str, amounts: Needs, sign: int) -> None:
        used = self._used.setdefault(node, [Decimal(0), Decimal(0)])
        for number, amount in enumerate(amounts):
            used[number] += sign * amount


def tolerates(spec: Object, node: Object) -> bool:
    """Whether a pod of this spec may be on a node, room aside."""
    taints = all(_tolerated(spec, taint) for taint in _taints(node))
    return taints and _selected(spec, node["metadata"].get("labels") or {})


def needs(pod: Object) -> Needs:
    """What the containers of a pod request together: cores and bytes."""
    amounts = [Decimal(0), Decimal(0)]
    for container in pod["spec"].get("containers") or ():
        requests = (container.get("resources") or {}).get("requests") or {}
        for number, resource in enumerate(_RESOURCES):
            amounts[number] += quantities.parse(str(requests.get(resource, "0")))
    return amounts[0], amounts[1]


def _place(pod: Object | None) -> str:
    """The node that a pod takes room on."""
    if pod is None or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return ""
    return str(pod["spec"].get("nodeName") or "")


def _taints(node: Object) -> list[Object]:
    taints = list(node["spec"].get("taints") or ())
    if not parts.is_true(node, "Ready"):
        taints.append({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})
    return [each for each in taints if each["effect"] in ("NoSchedule", "NoExecute")]


def _tolerated(spec: Object, taint: Object) -> bool:
    for each in spec.get("tolerations") or ():
        effect = each.get("effect") in (None, "", taint["effect"])
        if each.get("operator") == "Exists":
            same = each.get("key") in (None, "", taint["key"])
        else:
            same = each.get("key") == taint["key"] and each.get("value", "") == taint.get("value", "")
        if effect and same:
            return True
    return False


def _selected(spec: Object, labels: dict[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    wanted = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return wanted is None or any(_term(each, labels) for each in wanted["nodeSelectorTerms"])


def _term(term: Object, labels: dict[str, str]) -> bool:
    expressions = [
        each for each in term.get("matchExpressions") or () if each["operator"] not in ("Gt", "Lt")
    ]
    fields = term.get("matchFields") or ()
    named = all(labels.get("kubernetes.io/hostname") in each["values"] for each in fields)
    return named and selectors.of_object({"matchExpressions": expressions})(labels)
