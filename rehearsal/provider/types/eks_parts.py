"""What a cluster has beside its nodes: add-ons, access entries and their policies, pod identities."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import eks
from rehearsal.provider.values import pick

_ADD_ON = ("addonVersion", "configurationValues", "podIdentityAssociations", "serviceAccountRoleArn")


def _add_on_names(resource_id: str) -> dict[str, str]:
    cluster, _, name = resource_id.partition(":")
    return {"clusterName": cluster, "addonName": name}


def _create_add_on(call: Call, news: Properties) -> tuple[str, Properties]:
    request: dict[str, Any] = pick(news, (*_ADD_ON, "clusterName", "addonName", "namespaceConfig"))
    if news.get("resolveConflictsOnCreate"):
        request["resolveConflicts"] = news["resolveConflictsOnCreate"]
    found = call.client("eks").create_addon(**request, **eks.tagged(call, news))["addon"]
    return f"{news['clusterName']}:{news['addonName']}", _add_on_facts(call, found, news)


def _complete_add_on(call: Call, resource_id: str, news: Properties) -> Properties:
    """As the real provider: one that is degraded is waited for, as long as there is patience."""

    def over() -> bool:
        return _add_on(call, resource_id)["status"] not in ("CREATING", "DEGRADED")

    try:
        call.wait(over, f"creation of EKS Add-On {resource_id}")
    except ProviderError as late:
        raise ProviderError(f"{late}. last error: {eks.issues(_add_on(call, resource_id))}") from late
    found = _add_on(call, resource_id)
    if found["status"] != "ACTIVE":
        raise ProviderError(
            f"waiting for EKS Add-On ({resource_id}) create: unexpected state '{found['status']}', wanted "
            f"target 'ACTIVE'. last error: {eks.issues(found)}"
        )
    return _add_on_facts(call, found, news)


def _add_on(call: Call, resource_id: str) -> dict[str, Any]:
    found: dict[str, Any] = call.client("eks").describe_addon(**_add_on_names(resource_id))["addon"]
    return found


def _add_on_facts(call: Call, found: dict[str, Any], known: Properties) -> Properties:
    return {
        "addonName": found["addonName"],
        "addonVersion": found["addonVersion"],
        "arn": found["addonArn"],
        "clusterName": found["clusterName"],
        "configurationValues": found.get("configurationValues"),
        "createdAt": eks.date(found["createdAt"]),
        "modifiedAt": eks.date(found["modifiedAt"]),
        "namespaceConfig": found.get("namespaceConfig"),
        "podIdentityAssociations": _owned(call, found) or None,
        "serviceAccountRoleArn": found.get("serviceAccountRoleArn"),
        "tagsAll": found.get("tags") or {},
    }


def _owned(call: Call, found: dict[str, Any]) -> list[dict[str, str]]:
    """The add-on's associations; it names them by their ARNs."""
    client, cluster = call.client("eks"), found["clusterName"]
    ids = [arn.rpartition("/")[2] for arn in found.get("podIdentityAssociations") or []]
    every = [
        client.describe_pod_identity_association(clusterName=cluster, associationId=each)["association"]
        for each in ids
    ]
    return [{"serviceAccount": each["serviceAccount"], "roleArn": each["roleArn"]} for each in every]


def _read_add_on(call: Call, resource_id: str, known: Properties) -> Properties | None:
    return _add_on_facts(call, _add_on(call, resource_id), known)


