"""The pre-flight of a release: an image that `up` would refuse is refused before the config names it.

The rules are the program's (`images/preflight.py`); the facts come from AWS by boto3, by AWS's clock. An
image that is being retired meanwhile is found by a second look, after the config was written: who retires
flags an image first and then reads every config, who releases writes the config first and then reads the
flag, so that one sees the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from images import preflight
from images.preflight import DENIED, SEVERITIES, Facts, Limits
from scripts.releases import amis, aws, preferences
from scripts.releases.aws import Account, AwsError
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError

#: Asks neither for tests nor for a scan: what is left are the image's own state and its deprecation.
_NONE = Limits(require_tests=False, max_findings={})


@dataclass(frozen=True)
class Gate:
    """What an image has to pass on its way into the line of `service` (None: of the shared image)."""

    service: str | None

    def check(self, config: ConfigFile, image: str) -> str:
        """What the image is, as one line.

        Raises:
            RefusedError: it does not pass, or AWS cannot be asked.
        """
        return preflight.summary(check(config, self.service, image))

    def again(self, config: ConfigFile, image: str) -> None:
        """The second look: the image is still there, available, and not deprecated.

        Raises:
            RefusedError: it is not, or AWS cannot be asked.
        """
        with answered(image):
            account = aws.account(config)
            facts = look(account, image, keys=False)
        _refuse(config, self.service, preflight.problems(facts, _NONE, (), account.now()))


def check(config: ConfigFile, service: str | None, image: str) -> Facts:
    """The facts of an image that passes as that of a service, or of all that share one.

    Raises:
        RefusedError: it does not pass, or AWS cannot be asked.
    """
    with answered(image):
        account = aws.account(config)
        facts = look(account, image)
        users = config.sharing() if service is None else [service]
        wrong = _wrong_types(account, facts, _types(config, users)) if facts.found else []
    _refuse(config, service, preflight.problems(facts, limits(config), wrong, account.now()))
    return facts


def limits(config: ConfigFile) -> Limits:
    """What the config file asks of images, with the program's defaults.

    Raises:
        RefusedError: it is nothing that the program takes.
    """
    given, usual = preferences.section(config, "preflight"), Limits()
    required = given.get("requireTests", usual.require_tests)
    findings = given.get("maxFindings", usual.max_findings)
    if not isinstance(required, bool):
        raise RefusedError(f"{config.path.name}: preflight / requireTests: write true or false")
    if not isinstance(findings, Mapping) or not all(
        name in SEVERITIES and type(most) is int and most >= 0 for name, most in findings.items()
    ):
        raise RefusedError(
            f"{config.path.name}: preflight / maxFindings: write numbers from 0 on for "
            f"{', '.join(SEVERITIES)}"
        )
    return Limits(required, dict(findings))


def look(account: Account, image_id: str, *, keys: bool = True) -> Facts:
    """What EC2 and KMS say of an image, of a disabled one too.

    Args:
        keys: False to leave out where its snapshots are encrypted, which takes two more calls.

    Raises:
        AwsError: AWS refused.
    """
    with aws.errors():
        found = account.ec2.describe_images(
            Filters=[{"Name": "image-id", "Values": [image_id]}], IncludeDeprecated=True, IncludeDisabled=True
        )["Images"]
    if not found:
        return Facts(image_id, account.region, found=False, sees_disabled=True)
    (image,) = found
    deprecated = image.get("DeprecationTime")
    return Facts(
        image_id,
        account.region,
        sees_disabled=True,
        state=image.get("State", ""),
        deprecated_at=amis.moment(deprecated) if deprecated else None,
        architecture=image.get("Architecture", ""),
        tags={tag["Key"]: tag["Value"] for tag in image.get("Tags") or ()},
        keys=dict(_keys(account, image)) if keys else {},
    )


def _types(config: ConfigFile, services: Sequence[str]) -> list[str]:
    """The instance types of these services, each once, as far as the file names any."""
    given = (preferences.service_section(config, name).get("instanceTypes") for name in services)
    return list(dict.fromkeys(str(kind) for types in given if isinstance(types, list) for kind in types))


def _wrong_types(account: Account, facts: Facts, types: list[str]) -> list[str]:
    """Those that do not run the image's architecture, or that the region does not offer."""
    if not types:
        return []
    filters = [
        {"Name": "instance-type", "Values": types},
        {"Name": "processor-info.supported-architecture", "Values": [facts.architecture]},
    ]
    with aws.errors():
        pages = account.client("ec2").get_paginator("describe_instance_types").paginate(Filters=filters)
        fitting = {each["InstanceType"] for page in pages for each in page["InstanceTypes"]}
    return [kind for kind in types if kind not in fitting]


def _keys(account: Account, image: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The state of each key that the image's volumes are encrypted with, as far as the snapshots are to be
    seen: those of a shared image may stay with its owner.
    """
    disks = [device.get("Ebs") or {} for device in image.get("BlockDeviceMappings") or ()]
    snapshots = list(dict.fromkeys(disk["SnapshotId"] for disk in disks if disk.get("Encrypted")))
    if not snapshots:
        return
    with aws.errors():
        wanted = [{"Name": "snapshot-id", "Values": snapshots}]
        found = account.ec2.describe_snapshots(Filters=wanted)["Snapshots"]  # type: ignore[arg-type]
    for key in dict.fromkeys(each["KmsKeyId"] for each in found if each.get("KmsKeyId")):
        yield key, _state(account, key)


def _state(account: Account, key: str) -> str:
    try:
        with aws.errors():
            return str(account.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
    except AwsError as error:
        for code in (DENIED, "NotFound"):
            if error.code.startswith(code):
                return code
        raise


@contextmanager
def answered(image: str) -> Iterator[None]:
    """Turns an unanswered question into a refusal: an image that nobody looked at does not pass.

    Raises:
        RefusedError: with AWS's words.
    """
    try:
        yield
    except AwsError as error:
        raise RefusedError(f"the pre-flight of {image} needs AWS: {error}") from error


def _refuse(config: ConfigFile, service: str | None, problems: Sequence[str]) -> None:
    if problems:
        raise RefusedError(f"{config.line(service)}: {'; '.join(problems)}")
