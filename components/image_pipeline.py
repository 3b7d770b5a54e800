"""A recipe's way to images: built in a private network, tested, scanned, distributed, announced."""

from __future__ import annotations

from typing import Annotated, Literal

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2, iam, imagebuilder
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from . import policies
from .args import ComponentArgs, ImageId, Late, Placement, RetentionDays
from .build_role import build_role
from .cron import checked as checked_cron
from .execution_role import Own, execution_role
from .image_distribution import image_distribution, parameter_name
from .image_key import image_keys
from .image_recipe import Document, component_name, image_recipe
from .names import LONG_PREFIX, RULE_PREFIX, name_prefix, named
from .server_rules import egress_rules

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]


class ImagePipelineArgs(ComponentArgs):
    """What an `ImagePipeline` is made of. Raises ValueError for a region, account or document named twice."""

    description: str = Field(min_length=1, max_length=1024)
    parent_image_id: ImageId
    """The image that everything is put on, of the same architecture."""
    architecture: Literal["arm64", "x86_64"]
    root_device_name: str
    """The parent image's root device; under another name the volume here would be a second one."""
    volume_size_gib: int = Field(default=8, ge=1, le=16_384)
    """No smaller than the parent image's own volume."""
    documents: tuple[Document, ...] = Field(min_length=1, max_length=20)
    """In the order in which they run (Image Builder takes 20 a recipe)."""
    recipe_hash: str = Field(min_length=1, max_length=64)
    """Stands for everything that decides the image; images carry it as a tag, and in their names."""
    commit: str = Field(min_length=1, max_length=256)
    """The source that the documents come from, for the images' tags."""
    instance_types: tuple[str, ...] = Field(min_length=1)
    """What builds and tests run on, of the architecture; the first that is to be had is taken."""
    placement: Placement
    """Where they run: private subnets with a way to the internet, for packages."""
    log_bucket: Late
    """Takes what Image Builder writes of each build, below the name of the pipeline."""
    alert_topic_arn: Late
    """Hears of images that are finished or failed."""
    regions: tuple[str, ...] = Field(min_length=1)
    """Where images go. The first one is where they are built: that of the provider."""
    accounts: tuple[AccountId, ...] = ()
    """Other accounts that get copies of their own. Each needs Auto Scaling's service-linked role and
    `EC2ImageBuilderDistributionCrossAccountRole` first."""
    schedule: Annotated[str, AfterValidator(checked_cron)] = "cron(0 3 ? * sun *)"
    """When the pipeline looks whether what it builds from has changed, as a cron expression of AWS's."""
    time_zone: str = "Etc/UTC"
    """The IANA time zone of `schedule`."""
    test_timeout_minutes: int = Field(default=60, ge=60, le=1440)
    """How long tests may take (ImageTestsConfiguration)."""
    log_retention_days: RetentionDays = 365
    retain_keys: bool = True
    """Whether the keys outlive the stack; without its key an image starts no server."""
    key_deletion_window_days: int = Field(default=30, ge=7, le=30)
    """How long a key can be had back after it was deleted (KMS, ScheduleKeyDeletion)."""

    @model_validator(mode="after")
    def _once_each(self) -> ImagePipelineArgs:
        documents = tuple(document.name for document in self.documents)
        for what, values in (("region", self.regions), ("account", self.accounts), ("document", documents)):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]} is named twice: name each one once")
        return self

    @property
    def region(self) -> str:
        """Where images are built."""
        return self.regions[0]


