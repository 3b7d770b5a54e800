"""EC2 Image Builder: where images are built, where they go, and the pipeline that builds them."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import ResourceType, words
from rehearsal.provider.types.imagebuilder import (
    NAME,
    Kind,
    Request,
    parameters_from_api,
    parameters_to_api,
    reported,
    retag,
)
from rehearsal.provider.values import pick

_INFRASTRUCTURE_SETTINGS = (
    "description instanceMetadataOptions instanceProfileName instanceTypes keyPair logging placement "
    "resourceTags securityGroupIds snsTopicArn subnetId terminateInstanceOnFailure"
)


def _infrastructure_request(news: Properties) -> Request:
    request: Request = {name: news[name] for name in _INFRASTRUCTURE_SETTINGS.split() if name in news}
    if "logging" in news:
        # The real provider's default; the service has none.
        request["logging"] = {"s3Logs": {"s3KeyPrefix": "/", **news["logging"]["s3Logs"]}}
    return request


_INFRASTRUCTURE = Kind(
    "infrastructure_configuration",
    "infrastructureConfigurationArn",
    "infrastructureConfiguration",
    _infrastructure_request,
    lambda found: reported(found, f"{_INFRASTRUCTURE_SETTINGS} dateCreated dateUpdated"),
)

INFRASTRUCTURE = ResourceType(
    type_name="aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
    create=_INFRASTRUCTURE.create,
    read=_INFRASTRUCTURE.read,
    update=_INFRASTRUCTURE.update,
    delete=_INFRASTRUCTURE.delete,
    retag=retag,
    inputs=words(f"{_INFRASTRUCTURE_SETTINGS} name tags"),
    required=("instanceProfileName",),
    enums={
        "instanceMetadataOptions.httpTokens": ("required", "optional"),
        "placement.tenancy": ("default", "dedicated", "host"),
    },
    ranges={"instanceMetadataOptions.httpPutResponseHopLimit": (1, 64)},
    lengths={"description": 1024, "instanceProfileName": 1024, "name": 126, "subnetId": 1024},
    defaults={"terminateInstanceOnFailure": False},
    auto_name=NAME,
    replaces=words("name"),
    sets=words("instanceTypes securityGroupIds"),
    computed=("arn", "dateCreated", "dateUpdated"),
)


def _distribution_request(news: Properties) -> Request:
    distributions = [_place_to_api(place) for place in news["distributions"]]
    return {**pick(news, ("description",)), "distributions": distributions}


def _place_to_api(place: Properties) -> Request:
    """One region; a launch template is the default one unless the program says otherwise."""
    request: Request = {key: value for key, value in place.items() if value not in (None, [], {})}
    if request.get("launchTemplateConfigurations"):
        request["launchTemplateConfigurations"] = [
            {**pick(one, ("accountId", "launchTemplateId")), "setDefaultVersion": one.get("default", True)}
            for one in request["launchTemplateConfigurations"]
        ]
    return request


def _place_from_api(place: dict[str, Any]) -> Properties:
    said: Properties = dict(place)
    if place.get("launchTemplateConfigurations"):
        said["launchTemplateConfigurations"] = [
            {**pick(one, ("accountId", "launchTemplateId")), "default": bool(one.get("setDefaultVersion"))}
            for one in place["launchTemplateConfigurations"]
        ]
    return said


def _distribution_facts(found: dict[str, Any]) -> Properties:
    places = [_place_from_api(place) for place in found.get("distributions") or []]
    return {**reported(found, "dateCreated dateUpdated description"), "distributions": places}


_DISTRIBUTION = Kind(
    "distribution_configuration",
    "distributionConfigurationArn",
    "distributionConfiguration",
    _distribution_request,
    _distribution_facts,
)

DISTRIBUTION = ResourceType(
    type_name="aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
    create=_DISTRIBUTION.create,
    read=_DISTRIBUTION.read,
    update=_DISTRIBUTION.update,
    delete=_DISTRIBUTION.delete,
    retag=retag,
    inputs=words("description distributions name tags"),
    required=("distributions",),
    enums={"distributions[].ssmParameterConfigurations[].dataType": ("text", "aws:ec2:image")},
    lengths={"description": 1024, "name": 126},
    auto_name=NAME,
    replaces=words("name"),
    sets=words("distributions"),
    computed=("arn", "dateCreated", "dateUpdated"),
)

_PIPELINE_SETTINGS = (
    "containerRecipeArn description distributionConfigurationArn enhancedImageMetadataEnabled executionRole "
    "imageRecipeArn imageScanningConfiguration imageTestsConfiguration infrastructureConfigurationArn "
    "loggingConfiguration schedule status"
)


def _pipeline_request(news: Properties) -> Request:
    request: Request = pick(news, _PIPELINE_SETTINGS.split())
    if news.get("workflows"):
        request["workflows"] = [parameters_to_api(one) for one in news["workflows"]]
    return request


def _pipeline_facts(found: dict[str, Any]) -> Properties:
    dates = "dateCreated dateLastRun dateNextRun dateUpdated platform"
    workflows = [parameters_from_api(one) for one in found.get("workflows") or []]
    return {**reported(found, f"{_PIPELINE_SETTINGS} {dates}"), "workflows": workflows or None}


_PIPELINE = Kind("image_pipeline", "imagePipelineArn", "imagePipeline", _pipeline_request, _pipeline_facts)

PIPELINE = ResourceType(
    type_name="aws:imagebuilder/imagePipeline:ImagePipeline",
    create=_PIPELINE.create,
    read=_PIPELINE.read,
    update=_PIPELINE.update,
    delete=_PIPELINE.delete,
    retag=retag,
    inputs=words(f"{_PIPELINE_SETTINGS} workflows name tags"),
    required=("infrastructureConfigurationArn",),
    one_of=(("containerRecipeArn", "imageRecipeArn"),),
    enums={
        "schedule.pipelineExecutionStartCondition": (
            "EXPRESSION_MATCH_ONLY", "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
        ),
        "status": ("DISABLED", "ENABLED"),
        "workflows[].onFailure": ("CONTINUE", "ABORT"),
    },
    ranges={"imageTestsConfiguration.timeoutMinutes": (60, 1440)},
    lengths={"description": 1024, "name": 128, "schedule.scheduleExpression": 1024},
    defaults={"enhancedImageMetadataEnabled": True, "status": "ENABLED"},
    auto_name=NAME,
    replaces=words("name"),
    computed=(
        "arn", "dateCreated", "dateLastRun", "dateNextRun", "dateUpdated", "imageScanningConfiguration",
        "imageTestsConfiguration", "platform", "workflows",
    ),
)  # fmt: skip

TYPES = (INFRASTRUCTURE, DISTRIBUTION, PIPELINE)
