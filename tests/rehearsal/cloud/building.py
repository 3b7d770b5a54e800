"""Everything that an image is built from, in the emulated cloud, made with boto3."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sns.models import sns_backends

from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT

RUNNING = ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING")
#: Emulated seconds in which any build is over.
LONGEST_SECONDS = 3600
PARENT = "ami-00000000000000001"
BUILD_DATE = "{{ imagebuilder:buildDate }}"


def document(*scripts: str, phase: str = "build", action: str = "ExecuteBash", **step: Any) -> str:
    """A component document with one step a script; JSON, which is YAML too."""
    steps = [
        {"name": f"Step{number}", "action": action, "inputs": {"commands": [script]}} | step
        for number, script in enumerate(scripts or ("echo hello",))
    ]
    return whole([{"name": phase, "steps": steps}])


def whole(phases: Any, **more: Any) -> str:
    return json.dumps({"schemaVersion": 1.0, "phases": phases} | more)


@dataclass
class Factory:
    """`recipe`, `infrastructure` and so on make a resource with what it must have, and return its ARN."""

    cloud: Local
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.cloud.client("imagebuilder")
        self.cloud.image(PARENT)
        self.cloud.client("iam").create_instance_profile(InstanceProfileName="build")

    def component(self, name: str = "base", version: str = "1.0.0", data: str = "", **more: Any) -> str:
        made = self.client.create_component(
            **{"name": name, "semanticVersion": version, "platform": "Linux", "data": data or document()}
            | more
        )
        return str(made["componentBuildVersionArn"])

    def recipe(self, *components: str, name: str = "web", version: str = "1.0.0", **more: Any) -> str:
        given = {"name": name, "semanticVersion": version, "parentImage": PARENT} | more
        if "components" not in more:
            given["components"] = [{"componentArn": arn} for arn in components or (self.component(),)]
        return str(self.client.create_image_recipe(**given)["imageRecipeArn"])

    def infrastructure(self, name: str = "web", **more: Any) -> str:
        given = {"name": name, "instanceProfileName": "build"} | more
        made = self.client.create_infrastructure_configuration(**given)
        return str(made["infrastructureConfigurationArn"])

    def distribution(self, *regions: str, name: str = "web", amis: Any = None, **more: Any) -> str:
        """`amis` is added to each region's settings of AMIs, and `more` to the region's own."""
        settings = {"name": f"web-{BUILD_DATE}"} | (amis or {})
        made = self.client.create_distribution_configuration(
            name=name,
            distributions=[
                {"region": region, "amiDistributionConfiguration": settings} | more
                for region in regions or (self.cloud.region,)
            ],
        )
        return str(made["distributionConfigurationArn"])

    def pipeline(self, recipe: str = "", name: str = "web", **more: Any) -> str:
        given = {
            "name": name,
            "imageRecipeArn": recipe or self.recipe(),
            "infrastructureConfigurationArn": more.pop("infrastructure", None) or self.infrastructure(),
        }
        distribution = more.pop("distribution", None)
        if distribution:
            given["distributionConfigurationArn"] = distribution
        return str(self.client.create_image_pipeline(**given | more)["imagePipelineArn"])

    # Builds

    def start(self, pipeline: str, **more: Any) -> str:
        made = self.client.start_image_pipeline_execution(imagePipelineArn=pipeline, **more)
        return str(made["imageBuildVersionArn"])

    def image(self, arn: str) -> dict[str, Any]:
        return dict(self.client.get_image(imageBuildVersionArn=arn)["image"])

    def status(self, arn: str) -> str:
        return str(self.image(arn)["state"]["status"])

    def built(self, pipeline: str) -> dict[str, Any]:
        """The image of a build of now, when that is over."""
        arn = self.start(pipeline)
        for _ in range(LONGEST_SECONDS // 60):
            self.cloud.step(60)
            if self.status(arn) not in RUNNING:
                return self.image(arn)
        raise AssertionError(f"{arn} is {self.status(arn)} after {LONGEST_SECONDS} emulated seconds")

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        """The steps of all of a build's workflows by name."""
        executions = self.client.list_workflow_executions(imageBuildVersionArn=arn)["workflowExecutions"]
        return {
            step["name"]: step
            for execution in executions
            for step in self.client.list_workflow_step_executions(
                workflowExecutionId=execution["workflowExecutionId"]
            )["steps"]
        }

    def log(self, arn: str, group: str = "/aws/imagebuilder/web") -> list[str]:
        stream = "/".join(arn.split("/")[-2:])
        found = self.cloud.client("logs").get_log_events(logGroupName=group, logStreamName=stream)
        return [event["message"] for event in found["events"]]


def events(factory: Factory, pattern: Any) -> Any:
    """What a rule with this pattern tells its topic, as it grows."""
    topic = factory.cloud.client("sns").create_topic(Name="alerts")["TopicArn"]
    client = factory.cloud.client("events")
    client.put_rule(Name="rule", EventPattern=json.dumps(pattern))
    client.put_targets(Rule="rule", Targets=[{"Id": "topic", "Arn": topic}])
    sent = sns_backends[ACCOUNT][factory.cloud.region].topics[topic].sent_notifications
    return lambda: [json.loads(each[1]) for each in sent]


def refused(code: str, match: str = "") -> Any:
    """The block fails with AWS's error of this code, its last word left out, and a message that matches."""
    return pytest.raises(ClientError, match=rf"\({code}Exception\).*{match}")
