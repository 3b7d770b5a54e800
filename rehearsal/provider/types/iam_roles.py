"""Roles and the instance profiles that hand them to servers."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.iam import document, retag_by, tagged, when
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick, tag_dict, to_api


def _role_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["Arn"],
        "name": found["RoleName"],
        "uniqueId": found["RoleId"],
        "createDate": when(found["CreateDate"]),
        "path": found.get("Path", "/"),
        "description": found.get("Description") or None,
        "maxSessionDuration": int(found.get("MaxSessionDuration") or 3600),
        "assumeRolePolicy": document(found["AssumeRolePolicyDocument"]),
        "permissionsBoundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
    }


def _create_role(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("iam").create_role(
        RoleName=physical_name(news, max_length=64),
        AssumeRolePolicyDocument=news["assumeRolePolicy"],
        **to_api(pick(news, ("description", "maxSessionDuration", "path", "permissionsBoundary"))),
        **tagged(call.tags(news)),
    )["Role"]
    return found["RoleName"], _role_facts(found)


def _read_role(call: Call, name: str, known: Properties) -> Properties | None:
    found = call.client("iam").get_role(RoleName=name)["Role"]
    return {**_role_facts(found), "tagsAll": tag_dict(found.get("Tags"))}


def _update_role(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("iam")
    if "assumeRolePolicy" in changed:
        client.update_assume_role_policy(RoleName=name, PolicyDocument=news["assumeRolePolicy"])
    if changed & {"description", "maxSessionDuration"}:
        client.update_role(
            RoleName=name,
            Description=news.get("description") or "",
            MaxSessionDuration=news.get("maxSessionDuration") or 3600,
        )
    if "permissionsBoundary" in changed:
        if news.get("permissionsBoundary"):
            client.put_role_permissions_boundary(
                RoleName=name, PermissionsBoundary=news["permissionsBoundary"]
            )
        elif old.get("permissionsBoundary"):
            client.delete_role_permissions_boundary(RoleName=name)


def _delete_role(call: Call, name: str, outputs: Properties) -> None:
    client = call.client("iam")
    if outputs.get("forceDetachPolicies"):
        for policy in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            client.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    client.delete_role(RoleName=name)


ROLE = ResourceType(
    type_name="aws:iam/role:Role",
    create=_create_role,
    read=_read_role,
    update=_update_role,
    delete=_delete_role,
    retag=retag_by("role", "RoleName"),
    inputs=words("name assumeRolePolicy description maxSessionDuration path permissionsBoundary tags"),
    required=("assumeRolePolicy",),
    ranges={"maxSessionDuration": (3600, 43200)},
    lengths={"name": 64, "namePrefix": 38, "description": 1000},
    defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
    auto_name=AutoName(max_length=64),
    replaces=words("name namePrefix path"),
    documents=words("assumeRolePolicy"),
    computed=("arn", "name", "uniqueId", "createDate"),
    regional=False,
)


def _profile_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["Arn"],
        "name": found["InstanceProfileName"],
        "uniqueId": found["InstanceProfileId"],
        "createDate": when(found["CreateDate"]),
        "path": found.get("Path", "/"),
    }


def _create_profile(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("iam").create_instance_profile(
        InstanceProfileName=physical_name(news, max_length=128),
        **to_api(pick(news, ("path",))),
        **tagged(call.tags(news)),
    )["InstanceProfile"]
    return found["InstanceProfileName"], _profile_facts(found)


def _complete_profile(call: Call, name: str, news: Properties) -> Properties:
    if news.get("role"):
        call.client("iam").add_role_to_instance_profile(InstanceProfileName=name, RoleName=news["role"])
    return {}


def _read_profile(call: Call, name: str, known: Properties) -> Properties | None:
    found = call.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    roles = found.get("Roles") or []
    return {
        **_profile_facts(found),
        "role": roles[0]["RoleName"] if roles else None,
        "tagsAll": tag_dict(found.get("Tags")),
    }


def _take_role(call: Call, name: str) -> None:
    client = call.client("iam")
    for role in client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"].get("Roles") or []:
        client.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])


def _update_profile(
    call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    if "role" in changed:
        _take_role(call, name)
        _complete_profile(call, name, news)


def _delete_profile(call: Call, name: str, outputs: Properties) -> None:
    _take_role(call, name)
    call.client("iam").delete_instance_profile(InstanceProfileName=name)


INSTANCE_PROFILE = ResourceType(
    type_name="aws:iam/instanceProfile:InstanceProfile",
    create=_create_profile,
    complete=_complete_profile,
    read=_read_profile,
    update=_update_profile,
    delete=_delete_profile,
    retag=retag_by("instance_profile", "InstanceProfileName"),
    inputs=words("name role path tags"),
    lengths={"name": 128, "namePrefix": 102},
    defaults={"path": "/"},
    auto_name=AutoName(max_length=128),
    replaces=words("name namePrefix path"),
    computed=("arn", "name", "uniqueId", "createDate"),
    regional=False,
)

TYPES = (ROLE, INSTANCE_PROFILE)
