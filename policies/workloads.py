"""Workloads on Kubernetes, of the whole stack: watched releases, closed ways, and who is admitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.pods import DAEMON_SET, KINDS, PODS
from policies.rules import Resource, Rule, Severity, at, for_each, of_type, rule

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ROLLOUT = "pulumi-python:dynamic/kubernetes:DeploymentRollout"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
NAMESPACE = "kubernetes:core/v1:Namespace"
ENFORCED = "pod-security.kubernetes.io/enforce"


@rule(
    id="immutable-watched-deployment",
    severity=Severity.HIGH,
    reason="A Deployment that nobody watches stops half-way with a bad image, and stays there.",
    fix="let a DeploymentRollout watch it, as Workload does",
)
def watched_deployment(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    rollouts = of_type(resources, ROLLOUT)

    def check(deployment: Resource) -> Iterator[str]:
        if "pulumi.com/skipAwait" not in at(deployment, "metadata.annotations", {}):
            return
        if not any(each.comes_from("deployment_uid", deployment) for each in rollouts):
            yield f"{deployment.name} is not waited for, and no rollout watches it"

    yield from for_each(of_type(resources, DEPLOYMENT), check)


@rule(
    id="workload-disruption-budget",
    severity=Severity.MEDIUM,
    reason="Without a budget all pods of a workload may be moved from their nodes at once.",
    fix="give it a PodDisruptionBudget that selects its pods",
)
def disruption_budget(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    budgets = of_type(resources, BUDGET)

    def check(deployment: Resource) -> Iterator[str]:
        if not any(_selects(each, "spec.selector", deployment) for each in budgets):
            yield f"no budget is for the pods of {deployment.name}"

    yield from for_each(of_type(resources, DEPLOYMENT), check)


@rule(
    id="workload-network-policy",
    severity=Severity.HIGH,
    reason="Where no network policy selects a pod, everybody may call it and it may call everybody.",
    fix="give its namespace a NetworkPolicy for every pod, and open what it needs",
)
def network_policy(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    policies = of_type(resources, NETWORK_POLICY)

    def check(workload: Resource) -> Iterator[str]:
        for_it = [each for each in policies if _selects(each, "spec.podSelector", workload)]
        closed = {way for each in for_it for way in at(each, "spec.policyTypes", ("Ingress",))}
        opened = [way.lower() for way in ("Ingress", "Egress") if way not in closed]
        if opened:
            yield f"{' and '.join(opened)} of {workload.name} is open"

    yield from for_each(of_type(resources, *KINDS), check)


@rule(
    id="workload-pod-security",
    severity=Severity.HIGH,
    reason="A namespace that enforces no level admits pods that may do everything on their node.",
    fix=f"label it {ENFORCED}: restricted; one for DaemonSets alone may be privileged",
)
def pod_security(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    def check(namespace: Resource) -> Iterator[str]:
        level = at(namespace, "metadata.labels", {}).get(ENFORCED)
        name = at(namespace, "metadata.name")
        inside = [each for each in of_type(resources, *KINDS) if at(each, "metadata.namespace") == name]
        agents = bool(inside) and all(each.type == DAEMON_SET for each in inside)
        if level != "restricted" and not (level is not None and agents):
            yield f"{name} enforces {level or 'no level'}"

    yield from for_each(of_type(resources, NAMESPACE), check)


def _selects(policy: Resource, selector: str, workload: Resource) -> bool:
    """Whether a policy with a selector of labels is for the pods of a workload."""
    if at(policy, "metadata.namespace") != at(workload, "metadata.namespace"):
        return False
    wanted: Mapping[str, Any] = at(policy, f"{selector}.matchLabels", {})
    labels = at(workload, f"{PODS[workload.type]}.metadata.labels", {})
    return all(labels.get(key) == value for key, value in wanted.items())


RULES: tuple[Rule, ...] = (watched_deployment, disruption_budget, network_policy, pod_security)
