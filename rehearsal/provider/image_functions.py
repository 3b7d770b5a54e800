"""The functions that look at an image before anything is made of it: AMIs, snapshots, keys, instance types.

Names, defaults and the words of errors are those of the real provider. A disabled image is in no answer, and
neither is one that another account owns and has deprecated, unless `includeDeprecated` asks for it: both as
EC2 itself answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.call import AwsCall
from rehearsal.provider.query import QueryError, asked_as_json, described
from rehearsal.provider.values import from_api, tag_dict

# The real provider's words.
NO_RESULTS = "Your query returned no results. Please change your search criteria and try again."
TOO_MANY_RESULTS = (
    "Your query returned more than one result. Please try a more specific search criteria, "
    "or set `most_recent` attribute to true."
)
NOT_FILTERED = (
    'Most Recent Image Not Filtered: "most_recent" is set to "true" and results are not filtered by owner or '
    "image ID. With this configuration, a third party may introduce a new image which will be returned by "
    "this data source. Filter by owner or image ID to avoid this possibility."
)
NOT_FOUND = "couldn't find resource"

# What a key is called by: its ID, an alias, or the ARN of either.
_KEY = re.compile(r"(arn:[^:]+:kms:[^:]*:[^:]*:)?(key/)?(mrk-)?[0-9a-f-]+|(arn:.+:)?alias/[a-zA-Z0-9/_-]+")

# An image's texts by the name that EC2's XML has for each.
_IMAGE_TEXTS = {
    "architecture": "architecture", "bootMode": "bootMode", "creationDate": "creationDate",
    "deprecationTime": "deprecationTime", "description": "description", "hypervisor": "hypervisor",
    "imageId": "imageId", "imageLocation": "imageLocation", "imageOwnerAlias": "imageOwnerAlias",
    "imageType": "imageType", "imdsSupport": "imdsSupport", "kernelId": "kernelId",
    "lastLaunchedTime": "lastLaunchedTime", "name": "name", "ownerId": "imageOwnerId",
    "platform": "platform", "platformDetails": "platformDetails", "ramdiskId": "ramdiskId",
    "rootDeviceName": "rootDeviceName", "rootDeviceType": "rootDeviceType",
    "sriovNetSupport": "sriovNetSupport", "state": "imageState", "tpmSupport": "tpmSupport",
    "usageOperation": "usageOperation", "virtualizationType": "virtualizationType",
}  # fmt: skip
# A block device's facts by the key that the provider's map of texts has for each.
_EBS_TEXTS = {
    "delete_on_termination": "deleteOnTermination", "encrypted": "encrypted", "iops": "iops",
    "snapshot_id": "snapshotId", "throughput": "throughput", "volume_size": "volumeSize",
    "volume_type": "volumeType",
}  # fmt: skip
_SNAPSHOT_TEXTS = {
    "dataEncryptionKeyId": "dataEncryptionKeyId", "description": "description", "kmsKeyId": "kmsKeyId",
    "outpostArn": "outpostArn", "ownerAlias": "ownerAlias", "ownerId": "ownerId",
    "snapshotId": "snapshotId", "startTime": "startTime", "state": "status", "storageTier": "storageTier",
    "volumeId": "volumeId",
}  # fmt: skip


def get_ami(call: AwsCall, args: Properties) -> Properties:
    """`aws:ec2/getAmi:getAmi`: the one image, or with `mostRecent` the newest, that the filters let pass."""
    named = {item["name"] for item in args.get("filters") or []}
    unsafe = args.get("mostRecent") and not args.get("owners") and not named & {"image-id", "owner-id"}
    if unsafe and not args.get("allowUnsafeFilter"):
        raise _error("aws:ec2/getAmi:getAmi", NOT_FILTERED)
    request = {
        **_filters(args),
        **_numbered("Owner", args.get("owners")),
        **_numbered("ExecutableBy", args.get("executableUsers")),
        "IncludeDeprecated": str(bool(args.get("includeDeprecated"))).lower(),
    }
    images = _pages("aws:ec2/getAmi:getAmi", "reading EC2 AMIs", call, "DescribeImages", request, "imagesSet")
    if args.get("nameRegex"):
        images = [image for image in images if re.search(args["nameRegex"], image.get("name") or "")]
    image = _only("aws:ec2/getAmi:getAmi", args, images, "creationDate")
    devices = [_block_device(device) for device in image.get("blockDeviceMapping") or []]
    root = (device for device in devices if device["deviceName"] == image.get("rootDeviceName"))
    return {
        "includeDeprecated": False,
        "mostRecent": False,
        **args,
        **{name: image.get(key) or "" for name, key in _IMAGE_TEXTS.items()},
        "id": image["imageId"],
        "arn": f"arn:aws:ec2:{call.region}::image/{image['imageId']}",
        "blockDeviceMappings": devices,
        "enaSupport": image.get("enaSupport") == "true",
        "productCodes": [
            {"productCodeId": code.get("productCode", ""), "productCodeType": code.get("type", "")}
            for code in image.get("productCodes") or []
        ],
        "public": image.get("isPublic") == "true",
        "rootSnapshotId": next((device["ebs"].get("snapshot_id", "") for device in root), ""),
        "stateReason": image.get("stateReason") or {"code": "UNSET", "message": "UNSET"},
        "tags": tag_dict(image.get("tagSet") or ()),
    }


def _block_device(device: dict[str, Any]) -> Properties:
    """One device; `ebs` is a map of texts whose keys stay as Terraform writes them."""
    ebs = device.get("ebs") or {}
    return {
        "deviceName": device.get("deviceName") or "",
        "ebs": {name: ebs.get(key) or "" for name, key in _EBS_TEXTS.items()} if ebs else {},
        "noDevice": device.get("noDevice") or "",
        "virtualName": device.get("virtualName") or "",
    }


def get_instance_types(call: AwsCall, args: Properties) -> Properties:
    """`aws:ec2/getInstanceTypes:getInstanceTypes`: the names of the types that the filters let pass."""
    function = "aws:ec2/getInstanceTypes:getInstanceTypes"
    doing = "reading EC2 Instance Types"
    types = _pages(function, doing, call, "DescribeInstanceTypes", _filters(args), "instanceTypeSet")
    return {**args, "id": call.region, "instanceTypes": [one["instanceType"] for one in types]}


def get_snapshot(call: AwsCall, args: Properties) -> Properties:
    """`aws:ebs/getSnapshot:getSnapshot`: the one snapshot, or with `mostRecent` the newest."""
    function = "aws:ebs/getSnapshot:getSnapshot"
    request = {
        **_filters(args),
        **_numbered("Owner", args.get("owners")),
        **_numbered("RestorableBy", args.get("restorableByUserIds")),
        **_numbered("SnapshotId", args.get("snapshotIds")),
    }
    found = _pages(function, "reading EBS Snapshots", call, "DescribeSnapshots", request, "snapshotSet")
    snapshot = _only(function, args, found, "startTime")
    return {
        "mostRecent": False,
        **args,
        **{name: snapshot.get(key) or "" for name, key in _SNAPSHOT_TEXTS.items()},
        "id": snapshot["snapshotId"],
        "arn": f"arn:aws:ec2:{call.region}::snapshot/{snapshot['snapshotId']}",
        "encrypted": snapshot.get("encrypted") == "true",
        "volumeSize": int(snapshot.get("volumeSize") or 0),
        "tags": tag_dict(snapshot.get("tagSet") or ()),
    }


def get_key(call: AwsCall, args: Properties) -> Properties:
    """`aws:kms/getKey:getKey`: a key by its ID, an alias or the ARN of either, in any state."""
    function, key_id = "aws:kms/getKey:getKey", str(args.get("keyId") or "")
    if not _KEY.fullmatch(key_id):
        raise _error(
            function, f'"key_id" ("{key_id}") doesn\'t look like a key ID, an alias or an ARN of one'
        )
    request = {"KeyId": key_id, "GrantTokens": args.get("grantTokens") or []}
    with _read(function, f"reading KMS Key ({key_id})"):
        key = asked_as_json("kms", call.region, "DescribeKey", request)["KeyMetadata"]
    regions = key.get("MultiRegionConfiguration")
    texts = ("cloudHsmClusterId", "customerMasterKeySpec", "customKeyStoreId", "description",
             "expirationModel", "keyManager", "keySpec", "keyState", "keyUsage", "origin")  # fmt: skip
    return {
        **args,
        **{name: key.get(name[:1].upper() + name[1:]) or "" for name in texts},
        "id": key["KeyId"],
        "arn": key["Arn"],
        "awsAccountId": key["AWSAccountId"],
        "creationDate": _time(key.get("CreationDate")),
        "deletionDate": _time(key.get("DeletionDate")),
        "enabled": bool(key.get("Enabled")),
        "multiRegion": bool(key.get("MultiRegion")),
        "multiRegionConfigurations": [_multi_region(regions)] if regions else [],
        "pendingDeletionWindowInDays": key.get("PendingDeletionWindowInDays") or 0,
        "validTo": _time(key.get("ValidTo")),
        "xksKeyConfigurations": [],
    }


def _multi_region(found: dict[str, Any]) -> Properties:
    said = from_api(found, {"PrimaryKey": "primaryKeys"})
    primary = said.get("primaryKeys")
    return {"replicaKeys": [], **said, "primaryKeys": [primary] if primary else []}


def _time(seconds: float | None) -> str:
    """KMS's seconds since 1970 as RFC 3339; nothing for none."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else ""


