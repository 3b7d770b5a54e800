"""What a role may do: policies inline, of their own, and attached."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.iam import document, retag_by, tagged
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick, tag_dict, to_api

# A policy keeps at most five versions; the real provider deletes the oldest to make room.
MAX_POLICY_VERSIONS = 5


def _put_role_policy(call: Call, news: Properties, name: str) -> None:
    call.client("iam").put_role_policy(RoleName=news["role"], PolicyName=name, PolicyDocument=news["policy"])


def _create_role_policy(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news, max_length=128)
    _put_role_policy(call, news, name)
    return f"{news['role']}:{name}", {"name": name}


def _read_role_policy(call: Call, policy_id: str, known: Properties) -> Properties | None:
    role, _, name = policy_id.partition(":")
    found = call.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": document(found["PolicyDocument"])}


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
        **tagged(call.tags(news)),
    )["Policy"]
    return found["Arn"], {**_policy_facts(found), "description": news.get("description")}


def _read_policy(call: Call, arn: str, known: Properties) -> Properties | None:
    client = call.client("iam")
    found = client.get_policy(PolicyArn=arn)["Policy"]
    version = client.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {
        **_policy_facts(found),
        "policy": document(version["Document"]),
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
    retag=retag_by("policy", "PolicyArn"),
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

TYPES = (ROLE_POLICY, ROLE_POLICY_ATTACHMENT, POLICY)
