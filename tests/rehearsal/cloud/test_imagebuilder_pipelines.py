"""Pipelines of the emulated Image Builder, and the infrastructure and distribution that they use."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.building import BUILD_DATE, Factory, refused

ARN = f"arn:aws:imagebuilder:eu-central-1:{ACCOUNT}:"
CRON = "cron(0 3 ? * sun *)"


@pytest.fixture
def factory(cloud: Local) -> Factory:
    return Factory(cloud)


# Infrastructure and distribution


def test_infrastructure_needs_a_profile_that_is_there(factory: Factory) -> None:
    with refused("InvalidParameterValue", "The provided instance profile does not exist"):
        factory.infrastructure(instanceProfileName="other")
    with refused("InvalidParameterValue", "'snsTopicArn'"):
        factory.infrastructure(snsTopicArn=f"arn:aws:sns:eu-central-1:{ACCOUNT}:none")


@pytest.mark.parametrize("half", [{"subnetId": "subnet-1"}, {"securityGroupIds": ["sg-1"]}])
def test_a_subnet_and_security_groups_come_together(factory: Factory, half: dict[str, Any]) -> None:
    with refused("InvalidParameterCombination", "subnetId"):
        factory.infrastructure(**half)


@pytest.mark.parametrize("key", ["Name", "CreatedBy", "Ec2ImageBuilderArn", "Tags"])
def test_tags_of_build_instances_are_not_the_services_own(factory: Factory, key: str) -> None:
    with refused("InvalidParameterValue", f"'{key}' is reserved"):
        factory.infrastructure(resourceTags={key: "x"})


def test_an_update_leaves_nothing_of_before(factory: Factory) -> None:
    arn = factory.infrastructure(description="old", instanceTypes=["m7g.large"], tags={"a": "b"})
    factory.client.update_infrastructure_configuration(
        infrastructureConfigurationArn=arn, instanceProfileName="build", keyPair="k"
    )
    found = factory.client.get_infrastructure_configuration(infrastructureConfigurationArn=arn)
    found = found["infrastructureConfiguration"]
    assert (found["keyPair"], found["tags"], found["name"]) == ("k", {"a": "b"}, "web")
    assert {"description", "instanceTypes"}.isdisjoint(found)
    assert found["dateUpdated"]
    with refused("InvalidParameterValue", "instanceProfileName"):
        factory.client.update_infrastructure_configuration(
            infrastructureConfigurationArn=arn, instanceProfileName="other"
        )


def test_a_distribution_says_where_to_and_how_amis_are_called(factory: Factory) -> None:
    arn = factory.distribution("eu-central-1", "eu-west-1", amis={"amiTags": {"a": "b"}})
    (first, second) = factory.client.list_distribution_configurations()[
        "distributionConfigurationSummaryList"
    ][0]["regions"]
    assert (first, second) == ("eu-central-1", "eu-west-1")
    with refused("InvalidParameterValue", "eu-west-1 is there more than once"):
        factory.distribution("eu-west-1", "eu-west-1", name="other")
    with refused("InvalidParameterValue", "no region eu-nowhere-1"):
        factory.distribution("eu-nowhere-1", name="other")
    with refused("InvalidParameterValue", "must contain {{ imagebuilder:buildDate }}"):
        factory.distribution(name="other", amis={"name": "web"})
    with refused("InvalidRequest", "licenseConfigurationArns is not emulated"):
        licence = f"arn:aws:license-manager:eu-central-1:{ACCOUNT}:license-configuration:lic-{'a' * 32}"
        factory.distribution(name="other", licenseConfigurationArns=[licence])
    with refused("InvalidParameterValue", "999999999999 is none of the target accounts"):
        parameter = {"parameterName": "/images/web", "amiAccountId": "999999999999"}
        factory.distribution(name="other", ssmParameterConfigurations=[parameter])
    with refused("InvalidParameterValue", "no region eu-nowhere-1"):
        factory.client.update_distribution_configuration(
            distributionConfigurationArn=arn, distributions=[{"region": "eu-nowhere-1"}]
        )
    factory.client.update_distribution_configuration(
        distributionConfigurationArn=arn, distributions=[{"region": "eu-west-2"}]
    )
    found = factory.client.get_distribution_configuration(distributionConfigurationArn=arn)
    assert found["distributionConfiguration"]["distributions"] == [{"region": "eu-west-2"}]


# Pipelines


def test_a_pipeline_is_there_with_its_defaults(factory: Factory) -> None:
    arn = factory.pipeline(schedule={"scheduleExpression": CRON})
    found = factory.client.get_image_pipeline(imagePipelineArn=arn)["imagePipeline"]
    assert (found["status"], found["platform"], found["enhancedImageMetadataEnabled"]) == (
        "ENABLED", "Linux", True,
    )  # fmt: skip
    assert found["imageTestsConfiguration"] == {"imageTestsEnabled": True, "timeoutMinutes": 720}
    assert found["schedule"] == {
        "scheduleExpression": CRON,
        "pipelineExecutionStartCondition": "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
    }


def test_a_pipeline_names_what_is_there(factory: Factory) -> None:
    with refused("ResourceNotFound", "image-recipe/gone/1.0.0"):
        factory.pipeline(f"{ARN}image-recipe/gone/1.0.0")
    with refused("ResourceNotFound", "infrastructure-configuration/gone"):
        factory.pipeline(infrastructure=f"{ARN}infrastructure-configuration/gone")
    recipe, infrastructure = f"{ARN}image-recipe/web/1.0.0", f"{ARN}infrastructure-configuration/web"
    with refused("ResourceNotFound", "distribution-configuration/gone"):
        gone = f"{ARN}distribution-configuration/gone"
        factory.pipeline(recipe, infrastructure=infrastructure, distribution=gone)
    factory.pipeline(recipe, infrastructure=infrastructure)
    with refused("ResourceAlreadyExists", "'ImagePipeline' already exists"):
        factory.pipeline(recipe, infrastructure=infrastructure)
    with refused("InvalidParameterCombination", "exactly one of 'imageRecipeArn'"):
        factory.client.create_image_pipeline(name="other", infrastructureConfigurationArn=infrastructure)


def test_what_a_pipeline_uses_is_deleted_after_it(factory: Factory) -> None:
    distribution = factory.distribution()
    pipeline = factory.pipeline(distribution=distribution)
    recipe, infrastructure = f"{ARN}image-recipe/web/1.0.0", f"{ARN}infrastructure-configuration/web"

    with refused("ResourceDependency", recipe):
        factory.client.delete_image_recipe(imageRecipeArn=recipe)
    with refused("ResourceDependency", infrastructure):
        factory.client.delete_infrastructure_configuration(infrastructureConfigurationArn=infrastructure)
    with refused("ResourceDependency", distribution):
        factory.client.delete_distribution_configuration(distributionConfigurationArn=distribution)
    factory.client.delete_image_pipeline(imagePipelineArn=pipeline)
    factory.client.delete_image_recipe(imageRecipeArn=recipe)
    factory.client.delete_infrastructure_configuration(infrastructureConfigurationArn=infrastructure)
    factory.client.delete_distribution_configuration(distributionConfigurationArn=distribution)


def test_a_pipeline_that_moved_lets_its_recipe_go(factory: Factory) -> None:
    base = factory.component()
    old, new = factory.recipe(base), factory.recipe(base, version="1.0.1")
    infrastructure = factory.infrastructure()
    pipeline = factory.pipeline(old, infrastructure=infrastructure, description="first")
    factory.client.update_image_pipeline(
        imagePipelineArn=pipeline, imageRecipeArn=new, infrastructureConfigurationArn=infrastructure
    )
    factory.client.delete_image_recipe(imageRecipeArn=old)
    found = factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    assert found["imageRecipeArn"] == new
    assert "description" not in found


@pytest.mark.parametrize(
    "expression",
    [
        "0 3 * * *", "cron(0 3 * * *)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(61 3 ? * sun *)",
        "cron(0 3 ? * 0 *)", "cron(0 3 ? * 8 *)", "cron(0 3 ? * funday *)", "cron(0 3 1 * ? soon)",
        "cron(0 3 LW * ? *)", "cron(0 3 1 * ? 20*)",
        "rate(1 days)", "rate(2 day)", "rate(0 days)", "rate(1 week)", "at(2030-01-01T00:00:00)",
    ],
)  # fmt: skip
def test_a_schedule_that_is_none_is_refused(factory: Factory, expression: str) -> None:
    with refused("InvalidParameterValue", "'schedule.scheduleExpression' is not valid"):
        factory.pipeline(schedule={"scheduleExpression": expression})


def test_a_schedule_is_in_a_time_zone_that_there_is(factory: Factory) -> None:
    with refused("InvalidParameterValue", "no time zone Europe/Nowhere"):
        factory.pipeline(schedule={"scheduleExpression": CRON, "timezone": "Europe/Nowhere"})


def test_a_scan_needs_tests(factory: Factory) -> None:
    scan, no_tests = {"imageScanningEnabled": True}, {"imageTestsEnabled": False}
    with refused("InvalidParameterCombination", "scanning needs image tests"):
        factory.pipeline(imageScanningConfiguration=scan, imageTestsConfiguration=no_tests)


def test_logs_elsewhere_need_an_execution_role(factory: Factory) -> None:
    recipe, logs = factory.recipe(), {"imageLogGroupName": "/other/web"}
    infrastructure = factory.infrastructure()
    with refused("InvalidParameterCombination", "execution role is required for 'imageLogGroupName'"):
        factory.pipeline(recipe, infrastructure=infrastructure, loggingConfiguration=logs)
    factory.pipeline(
        recipe, infrastructure=infrastructure, loggingConfiguration=logs, executionRole="builder"
    )


def test_the_name_of_an_ami_must_tell_builds_apart(factory: Factory) -> None:
    assert factory.distribution(amis={"name": f"x-{BUILD_DATE}"}, name="first")
    assert factory.distribution(amis={"name": "x-{{imagebuilder:buildDate}}"}, name="second")
