"""Managed node groups of EKS: a new version of the launch template is rolled out, and waited for."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import eks
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick

_ALIKE = (
    "amiType", "capacityType", "diskSize", "instanceTypes", "labels", "nodeRepairConfig", "releaseVersion",
    "remoteAccess", "scalingConfig", "taints", "updateConfig", "version",
)  # fmt: skip
_VERSIONED = words("launchTemplate releaseVersion version")
_CONFIGURED = words("labels nodeRepairConfig scalingConfig taints updateConfig")


def _template(news: Properties) -> dict[str, str]:
    """By its ID where that is known: AWS takes one of both."""
    given = news["launchTemplate"]
    names = ("id", "version") if given.get("id") else ("name", "version")
    return {name: str(value) for name, value in pick(given, names).items()}


def _names(resource_id: str) -> dict[str, str]:
    cluster, _, name = resource_id.partition(":")
    return {"clusterName": cluster, "nodegroupName": name}


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news, "nodeGroupName", "nodeGroupNamePrefix", max_length=63)
    request: dict[str, Any] = pick(news, _ALIKE)
    if news.get("launchTemplate"):
        request["launchTemplate"] = _template(news)
    found = call.client("eks").create_nodegroup(
        clusterName=news["clusterName"],
        nodegroupName=name,
        nodeRole=news["nodeRoleArn"],
        subnets=news["subnetIds"],
        **request,
        **eks.tagged(call, news),
    )["nodegroup"]
    return f"{news['clusterName']}:{name}", _facts(found, news)


def _complete(call: Call, resource_id: str, news: Properties) -> Properties:
    def over() -> bool:
        return bool(_node_group(call, resource_id)["status"] != "CREATING")

    call.wait(over, f"creation of EKS Node Group {resource_id}")
    found = _node_group(call, resource_id)
    if found["status"] != "ACTIVE":
        raise ProviderError(
            f"waiting for EKS Node Group ({resource_id}) create: unexpected state '{found['status']}', "
            f"wanted target 'ACTIVE'. last error: {eks.issues(found)}"
        )
    return _facts(found, news)


def _node_group(call: Call, resource_id: str) -> dict[str, Any]:
    found: dict[str, Any] = call.client("eks").describe_nodegroup(**_names(resource_id))["nodegroup"]
    return found


def _facts(found: dict[str, Any], known: Properties) -> Properties:
    template = found.get("launchTemplate")
    groups = found["resources"].get("autoScalingGroups") or []
    return {
        **{name: found.get(name) for name in _ALIKE if name in known or name not in _UNSAID},
        "arn": found["nodegroupArn"],
        "clusterName": found["clusterName"],
        "nodeGroupName": found["nodegroupName"],
        "nodeRoleArn": found["nodeRole"],
        "subnetIds": found["subnets"],
        "status": found["status"],
        "launchTemplate": template,
        "resources": [{"autoscalingGroups": [{"name": each["name"]} for each in groups]}],
        "tagsAll": found.get("tags") or {},
    }


#: What a node group has that was told nothing: shown only when it was said.
_UNSAID = words("diskSize labels nodeRepairConfig remoteAccess taints")


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    return _facts(_node_group(call, resource_id), known)


def _update(call: Call, resource_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    """As the real provider: the version first, then everything else, each as an update of its own."""
    client, names = call.client("eks"), _names(resource_id)
    if changed & _VERSIONED:
        request: dict[str, Any] = pick(news, ("releaseVersion", "version"))
        if news.get("launchTemplate"):
            request["launchTemplate"] = _template(news)
        made = client.update_nodegroup_version(
            **names, **request, force=bool(news.get("forceUpdateVersion"))
        )["update"]
        _updated(call, resource_id, made, "version")
    if changed & _CONFIGURED:
        made = client.update_nodegroup_config(**names, **_configuration(old, news, changed))["update"]
        _updated(call, resource_id, made, "config")


def _updated(call: Call, resource_id: str, update: dict[str, Any], what: str) -> None:
    names = _names(resource_id)
    eks.updated(
        call,
        names["clusterName"],
        update,
        f"updating EKS Node Group ({resource_id}) {what}",
        nodegroupName=names["nodegroupName"],
    )


def _configuration(old: Properties, news: Properties, changed: frozenset[str]) -> dict[str, Any]:
    request: dict[str, Any] = pick(
        {key: news.get(key) for key in changed}, ("nodeRepairConfig", "scalingConfig", "updateConfig")
    )
    if "labels" in changed:
        before, after = old.get("labels") or {}, news.get("labels") or {}
        gone = sorted(before.keys() - after.keys())
        request["labels"] = {"addOrUpdateLabels": after, "removeLabels": gone}
    if "taints" in changed:
        after = news.get("taints") or []
        gone = [each for each in old.get("taints") or [] if each not in after]
        request["taints"] = {"addOrUpdateTaints": after, "removeTaints": gone}
    return request


def _delete(call: Call, resource_id: str, outputs: Properties) -> None:
    call.client("eks").delete_nodegroup(**_names(resource_id))
    call.wait(
        lambda: eks.gone(lambda: _node_group(call, resource_id)), f"deletion of EKS Node Group {resource_id}"
    )


NODE_GROUP = ResourceType(
    type_name="aws:eks/nodeGroup:NodeGroup",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=eks.retag,
    inputs=frozenset(_ALIKE)
    | words("clusterName forceUpdateVersion launchTemplate nodeGroupName nodeRoleArn subnetIds tags"),
    required=("clusterName", "nodeRoleArn", "scalingConfig", "subnetIds"),
    enums={
        "capacityType": ("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
        "taints[].effect": ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"),
        "updateConfig.updateStrategy": ("DEFAULT", "MINIMAL"),
    },
    ranges={
        "scalingConfig.minSize": (0, 1000),
        "scalingConfig.maxSize": (1, 1000),
        "scalingConfig.desiredSize": (0, 1000),
        "updateConfig.maxUnavailable": (1, 100),
        "updateConfig.maxUnavailablePercentage": (1, 100),
    },
    lengths={"nodeGroupName": 63, "nodeGroupNamePrefix": 37},
    auto_name=AutoName("nodeGroupName", "nodeGroupNamePrefix", max_length=63),
    replaces=words(
        "amiType capacityType clusterName diskSize instanceTypes launchTemplate.id launchTemplate.name"
        " nodeGroupName nodeGroupNamePrefix nodeRoleArn remoteAccess subnetIds"
    ),
    sets=words("subnetIds taints"),
    computed=(
        "amiType", "arn", "capacityType", "instanceTypes", "launchTemplate.name", "nodeGroupName",
        "releaseVersion", "resources", "status", "updateConfig", "version",
    ),
    refreshed={"releaseVersion": words("launchTemplate"), "version": words("launchTemplate")},
)  # fmt: skip

TYPES = (NODE_GROUP,)
