"""What cannot change in place, by kind: the table of Pulumi's provider (`forceNewProperties`)."""

from __future__ import annotations

from rehearsal.plugin import Properties
from rehearsal.provider.record import words

_IDENTITY = ("metadata.name", "metadata.namespace")
_SELECTOR = ("spec.selector",)
_JOB = ("spec.completions", "spec.parallelism", "spec.selector", "spec.template")
_STATEFUL_SET = (
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
)
_VOLUME = tuple(
    f"spec.{source}"
    for source in sorted(
        words("""awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker
    gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd
    scaleIO storageos vsphereVolume""")
    )
)
_POD = tuple(
    f"spec.{name}"
    for name in sorted(
        words("""affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases
    hostIPC hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy
    priority priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext
    serviceAccount serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds
    volumes""")
    )
)
_CONTAINER = tuple(
    f"spec.{containers}[*].{name}"
    for containers in ("containers", "initContainers")
    for name in sorted(
        words("""args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe
    resources securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty
    volumeDevices volumeMounts workingDir""")
    )
)
_BY_KIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "StatefulSet"): _STATEFUL_SET,
    ("batch", "Job"): _JOB,
    ("", "PersistentVolume"): _VOLUME,
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("", "Pod"): (*_POD, *_CONTAINER),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Service"): ("spec.clusterIP",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}


def replacing_paths(thing: Properties) -> tuple[str, ...]:
    """The paths whose change replaces this object. A ConfigMap's data are among them by default, and those
    of a Secret that may not change.
    """
    group, _, _ = str(thing.get("apiVersion") or "").rpartition("/")
    kind = str(thing.get("kind") or "")
    if (group, kind) == ("", "ConfigMap"):
        return (*_IDENTITY, "binaryData", "data")
    if (group, kind) == ("", "Secret"):
        return (*_IDENTITY, "type", "stringData", "data")
    return (*_IDENTITY, *_BY_KIND.get((group, kind), ()))
