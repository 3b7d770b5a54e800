"""The smallest right and wrong resources for the rules on pods."""

from __future__ import annotations

import copy
from typing import Any

from policies import pods as rules
from policies.rules import Rule
from tests.policies.cases import Case, res

IMAGE = f"registry.example.com/shop@sha256:{'a' * 64}"
SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SIZE = {"cpu": "1", "memory": "1Gi"}
CONTAINER: dict[str, Any] = {
    "name": "main",
    "image": IMAGE,
    "securityContext": SECURITY,
    "resources": {"requests": SIZE, "limits": SIZE},
}


def pods(
    kind: str = rules.KINDS[0], *, pod: dict[str, Any] | None = None, **container: Any
) -> dict[str, Any]:
    """The inputs of a resource with pods, with other values in its pod or its container."""
    spec = {"automountServiceAccountToken": False, "containers": [{**copy.deepcopy(CONTAINER), **container}]}
    found: dict[str, Any] = {"spec": {**spec, **(pod or {})}}
    for part in reversed(rules.PODS[kind].split(".")):
        found = {part: found}
    return {"metadata": {"namespace": "workloads"}, **found}


def security(**changes: Any) -> dict[str, Any]:
    return {"securityContext": {**SECURITY, **changes}}


def of_kinds(rule: Rule, says: str, *, pod: dict[str, Any] | None = None, **container: Any) -> list[Case]:
    """The same in each type that has pods."""
    return [Case(rule, pods(kind), pods(kind, pod=pod, **container), says, kind=kind) for kind in rules.KINDS]


def reader(path: str = "/var/log", *, read_only: bool = True, kind: str = rules.DAEMON_SET) -> dict[str, Any]:
    """Pods that mount a folder of their node, as root."""
    mount = {"name": "logs", "mountPath": path, "readOnly": read_only}
    volume = {"name": "logs", "hostPath": {"path": path}}
    return pods(kind, pod={"volumes": [volume]}, volumeMounts=[mount], **security(runAsNonRoot=False))


def session(resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"rules": [{"apiGroups": [""], "resources": resources, "verbs": verbs}]}


LOOKS = session(["pods", "pods/log"], ["get", "list"])

CASES: tuple[Case, ...] = (
    *of_kinds(rules.container_digest, "'shop:latest'", image="shop:latest"),
    Case(
        rules.container_digest, pods(), pods(image=f"shop@sha256:{'a' * 63}"), "container main has the image"
    ),
    Case(
        rules.container_digest,
        pods(pod={"initContainers": [CONTAINER]}),
        pods(pod={"initContainers": [{**CONTAINER, "name": "first", "image": "shop:1"}]}),
        "container first has the image 'shop:1'",
    ),
    *of_kinds(rules.container_files, "main can write", **security(readOnlyRootFilesystem=False)),
    Case(rules.container_files, pods(), pods(securityContext={}), "main can write"),
    *(Case(rules.bare_pod, res(rules.KINDS[0]), res(kind), "of its own") for kind in rules.BARE),
    Case(rules.pod_secret, res(rules.CONFIG_MAP), res(rules.SECRET), "a Secret of the type Opaque"),
    Case(rules.config_map, {"immutable": True}, {"data": {"KEY": "one"}}, "it can be changed"),
    Case(
        rules.service_affinity,
        {"spec": {"ports": []}},
        {"spec": {"sessionAffinity": "ClientIP"}},
        "sessionAffinity is ClientIP",
    ),
    Case(
        rules.pod_session,
        LOOKS,
        session(["pods/exec"], ["create"]),
        "allows create on pods/exec",
        kinds=rules.ROLES[1:],
    ),
    Case(rules.pod_session, LOOKS, session(["*"], ["*"]), "allows * on *"),
    Case(
        rules.pod_session, session(["*"], ["list"]), session(["pods/attach"], ["get"]), "get on pods/attach"
    ),
    *of_kinds(rules.pod_host, "hostNetwork is true", pod={"hostNetwork": True}),
    Case(rules.pod_host, pods(), pods(pod={"hostPID": True}), "hostPID is true"),
    Case(rules.pod_host, pods(), pods(pod={"hostIPC": True}), "hostIPC is true"),
    Case(
        rules.pod_host,
        pods(ports=[{"containerPort": 80}]),
        pods(ports=[{"containerPort": 80, "hostPort": 80}]),
        "takes the node's port 80",
    ),
    Case(rules.pod_host, pods(), reader(kind=rules.KINDS[0]), "it mounts /var/log"),
    Case(rules.pod_host, reader(), reader("/var/lib"), "it mounts /var/lib", kind=rules.DAEMON_SET),
    Case(rules.pod_host, reader(), reader("/var/log/../lib"), "it mounts", kind=rules.DAEMON_SET),
    Case(rules.pod_host, reader(), reader(read_only=False), "it mounts /var/log", kind=rules.DAEMON_SET),
    *of_kinds(rules.pod_privilege, "main is privileged", **security(privileged=True)),
    Case(
        rules.pod_privilege,
        pods(),
        pods(**security(allowPrivilegeEscalation=True)),
        "may get more rights",
    ),
    Case(
        rules.pod_privilege,
        pods(),
        pods(securityContext={"capabilities": {"drop": ["ALL"]}}),
        "may get more rights",
    ),
    Case(
        rules.pod_privilege,
        pods(),
        pods(**security(capabilities={"drop": ["NET_RAW"]})),
        "keeps capabilities",
    ),
    Case(
        rules.pod_privilege,
        pods(**security(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
        pods(**security(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})),
        "adds SYS_ADMIN",
    ),
    *of_kinds(rules.pod_user, "main may run as root", **security(runAsNonRoot=False)),
    Case(rules.pod_user, pods(), pods(**security(runAsUser=0)), "runs as user 0"),
    Case(
        rules.pod_user,
        pods(pod={"securityContext": {"runAsNonRoot": True}}, **security(runAsNonRoot=None)),
        pods(**security(runAsNonRoot=None)),
        "may run as root",
    ),
    Case(rules.pod_user, reader(), reader("/etc"), "may run as root", kind=rules.DAEMON_SET),
    *of_kinds(rules.pod_seccomp, "profile Unconfined", **security(seccompProfile={"type": "Unconfined"})),
    Case(rules.pod_seccomp, pods(), pods(**security(seccompProfile=None)), "profile None"),
    *of_kinds(
        rules.pod_resources, "no limits of memory", resources={"requests": SIZE, "limits": {"cpu": "1"}}
    ),
    Case(rules.pod_resources, pods(), pods(resources={"limits": SIZE}), "no requests of cpu"),
    *of_kinds(rules.pod_account, "default account", pod={"automountServiceAccountToken": None}),
    Case(
        rules.pod_account,
        pods(pod={"automountServiceAccountToken": True, "serviceAccountName": "agent"}),
        pods(pod={"automountServiceAccountToken": True}),
        "default account",
    ),
    *(
        Case(rules.pod_namespace, pods(kind), {**pods(kind), "metadata": {}}, "namespace default", kind=kind)
        for kind in rules.KINDS
    ),
    Case(
        rules.pod_namespace,
        pods(),
        {**pods(), "metadata": {"namespace": "kube-system"}},
        "namespace kube-system",
    ),
)
