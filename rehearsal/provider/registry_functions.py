"""The function that looks at a container image before anything is made of it.

Names, defaults and the words of errors are those of the real provider.
"""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.call import AwsCall
from rehearsal.provider.query import QueryError, asked_as_json

_FUNCTION = "aws:ecr/getImage:getImage"


def get_image(call: AwsCall, args: Properties) -> Properties:
    """`aws:ecr/getImage:getImage`: the image by its digest or tag, or with `mostRecent` the last pushed."""
    registry = args.get("registryId") or call.account_id()
    name = args["repositoryName"]
    wanted = {api: args[key] for key, api in _NAMES.items() if args.get(key)}
    if bool(wanted) == bool(args.get("mostRecent")):
        raise _error("exactly one of imageDigest, imageTag and mostRecent must be given")
    request: dict[str, Any] = {"registryId": registry, "repositoryName": name}
    if wanted:
        request["imageIds"] = [wanted]
    try:
        found = asked_as_json("ecr", call.region, "DescribeImages", request)["imageDetails"]
        repositories = asked_as_json(
            "ecr", call.region, "DescribeRepositories", {"registryId": registry, "repositoryNames": [name]}
        )["repositories"]
    except QueryError as error:
        raise _error(f"reading ECR Images: {error}") from error
    if not found:
        raise _error("Your query returned no results. Please change your search criteria and try again.")
    image = max(found, key=lambda each: each["imagePushedAt"])
    return {
        **args,
        "id": image["imageDigest"],
        "imageDigest": image["imageDigest"],
        "imagePushedAt": int(image["imagePushedAt"]),
        "imageSizeInBytes": image.get("imageSizeInBytes") or 0,
        "imageTags": image.get("imageTags") or [],
        "imageUri": f"{repositories[0]['repositoryUri']}@{image['imageDigest']}",
        "registryId": registry,
    }


_NAMES = {"imageDigest": "imageDigest", "imageTag": "imageTag"}


def _error(message: str) -> ProviderError:
    return ProviderError(f"invoking {_FUNCTION}: {message}")
