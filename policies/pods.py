"""Pods on Kubernetes: of an image by digest that nothing changes while it runs, and with few rights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policies.rules import Resource, Rule, Severity, all_items, at, is_false, is_true, items, known, rule

DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
BARE = (
    "kubernetes:core/v1:Pod",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:core/v1:ReplicationController",
)
"""What no Deployment, DaemonSet, StatefulSet or Job replaces by another version."""
PODS: Mapping[str, str] = {
    "kubernetes:apps/v1:Deployment": "spec.template",
    DAEMON_SET: "spec.template",
    "kubernetes:apps/v1:StatefulSet": "spec.template",
    "kubernetes:batch/v1:Job": "spec.template",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template",
}
"""Where a type has the template of its pods."""
KINDS = tuple(PODS)
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"  # noqa: S105
ROLES = (
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
)

DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
LOGS = re.compile(r"/var/log(/[^.].*)?")
"""The one place of a node that a pod may look into."""
PROFILES = ("RuntimeDefault", "Localhost")
_LISTS = ("initContainers", "containers", "ephemeralContainers")
_SESSIONS = {"pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"}


class Container(NamedTuple):
    """A container, and what its pod says for all of its containers."""

    label: str
    given: Mapping[str, Any]
    pod: Mapping[str, Any]

    def setting(self, key: str) -> Any:
        """Of the security context: its own, or its pod's."""
        own = at(self.given, f"securityContext.{key}")
        return at(self.pod, f"securityContext.{key}") if own is None else own


def pod_of(resource: Resource) -> Mapping[str, Any]:
    """The spec of its pods."""
    found: Mapping[str, Any] = at(resource, f"{PODS[resource.type]}.spec", {})
    return found


def containers(resource: Resource) -> Iterator[Container]:
    """Every container of its pods."""
    pod = pod_of(resource)
    for key in _LISTS:
        for container in all_items(pod, key):
            yield Container(f"container {at(container, 'name')}", container, pod)


def reads_logs(resource: Resource) -> bool:
    """Whether it is on every node to read the node's logs: these are root's, and are to stay as they are."""
    if resource.type != DAEMON_SET:
        return False
    taken = dict(_node_paths(pod_of(resource)))
    mounts = [mount for each in containers(resource) for mount in all_items(each.given, "volumeMounts")]
    return bool(taken) and all(
        LOGS.fullmatch(path)
        and all(is_true(at(mount, "readOnly")) for mount in mounts if at(mount, "name") == name)
        for name, path in taken.items()
    )