def _filters(args: Properties) -> dict[str, str]:
    request: dict[str, str] = {}
    for number, item in enumerate(args.get("filters") or [], 1):
        request[f"Filter.{number}.Name"] = item["name"]
        request |= _numbered(f"Filter.{number}.Value", item["values"])
    return request


def _numbered(name: str, values: list[str] | None) -> dict[str, str]:
    """A list as the query protocol writes it: `Owner.1`, `Owner.2`."""
    return {f"{name}.{number}": value for number, value in enumerate(values or [], 1)}


def _pages(
    function: str, doing: str, call: AwsCall, action: str, request: dict[str, str], items: str
) -> list[dict[str, Any]]:
    """All items of all pages of an answer."""
    found: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        with _read(function, doing):
            answer = described(call.region, action, {**request, **page})
        found += answer.get(items) or []
        if not answer.get("nextToken"):
            return found
        page = {"NextToken": answer["nextToken"]}


def _only(function: str, args: Properties, found: list[dict[str, Any]], time: str) -> dict[str, Any]:
    """The one that was found, or the newest where the program asked for that."""
    if not found:
        raise _error(function, NO_RESULTS)
    if len(found) > 1 and not args.get("mostRecent"):
        raise _error(function, TOO_MANY_RESULTS)
    return max(found, key=lambda one: str(one.get(time) or ""))


@contextmanager
def _read(function: str, doing: str) -> Iterator[None]:
    """Say what was being read; that a thing is not there is said in words of the real provider's own."""
    try:
        yield
    except QueryError as error:
        gone = "NotFound" in error.code
        raise _error(function, f"{doing}: {NOT_FOUND if gone else error}") from error


def _error(function: str, message: str) -> ProviderError:
    return ProviderError(f"invoking {function}: {message}")
