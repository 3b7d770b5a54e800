"""The containers of the story: the sections of the example that a file gets, and the images that they name.

The example is read as YAML alone: what it means is the program's to say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML

from rehearsal.errors import UsageError
from rehearsal.workspace import CLUSTER_KEY as CLUSTER_KEY
from rehearsal.workspace import REPOSITORY, Workspace

EXAMPLE = REPOSITORY / "docs" / "examples" / "workloads.yaml"
IMAGES_KEY, WORKLOADS_KEY = "immutable:images", "immutable:workloads"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def sections(environment: str) -> dict[str, Any]:
    """What the example has for an environment, with its comments. Raises UsageError when it has none."""
    found = YAML().load(EXAMPLE.read_text())
    if not isinstance(found, Mapping) or environment not in found:
        raise UsageError(f"{EXAMPLE.relative_to(REPOSITORY)} has no containers for {environment}")
    given: dict[str, Any] = found[environment]
    return given


def add(
    workspace: Workspace, environment: str, images: Mapping[str, str], secrets: Mapping[str, str]
) -> list[str]:
    """Put the example's sections into the environment's file, with these images, and with these secrets in
    the place of the example's, by ARN; returns their names.
    """
    yaml_of_people = YAML()
    # A digest is longer than a line.
    yaml_of_people.width = 1_000
    path = workspace.config_file(environment)
    document = yaml_of_people.load(path.read_text())
    given = sections(environment)
    given[IMAGES_KEY].update(images)
    for workload in given[WORKLOADS_KEY].values():
        for name, arn in workload.get("secrets", {}).items():
            workload["secrets"][name] = secrets[arn]
    document["config"].update(given)
    with path.open("w") as file:
        yaml_of_people.dump(document, file)
    return [str(key) for key in given]


def principals(environment: str) -> Iterator[str]:
    """The roles that the example lets into the environment's cluster."""
    cluster = sections(environment)[CLUSTER_KEY]
    yield from (*cluster.get("admins", ()), *cluster.get("viewers", ()))


def secrets(environment: str) -> dict[str, str]:
    """The names of the secrets that the example's workloads read, by ARN: that ends with six letters more."""
    workloads = sections(environment)[WORKLOADS_KEY].values()
    arns = [arn for workload in workloads for arn in workload.get("secrets", {}).values()]
    return {arn: arn.rpartition(":")[2].rpartition("-")[0] for arn in arns}


def repository(image: str) -> str:
    """The name of an image's repository in its registry."""
    return image.partition("@")[0].partition("/")[2]


def push(ecr: Any, image: str, version: str) -> str:
    """Put another image into the repository of one, as a build does; returns it by its digest."""
    name = repository(image)
    if not any(each["repositoryName"] == name for each in ecr.describe_repositories()["repositories"]):
        ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "annotations": {"version": version}}
    pushed = ecr.put_image(
        repositoryName=name,
        imageManifest=json.dumps(
            {**manifest, "config": _blob(version), "layers": [_blob(f"{name} {version}")]}
        ),
        imageManifestMediaType=MANIFEST_TYPE,
        imageTag=version,
    )
    return f"{image.partition('@')[0]}@{pushed['image']['imageId']['imageDigest']}"


def _blob(text: str) -> dict[str, Any]:
    kind = "application/vnd.oci.image.config.v1+json"
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return {"mediaType": kind, "size": len(text), "digest": digest}


def clear(ecr: Any) -> int:
    """Delete every repository with its images, by hand: they outlive all environments. Returns how many."""
    names = [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]
    for name in names:
        ecr.delete_repository(repositoryName=name, force=True)
    return len(names)
