"""The smallest right and wrong stacks for the rules on workloads."""

from __future__ import annotations

from typing import Any

from policies import workloads as rules
from policies.pods import DAEMON_SET, KINDS, PODS
from policies.rules import Resource
from tests.policies.cases import Case, res

LABELS = {"app.kubernetes.io/name": "shop"}
SPACE = {"namespace": "workloads", "name": "shop"}
UNAWAITED = {**SPACE, "annotations": {"pulumi.com/skipAwait": "true"}}


def workload(kind: str = rules.DEPLOYMENT, metadata: dict[str, Any] | None = None) -> Resource:
    inside: dict[str, Any] = {"metadata": {"labels": LABELS}}
    for part in reversed(PODS[kind].split(".")):
        inside = {part: inside}
    return res(kind, "shop", metadata=metadata or SPACE, **inside)


def watching(deployment: Resource) -> Resource:
    return res(rules.ROLLOUT, "shop", {"deployment_uid": deployment}, deployment="shop")


def budget(labels: dict[str, str], namespace: str = "workloads") -> Resource:
    return res(rules.BUDGET, metadata={"namespace": namespace}, spec={"selector": {"matchLabels": labels}})


def ways(*types: str, labels: dict[str, str] | None = None, namespace: str = "workloads") -> Resource:
    spec = {"podSelector": {"matchLabels": labels or {}}, "policyTypes": list(types)}
    return res(rules.NETWORK_POLICY, metadata={"namespace": namespace}, spec=spec)


def namespace(level: str | None, name: str = "workloads") -> Resource:
    labels = {} if level is None else {rules.ENFORCED: level}
    return res(rules.NAMESPACE, name, metadata={"name": name, "labels": labels})


DEPLOYED = workload(metadata=UNAWAITED)
AGENT = workload(DAEMON_SET)

CASES: tuple[Case, ...] = (
    Case(rules.watched_deployment, [DEPLOYED, watching(DEPLOYED)], [DEPLOYED], "no rollout watches it"),
    Case(rules.watched_deployment, [workload()], [DEPLOYED, watching(workload(DAEMON_SET))], "shop is not"),
    Case(rules.disruption_budget, [workload(), budget(LABELS)], [workload()], "for the pods of shop"),
    Case(rules.disruption_budget, [workload(), budget(LABELS)], [workload(), budget({"a": "b"})], "of shop"),
    Case(rules.disruption_budget, [AGENT], [workload(), budget(LABELS, "other")], "of shop"),
    *(
        Case(
            rules.network_policy,
            [workload(kind), ways("Ingress", "Egress")],
            [workload(kind), ways("Ingress")],
            "egress of shop is open",
        )
        for kind in KINDS
    ),
    Case(
        rules.network_policy,
        [workload(), ways("Ingress", "Egress", labels=LABELS)],
        [workload(), ways("Ingress", "Egress", labels={"a": "b"})],
        "ingress and egress of shop is open",
    ),
    Case(
        rules.network_policy,
        [workload(), ways("Ingress"), ways("Egress")],
        [workload(), ways("Ingress", "Egress", namespace="other")],
        "ingress and egress of shop is open",
    ),
    Case(rules.pod_security, [namespace("restricted")], [namespace("baseline")], "enforces baseline"),
    Case(rules.pod_security, [namespace("restricted"), workload()], [namespace(None)], "enforces no level"),
    Case(
        rules.pod_security,
        [namespace("privileged"), AGENT],
        [namespace("privileged"), AGENT, workload()],
        "enforces privileged",
    ),
    Case(rules.pod_security, [namespace("privileged"), AGENT], [namespace(None), AGENT], "no level"),
)
