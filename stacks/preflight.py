"""What AWS says of an environment's images, asked by every preview and up before the first resource.

Few questions are asked, for each is a round trip: the image itself, the instance types that fit it, and
where its volumes are encrypted, the snapshots for their keys. What the answers must be stands in
`images/preflight.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pulumi
import pulumi_aws as aws

from images import preflight
from images.preflight import DENIED, Facts
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
    for image_id, services in _users(config).items():
        place = _place(config, services[0])
        try:
            facts, wrong = _asked(config, image_id, services)
        except _UnansweredError as error:
            text = f"{config.region} does not tell of {image_id} ({error}); check credentials and network"
            raise refusal(stack, [(place, text)]) from None
        problems = preflight.problems(facts, config.preflight.limits, wrong, datetime.now(UTC))
        found += [(place, text) for text in problems]
        records[image_id] = preflight.record(facts)
        if not problems:
            pulumi.log.info(f"pre-flight passed: {preflight.summary(facts)}")
    if found:
        raise refusal(stack, found)
    return records


class _UnansweredError(Exception):
    """AWS gave no answer, or refused one; the text is AWS's own, on one line."""


def _users(config: EnvironmentConfig) -> dict[str, list[str]]:
    """The services that start servers from an image, by image."""
    users: dict[str, list[str]] = {}
    for name in config.services:
        users.setdefault(config.image_of(name), []).append(name)
    return users


def _place(config: EnvironmentConfig, service: str) -> Place:
    """The key that names a service's image."""
    return ("services", service, "imageId") if config.services[service].image_id else ("imageId",)


def _asked(config: EnvironmentConfig, image_id: str, services: list[str]) -> tuple[Facts, list[str]]:
    """The facts of an image, and the services' instance types that do not fit it."""
    try:
        filters = [{"name": "image-id", "values": [image_id]}]
        image = _answer(aws.ec2.get_ami, filters=filters, include_deprecated=True)
    except _UnansweredError as error:
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
    types = {kind: None for name in services for kind in config.services[name].instance_types}
    return facts, _wrong_types(image.architecture, list(types))


def _wrong_types(architecture: str, types: list[str]) -> list[str]:
    """Those that do not run the architecture, or that the region does not offer."""
    filters = [
        {"name": "instance-type", "values": types},
        {"name": "processor-info.supported-architecture", "values": [architecture]},
    ]
    fitting = set(_answer(aws.ec2.get_instance_types, filters=filters).instance_types)
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
            key = _answer(aws.ebs.get_snapshot, filters=wanted).kms_key_id
        except _UnansweredError as error:
            if _NOTHING in str(error):
                continue
            raise
        yield key, _state(key)


def _state(key: str) -> str:
    try:
        return str(_answer(aws.kms.get_key, key_id=key).key_state)
    except _UnansweredError as error:
        for code in (DENIED, "NotFound"):
            if code in str(error):
                return code
        raise


def _answer(function: Any, **arguments: Any) -> Any:
    try:
        return function(**arguments)
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        raise _UnansweredError(" ".join(str(error).split())) from None
