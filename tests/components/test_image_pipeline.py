"""What an image pipeline is made of, beside its recipe, its keys and its roles."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.components.pipelines import BASE, OTHER, PARENT, TOPIC, Build, args, key, pipeline, tags
from tests.components.recorder import ACCOUNT, REGION


def test_images_are_tested_scanned_and_rebuilt_when_what_they_are_made_of_changed(build: Build) -> None:
    assert pipeline(build).inputs("ImagePipeline") == {
        "ImagePipeline web": {
            "description": "what every server has",
            "imageRecipeArn": "arn:recipe/web",
            "infrastructureConfigurationArn": "arn:infrastructure/web",
            "distributionConfigurationArn": "arn:distribution/web",
            "executionRole": "arn:role/web-execution",
            "enhancedImageMetadataEnabled": True,
            "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 60},
            "imageScanningConfiguration": {"imageScanningEnabled": True},
            "loggingConfiguration": {
                "imageLogGroupName": "web-log",
                "pipelineLogGroupName": "web-pipeline-log",
            },
            "schedule": {
                "scheduleExpression": "cron(0 3 ? * sun *)",
                "timezone": "Etc/UTC",
                "pipelineExecutionStartCondition": "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
            },
            "tags": tags("web"),
        }
    }


def test_when_and_how_long_is_said_by_the_arguments(build: Build) -> None:
    changed = {"schedule": "cron(30 4 1 * ? *)", "time_zone": "Europe/Berlin", "test_timeout_minutes": 90}
    found = pipeline(build, **changed).inputs()["ImagePipeline web"]
    assert found["schedule"]["scheduleExpression"] == "cron(30 4 1 * ? *)"
    assert found["schedule"]["timezone"] == "Europe/Berlin"
    assert found["imageTestsConfiguration"]["timeoutMinutes"] == 90


def test_no_build_starts_before_its_role_may_do_anything(build: Build) -> None:
    after = pipeline(build).after()
    assert after["ImagePipeline web"] == ["RolePolicy web-execution", "RolePolicyAttachment web-execution"]
    assert after["InstanceProfile web-build"] == ["RolePolicy web-build"]
    assert after["InfrastructureConfiguration web"] == [
        "SecurityGroupEgressRule web-build-to-internet",
        "SecurityGroupEgressRule web-build-to-s3",
    ]


def test_machines_that_build_have_no_way_in_no_key_and_metadata_by_token(build: Build) -> None:
    assert pipeline(build).inputs("InfrastructureConfiguration") == {
        "InfrastructureConfiguration web": {
            "description": "Machines that build and test web",
            "instanceProfileName": "web-build-profile",
            "instanceTypes": ["m7g.large", "m6g.large"],
            "subnetId": "subnet-a",
            "securityGroupIds": ["web-build-id"],
            "instanceMetadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "logging": {"s3Logs": {"s3BucketName": "builds-bucket", "s3KeyPrefix": "web"}},
            "terminateInstanceOnFailure": True,
            "resourceTags": {"owner": "platform"},
            "tags": tags("web"),
        }
    }


def test_they_call_out_by_https_and_nobody_calls_them(build: Build) -> None:
    def rule(suffix: str, description: str, **destination: str) -> dict[str, Any]:
        return {
            "securityGroupId": "web-build-id",
            "description": description,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "tags": tags(f"web-build-to-{suffix}"),
            **destination,
        }

    built = pipeline(build)
    assert built.inputs("SecurityGroup") == {
        "SecurityGroup web-build": {
            "namePrefix": "web-build-",
            "description": "Builds and tests images of web",
            "vpcId": "vpc-1",
            "tags": tags("web-build"),
        }
    }
    assert built.inputs("SecurityGroupEgressRule") == {
        "SecurityGroupEgressRule web-build-to-s3": rule(
            "s3", "HTTPS to S3 by its gateway endpoint", prefixListId="pl-s3"
        ),
        "SecurityGroupEgressRule web-build-to-internet": rule(
            "internet", "HTTPS to the internet by the NAT gateway", cidrIpv4="0.0.0.0/0"
        ),
    }
    assert built.inputs("SecurityGroupIngressRule") == {}


def test_logs_stand_where_image_builder_may_write_and_end_some_time(build: Build) -> None:
    assert pipeline(build, log_retention_days=30).inputs("LogGroup") == {
        "LogGroup web": {"name": "/aws/imagebuilder/web", "retentionInDays": 30, "tags": tags("web")},
        "LogGroup web-pipeline": {
            "name": "/aws/imagebuilder/pipeline/web",
            "retentionInDays": 30,
            "tags": tags("web-pipeline"),
        },
    }


def test_a_finished_or_failed_image_is_told_to_the_topic(build: Build) -> None:
    built = pipeline(build)
    assert built.inputs("EventRule") == {
        "EventRule web-images": {
            "namePrefix": "web-images-",
            "description": "An image of web is finished, or failed",
            "eventPattern": {
                "source": ["aws.imagebuilder"],
                "detail-type": ["EC2 Image Builder Image State Change"],
                "resources": [{"prefix": f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/web/"}],
                "detail": {"state": {"status": ["AVAILABLE", "FAILED"]}},
            },
            "tags": tags("web-images"),
        }
    }
    assert built.inputs("EventTarget") == {
        "EventTarget web-images": {
            "rule": "web-images-rule",
            "arn": TOPIC,
            "inputTransformer": {
                "inputPaths": {"image": "$.resources[0]", "state": "$.detail.state.status"},
                "inputTemplate": '"Image of web: <state>. <image>"',
            },
        }
    }


def test_every_region_gets_an_encrypted_copy_that_says_where_it_comes_from(build: Build) -> None:
    def distribution(region: str) -> dict[str, Any]:
        return {
            "region": region,
            "amiDistributionConfiguration": {
                "name": "web-0123456789abcdef {{ imagebuilder:buildDate }}",
                "description": f"web 0123456789abcdef, made from {PARENT}",
                "amiTags": {
                    "owner": "platform",
                    "immutable:recipe": "web",
                    "immutable:recipe-hash": "0123456789abcdef",
                    "immutable:commit": "c0ffee-dirty",
                    "immutable:parent": PARENT,
                    "immutable:tests": "passed",
                },
                "kmsKeyId": key(region),
            },
            "ssmParameterConfigurations": [
                {"parameterName": "/immutable/images/web", "dataType": "aws:ec2:image"}
            ],
        }

    assert pipeline(build).inputs("DistributionConfiguration") == {
        "DistributionConfiguration web": {
            "description": "Encrypted copies of web where servers start from them",
            "distributions": [distribution(REGION), distribution("eu-west-1")],
            "tags": tags("web"),
        }
    }


def test_other_accounts_get_copies_of_their_own_and_so_does_the_factorys(build: Build) -> None:
    places = pipeline(build, accounts=(OTHER,)).inputs()["DistributionConfiguration web"]["distributions"]
    assert [place["amiDistributionConfiguration"]["targetAccountIds"] for place in places] == [
        [ACCOUNT, OTHER]
    ] * 2


def test_it_says_where_its_images_are_to_be_found(build: Build) -> None:
    built = pipeline(build)
    assert {name: value for name, value in built.outputs.items() if name != "version"} == {
        "pipeline": "arn:pipeline/web",
        "recipe": "arn:recipe/web",
        "keys": {REGION: key(REGION), "eu-west-1": key("eu-west-1")},
        "parameter": "/immutable/images/web",
        "logs": "web-log",
    }
    assert built.outputs["version"] == built.inputs()["ImageRecipe web"]["version"]


def test_everything_hangs_on_the_pipeline(build: Build) -> None:
    built = pipeline(build, accounts=(OTHER,))
    assert built.types()["the ImagePipeline web"] == "immutable:imagepipeline:ImagePipeline"
    parents = {key: parent for key, parent in built.parents().items() if key != "the ImagePipeline web"}
    assert set(parents.values()) == {"the ImagePipeline web"}
    assert sorted(parents) == [
        "Component web-base",
        "Component web-seal",
        "DistributionConfiguration web",
        "EventRule web-images",
        "EventTarget web-images",
        f"Grant web-{REGION}-{OTHER}",
        f"Grant web-eu-west-1-{OTHER}",
        "ImagePipeline web",
        "ImageRecipe web",
        "InfrastructureConfiguration web",
        "InstanceProfile web-build",
        f"Key web-{REGION}",
        "Key web-eu-west-1",
        "LogGroup web",
        "LogGroup web-pipeline",
        "Role web-build",
        "Role web-execution",
        "RolePolicy web-build",
        "RolePolicy web-execution",
        "RolePolicyAttachment web-execution",
        "SecurityGroup web-build",
        "SecurityGroupEgressRule web-build-to-internet",
        "SecurityGroupEgressRule web-build-to-s3",
    ]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"parent_image_id": "debian-12"}, "should match pattern"),
        ({"parent_image_id": "resolve:ssm:/debian"}, "should match pattern"),
        ({"architecture": "amd64"}, "Input should be 'arm64' or 'x86_64'"),
        ({"documents": ()}, "at least 1 item"),
        ({"documents": (BASE, BASE)}, "document base is named twice: name each one once"),
        ({"regions": ()}, "at least 1 item"),
        ({"regions": (REGION, REGION)}, f"region {REGION} is named twice"),
        ({"accounts": ("12345",)}, "should match pattern"),
        ({"accounts": (OTHER, OTHER)}, f"account {OTHER} is named twice"),
        ({"instance_types": ()}, "at least 1 item"),
        ({"volume_size_gib": 0}, "greater than or equal to 1"),
        ({"volume_size_gib": 16_385}, "less than or equal to 16384"),
        ({"test_timeout_minutes": 59}, "greater than or equal to 60"),
        ({"test_timeout_minutes": 1441}, "less than or equal to 1440"),
        ({"key_deletion_window_days": 6}, "greater than or equal to 7"),
        ({"key_deletion_window_days": 31}, "less than or equal to 30"),
        ({"log_retention_days": 42}, "Input should be 1, 3"),
        ({"description": ""}, "at least 1 character"),
        ({"description": "x" * 1025}, "at most 1024 characters"),
        ({"schedule": "daily"}, "'daily' is no cron expression of AWS's"),
        ({"key_pair": "mine"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_pipeline_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        args(**changed)


def test_twenty_documents_are_as_many_as_a_recipe_takes() -> None:
    def named(count: int) -> tuple[Any, ...]:
        return tuple(BASE.model_copy(update={"name": f"d{number}"}) for number in range(count))

    assert len(args(documents=named(20)).documents) == 20
    with pytest.raises(ValidationError, match="at most 20 items"):
        args(documents=named(21))
