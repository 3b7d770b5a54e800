"""Pod Security admission: what the levels `baseline` and `restricted` forbid, in the real one's words.

Source: "Pod Security Standards", and k8s.io/pod-security-admission/policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rehearsal.cloud.kubernetes.errors import Object

LABEL = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")

_DEFAULT_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected",
    "secret",
}  # fmt: skip
_SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip

Check = Callable[[Object], Iterator[str]]


def violations(spec: Object, level: str) -> list[str]:
    """Of a pod's spec, one line for each rule; nothing for a pod that the level allows."""
    checks: Sequence[Check] = {"baseline": _BASELINE, "restricted": _RESTRICTED}.get(level, ())
    return [text for check in checks for text in check(spec)]


def told(spec: Object, labels: dict[str, str], mode: str) -> str:
    """`violates PodSecurity "restricted:latest": …` by the namespace's labels for a mode; empty when
    allowed.
    """
    level = labels.get(f"{LABEL}{mode}", "privileged")
    found = violations(spec, level)
    version = labels.get(f"{LABEL}{mode}-version", "latest")
    verb = {"enforce": "violates", "warn": "would violate"}[mode]
    return f'{verb} PodSecurity "{level}:{version}": {", ".join(found)}' if found else ""


def _containers(spec: Object) -> list[Object]:
    return [each for name in ("initContainers", "containers") for each in spec.get(name) or ()]


def _context(container: Object) -> Object:
    context: Object = container.get("securityContext") or {}
    return context


def _named(containers: Sequence[Object], word: str = "container") -> str:
    names = ", ".join(f'"{each.get("name", "")}"' for each in containers)
    return f"{word}{'s' if len(containers) > 1 else ''} {names}"


