"""Container images of the emulated registries."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.ecr import images
from rehearsal.cloud.kubernetes import container_images
from rehearsal.cloud.local import Local

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
REFERENCE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/shop@{DIGEST}"
WHICH = {"repositoryName": "team/shop", "imageIds": [{"imageDigest": DIGEST}]}


@pytest.mark.parametrize("behaviour", ["healthy", "crash-loop"])
def test_an_image_that_is_put_there_is_in_its_registry(cloud: Local, behaviour: str) -> None:
    container_images.put(cloud.world, REFERENCE, behaviour)
    container_images.put(cloud.world, REFERENCE, behaviour)
    [found] = cloud.client("ecr").describe_images(**WHICH)["imageDetails"]
    assert (found["imageDigest"], found["registryId"]) == (DIGEST, "123456789012")
    assert len(cloud.client("ecr").describe_images(repositoryName="team/shop")["imageDetails"]) == 1
    with pytest.raises(ClientError, match="ImageNotFoundException"):
        cloud.client("ecr").describe_images(repositoryName="team/shop", imageIds=[{"imageDigest": OTHER}])
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        cloud.client("ecr", region="eu-west-1").describe_images(**WHICH)


def test_a_missing_image_is_in_no_registry(cloud: Local) -> None:
    container_images.put(cloud.world, REFERENCE, "missing")
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        cloud.client("ecr").describe_images(**WHICH)


def test_images_are_pushed_at_the_emulated_hour(cloud: Local) -> None:
    cloud.step(86_400)
    day = cloud.world.clock.date(86_399)
    client = cloud.client("ecr")
    container_images.put(cloud.world, REFERENCE, "healthy")
    manifest = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [{"digest": OTHER}]}
    client.put_image(repositoryName="team/shop", imageManifest=json.dumps(manifest), imageTag="1")
    found = client.describe_images(repositoryName="team/shop")["imageDetails"]
    assert [each["imagePushedAt"] >= day for each in found] == [True, True]


@pytest.mark.parametrize(
    "reference",
    [
        f"public.ecr.aws/nginx/nginx@{DIGEST}",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:latest",
        "shop",
    ],
)
def test_what_is_no_digest_of_an_account_s_registry_is_none(reference: str) -> None:
    assert images.parse(reference) is None
