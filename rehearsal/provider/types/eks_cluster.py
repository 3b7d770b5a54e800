"""Clusters of EKS: made, changed one kind of setting at a time, brought to the next version."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import eks
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick

_ALIKE = (
    "accessConfig", "bootstrapSelfManagedAddons", "deletionProtection", "kubernetesNetworkConfig", "roleArn",
    "upgradePolicy", "version", "zonalShiftConfig",
)  # fmt: skip
_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_NETWORK = (
    "subnetIds",
    "securityGroupIds",
    "endpointPrivateAccess",
    "endpointPublicAccess",
    "publicAccessCidrs",
)


def _logging(enabled: list[str]) -> dict[str, Any]:
    disabled = [each for each in _LOG_TYPES if each not in enabled]
    setups = [{"types": enabled, "enabled": True}, {"types": disabled, "enabled": False}]
    return {"clusterLogging": [each for each in setups if each["types"]]}


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news, max_length=100)
    request: dict[str, Any] = pick(news, _ALIKE)
    request["resourcesVpcConfig"] = pick(news["vpcConfig"], _NETWORK)
    if news.get("encryptionConfig"):
        request["encryptionConfig"] = [news["encryptionConfig"]]
    if news.get("enabledClusterLogTypes"):
        request["logging"] = _logging(news["enabledClusterLogTypes"])
    found = call.client("eks").create_cluster(name=name, **request, **eks.tagged(call, news))["cluster"]
    return name, _facts(found, news)


def _complete(call: Call, name: str, news: Properties) -> Properties:
    call.wait(lambda: _cluster(call, name)["status"] != "CREATING", f"creation of EKS Cluster {name}")
    found = _cluster(call, name)
    if found["status"] != "ACTIVE":
        raise ProviderError(f"waiting for EKS Cluster ({name}) create: unexpected state '{found['status']}'")
    return _facts(found, news)


def _cluster(call: Call, name: str) -> dict[str, Any]:
    found: dict[str, Any] = call.client("eks").describe_cluster(name=name)["cluster"]
    return found


def _facts(found: dict[str, Any], known: Properties) -> Properties:
    logs = (found.get("logging") or {}).get("clusterLogging") or []
    enabled = [kind for each in logs if each["enabled"] for kind in each["types"]]
    network, identity = found["resourcesVpcConfig"], found.get("identity") or {}
    encryption = found.get("encryptionConfig") or []
    facts: Properties = {
        "name": found["name"],
        "arn": found["arn"],
        "createdAt": eks.date(found["createdAt"]),
        "status": found["status"],
        "platformVersion": found["platformVersion"],
        "version": found["version"],
        "roleArn": found["roleArn"],
        "endpoint": found.get("endpoint"),
        "certificateAuthority": found.get("certificateAuthority"),
        "identities": [{"oidcs": [identity["oidc"]]}] if identity.get("oidc") else [],
        "accessConfig": found["accessConfig"],
        "kubernetesNetworkConfig": pick(found["kubernetesNetworkConfig"], ("serviceIpv4Cidr", "ipFamily")),
        "upgradePolicy": found["upgradePolicy"],
        "zonalShiftConfig": found["zonalShiftConfig"] if "zonalShiftConfig" in known else None,
        "deletionProtection": found["deletionProtection"],
        "encryptionConfig": encryption[0] if encryption else None,
        "enabledClusterLogTypes": enabled or None,
        "vpcConfig": network,
        "tagsAll": found.get("tags") or {},
    }
    return facts


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    return _facts(_cluster(call, name), known)


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    """As the real provider: the version first, then one request for each kind of setting."""
    client = call.client("eks")
    if "version" in changed and news.get("version"):
        made = client.update_cluster_version(name=name, version=news["version"])["update"]
        eks.updated(call, name, made, f"updating EKS Cluster ({name}) version")
    for key in sorted(changed & _REQUESTS.keys()):
        member, request = _REQUESTS[key]
        made = client.update_cluster_config(name=name, **{member: request(news)})["update"]
        eks.updated(call, name, made, f"updating EKS Cluster ({name}) {key}")


_REQUESTS: dict[str, Any] = {
    "accessConfig": ("accessConfig", lambda news: pick(news["accessConfig"], ("authenticationMode",))),
    "deletionProtection": ("deletionProtection", lambda news: bool(news.get("deletionProtection"))),
    "enabledClusterLogTypes": ("logging", lambda news: _logging(news.get("enabledClusterLogTypes") or [])),
    "upgradePolicy": ("upgradePolicy", lambda news: news["upgradePolicy"]),
    "vpcConfig": ("resourcesVpcConfig", lambda news: pick(news["vpcConfig"], _NETWORK)),
    "zonalShiftConfig": ("zonalShiftConfig", lambda news: news["zonalShiftConfig"]),
}


def _delete(call: Call, name: str, outputs: Properties) -> None:
    call.client("eks").delete_cluster(name=name)
    call.wait(lambda: eks.gone(lambda: _cluster(call, name)), f"deletion of EKS Cluster {name}")


CLUSTER = ResourceType(
    type_name="aws:eks/cluster:Cluster",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=eks.retag,
    inputs=frozenset(_ALIKE) | words("enabledClusterLogTypes encryptionConfig name tags vpcConfig"),
    required=("roleArn", "vpcConfig"),
    enums={
        "accessConfig.authenticationMode": ("API", "API_AND_CONFIG_MAP", "CONFIG_MAP"),
        "enabledClusterLogTypes[]": _LOG_TYPES,
        "kubernetesNetworkConfig.ipFamily": ("ipv4", "ipv6"),
        "upgradePolicy.supportType": ("STANDARD", "EXTENDED"),
    },
    lengths={"name": 100},
    defaults={"bootstrapSelfManagedAddons": True},
    auto_name=AutoName(prefix_property=None, max_length=100),
    replaces=words(
        "accessConfig.bootstrapClusterCreatorAdminPermissions bootstrapSelfManagedAddons encryptionConfig"
        " kubernetesNetworkConfig name roleArn"
    ),
    sets=words("enabledClusterLogTypes"),
    computed=(
        "accessConfig", "arn", "certificateAuthority", "createdAt", "deletionProtection", "endpoint",
        "identities", "kubernetesNetworkConfig", "name", "platformVersion", "status", "upgradePolicy",
        "version", "vpcConfig.clusterSecurityGroupId", "vpcConfig.publicAccessCidrs", "vpcConfig.vpcId",
    ),
    refreshed={"platformVersion": words("version")},
)  # fmt: skip

TYPES = (CLUSTER,)