def _update_add_on(
    call: Call, resource_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    if not changed & frozenset(_ADD_ON):
        return
    request: dict[str, Any] = pick(news, _ADD_ON)
    if "podIdentityAssociations" in changed:
        request["podIdentityAssociations"] = news.get("podIdentityAssociations") or []
    if news.get("resolveConflictsOnUpdate"):
        request["resolveConflicts"] = news["resolveConflictsOnUpdate"]
    names = _add_on_names(resource_id)
    made = call.client("eks").update_addon(**names, **request)["update"]
    what = f"updating EKS Add-On ({resource_id})"
    eks.updated(call, names["clusterName"], made, what, addonName=names["addonName"])


def _delete_add_on(call: Call, resource_id: str, outputs: Properties) -> None:
    preserve = {"preserve": True} if outputs.get("preserve") else {}
    call.client("eks").delete_addon(**_add_on_names(resource_id), **preserve)
    call.wait(lambda: eks.gone(lambda: _add_on(call, resource_id)), f"deletion of EKS Add-On {resource_id}")


ADD_ON = ResourceType(
    type_name="aws:eks/addon:Addon",
    create=_create_add_on,
    complete=_complete_add_on,
    read=_read_add_on,
    update=_update_add_on,
    delete=_delete_add_on,
    retag=eks.retag,
    inputs=frozenset(_ADD_ON) | words("addonName clusterName tags"),
    required=("addonName", "clusterName"),
    enums={
        "resolveConflictsOnCreate": ("NONE", "OVERWRITE"),
        "resolveConflictsOnUpdate": ("NONE", "OVERWRITE", "PRESERVE"),
    },
    replaces=words("addonName clusterName namespaceConfig"),
    sets=words("podIdentityAssociations"),
    documents=words("configurationValues"),
    computed=("addonVersion", "arn", "configurationValues", "createdAt", "modifiedAt", "namespaceConfig"),
    refreshed={"modifiedAt": frozenset(_ADD_ON)},
)

_ENTRY = {"kubernetesGroups": "kubernetesGroups", "type": "type", "userName": "username"}


def _entry_names(resource_id: str) -> dict[str, str]:
    cluster, _, principal = resource_id.partition(":")
    return {"clusterName": cluster, "principalArn": principal}


def _create_entry(call: Call, news: Properties) -> tuple[str, Properties]:
    resource_id = f"{news['clusterName']}:{news['principalArn']}"
    request = {_ENTRY[name]: value for name, value in pick(news, _ENTRY).items()}
    made = call.client("eks").create_access_entry(
        **_entry_names(resource_id), **request, **eks.tagged(call, news)
    )
    return resource_id, _entry_facts(made["accessEntry"], news)


def _entry_facts(found: dict[str, Any], known: Properties) -> Properties:
    return {
        "accessEntryArn": found["accessEntryArn"],
        "clusterName": found["clusterName"],
        "createdAt": eks.date(found["createdAt"]),
        "kubernetesGroups": found["kubernetesGroups"],
        "modifiedAt": eks.date(found["modifiedAt"]),
        "principalArn": found["principalArn"],
        "type": found["type"],
        "userName": found["username"],
        "tagsAll": found.get("tags") or {},
    }


def _read_entry(call: Call, resource_id: str, known: Properties) -> Properties | None:
    found = call.client("eks").describe_access_entry(**_entry_names(resource_id))["accessEntry"]
    return _entry_facts(found, known)


def _update_entry(
    call: Call, resource_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    request = {"kubernetesGroups": news.get("kubernetesGroups") or []}
    if news.get("userName"):
        request["username"] = news["userName"]
    call.client("eks").update_access_entry(**_entry_names(resource_id), **request)


def _delete_entry(call: Call, resource_id: str, outputs: Properties) -> None:
    call.client("eks").delete_access_entry(**_entry_names(resource_id))


ACCESS_ENTRY = ResourceType(
    type_name="aws:eks/accessEntry:AccessEntry",
    create=_create_entry,
    read=_read_entry,
    update=_update_entry,
    delete=_delete_entry,
    retag=eks.retag,
    inputs=words("clusterName kubernetesGroups principalArn tags type userName"),
    required=("clusterName", "principalArn"),
    defaults={"type": "STANDARD"},
    replaces=words("clusterName principalArn type"),
    sets=words("kubernetesGroups"),
    computed=("accessEntryArn", "createdAt", "kubernetesGroups", "modifiedAt", "userName"),
    refreshed={"modifiedAt": words("kubernetesGroups userName")},
)

TYPES = (ADD_ON, ACCESS_ENTRY)
