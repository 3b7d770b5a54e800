"""What the API server fills in where an object says nothing, by kind.

Source: pkg/apis/*/v1/defaults.go of Kubernetes 1.36. The functions change the object that they are given.
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.cloud.kubernetes.errors import Object


def fill(kind: str, value: Object) -> None:
    """Set the defaults of one object, in place."""
    filler = _KINDS.get(kind)
    if filler:
        spec = value.setdefault("spec", {}) if kind in _WITH_SPEC else value
        filler(spec)


def pod_spec(spec: Object) -> None:
    host = bool(spec.get("hostNetwork"))
    for name in ("initContainers", "containers"):
        for container in spec.get(name) or ():
            _container(container, host)
    for volume in spec.get("volumes") or ():
        _volume(volume)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")


def pod(spec: Object) -> None:
    pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    for name in ("initContainers", "containers"):
        for container in spec.get(name) or ():
            resources = container["resources"]
            for resource, amount in resources.get("limits", {}).items():
                resources.setdefault("requests", {}).setdefault(resource, amount)


def _container(container: Object, host: bool) -> None:
    container.setdefault("resources", {})
    image = str(container.get("image", ""))
    if image:
        tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
        latest = "@" not in image and tag in ("", "latest")
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if host and "containerPort" in port:
            port.setdefault("hostPort", port["containerPort"])
    for each in container.get("env") or ():
        reference = each.get("valueFrom", {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _probe(container[name])
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict) and "httpGet" in hook:
            _http_get(hook["httpGet"])
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")


def _probe(probe: Object) -> None:
    for name, default in (
        ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3),
    ):  # fmt: skip
        if not probe.get(name):
            probe[name] = default
    if "httpGet" in probe:
        _http_get(probe["httpGet"])
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _http_get(action: Object) -> None:
    if not action.get("path"):
        action["path"] = "/"
    action.setdefault("scheme", "HTTP")


def _volume(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if name in volume:
            volume[name].setdefault("defaultMode", 0o644)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    sources = volume.get("projected", {}).get("sources") or ()
    for token in (source["serviceAccountToken"] for source in sources if "serviceAccountToken" in source):
        token.setdefault("expirationSeconds", 3600)
    for item in volume.get("downwardAPI", {}).get("items") or ():
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def _deployment(spec: Object) -> None:
    spec.setdefault("replicas", 1)
    _template(spec)
    strategy = spec.setdefault("strategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def _replica_set(spec: Object) -> None:
    spec.setdefault("replicas", 1)
    _template(spec)


def _daemon_set(spec: Object) -> None:
    _template(spec)
    update = spec.setdefault("updateStrategy", {})
    if not update.get("type"):
        update["type"] = "RollingUpdate"
    if update["type"] == "RollingUpdate":
        rolling = update.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)


def _stateful_set(spec: Object) -> None:
    spec.setdefault("replicas", 1)
    _template(spec)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    update = spec.setdefault("updateStrategy", {})
    update.setdefault("type", "RollingUpdate")
    if update["type"] == "RollingUpdate":
        update.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})


def _job(spec: Object) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    _template(spec)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)


def _cron_job(spec: Object) -> None:
    _job(spec.setdefault("jobTemplate", {}).setdefault("spec", {}))
    job = spec["jobTemplate"]["spec"]
    for name in ("suspend", "podReplacementPolicy", "manualSelector", "completionMode"):
        job.pop(name, None)
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)


def _service(spec: Object) -> None:
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    else:
        spec.pop("sessionAffinityConfig", None)
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if kind != "ExternalName" and not port.get("targetPort") and "port" in port:
            port["targetPort"] = port["port"]
    if kind in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")


def _autoscaler(spec: Object) -> None:
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        policy = {"type": "Percent", "value": 100, "periodSeconds": 15}
        up = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max"}
        behavior["scaleUp"] = (
            up
            | {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, policy]}
            | behavior.get("scaleUp", {})
        )
        behavior["scaleDown"] = {"selectPolicy": "Max", "policies": [policy]} | behavior.get("scaleDown", {})


def _network_policy(spec: Object) -> None:
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
        for port in rule.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _namespace(spec: Object) -> None:
    spec.setdefault("finalizers", ["kubernetes"])


def _secret(value: Object) -> None:
    value.setdefault("type", "Opaque")
    for key, text in (value.pop("stringData", None) or {}).items():
        import base64

        value.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


_KINDS: dict[str, Callable[[Object], None]] = {
    "Pod": pod, "Deployment": _deployment, "ReplicaSet": _replica_set, "DaemonSet": _daemon_set,
    "StatefulSet": _stateful_set, "Job": _job, "CronJob": _cron_job, "Service": _service,
    "HorizontalPodAutoscaler": _autoscaler, "NetworkPolicy": _network_policy, "Namespace": _namespace,
    "Secret": _secret,
}  # fmt: skip
_WITH_SPEC = set(_KINDS) - {"Secret"}
