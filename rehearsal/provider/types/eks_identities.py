"""Who may do what: access policies of a cluster's entries, and roles of its pods."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import eks
from rehearsal.provider.values import pick


def _policy_names(resource_id: str) -> dict[str, str]:
    cluster, principal, policy = resource_id.split("#")
    return {"clusterName": cluster, "principalArn": principal, "policyArn": policy}


def _associate(call: Call, news: Properties) -> tuple[str, Properties]:
    resource_id = f"{news['clusterName']}#{news['principalArn']}#{news['policyArn']}"
    made = call.client("eks").associate_access_policy(
        **_policy_names(resource_id), accessScope=news["accessScope"]
    )
    return resource_id, _policy_facts(resource_id, made["associatedAccessPolicy"])


def _policy_facts(resource_id: str, found: dict[str, Any]) -> Properties:
    return {
        **_policy_names(resource_id),
        "accessScope": found["accessScope"],
        "associatedAt": eks.date(found["associatedAt"]),
        "modifiedAt": eks.date(found["modifiedAt"]),
    }


def _read_policy(call: Call, resource_id: str, known: Properties) -> Properties | None:
    names = _policy_names(resource_id)
    policy = names.pop("policyArn")
    pages = call.client("eks").get_paginator("list_associated_access_policies").paginate(**names)
    every = [each for page in pages for each in page["associatedAccessPolicies"]]
    found = next((each for each in every if each["policyArn"] == policy), None)
    return None if found is None else _policy_facts(resource_id, found)


def _disassociate(call: Call, resource_id: str, outputs: Properties) -> None:
    call.client("eks").disassociate_access_policy(**_policy_names(resource_id))


ACCESS_POLICY = ResourceType(
    type_name="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    create=_associate,
    read=_read_policy,
    delete=_disassociate,
    inputs=words("accessScope clusterName policyArn principalArn"),
    required=("accessScope", "clusterName", "policyArn", "principalArn"),
    enums={"accessScope.type": ("cluster", "namespace")},
    replaces=words("accessScope clusterName policyArn principalArn"),
    computed=("associatedAt", "modifiedAt"),
)

_SETTINGS = ("disableSessionTags", "roleArn")


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    names = ("clusterName", "namespace", "serviceAccount", "targetRoleArn", "policy")
    made = call.client("eks").create_pod_identity_association(
        **pick(news, (*names, *_SETTINGS)), **eks.tagged(call, news)
    )["association"]
    return made["associationId"], _facts(made)


def _facts(found: dict[str, Any]) -> Properties:
    return {
        **pick(found, ("associationArn", "associationId", "clusterName", "namespace", "serviceAccount")),
        "disableSessionTags": found["disableSessionTags"],
        "roleArn": found["roleArn"],
        "tagsAll": found.get("tags") or {},
    }


def _names(resource_id: str, known: Properties) -> dict[str, str]:
    """An import is asked for as `cluster,ID`; later the ID is enough, for its cluster is known."""
    cluster, _, association = resource_id.rpartition(",")
    return {"clusterName": cluster or known["clusterName"], "associationId": association}


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    names = _names(resource_id, known)
    return _facts(call.client("eks").describe_pod_identity_association(**names)["association"])


def _update(call: Call, resource_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    request = pick(news, _SETTINGS)
    call.client("eks").update_pod_identity_association(**_names(resource_id, news), **request)


def _delete(call: Call, resource_id: str, outputs: Properties) -> None:
    call.client("eks").delete_pod_identity_association(**_names(resource_id, outputs))


POD_IDENTITY = ResourceType(
    type_name="aws:eks/podIdentityAssociation:PodIdentityAssociation",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    retag=eks.retag,
    inputs=frozenset(_SETTINGS) | words("clusterName namespace serviceAccount tags"),
    required=("clusterName", "namespace", "roleArn", "serviceAccount"),
    replaces=words("clusterName namespace serviceAccount"),
    computed=("associationArn", "associationId", "disableSessionTags"),
)

TYPES = (ACCESS_POLICY, POD_IDENTITY)