def _quoted(values: Sequence[Any]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _pod_context(spec: Object) -> Object:
    context: Object = spec.get("securityContext") or {}
    return context


def _capabilities_baseline(spec: Object) -> Iterator[str]:
    bad = [each for each in _containers(spec) if set(_added(each)) - _DEFAULT_CAPABILITIES]
    if bad:
        names = sorted({name for each in bad for name in set(_added(each)) - _DEFAULT_CAPABILITIES})
        yield (
            f"non-default capabilities ({_named(bad)} must not include {_quoted(names)} in"
            " securityContext.capabilities.add)"
        )


def _added(container: Object) -> list[str]:
    found: list[str] = _context(container).get("capabilities", {}).get("add") or []
    return found


def _host_namespaces(spec: Object) -> Iterator[str]:
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    if found:
        yield f"host namespaces ({', '.join(found)})"


def _host_path(spec: Object) -> Iterator[str]:
    bad = [each for each in spec.get("volumes") or () if "hostPath" in each]
    if bad:
        yield f"hostPath volumes ({_named(bad, 'volume')})"


def _host_ports(spec: Object) -> Iterator[str]:
    bad = [
        each for each in _containers(spec) if any(port.get("hostPort") for port in each.get("ports") or ())
    ]
    if bad:
        ports = sorted({port["hostPort"] for each in bad for port in each["ports"] if port.get("hostPort")})
        verb = "use" if len(bad) > 1 else "uses"
        word = "hostPorts" if len(ports) > 1 else "hostPort"
        yield f"hostPort ({_named(bad)} {verb} {word} {', '.join(map(str, ports))})"


def _privileged(spec: Object) -> Iterator[str]:
    bad = [each for each in _containers(spec) if _context(each).get("privileged")]
    if bad:
        yield f"privileged ({_named(bad)} must not set securityContext.privileged=true)"


def _selinux(spec: Object) -> Iterator[str]:
    wrong = [_pod_context(spec)] if _selinux_type(_pod_context(spec)) not in _SELINUX else []
    bad = [each for each in _containers(spec) if _selinux_type(_context(each)) not in _SELINUX]
    if wrong or bad:
        who = " and ".join([*(["pod"] if wrong else []), *([_named(bad)] if bad else [])])
        types = [_selinux_type(each) for each in (*wrong, *map(_context, bad))]
        word = "types" if len(set(types)) > 1 else "type"
        told = f"{word} {_quoted(sorted(set(types)))}"
        yield f"seLinuxOptions ({who} set forbidden securityContext.seLinuxOptions: {told})"


def _selinux_type(context: Object) -> str:
    return str(context.get("seLinuxOptions", {}).get("type", ""))


def _seccomp_unconfined(spec: Object) -> Iterator[str]:
    bad = [each for each in _containers(spec) if _seccomp(_context(each)) == "Unconfined"]
    who = [
        *(["pod"] if _seccomp(_pod_context(spec)) == "Unconfined" else []),
        *([_named(bad)] if bad else []),
    ]
    if who:
        text = 'must not set securityContext.seccompProfile.type to "Unconfined"'
        yield f"seccompProfile ({' and '.join(who)} {text})"


def _seccomp(context: Object) -> str:
    return str(context.get("seccompProfile", {}).get("type", ""))


def _sysctls(spec: Object) -> Iterator[str]:
    found = [each["name"] for each in _pod_context(spec).get("sysctls") or () if each["name"] not in _SYSCTLS]
    if found:
        yield f"forbidden sysctls ({', '.join(sorted(found))})"


def _proc_mount(spec: Object) -> Iterator[str]:
    bad = [each for each in _containers(spec) if _context(each).get("procMount", "Default") != "Default"]
    if bad:
        values = sorted({_context(each)["procMount"] for each in bad})
        yield f"procMount ({_named(bad)} must not set securityContext.procMount to {_quoted(values)})"


def _escalation(spec: Object) -> Iterator[str]:
    bad = [each for each in _containers(spec) if _context(each).get("allowPrivilegeEscalation") is not False]
    if bad:
        text = "must set securityContext.allowPrivilegeEscalation=false"
        yield f"allowPrivilegeEscalation != false ({_named(bad)} {text})"


def _capabilities_restricted(spec: Object) -> Iterator[str]:
    keeping = [
        each
        for each in _containers(spec)
        if "ALL" not in (_context(each).get("capabilities", {}).get("drop") or ())
    ]
    adding = [each for each in _containers(spec) if set(_added(each)) - {"NET_BIND_SERVICE"}]
    parts = []
    if keeping:
        parts.append(f'{_named(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        names = sorted({name for each in adding for name in set(_added(each)) - {"NET_BIND_SERVICE"}})
        parts.append(
            f"{_named(adding)} must not include {_quoted(names)} in securityContext.capabilities.add"
        )
    if parts:
        yield f"unrestricted capabilities ({'; '.join(parts)})"


def _volumes(spec: Object) -> Iterator[str]:
    bad = [each for each in spec.get("volumes") or () if not _VOLUMES & set(each)]
    if bad:
        kinds = sorted({name for each in bad for name in each if name != "name"})
        use, word = ("use", "types") if len(bad) > 1 else ("uses", "type")
        word = "types" if len(kinds) > 1 else "type"
        who = _named(bad, "volume")
        yield f"restricted volume types ({who} {use} restricted volume {word} {_quoted(kinds)})"


def _non_root(spec: Object) -> Iterator[str]:
    pod = _pod_context(spec).get("runAsNonRoot")
    set_wrong = [each for each in _containers(spec) if _context(each).get("runAsNonRoot") is False]
    unset = [each for each in _containers(spec) if _context(each).get("runAsNonRoot") is None]
    who = [*(["pod"] if pod is False else []), *([_named(set_wrong)] if set_wrong else [])]
    if who:
        yield f"runAsNonRoot != true ({' and '.join(who)} must not set securityContext.runAsNonRoot=false)"
    elif unset and pod is None:
        yield f"runAsNonRoot != true (pod or {_named(unset)} must set securityContext.runAsNonRoot=true)"


def _root_user(spec: Object) -> Iterator[str]:
    bad = [each for each in _containers(spec) if _context(each).get("runAsUser") == 0]
    who = [*(["pod"] if _pod_context(spec).get("runAsUser") == 0 else []), *([_named(bad)] if bad else [])]
    if who:
        yield f"runAsUser=0 ({' and '.join(who)} must not set runAsUser=0)"


def _seccomp_restricted(spec: Object) -> Iterator[str]:
    unconfined = list(_seccomp_unconfined(spec))
    yield from unconfined
    if not unconfined and not _seccomp(_pod_context(spec)):
        bad = [each for each in _containers(spec) if not _seccomp(_context(each))]
        if bad:
            text = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
            yield f"seccompProfile (pod or {_named(bad)} {text})"


_BASELINE: tuple[Check, ...] = (
    _capabilities_baseline, _host_namespaces, _host_path, _host_ports, _privileged, _proc_mount, _selinux,
    _seccomp_unconfined, _sysctls,
)  # fmt: skip
_RESTRICTED: tuple[Check, ...] = (
    _host_namespaces, _host_ports, _privileged, _proc_mount, _selinux, _sysctls, _escalation,
    _capabilities_restricted, _volumes, _non_root, _root_user, _seccomp_restricted,
)  # fmt: skip