def _node_paths(pod: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """The folders of its node that a pod mounts, by the names of its volumes."""
    for volume in all_items(pod, "volumes"):
        path = at(volume, "hostPath.path")
        if path is not None:
            yield at(volume, "name"), str(path)


@rule(
    id="immutable-container-digest",
    types=KINDS,
    severity=Severity.HIGH,
    reason="A tag moves to another image: pods of one release differ, and there is none to go back to.",
    fix="name it by its digest, as in shop@sha256:<64 digits>",
)
def container_digest(resource: Resource) -> Iterator[str]:
    for each in containers(resource):
        image = str(at(each.given, "image", ""))
        if not DIGEST.fullmatch(image):
            yield f"{each.label} has the image {image!r}"


@rule(
    id="immutable-container-files",
    types=KINDS,
    severity=Severity.HIGH,
    reason="A container that writes into its own image is not that image any more.",
    fix="set readOnlyRootFilesystem to true, and mount an emptyDir where it has to write",
)
def container_files(resource: Resource) -> Iterator[str]:
    for each in containers(resource):
        if not is_true(at(each.given, "securityContext.readOnlyRootFilesystem")):
            yield f"{each.label} can write to its root file system"


@rule(
    id="immutable-bare-pod",
    types=BARE,
    severity=Severity.HIGH,
    reason="Pods of which no controller knows versions are not replaced by a release: they are changed.",
    fix="make them of a Deployment, or of a Job",
)
def bare_pod(resource: Resource) -> Iterator[str]:
    yield f"it is a {resource.type.rpartition(':')[2]} of its own"


@rule(
    id="immutable-config-map",
    types=(CONFIG_MAP,),
    severity=Severity.HIGH,
    reason="A value that changes under running pods reaches some of them, with no rollout and no way back.",
    fix="set immutable to true and put a hash of the content into the name",
)
def config_map(resource: Resource) -> Iterator[str]:
    if not is_true(at(resource, "immutable")):
        yield "it can be changed"


@rule(
    id="immutable-service-affinity",
    types=(SERVICE,),
    severity=Severity.HIGH,
    reason="A session that sticks to a pod dies with it, and pods are replaced all the time.",
    fix="leave sessionAffinity out, and keep sessions outside of pods",
)
def service_affinity(service: Resource) -> Iterator[str]:
    affinity = at(service, "spec.sessionAffinity", "None")
    if affinity != "None":
        yield f"sessionAffinity is {affinity}"


@rule(
    id="immutable-pod-session",
    types=ROLES,
    severity=Severity.HIGH,
    reason="Whoever opens a shell in a pod can change what nobody is to change.",
    fix="take these rights out; what a pod says is in its log group",
)
def pod_session(role: Resource) -> Iterator[str]:
    for index, each in items(role, "rules"):
        verbs, resources = set(at(each, "verbs", ())), set(at(each, "resources", ()))
        opened = sorted(resources & (_SESSIONS | {"*", "pods/*"}))
        if opened and verbs & {"create", "get", "update", "patch", "*"}:
            yield f"rules[{index}] allows {', '.join(sorted(verbs))} on {', '.join(opened)}"


@rule(
    id="pod-host",
    types=KINDS,
    severity=Severity.CRITICAL,
    reason="A pod that shares something with its node sees and changes what belongs to all pods there.",
    fix="take it out; a DaemonSet alone may read /var/log of its node",
)
def pod_host(resource: Resource) -> Iterator[str]:
    pod = pod_of(resource)
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if is_true(at(pod, key)):
            yield f"{key} is true"
    for each in containers(resource):
        for _, port in items(each.given, "ports"):
            if known(at(port, "hostPort")) and at(port, "hostPort", 0):
                yield f"{each.label} takes the node's port {at(port, 'hostPort')}"
    paths = [path for _, path in _node_paths(pod)]
    if paths and not reads_logs(resource):
        yield f"it mounts {', '.join(paths)} of its node"


@rule(
    id="pod-privilege",
    types=KINDS,
    severity=Severity.CRITICAL,
    reason="What a container may do beyond its task is what an attacker in it may do.",
    fix="set privileged and allowPrivilegeEscalation to false, drop ALL capabilities and add none",
)
def pod_privilege(resource: Resource) -> Iterator[str]:
    for each in containers(resource):
        given = each.given
        if is_true(at(given, "securityContext.privileged")):
            yield f"{each.label} is privileged"
        if not is_false(at(given, "securityContext.allowPrivilegeEscalation")):
            yield f"{each.label} may get more rights than it starts with"
        if "ALL" not in at(given, "securityContext.capabilities.drop", ()):
            yield f"{each.label} keeps capabilities"
        added = [
            one for one in at(given, "securityContext.capabilities.add", ()) if one != "NET_BIND_SERVICE"
        ]
        if added:
            yield f"{each.label} adds {', '.join(sorted(added))}"


@rule(
    id="pod-user",
    types=KINDS,
    severity=Severity.HIGH,
    reason="Root in a container is root on the node, should it get out.",
    fix="set runAsNonRoot to true, and no runAsUser of 0",
)
def pod_user(resource: Resource) -> Iterator[str]:
    if reads_logs(resource):
        return
    for each in containers(resource):
        if not is_true(each.setting("runAsNonRoot")):
            yield f"{each.label} may run as root"
        elif each.setting("runAsUser") == 0:
            yield f"{each.label} runs as user 0"


@rule(
    id="pod-seccomp",
    types=KINDS,
    severity=Severity.HIGH,
    reason="Without a filter a container may call all of the kernel, with all of its mistakes.",
    fix="set seccompProfile.type to RuntimeDefault",
)
def pod_seccomp(resource: Resource) -> Iterator[str]:
    for each in containers(resource):
        profile = each.setting("seccompProfile.type")
        if profile not in PROFILES:
            yield f"{each.label} has the seccomp profile {profile}"


@rule(
    id="pod-resources",
    types=KINDS,
    severity=Severity.HIGH,
    reason="Without limits a container takes what others need; without requests nobody keeps room for it.",
    fix="set requests and limits of cpu and memory",
)
def pod_resources(resource: Resource) -> Iterator[str]:
    for each in containers(resource):
        missing = [
            f"{kind} of {name}"
            for kind in ("requests", "limits")
            for name in ("cpu", "memory")
            if at(each.given, f"resources.{kind}.{name}") is None
        ]
        if missing:
            yield f"{each.label} has no {', no '.join(missing)}"


@rule(
    id="pod-account",
    types=KINDS,
    severity=Severity.MEDIUM,
    reason="A token that is mounted unasked lets whoever is in the pod talk to the Kubernetes API.",
    fix="set automountServiceAccountToken to false, or give the pod a service account of its own",
)
def pod_account(resource: Resource) -> Iterator[str]:
    pod = pod_of(resource)
    mounted = not is_false(at(pod, "automountServiceAccountToken"))
    if mounted and at(pod, "serviceAccountName", "default") == "default":
        yield "it mounts the token of the namespace's default account"


@rule(
    id="pod-namespace",
    types=KINDS,
    severity=Severity.MEDIUM,
    reason="Namespaces that are there by themselves admit every pod, and are nobody's.",
    fix="give it a namespace whose level of pod security is enforced",
)
def pod_namespace(resource: Resource) -> Iterator[str]:
    namespace = at(resource, "metadata.namespace", "default")
    if namespace in ("default", "kube-public", "kube-node-lease", "kube-system"):
        yield f"it is in the namespace {namespace}"


@rule(
    id="pod-secret",
    types=(SECRET,),
    severity=Severity.HIGH,
    reason="A Secret that a program makes stands in the state too, and stays as it is when it is rotated.",
    fix="keep it in Secrets Manager, and mount it by a SecretProviderClass",
)
def pod_secret(secret: Resource) -> Iterator[str]:
    yield f"it is a Secret of the type {at(secret, 'type', 'Opaque')}"


RULES: tuple[Rule, ...] = (
    container_digest,
    container_files,
    bare_pod,
    config_map,
    service_affinity,
    pod_session,
    pod_host,
    pod_privilege,
    pod_user,
    pod_seccomp,
    pod_resources,
    pod_account,
    pod_namespace,
    pod_secret,
)
