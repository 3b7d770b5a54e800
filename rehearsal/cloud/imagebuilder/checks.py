"""What Image Builder asks of other services and of its own resources before it keeps a configuration."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.core.exceptions import ServiceException

from rehearsal.cloud.imagebuilder import expressions
from rehearsal.cloud.imagebuilder.exceptions import (
    InvalidParameterCombination,
    InvalidParameterValue,
    NotEmulated,
)
from rehearsal.cloud.world import ACCOUNT

Given = dict[str, Any]

#: CreateInfrastructureConfiguration, `resourceTags`.
_RESERVED_TAGS = {"CreatedBy", "Ec2ImageBuilderArn", "Name", "Tags"}
_BUILD_DATE = re.compile(r"\{\{\s*imagebuilder:buildDate\s*\}\}")
_OWN_LOGS = "/aws/imagebuilder/"
_NOT_EMULATED = {
    "infrastructure": ("placement", "parentInstance"),
    "distribution": (
        "containerDistributionConfiguration", "launchTemplateConfigurations", "s3ExportConfiguration",
        "fastLaunchConfigurations", "licenseConfigurationArns",
    ),
    "pipeline": ("containerRecipeArn", "workflows"),
    "recipe": ("amiWatermarks",),
    "component": ("uri",),
}  # fmt: skip


def emulated(kind: str, given: Given) -> None:
    """Raises NotEmulated for a setting that would be kept and do nothing."""
    for name in _NOT_EMULATED[kind]:
        if given.get(name):
            raise NotEmulated(name)


def infrastructure(given: Given) -> None:
    emulated("infrastructure", given)
    if bool(given.get("subnetId")) != bool(given.get("securityGroupIds")):
        raise InvalidParameterCombination(
            "When you provide a subnetId you must provide securityGroupIds too, and the other way round."
        )
    for key in given.get("resourceTags") or {}:
        if key.startswith("aws:") or key in _RESERVED_TAGS:
            raise InvalidParameterValue(name="resourceTags", why=f"The tag key '{key}' is reserved.")
    if not _instance_profile(given["instanceProfileName"]):
        raise InvalidParameterValue(
            name="instanceProfileName",
            why="The provided instance profile does not exist. Please specify a different instance profile "
            "and try again.",
        )
    topic = given.get("snsTopicArn")
    if topic and not _topic(topic):
        raise InvalidParameterValue(name="snsTopicArn", why="The provided topic does not exist.")


def _instance_profile(name: str) -> bool:
    from moto.iam.models import iam_backends

    try:
        return bool(iam_backends[ACCOUNT]["aws"].get_instance_profile(name))
    except ServiceException:
        return False


def _topic(arn: str) -> bool:
    from moto.sns.models import sns_backends

    return arn in sns_backends[ACCOUNT][arn.split(":")[3]].topics


def distribution(given: Given) -> None:
    seen = set()
    for number, one in enumerate(given["distributions"]):
        where = f"distributions[{number}]"
        emulated("distribution", one)
        if one["region"] in seen:
            raise InvalidParameterValue(
                name="distributions", why=f"The region {one['region']} is there more than once."
            )
        seen.add(one["region"])
        if one["region"] not in _regions():
            raise InvalidParameterValue(name=f"{where}.region", why=f"There is no region {one['region']}.")
        amis = one.get("amiDistributionConfiguration") or {}
        name = amis.get("name")
        if name and not _BUILD_DATE.search(name):
            raise InvalidParameterValue(
                name=f"{where}.amiDistributionConfiguration.name",
                why="The name must contain {{ imagebuilder:buildDate }}.",
            )
        accounts = set(amis.get("targetAccountIds") or []) | {ACCOUNT}
        for parameter in one.get("ssmParameterConfigurations") or []:
            if parameter.get("amiAccountId", ACCOUNT) not in accounts:
                raise InvalidParameterValue(
                    name=f"{where}.ssmParameterConfigurations",
                    why=f"The account {parameter['amiAccountId']} is none of the target accounts.",
                )


def _regions() -> set[str]:
    from moto.ec2.models import ec2_backends

    return set(ec2_backends[ACCOUNT].regions)


def pipeline(given: Given) -> None:
    """All of it but the resources that it names."""
    emulated("pipeline", given)
    if not given.get("imageRecipeArn"):
        raise InvalidParameterCombination(
            "You must specify exactly one of 'imageRecipeArn' and 'containerRecipeArn'."
        )
    schedule = given.get("schedule") or {}
    if schedule:
        _schedule(schedule)
    tests = (given.get("imageTestsConfiguration") or {}).get("imageTestsEnabled", True)
    scanning = given.get("imageScanningConfiguration") or {}
    if scanning.get("imageScanningEnabled") and not tests:
        raise InvalidParameterCombination(
            "Image scanning needs image tests: set 'imageTestsEnabled' to true."
        )
    if scanning.get("imageScanningTypes", ["TEST_INSTANCE_CVE"]) != ["TEST_INSTANCE_CVE"]:
        raise NotEmulated("imageScanningTypes other than TEST_INSTANCE_CVE")
    for name, group in (given.get("loggingConfiguration") or {}).items():
        if not group.startswith(_OWN_LOGS) and not given.get("executionRole"):
            raise InvalidParameterCombination(
                f"An execution role is required for '{name}' outside of {_OWN_LOGS}: {group}"
            )


def _schedule(given: Given) -> None:
    expression = given.get("scheduleExpression")
    if not expression:
        raise InvalidParameterValue(name="schedule.scheduleExpression", why="It is required.")
    try:
        expressions.parse(expression)
    except ValueError as wrong:
        raise InvalidParameterValue(name="schedule.scheduleExpression", why=f"{wrong}.") from wrong
    try:
        ZoneInfo(given.get("timezone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        zone = given.get("timezone")
        raise InvalidParameterValue(
            name="schedule.timezone", why=f"There is no time zone {zone}."
        ) from unknown
