"""What AWS says of an environment's images, asked by every preview and up before the first resource.

Few questions are asked, for each is a round trip: the image itself, the instance types that fit it, and
where its volumes are encrypted, the snapshots for their keys. What the answers must be stands in
`images/preflight.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws

from images import preflight
from images.preflight import DENIED, Facts, Limits
from stacks.config import EnvironmentConfig, refusal
from stacks.problems import Place

#: How the provider says that nothing was found.
_NOTHING = "returned no results"


def check(stack: str, config: EnvironmentConfig) -> dict[str, dict[str, str]]:
    """Where each image that servers would start from comes from and what is known of it, for the stack's
    outputs.

    Raises pulumi.RunError when one of them must not be used, with a line for each problem, or cannot be
    asked about.
    """
    found: list[tuple[Place, str]] = []
    records = {}
    for image_id, use in _uses(config).items():
        try:
            facts, wrong = _asked(config, image_id, use.types)
        except UnansweredError as error:
            text = f"{config.region} does not tell of {image_id} ({error}); check credentials and network"
            raise refusal(stack, [(use.place, text)]) from None
        problems = preflight.problems(facts, use.limits, wrong, datetime.now(UTC))
        found += [(use.place, text) for text in problems]
        records[image_id] = preflight.record(facts)
        if not problems:
            pulumi.log.info(f"pre-flight passed: {preflight.summary(facts)}")
    if found:
        raise refusal(stack, found)
    return records


class UnansweredError(Exception):
    """AWS gave no answer, or refused one; the text is AWS's own, on one line."""


class _Use(NamedTuple):
    """What starts from an image."""

    place: Place
    """The key that names it."""
    types: tuple[str, ...]
    limits: Limits


def _uses(config: EnvironmentConfig) -> dict[str, _Use]:
    """By image. Nodes may start from EKS's own, which no factory tested: tests and scans are for images of
    services alone.
    """
    users: dict[str, list[str]] = {}
    for name in config.services:
        users.setdefault(config.image_of(name), []).append(name)
    uses = {image: _of_services(config, names) for image, names in users.items()}
    if config.cluster is not None:
        nodes = config.cluster.nodes
        any_image = Limits(require_tests=False, max_findings={})
        of_nodes = _Use(("cluster", "nodes", "imageId"), nodes.instance_types, any_image)
        uses.setdefault(nodes.image_id, of_nodes)
    return uses


def _of_services(config: EnvironmentConfig, names: list[str]) -> _Use:
    place: Place = ("services", names[0], "imageId") if config.services[names[0]].image_id else ("imageId",)
    types = dict.fromkeys(kind for name in names for kind in config.services[name].instance_types)
    return _Use(place, tuple(types), config.preflight.limits)


def _asked(config: EnvironmentConfig, image_id: str, types: tuple[str, ...]) -> tuple[Facts, list[str]]:
    """The facts of an image, and the instance types that do not fit it."""
    try:
        filters = [{"name": "image-id", "values": [image_id]}]
        image = answer(aws.ec2.get_ami, filters=filters, include_deprecated=True)
    except UnansweredError as error:
        if _NOTHING in str(error):
            return Facts(image_id, config.region, found=False), []
        raise
    facts = Facts(
        image_id,
        config.region,
        state=image.state,
        deprecated_at=datetime.fromisoformat(image.deprecation_time) if image.deprecation_time else None,
        architecture=image.architecture,
        tags=dict(image.tags or {}),
        keys=dict(_keys(image)),
    )
    return facts, _wrong_types(image.architecture, list(types))


def _wrong_types(architecture: str, types: list[str]) -> list[str]:
    """Those that do not run the architecture, or that the region does not offer."""
    filters = [
        {"name": "instance-type", "values": types},
        {"name": "processor-info.supported-architecture", "values": [architecture]},
    ]
    fitting = set(answer(aws.ec2.get_instance_types, filters=filters).instance_types)
    return [kind for kind in types if kind not in fitting]


def _keys(image: Any) -> Iterator[tuple[str, str]]:
    """The state of each key that the image's volumes are encrypted with. AWS tells it of the snapshots
    alone, and those of a shared image may stay with its owner: then there is nothing to know.
    """
    disks = [mapping.ebs for mapping in image.block_device_mappings]
    for snapshot_id in dict.fromkeys(
        disk["snapshot_id"] for disk in disks if disk.get("encrypted") == "true"
    ):
        wanted = [{"name": "snapshot-id", "values": [snapshot_id]}]
        try:
            key = answer(aws.ebs.get_snapshot, filters=wanted).kms_key_id
        except UnansweredError as error:
            if _NOTHING in str(error):
                continue
            raise
        yield key, _state(key)


def _state(key: str) -> str:
    try:
        return str(answer(aws.kms.get_key, key_id=key).key_state)
    except UnansweredError as error:
        for code in (DENIED, "NotFound"):
            if code in str(error):
                return code
        raise


def answer(function: Any, **arguments: Any) -> Any:
    """What AWS says to a function of the provider. Raises UnansweredError."""
    try:
        return function(**arguments)
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        raise UnansweredError(" ".join(str(error).split())) from None
