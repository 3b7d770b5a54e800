"""Which resources a call is about, as far as policies of ours tell them apart: ARNs and tags."""

# ruff: noqa: ARG001 - every function has the parameters that its entry in the table calls for.

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from rehearsal.cloud.iam.asked import Asked

_EC2_ID = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{8,17}")
_READS = ("Describe", "Get", "List", "View")


class Resource(NamedTuple):
    arn: str
    tags: dict[str, str]


def of(question: Asked, service: str, region: str, account: str) -> list[Resource]:
    """At least one: `*` where the service has no resources that this emulation knows."""
    if question.resource:
        return [Resource(question.resource, {})]
    find = _FINDERS.get(service)
    found = find(question, region, account) if find else []
    return found or [Resource("*", {})]


def iam_context(question: Asked, account: str) -> dict[str, list[str]]:
    """The boundary that a role is to have, or has; and whose service-linked role is made."""
    boundary = question.first("PermissionsBoundary")
    if boundary is None and (role := _role(question.first("RoleName"), account)):
        boundary = role.permissions_boundary_arn
    service = question.first("AWSServiceName")
    return {
        **({"iam:permissionsboundary": [boundary]} if boundary else {}),
        **({"iam:awsservicename": [service]} if service else {}),
    }


def _role(name: str | None, account: str) -> Any:
    from moto.iam.models import iam_backends

    return next((each for each in iam_backends[account]["aws"].roles.values() if each.name == name), None)


def _of_iam(question: Asked, region: str, account: str) -> list[Resource]:
    from moto.iam.models import iam_backends

    top, path = f"arn:aws:iam::{account}", question.first("Path") or "/"
    if service := question.first("AWSServiceName"):
        return [Resource(f"{top}:role/aws-service-role/{service}/", {})]
    if profile_name := question.first("InstanceProfileName"):
        profiles = iam_backends[account]["aws"].instance_profiles.values()
        profile = next((each for each in profiles if each.name == profile_name), None)
        return [Resource(profile.arn if profile else f"{top}:instance-profile{path}{profile_name}", {})]
    if name := question.first("RoleName"):
        role = _role(name, account)
        if role is None:
            return [Resource(f"{top}:role{path}{name}", {})]
        tags = role.tags if isinstance(role.tags, list) else list((role.tags or {}).values())
        return [Resource(role.arn, _pairs(tags))]
    if name := question.first("PolicyName"):
        return [Resource(f"{top}:policy{path}{name}", {})]
    arn = question.first("PolicyArn", "OpenIDConnectProviderArn")
    return [Resource(arn, {})] if arn else []


def _of_ec2(question: Asked, region: str, account: str) -> list[Resource]:
    from moto.ec2.models import ec2_backends

    if question.action.removeprefix("ec2:").startswith(_READS):
        return []  # Reads of EC2 take no resource.
    tags = ec2_backends[account][region].tags
    ids = [value for _, value in question.given if _EC2_ID.fullmatch(value)]
    return [Resource("*", dict(tags[each])) for each in dict.fromkeys(ids) if each in tags]


def _of_autoscaling(question: Asked, region: str, account: str) -> list[Resource]:
    from rehearsal.cloud.autoscaling.models import autoscaling_backends

    groups = autoscaling_backends[account][region].autoscaling_groups
    group = groups.get(question.first("AutoScalingGroupName", "ResourceId") or "")
    return [Resource(group.arn, _pairs(group.tags))] if group else []


def _of_eks(question: Asked, region: str, account: str) -> list[Resource]:
    """A cluster, or the part of one that the request names; a part that is to be made is the cluster's."""
    from rehearsal.cloud.eks.models import eks_backends

    clusters = eks_backends[account][region].clusters
    name = question.first("clusterName") or question.first("name")
    top, cluster = f"arn:aws:eks:{region}:{account}", clusters.get(name or "")
    if arn := question.first("resourceArn"):
        return [Resource(arn, {})]
    if cluster is None:
        return [Resource(f"{top}:cluster/{name}", {})] if name else []
    named = {
        "nodegroupName": cluster.node_groups,
        "addonName": cluster.add_ons,
        "associationId": cluster.associations,
        "principalArn": cluster.entries,
    }
    for member, parts in named.items():
        part = parts.get(question.first(member) or "")
        if part is not None:
            return [Resource(part.arn, part.tags)]
    return [Resource(cluster.arn, cluster.tags)]


def _of_load_balancing(question: Asked, region: str, account: str) -> list[Resource]:
    from moto.elbv2.models import elbv2_backends

    backend = elbv2_backends[account][region]
    arns = [value for _, value in question.given if value.startswith("arn:aws:elasticloadbalancing:")]
    return [Resource(arn, backend.tagging_service.get_tag_dict_for_resource(arn)) for arn in arns]


def _of_kms(question: Asked, region: str, account: str) -> list[Resource]:
    from moto.kms.models import kms_backends
    from moto.kms.utils import _deserialize_ciphertext_blob as deserialize_ciphertext_blob

    backend, name = kms_backends[account][region], question.first("KeyId", "TargetKeyId")
    if name is None and (blob := question.first("CiphertextBlob")):
        name = deserialize_ciphertext_blob(base64.b64decode(blob)).key_id
    key = backend.keys.get((name or "").rpartition("/")[2])
    if key is None:
        return []
    return [Resource(key.arn, backend.tagger.get_tag_dict_for_resource(key.id))]


def _of_databases(question: Asked, region: str, account: str) -> list[Resource]:
    from rehearsal.cloud.rds.models import rds_backends

    backend, name = rds_backends[account][region], question.first("DBInstanceIdentifier")
    databases = getattr(backend, "databases", {})
    database = databases.get(name) if name else None
    return [Resource(database.arn, _pairs(database.tags))] if database is not None else []


def _of_parameters(question: Asked, region: str, account: str) -> list[Resource]:
    names = [value for name, value in question.given if name in ("Name", "Names") and value.startswith("/")]
    return [Resource(f"arn:aws:ssm:{region}:{account}:parameter{each}", {}) for each in names]


def _of_secrets(question: Asked, region: str, account: str) -> list[Resource]:
    from rehearsal.cloud.secretsmanager.models import secretsmanager_backends

    wanted = question.first("SecretId")
    secrets = secretsmanager_backends[account][region].secrets.values()
    secret = next((each for each in secrets if wanted in (each.arn, each.name)), None)
    return [Resource(secret.arn, _pairs(secret.tags or []))] if secret else []


def _of_logs(question: Asked, region: str, account: str) -> list[Resource]:
    name = question.first("logGroupName")
    return [Resource(f"arn:aws:logs:{region}:{account}:log-group:{name}", {})] if name else []


def _pairs(tags: Any) -> dict[str, str]:
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(each.get("Key", each.get("key"))): str(each.get("Value", each.get("value"))) for each in tags}


_FINDERS: dict[str, Callable[[Asked, str, str], list[Resource]]] = {
    "autoscaling": _of_autoscaling,
    "ec2": _of_ec2,
    "eks": _of_eks,
    "elasticloadbalancing": _of_load_balancing,
    "iam": _of_iam,
    "kms": _of_kms,
    "logs": _of_logs,
    "rds": _of_databases,
    "secretsmanager": _of_secrets,
    "ssm": _of_parameters,
}
