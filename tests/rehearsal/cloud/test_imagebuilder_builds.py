"""Builds of the emulated Image Builder: their states, workflows, log and events, and how one is cancelled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.sns.models import sns_backends

from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.building import PARENT, RUNNING, Factory, document, events, refused

EVENT = "EC2 Image Builder Image State Change"


@pytest.fixture
def factory(cloud: Local) -> Factory:
    return Factory(cloud)


def test_a_build_goes_through_its_states_in_order(factory: Factory) -> None:
    arn = factory.start(factory.pipeline())
    assert arn.endswith(":image/web/1.0.0/1")
    seen = []
    for _ in range(300):
        status = factory.status(arn)
        if status not in seen:
            seen.append(status)
        factory.cloud.step(1 if status in RUNNING[:2] else 10)
    assert seen == [*RUNNING, "AVAILABLE"]


def test_a_build_takes_about_a_quarter_of_an_hour(factory: Factory) -> None:
    documents = [document(), document(phase="test")]
    components = [factory.component(f"part-{n}", data=data) for n, data in enumerate(documents * 3)]
    arn = factory.start(factory.pipeline(factory.recipe(*components)))
    factory.cloud.step(10 * 60)
    assert factory.status(arn) in RUNNING
    factory.cloud.step(10 * 60)
    assert factory.status(arn) == "AVAILABLE"


def test_an_image_says_what_it_was_made_of(factory: Factory) -> None:
    pipeline = factory.pipeline(distribution=factory.distribution())
    arn = factory.start(pipeline, tags={"a": "b"})
    found = factory.image(arn)
    assert (found["name"], found["version"], found["type"], found["tags"]) == (
        "web", "1.0.0/1", "AMI", {"a": "b"},
    )  # fmt: skip
    assert (found["sourcePipelineArn"], found["buildType"]) == (pipeline, "USER_INITIATED")
    assert found["imageRecipe"]["parentImage"] == PARENT
    assert found["infrastructureConfiguration"]["instanceProfileName"] == "build"
    assert found["distributionConfiguration"]["distributions"][0]["region"] == "eu-central-1"
    assert found["loggingConfiguration"] == {"logGroupName": "/aws/imagebuilder/web"}
    assert found["imageTestsConfiguration"] == {"imageTestsEnabled": True, "timeoutMinutes": 720}


def test_builds_of_a_version_are_numbered(factory: Factory) -> None:
    pipeline = factory.pipeline()
    first = factory.built(pipeline)["arn"]
    factory.client.delete_image(imageBuildVersionArn=first)
    second = factory.start(pipeline)
    assert second.endswith("/1.0.0/2")
    assert factory.start(pipeline).endswith("/1.0.0/3")


def test_the_same_token_starts_one_build(factory: Factory) -> None:
    pipeline = factory.pipeline()
    first = factory.start(pipeline, clientToken="token")
    assert factory.start(pipeline, clientToken="token") == first
    assert factory.start(pipeline, clientToken="other") != first


def test_images_are_listed_by_version_by_build_and_by_pipeline(factory: Factory) -> None:
    pipeline = factory.pipeline()
    one, two = factory.built(pipeline)["arn"], factory.start(pipeline)
    client = factory.client
    assert [each["arn"] for each in client.list_images()["imageVersionList"]] == [one[:-2]]
    builds = client.list_image_build_versions(imageVersionArn=one[:-2])["imageSummaryList"]
    assert [(each["arn"], each["state"]["status"]) for each in builds] == [
        (one, "AVAILABLE"), (two, "PENDING"),
    ]  # fmt: skip
    of_pipeline = client.list_image_pipeline_images(imagePipelineArn=pipeline)["imageSummaryList"]
    assert [each["arn"] for each in of_pipeline] == [one, two]
    assert client.list_image_pipeline_images(imagePipelineArn=f"{pipeline}-x")["imageSummaryList"] == []
    assert factory.image(f"{one[:-7]}x.x.x")["arn"] == two


def test_a_pipeline_knows_its_last_run(factory: Factory) -> None:
    pipeline = factory.pipeline()
    assert "dateLastRun" not in factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    factory.built(pipeline)
    found = factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    assert (found["lastRunStatus"], bool(found["dateLastRun"])) == ("AVAILABLE", True)


def test_workflows_have_the_steps_of_the_managed_ones(factory: Factory) -> None:
    test = factory.component("test", data=document(phase="test"))
    arn = factory.built(factory.pipeline(factory.recipe(factory.component(), test)))["arn"]
    executions = factory.client.list_workflow_executions(imageBuildVersionArn=arn)["workflowExecutions"]
    assert [(each["type"], each["status"]) for each in executions] == [
        ("BUILD", "COMPLETED"), ("TEST", "COMPLETED"), ("DISTRIBUTION", "COMPLETED"),
    ]  # fmt: skip
    first = executions[0]
    assert first["workflowBuildVersionArn"] == (
        "arn:aws:imagebuilder:eu-central-1:aws:workflow/build/build-image/1.0.3/1"
    )
    assert (first["totalStepCount"], first["totalStepsSucceeded"], first["totalStepsSkipped"]) == (7, 6, 1)
    assert first["startTime"] < first["endTime"] <= executions[1]["startTime"]
    assert {name: step["status"] for name, step in factory.steps(arn).items()} == {
        "LaunchBuildInstance": "COMPLETED",
        "ApplyBuildComponents": "COMPLETED",
        "InventoryCollection": "COMPLETED",
        "RunSanitizeScript": "COMPLETED",
        "RunSysPrepScript": "SKIPPED",
        "CreateOutputAMI": "COMPLETED",
        "TerminateBuildInstance": "COMPLETED",
        "LaunchTestInstance": "COMPLETED",
        "CollectImageScanFindings": "SKIPPED",
        "ApplyTestComponents": "COMPLETED",
        "TerminateTestInstance": "COMPLETED",
        "DistributeImage": "COMPLETED",
        "ModifyImageAttributes": "SKIPPED",
        "ApplyImageConfigurations": "SKIPPED",
    }


def test_steps_wait_run_and_are_over(factory: Factory) -> None:
    arn = factory.start(factory.pipeline())
    factory.cloud.step(60)
    steps = factory.steps(arn)
    assert [step["status"] for step in steps.values()] == ["RUNNING"] + ["PENDING"] * 6
    step = factory.client.get_workflow_step_execution(
        stepExecutionId=steps["LaunchBuildInstance"]["stepExecutionId"]
    )
    assert (step["action"], step["imageBuildVersionArn"], "endTime" in step) == ("LaunchInstance", arn, False)
    workflow = factory.client.get_workflow_execution(workflowExecutionId=step["workflowExecutionId"])
    assert (workflow["status"], workflow["totalStepsSucceeded"]) == ("RUNNING", 0)
    with refused("InvalidParameterValue"):
        factory.client.get_workflow_execution(
            workflowExecutionId=f"wf-{'0' * 8}" + "-0000" * 3 + f"-{'0' * 12}"
        )


def test_without_tests_there_is_no_test_stage(factory: Factory) -> None:
    settings: dict[str, Any] = {
        "imageTestsConfiguration": {"imageTestsEnabled": False},
        "enhancedImageMetadataEnabled": False,
    }
    build = factory.built(factory.pipeline(**settings))
    assert build["state"]["status"] == "AVAILABLE"
    steps = factory.steps(build["arn"])
    assert ("LaunchTestInstance" in steps, steps["InventoryCollection"]["status"]) == (False, "SKIPPED")


def test_the_log_has_a_group_for_the_image_and_a_stream_for_the_build(factory: Factory) -> None:
    arn = factory.built(factory.pipeline(factory.recipe(factory.component(data=document("echo hello")))))[
        "arn"
    ]
    lines = factory.log(arn)
    assert lines[0] == f"Image transitioned to CREATING state for Image ARN: {arn}"
    assert lines[-1] == f"Image transitioned to AVAILABLE state for Image ARN: {arn}"
    assert "CmdExecution: Stdout: hello" in lines
    assert "CmdExecution: ExitCode 0" in lines
    assert "TOE has completed execution successfully" in lines


def test_the_log_goes_where_the_pipeline_says(factory: Factory) -> None:
    logs = {"imageLogGroupName": "/aws/imagebuilder/images/web"}
    arn = factory.built(factory.pipeline(loggingConfiguration=logs))["arn"]
    assert factory.log(arn, "/aws/imagebuilder/images/web")


def test_every_change_of_state_is_an_event(factory: Factory) -> None:
    told = events(factory, {"source": ["aws.imagebuilder"], "detail-type": [EVENT]})
    arn = factory.built(factory.pipeline())["arn"]
    assert [
        (each["detail"]["previous-state"]["status"], each["detail"]["state"]["status"]) for each in told()
    ] == [
        ("CREATING", "BUILDING"), ("BUILDING", "TESTING"), ("TESTING", "DISTRIBUTING"),
        ("DISTRIBUTING", "AVAILABLE"),
    ]  # fmt: skip
    assert told()[0]["resources"] == [arn]


def test_the_topic_of_the_infrastructure_is_told_the_end(factory: Factory) -> None:
    topic = factory.cloud.client("sns").create_topic(Name="images")["TopicArn"]
    pipeline = factory.pipeline(infrastructure=factory.infrastructure(snsTopicArn=topic))
    arn = factory.built(pipeline)["arn"]
    (sent,) = sns_backends[ACCOUNT][factory.cloud.region].topics[topic].sent_notifications
    assert (json.loads(sent[1])["arn"], json.loads(sent[1])["state"]["status"]) == (arn, "AVAILABLE")
    cancelled = factory.start(pipeline)
    factory.client.cancel_image_creation(imageBuildVersionArn=cancelled)
    factory.cloud.step(60)
    sent = sns_backends[ACCOUNT][factory.cloud.region].topics[topic].sent_notifications
    assert (factory.status(cancelled), len(sent)) == ("CANCELLED", 1)


def test_an_instance_builds_and_another_one_tests(factory: Factory) -> None:
    infrastructure = factory.infrastructure(
        instanceTypes=["m7g.large"],
        resourceTags={"team": "a"},
        instanceMetadataOptions={"httpTokens": "required"},
    )
    pipeline = factory.pipeline(infrastructure=infrastructure)
    arn = factory.start(pipeline)

    def instances(state: str) -> list[dict[str, Any]]:
        found = factory.cloud.client("ec2").describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": [state]}]
        )
        return [each for one in found["Reservations"] for each in one["Instances"]]

    factory.cloud.step(100)
    (builder,) = instances("running")
    assert (builder["ImageId"], builder["InstanceType"]) == (PARENT, "m7g.large")
    assert builder["MetadataOptions"]["HttpTokens"] == "required"
    tags = {tag["Key"]: tag["Value"] for tag in builder["Tags"]}
    assert tags == {
        "CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn, "team": "a",
        "Name": "Build instance for web/1.0.0/1",
    }  # fmt: skip
    for _ in range(100):
        if factory.status(arn) == "TESTING" and instances("running"):
            break
        factory.cloud.step(10)
    (tester,) = instances("running")
    assert tester["ImageId"] not in (PARENT, builder["ImageId"])
    factory.cloud.step(900)
    assert (instances("running"), len(instances("terminated"))) == ([], 2)


def test_a_cancelled_build_is_over_a_moment_later(factory: Factory) -> None:
    told = events(factory, {"detail": {"state": {"status": ["CANCELLED"]}}})
    arn = factory.start(factory.pipeline())
    factory.cloud.step(160)
    for _ in range(2):
        factory.client.cancel_image_creation(imageBuildVersionArn=arn)
    assert factory.status(arn) == "BUILDING"
    factory.cloud.step(10)
    assert factory.status(arn) == "CANCELLED"
    steps = factory.steps(arn)
    assert [step["status"] for step in steps.values()] == ["COMPLETED", "CANCELLED"] + ["PENDING"] * 5
    factory.cloud.step(3600)
    assert (factory.status(arn), len(told())) == ("CANCELLED", 1)
    (reservation,) = factory.cloud.client("ec2").describe_instances()["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"


def test_what_is_over_is_not_cancelled_and_what_runs_is_not_deleted(factory: Factory) -> None:
    pipeline = factory.pipeline()
    arn = factory.start(pipeline)
    with refused("ResourceDependency", arn):
        factory.client.delete_image(imageBuildVersionArn=arn)
    factory.cloud.step(3600)
    with refused("InvalidRequest", "is in the state AVAILABLE"):
        factory.client.cancel_image_creation(imageBuildVersionArn=arn)
    factory.client.delete_image(imageBuildVersionArn=arn)
    with refused("ResourceNotFound", arn):
        factory.image(arn)
    assert factory.cloud.client("ec2").describe_images(Owners=["self"])["Images"]


def test_a_build_outlives_its_pipeline_and_recipe(factory: Factory) -> None:
    recipe = factory.recipe()
    pipeline = factory.pipeline(recipe)
    arn = factory.start(pipeline)
    factory.client.delete_image_pipeline(imagePipelineArn=pipeline)
    factory.client.delete_image_recipe(imageRecipeArn=recipe)
    factory.cloud.step(3600)
    assert factory.status(arn) == "AVAILABLE"
    assert factory.image(arn)["imageRecipe"]["arn"] == recipe


def test_a_pipeline_that_is_not_there_is_not_started(factory: Factory) -> None:
    with refused("ResourceNotFound", "image-pipeline/gone"):
        factory.start(f"arn:aws:imagebuilder:eu-central-1:{ACCOUNT}:image-pipeline/gone")


def test_an_image_can_be_built_without_a_pipeline(factory: Factory) -> None:
    made = factory.client.create_image(
        imageRecipeArn=factory.recipe(), infrastructureConfigurationArn=factory.infrastructure()
    )
    factory.cloud.step(3600)
    found = factory.image(made["imageBuildVersionArn"])
    assert (found["state"]["status"], "sourcePipelineArn" in found) == ("AVAILABLE", False)
