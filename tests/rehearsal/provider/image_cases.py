"""The cases of what images are built with: Image Builder's types, and grants of keys."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.cloud.building import document
from tests.rehearsal.provider.cases import NEW_TAGS, TAGS, Case
from tests.rehearsal.provider.world import IMAGES, REGION, TRUST, Made, World

GRANTEE = (
    "arn:aws:iam::210987654321:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)


def component(world: World, name: str = "base", **more: Any) -> Properties:
    """Of a name that no other test of the cloud has: a version never changes."""
    named = {"name": f"{name}-{world.number}", "version": "1.0.0", "platform": "Linux"}
    return {**named, "data": document(f"echo {name}"), "description": "d", **more}


def recipe(world: World, name: str = "service") -> Properties:
    made = world.make("aws:imagebuilder/component:Component", **component(world, f"of-{name}"))
    return {
        "name": f"{name}-{world.number}",
        "version": "1.0.0",
        "parentImage": IMAGES[0],
        "components": [{"componentArn": made.id}],
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "volumeSize": 8,
                    "volumeType": "gp3",
                    "encrypted": "true",
                    "kmsKeyId": world.key.outputs["arn"],
                    "deleteOnTermination": "true",
                },
            }
        ],
        "systemsManagerAgent": {"uninstallAfterBuild": False},
        "description": "d",
    }


def infrastructure(world: World, **more: Any) -> Properties:
    profile = world.make("aws:iam/instanceProfile:InstanceProfile", role=world.role.id)
    return {
        "instanceProfileName": profile.id,
        "instanceTypes": ["m7g.large", "m6g.large"],
        "subnetId": world.subnet_ids[0],
        "securityGroupIds": [world.groups[0].id],
        "instanceMetadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "logging": {"s3Logs": {"s3BucketName": world.bucket.id, "s3KeyPrefix": "builds"}},
        "terminateInstanceOnFailure": True,
        "resourceTags": {"purpose": "build"},
        **more,
    }


def place(world: World, region: str, description: str = "d") -> Properties:
    return {
        "region": region,
        "amiDistributionConfiguration": {
            "name": "service-{{ imagebuilder:buildDate }}",
            "description": description,
            "amiTags": {"immutable:tests": "passed"},
            "kmsKeyId": world.key.outputs["arn"],
            "targetAccountIds": ["123456789012", "210987654321"],
        },
        "ssmParameterConfigurations": [
            {"parameterName": "/immutable/images/service", "dataType": "aws:ec2:image"}
        ],
    }


def pipeline(world: World) -> Properties:
    role = world.make("aws:iam/role:Role", assumeRolePolicy=TRUST)
    made = world.make("aws:imagebuilder/imageRecipe:ImageRecipe", **recipe(world))
    places = [place(world, REGION)]
    kinds = (
        ("infrastructureConfiguration", infrastructure(world)),
        (
            "distributionConfiguration",
            {"distributions": places},
        ),
    )
    arns = {
        f"{kind}Arn": world.make(f"aws:imagebuilder/{kind}:{kind[0].upper()}{kind[1:]}", **inputs).id
        for kind, inputs in kinds
    }
    return {
        "imageRecipeArn": made.id,
        **arns,
        "executionRole": role.outputs["arn"],
        "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 60},
        "imageScanningConfiguration": {"imageScanningEnabled": True},
        "loggingConfiguration": {"imageLogGroupName": "/aws/imagebuilder/service"},
        "schedule": {
            "scheduleExpression": "cron(0 3 ? * sun *)",
            "timezone": "UTC",
            "pipelineExecutionStartCondition": "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
        },
    }


def _other_recipe(world: World) -> Properties:
    made = world.make("aws:imagebuilder/imageRecipe:ImageRecipe", **recipe(world, "other"))
    return {"imageRecipeArn": made.id, "description": "e", "status": "DISABLED"}


def _pipeline_now(world: World, made: Made) -> tuple[bool, str, str]:
    found = world.client("imagebuilder").get_image_pipeline(imagePipelineArn=made.id)["imagePipeline"]
    return "/other-" in found["imageRecipeArn"], found["description"], found["status"]


def _tags(world: World, made: Made) -> dict[str, str]:
    tags: dict[str, str] = world.client("imagebuilder").list_tags_for_resource(resourceArn=made.id)["tags"]
    return tags


def _infrastructure_now(world: World, made: Made) -> tuple[Any, ...]:
    found = world.client("imagebuilder").get_infrastructure_configuration(
        infrastructureConfigurationArn=made.id
    )["infrastructureConfiguration"]
    return found["instanceTypes"], found["terminateInstanceOnFailure"], found.get("keyPair")


def _places_now(world: World, made: Made) -> list[tuple[str, str]]:
    found = world.client("imagebuilder").get_distribution_configuration(distributionConfigurationArn=made.id)
    places = found["distributionConfiguration"]["distributions"]
    return [(one["region"], one["amiDistributionConfiguration"]["description"]) for one in places]


BUILDING = (
    Case(
        "aws:imagebuilder/component:Component",
        lambda w: component(w, tags=TAGS),
        change=lambda _: {"tags": NEW_TAGS},
        seen=_tags,
        expected=NEW_TAGS,
        replace=lambda _: {
            "version": "1.0.1",
            "description": "e",
            "name": "other",
            "data": document("echo other"),
        },
    ),
    Case(
        "aws:imagebuilder/imageRecipe:ImageRecipe",
        lambda w: {**recipe(w), "tags": TAGS},
        change=lambda _: {"tags": NEW_TAGS},
        seen=_tags,
        expected=NEW_TAGS,
        replace=lambda _: {
            "version": "1.0.1",
            "parentImage": IMAGES[1],
            "components": [{"componentArn": "arn:other"}],
            "blockDeviceMappings": [{"deviceName": "/dev/xvdb"}],
        },
    ),
    Case(
        "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
        lambda w: infrastructure(w, tags=TAGS),
        change=lambda _: {"instanceTypes": ["m6g.large"], "terminateInstanceOnFailure": False},
        seen=_infrastructure_now,
        expected=(["m6g.large"], False, None),
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
        lambda w: {"distributions": [place(w, REGION)], "tags": TAGS},
        change=lambda w: {"distributions": [place(w, REGION, "e"), place(w, "eu-west-1")]},
        seen=_places_now,
        expected=[(REGION, "e"), ("eu-west-1", "d")],
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:imagebuilder/imagePipeline:ImagePipeline",
        lambda w: {**pipeline(w), "tags": TAGS},
        change=_other_recipe,
        seen=_pipeline_now,
        expected=(True, "e", "DISABLED"),
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:kms/grant:Grant",
        lambda w: {
            "name": "service",
            "keyId": w.key.outputs["arn"],
            "granteePrincipal": GRANTEE,
            "operations": ["Encrypt", "Decrypt", "CreateGrant"],
            "constraints": [{"encryptionContextSubset": {"Team": "platform"}}],
        },
        replace=lambda _: {"operations": ["Decrypt"], "granteePrincipal": "arn:other"},
    ),
)
