"""Buckets. What can be set on a bucket are types of their own, in `s3_settings`."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import tag_dict, tag_list

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# The region whose buckets take no location.
HOME_REGION = "us-east-1"


def _facts(call: Call, name: str) -> Properties:
    return {
        "arn": f"arn:aws:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": call.region,
        "bucketRegionalDomainName": f"{name}.s3.{call.region}.amazonaws.com",
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news, "bucket", "bucketPrefix", max_length=63)
    request: dict[str, Any] = {}
    if call.region != HOME_REGION:
        request["CreateBucketConfiguration"] = {"LocationConstraint": call.region}
    if news.get("objectLockEnabled"):
        request["ObjectLockEnabledForBucket"] = True
    call.client("s3").create_bucket(Bucket=name, **request)
    return name, _facts(call, name)


def _complete(call: Call, name: str, news: Properties) -> Properties:
    tags = call.tags(news)
    if tags:
        call.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
    return {}


def _tags_of(call: Call, name: str) -> dict[str, str]:
    from botocore.exceptions import ClientError

    try:
        return tag_dict(call.client("s3").get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if _is_untagged(error):
            return {}
        raise


def _is_untagged(error: ClientError) -> bool:
    return str(error.response["Error"]["Code"]) == "NoSuchTagSet"


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    from botocore.exceptions import ClientError

    try:
        call.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        # A HEAD has no body to name the error in; its code is the bare status.
        if str(error.response["Error"]["Code"]) == "404":
            return None
        raise
    return {**_facts(call, name), "tagsAll": _tags_of(call, name)}


def _retag(call: Call, name: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    # S3 knows only all tags of a bucket at once.
    tags = {key: value for key, value in _tags_of(call, name).items() if key not in removed} | wanted
    if tags:
        call.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
    else:
        call.client("s3").delete_bucket_tagging(Bucket=name)


def _empty(call: Call, name: str) -> None:
    """Delete every version of every object, up to a thousand at a time, as S3 takes them."""
    client = call.client("s3")
    while True:
        page = client.list_object_versions(Bucket=name)
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not found:
            return
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        refused = client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True}).get("Errors")
        if refused:
            raise ProviderError(
                f"emptying bucket {name}: {refused[0].get('Code')}: {refused[0].get('Message')}"
            )


def _delete(call: Call, name: str, outputs: Properties) -> None:
    if outputs.get("forceDestroy"):
        _empty(call, name)
    call.client("s3").delete_bucket(Bucket=name)


BUCKET = ResourceType(
    type_name="aws:s3/bucket:Bucket",
    create=_create,
    complete=_complete,
    read=_read,
    delete=_delete,
    retag=_retag,
    inputs=words("bucket tags"),
    lengths={"bucket": 63, "bucketPrefix": 37},
    defaults={"forceDestroy": False},
    auto_name=AutoName(property="bucket", prefix_property="bucketPrefix", max_length=63, lower=True),
    replaces=words("bucket bucketPrefix objectLockEnabled"),
    computed=("arn", "bucket", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName"),
)

TYPES = (BUCKET,)
