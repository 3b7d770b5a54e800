"""What a build makes: an AMI in its region, copies in other regions and accounts, permissions, parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from rehearsal.cloud.ec2 import amis, copies
from rehearsal.cloud.ec2.amis import Ami
from rehearsal.cloud.iam import permissions
from rehearsal.cloud.images import Image
from rehearsal.cloud.world import ACCOUNT, World

if TYPE_CHECKING:
    from rehearsal.cloud.imagebuilder.builds import Build

_VARIABLE = re.compile(r"\{\{\s*imagebuilder:(\w+)\s*\}\}")
_SMALLEST_GIB = 1


class DistributionError(Exception):
    """An AMI could not be made or brought somewhere, in the words of the service that refused."""


def create(build: Build) -> str:
    """The ID of the AMI of the build instance. It has no tag of the distribution yet: no test has run."""
    ec2 = ec2_backends[ACCOUNT][build.region]
    home = _part(build, build.region)
    ebs = _root_volume(build)
    size = int(ebs.get("volumeSize") or build.parent.volume_size_gib)
    if size < build.parent.volume_size_gib:
        raise DistributionError(
            f"Volume of size {size}GB is smaller than snapshot '{build.parent.ebs_snapshot.id}', expect size "
            f">= {build.parent.volume_size_gib}GB"
        )
    encrypted = ebs.get("encrypted") or build.parent.ebs_snapshot.encrypted
    settings = home.get("amiDistributionConfiguration") or {}
    made = amis.register(
        ec2,
        Image(
            amis.new_id(),
            _name(build, settings),
            build.own_tags() | dict(build.recipe.get("amiTags") or {}),
            architecture=build.parent.architecture,
            volume_size_gib=size,
            kms_key_id=_key(ec2, ebs.get("kmsKeyId")) if encrypted else None,
            root_device_name=build.parent.root_device_name,
            description=settings.get("description") or build.recipe.get("description") or "",
        ),
    )
    made.ebs_snapshot.add_tags(build.own_tags())
    return str(made.id)


def distribute(build: Build) -> None:
    """Own copies for every region and account. Without a distribution the build's own image is all."""
    if build.distribution is None:
        build.amis = [_described(_home(build), build.region)]
        return
    for part in build.distribution["distributions"]:
        settings = part.get("amiDistributionConfiguration") or {}
        for account in settings.get("targetAccountIds") or [ACCOUNT]:
            made = _copy(build, part["region"], account, settings)
            tags = build.own_tags() | dict(settings.get("amiTags") or {})
            made.add_tags(tags)
            build.amis.append(_described(made, part["region"]))


def _copy(build: Build, region: str, account: str, settings: dict[str, Any]) -> Ami:
    """The build's own image where it is what is wanted; a copy with this region's key elsewhere."""
    source, key = _home(build), settings.get("kmsKeyId")
    ec2 = ec2_backends[account][region]
    at_home = (account, region) == (ACCOUNT, build.region)
    if at_home and (key is None or _key(ec2, key) == source.ebs_snapshot.kms_key_id):
        return source
    encrypted = key is not None or source.ebs_snapshot.encrypted
    made = amis.register(
        ec2,
        Image(
            amis.new_id(),
            _name(build, settings),
            dict(build.recipe.get("amiTags") or {}),
            architecture=source.architecture,
            volume_size_gib=source.volume_size_gib,
            kms_key_id=_key(ec2, key) if encrypted else None,
            root_device_name=source.root_device_name,
            description=settings.get("description") or source.description,
        ),
    )
    made.ebs_snapshot.add_tags(build.own_tags())
    made.source_image_id, made.source_image_region = source.id, build.region
    return made


def share(build: Build) -> None:
    for part in (build.distribution or {}).get("distributions") or []:
        permission = launch_permission(part)
        users = [{"UserId": user} for user in permission.get("userIds") or []]
        groups = [{"Group": group} for group in permission.get("userGroups") or []]
        for ami in build.amis:
            if ami["region"] == part["region"]:
                made = ec2_backends[ami["accountId"]][ami["region"]].amis[ami["image"]]
                made.launch_permissions += users + groups


def launch_permission(part: dict[str, Any]) -> dict[str, Any]:
    return dict((part.get("amiDistributionConfiguration") or {}).get("launchPermission") or {})


def publish(build: Build) -> None:
    """Write the image's ID to parameters, for which the service-linked role has no permission."""
    for part in (build.distribution or {}).get("distributions") or []:
        for parameter in part.get("ssmParameterConfigurations") or []:
            _put_parameter(build, part["region"], parameter)


def _put_parameter(build: Build, region: str, parameter: dict[str, Any]) -> None:
    from rehearsal.cloud.ssm.models import ssm_backends

    name, account = parameter["parameterName"], parameter.get("amiAccountId", ACCOUNT)
    arn = f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}"
    role = build.given.get("executionRole") or "AWSServiceRoleForImageBuilder"
    if not permissions.allowed(role, "ssm:PutParameter", arn):
        raise DistributionError(
            f"User: {role} is not authorized to perform: ssm:PutParameter on resource: {arn} because no "
            "identity-based policy allows the ssm:PutParameter action"
        )
    data_type = parameter.get("dataType", "text")
    if data_type == "aws:ec2:image" and not permissions.allowed(role, "ec2:DescribeImages", "*"):
        raise DistributionError(f"User: {role} is not authorized to perform: ec2:DescribeImages")
    image = next(a["image"] for a in build.amis if (a["region"], a["accountId"]) == (region, account))
    try:
        ssm_backends[account][region].put_parameter(
            name, "", image, "String", "", "", True, [], data_type, None, None
        )
    except ServiceException as refused:
        raise DistributionError(str(refused.message)) from refused


def _home(build: Build) -> Ami:
    ec2 = ec2_backends[ACCOUNT][build.region]
    try:
        return amis.launchable(ec2, str(build.image_id))
    except ServiceException as gone:
        raise DistributionError(str(gone.message)) from gone


def _part(build: Build, region: str) -> dict[str, Any]:
    parts = (build.distribution or {}).get("distributions") or []
    return next((dict(each) for each in parts if each["region"] == region), {})


def _root_volume(build: Build) -> dict[str, Any]:
    devices = build.recipe.get("blockDeviceMappings") or []
    root = build.parent.root_device_name
    return next((dict(each.get("ebs") or {}) for each in devices if each.get("deviceName") == root), {})


def _key(ec2: Any, given: str | None) -> str:
    try:
        return copies.key_arn(ec2, given)
    except ServiceException as unusable:
        raise DistributionError(str(unusable.message)) from unusable


def _name(build: Build, settings: dict[str, Any]) -> str:
    """The name of the distribution with its variables filled in, or the image's name and the time."""
    date = World.current.clock.date(build.created)
    stamp = f"{date:%Y-%m-%dT%H-%M-%S}.{date.microsecond:06}Z"
    known = {"buildDate": stamp, "buildVersion": build.version.rsplit("/", 1)[1]}
    given = settings.get("name") or f"{build.name} {{{{ imagebuilder:buildDate }}}}"
    return _VARIABLE.sub(lambda match: known.get(match[1], match[0]), given)


def _described(ami: Ami, region: str) -> dict[str, Any]:
    return {
        "region": region,
        "image": ami.id,
        "name": ami.name,
        "description": ami.description,
        "accountId": ami.owner_id,
        "state": {"status": "AVAILABLE"},
    }
