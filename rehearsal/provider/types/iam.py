"""IAM: roles, their policies, and instance profiles. IAM is global: none of these has a region."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick, tag_dict, tag_list, to_api

# A policy keeps at most five versions; the real provider deletes the oldest to make room.
MAX_POLICY_VERSIONS = 5


def _document(value: Any) -> str:
    """A policy as JSON text; botocore has parsed it already."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _when(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def _tagged(tags: dict[str, str]) -> dict[str, Any]:
    return {"Tags": tag_list(tags)} if tags else {}


def _retag(kind: str, parameter: str) -> Any:
    def retag(
        call: Call, resource_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]
    ) -> None:
        client = call.client("iam")
        if wanted:
            getattr(client, f"tag_{kind}")(**{parameter: resource_id}, Tags=tag_list(wanted))
        if removed:
            getattr(client, f"untag_{kind}")(**{parameter: resource_id}, TagKeys=removed)

    return retag


def _role_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["Arn"],
        "name": found["RoleName"],
        "uniqueId": found["RoleId"],
        "createDate": _when(found["CreateDate"]),
        "path": found.get("Path", "/"),
        "description": found.get("Description") or None,
        "maxSessionDuration": int(found.get("MaxSessionDuration") or 3600),
        "assumeRolePolicy": _document(found["AssumeRolePolicyDocument"]),
        "permissionsBoundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
    }


def _create_role(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("iam").create_role(
        RoleName=physical_name(news, max_length=64),
        AssumeRolePolicyDocument=news["assumeRolePolicy"],
        **to_api(pick(news, ("description", "maxSessionDuration", "path", "permissionsBoundary"))),
        **_tagged(call.tags(news)),
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
    retag=_retag("role", "RoleName"),
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


def _put_role_policy(call: Call, news: Properties, name: str) -> None:
    call.client("iam").put_role_policy(RoleName=news["role"], PolicyName=name, PolicyDocument=news["policy"])


def _create_role_policy(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news, max_length=128)
    _put_role_policy(call, news, name)
    return f"{news['role']}:{name}", {"name": name}


def _read_role_policy(call: Call, policy_id: str, known: Properties) -> Properties | None:
    role, _, name = policy_id.partition(":")
    found = call.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": _document(found["PolicyDocument"])}


def _update_role_policy(
    call: Call, policy_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    _put_role_policy(call, news, policy_id.partition(":")[2])


def _delete_role_policy(call: Call, policy_id: str, outputs: Properties) -> None:
    role, _, name = policy_id.partition(":")
    call.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


ROLE_POLICY = ResourceType(
    type_name="aws:iam/rolePolicy:RolePolicy",
    create=_create_role_policy,
    read=_read_role_policy,
    update=_update_role_policy,
    delete=_delete_role_policy,
    inputs=words("name role policy"),
    required=("policy", "role"),
    lengths={"name": 128, "namePrefix": 102},
    auto_name=AutoName(max_length=128),
    replaces=words("name namePrefix role"),
    documents=words("policy"),
    computed=("name",),
    regional=False,
)


def _attach(call: Call, news: Properties) -> tuple[str, Properties]:
    call.client("iam").attach_role_policy(RoleName=news["role"], PolicyArn=news["policyArn"])
    return f"{news['role']}/{news['policyArn']}", {}


def _read_attachment(call: Call, attachment_id: str, known: Properties) -> Properties | None:
    role, _, arn = attachment_id.partition("/")
    attached = call.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    if all(policy["PolicyArn"] != arn for policy in attached):
        return None
    return {"role": role, "policyArn": arn}


def _detach(call: Call, attachment_id: str, outputs: Properties) -> None:
    role, _, arn = attachment_id.partition("/")
    call.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


ROLE_POLICY_ATTACHMENT = ResourceType(
    type_name="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    create=_attach,
    read=_read_attachment,
    delete=_detach,
    inputs=words("role policyArn"),
    required=("policyArn", "role"),
    replaces=words("role policyArn"),
    regional=False,
)


def _policy_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["Arn"],
        "name": found["PolicyName"],
        "policyId": found["PolicyId"],
        "path": found.get("Path", "/"),
        "description": found.get("Description") or None,
    }


def _create_policy(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("iam").create_policy(
        PolicyName=physical_name(news, max_length=128),
        PolicyDocument=news["policy"],
        **to_api(pick(news, ("description", "path"))),
        **_tagged(call.tags(news)),
    )["Policy"]
    return found["Arn"], {**_policy_facts(found), "description": news.get("description")}


def _read_policy(call: Call, arn: str, known: Properties) -> Properties | None:
    client = call.client("iam")
    found = client.get_policy(PolicyArn=arn)["Policy"]
    version = client.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {
        **_policy_facts(found),
        "policy": _document(version["Document"]),
        "tagsAll": tag_dict(found.get("Tags")),
    }


def _update_policy(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("iam")
    versions = client.list_policy_versions(PolicyArn=arn)["Versions"]
    if len(versions) >= MAX_POLICY_VERSIONS:
        spare = [version for version in versions if not version["IsDefaultVersion"]]
        oldest = min(spare, key=lambda version: int(version["VersionId"][1:]))
        client.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
    client.create_policy_version(PolicyArn=arn, PolicyDocument=news["policy"], SetAsDefault=True)


def _delete_policy(call: Call, arn: str, outputs: Properties) -> None:
    client = call.client("iam")
    for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    client.delete_policy(PolicyArn=arn)


POLICY = ResourceType(
    type_name="aws:iam/policy:Policy",
    create=_create_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    retag=_retag("policy", "PolicyArn"),
    inputs=words("name policy description path tags"),
    required=("policy",),
    lengths={"name": 128, "namePrefix": 102, "description": 1000},
    defaults={"path": "/"},
    auto_name=AutoName(max_length=128),
    replaces=words("name namePrefix path description"),
    documents=words("policy"),
    computed=("arn", "name", "policyId"),
    regional=False,
)


def _profile_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["Arn"],
        "name": found["InstanceProfileName"],
        "uniqueId": found["InstanceProfileId"],
        "createDate": _when(found["CreateDate"]),
        "path": found.get("Path", "/"),
    }


def _create_profile(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("iam").create_instance_profile(
        InstanceProfileName=physical_name(news, max_length=128),
        **to_api(pick(news, ("path",))),
        **_tagged(call.tags(news)),
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
    retag=_retag("instance_profile", "InstanceProfileName"),
    inputs=words("name role path tags"),
    lengths={"name": 128, "namePrefix": 102},
    defaults={"path": "/"},
    auto_name=AutoName(max_length=128),
    replaces=words("name namePrefix path"),
    computed=("arn", "name", "uniqueId", "createDate"),
    regional=False,
)

TYPES = (ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT, POLICY, INSTANCE_PROFILE)