class ImagePipeline(pulumi.ComponentResource):
    """An EC2 Image Builder pipeline, and everything that it needs to itself. Its name is the recipe's.

    A changed document makes new versions, and the pipeline moves to them; it stays what it is, and so do the
    images that it made. The machines that build and test have no key pair, no way in, and metadata with a
    token for one hop (two are for containers alone: InstanceMetadataOptions).
    """

    arn: Output[str]
    recipe_arn: Output[str]
    recipe_version: Output[str]
    key_arns: dict[str, Output[str]]
    """By region."""
    parameter: str
    """The parameter that holds the newest image's ID, in each region."""
    log_group_name: Output[str]
    """What the documents' steps print, in one stream an image: `<version>/<build>`."""

    def __init__(self, name: str, args: ImagePipelineArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:imagepipeline:ImagePipeline", name, None, opts)
        child = ResourceOptions(parent=self)
        owner = Output.from_input(args.alert_topic_arn).apply(policies.owner_of)
        keys = image_keys(name, args, owner, child)
        logs = _log_group(name, f"/aws/imagebuilder/{name}", args, child)
        run_logs = _log_group(f"{name}-pipeline", f"/aws/imagebuilder/pipeline/{name}", args, child)
        components = [component_name(name, document) for document in args.documents]
        machine, profile = build_role(name, args, components, logs.arn, child)
        own = Output.all(machine.arn, list(keys.values()), [logs.arn, run_logs.arn]).apply(
            lambda of: Own(*of)
        )
        execution, permissions = execution_role(name, args, parameter_name(name), owner, own, child)
        recipe = image_recipe(name, args, keys[args.region], child)
        pipeline = imagebuilder.ImagePipeline(
            name,
            description=args.description,
            image_recipe_arn=recipe.arn,
            infrastructure_configuration_arn=_infrastructure(name, args, profile, child).arn,
            distribution_configuration_arn=image_distribution(name, args, owner, keys, child).arn,
            execution_role=execution.arn,
            enhanced_image_metadata_enabled=True,
            image_tests_configuration=imagebuilder.ImagePipelineImageTestsConfigurationArgs(
                image_tests_enabled=True, timeout_minutes=args.test_timeout_minutes
            ),
            image_scanning_configuration=imagebuilder.ImagePipelineImageScanningConfigurationArgs(
                image_scanning_enabled=True
            ),
            logging_configuration=imagebuilder.ImagePipelineLoggingConfigurationArgs(
                image_log_group_name=logs.name, pipeline_log_group_name=run_logs.name
            ),
            schedule=imagebuilder.ImagePipelineScheduleArgs(
                schedule_expression=args.schedule,
                timezone=args.time_zone,
                pipeline_execution_start_condition="EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
            ),
            tags=named(args.tags, name),
            # A build that starts before its role may do anything fails.
            opts=ResourceOptions(parent=self, depends_on=permissions),
        )
        _announcement(name, args, owner, child)
        self.arn = pipeline.arn
        self.recipe_arn = recipe.arn
        self.recipe_version = recipe.version
        self.key_arns = keys
        self.parameter = parameter_name(name)
        self.log_group_name = logs.name
        self.register_outputs({"arn": self.arn})


def _log_group(name: str, group: str, args: ImagePipelineArgs, opts: ResourceOptions) -> cloudwatch.LogGroup:
    """Image Builder would make it by itself, and keep everything for ever."""
    return cloudwatch.LogGroup(
        name, name=group, retention_in_days=args.log_retention_days, tags=named(args.tags, name), opts=opts
    )


def _infrastructure(
    name: str, args: ImagePipelineArgs, profile: iam.InstanceProfile, opts: ResourceOptions
) -> imagebuilder.InfrastructureConfiguration:
    """The machines that build and test."""
    child_name = f"{name}-build"
    group = ec2.SecurityGroup(
        child_name,
        name_prefix=name_prefix(child_name, LONG_PREFIX),
        description=f"Builds and tests images of {name}",
        vpc_id=args.placement.vpc_id,
        tags=named(args.tags, child_name),
        opts=opts,
    )
    rules = egress_rules(child_name, group, args.placement, args.tags, opts)
    return imagebuilder.InfrastructureConfiguration(
        name,
        description=f"Machines that build and test {name}",
        instance_profile_name=profile.name,
        instance_types=list(args.instance_types),
        subnet_id=args.placement.subnet_ids[0],
        security_group_ids=[group.id],
        instance_metadata_options=imagebuilder.InfrastructureConfigurationInstanceMetadataOptionsArgs(
            http_tokens="required", http_put_response_hop_limit=1
        ),
        logging=imagebuilder.InfrastructureConfigurationLoggingArgs(
            s3_logs=imagebuilder.InfrastructureConfigurationLoggingS3LogsArgs(
                s3_bucket_name=args.log_bucket, s3_key_prefix=name
            )
        ),
        # What went wrong is in the logs; a machine that stays would cost, and tempt to log in.
        terminate_instance_on_failure=True,
        # Without a Name: Image Builder gives the machines one that says which build they belong to.
        resource_tags=dict(args.tags),
        tags=named(args.tags, name),
        opts=ResourceOptions(parent=opts.parent, depends_on=rules),
    )


def _announcement(
    name: str, args: ImagePipelineArgs, owner: Output[policies.Owner], opts: ResourceOptions
) -> None:
    """Tells the topic of every image that is finished or failed.

    The infrastructure configuration has a topic too, but Image Builder publishes there as its service-linked
    role, which the topic and its key would have to let in.
    """
    child_name = f"{name}-images"
    rule = cloudwatch.EventRule(
        child_name,
        name_prefix=name_prefix(child_name, RULE_PREFIX),
        description=f"An image of {name} is finished, or failed",
        event_pattern=Output.json_dumps(owner.apply(lambda known: image_pattern(name, known))),
        tags=named(args.tags, child_name),
        opts=opts,
    )
    cloudwatch.EventTarget(
        child_name,
        rule=rule.name,
        arn=args.alert_topic_arn,
        input_transformer=cloudwatch.EventTargetInputTransformerArgs(
            input_paths={"image": "$.resources[0]", "state": "$.detail.state.status"},
            input_template=f'"Image of {name}: <state>. <image>"',
        ),
        opts=opts,
    )


def image_pattern(name: str, owner: policies.Owner) -> policies.Document:
    """The events of a recipe's images that ended one way or the other."""
    images = f"arn:{owner.partition}:imagebuilder:{owner.region}:{owner.account}:image/{name}/"
    return {
        "source": ["aws.imagebuilder"],
        "detail-type": ["EC2 Image Builder Image State Change"],
        "resources": [{"prefix": images}],
        "detail": {"state": {"status": ["AVAILABLE", "FAILED"]}},
    }
