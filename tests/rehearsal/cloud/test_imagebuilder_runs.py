"""Scheduled runs of the emulated Image Builder's pipelines on the calendar, and findings of scans."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.imagebuilder import expressions
from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.building import PARENT, Factory, document, events

#: A Monday.
NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
HOUR, DAY = 3600, 24 * 3600
MATCH_ONLY = {"pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY"}
SCAN: dict[str, Any] = {"imageScanningConfiguration": {"imageScanningEnabled": True}}


@pytest.fixture
def factory(cloud: Local) -> Factory:
    cloud.world.clock.epoch = NOON
    return Factory(cloud)


def builds(factory: Factory, pipeline: str) -> list[dict[str, Any]]:
    found = factory.client.list_image_pipeline_images(imagePipelineArn=pipeline)["imageSummaryList"]
    return list(found)


def update(factory: Factory, pipeline: str, **changed: Any) -> None:
    now = factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    kept = ("imageRecipeArn", "infrastructureConfigurationArn", "schedule", "status")
    factory.client.update_image_pipeline(
        imagePipelineArn=pipeline, **({name: now[name] for name in kept if name in now} | changed)
    )


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("cron(0 3 ? * sun *)", ["18 03:00", "25 03:00"]),
        ("cron(0 3 ? * 1 *)", ["18 03:00", "25 03:00"]),
        ("cron(30 6 13 * ? *)", ["13 06:30", "13 06:30"]),
        ("cron(0 0 ? * 2#3 2026)", ["19 00:00", "16 00:00"]),
        ("cron(0 22 ? * MON-FRI *)", ["12 22:00", "13 22:00"]),
        ("cron(0/20 12 12 jan ? 2026-2027)", ["12 12:20", "12 12:40"]),
        ("cron(0 12 L * ? *)", ["31 12:00", "28 12:00"]),
        ("rate(1 day)", ["13 12:00", "14 12:00"]),
        ("rate(90 minutes)", ["12 13:30", "12 15:00"]),
    ],
)
def test_an_expression_means_times(expression: str, times: list[str]) -> None:
    found = expressions.parse(expression)(NOON)
    assert [f"{next(found):%d %H:%M}" for _ in times] == times


def test_a_year_that_is_over_never_comes() -> None:
    assert list(expressions.parse("cron(0 3 1 1 ? 2025)")(NOON)) == []


def test_a_pipeline_runs_on_its_schedule(factory: Factory) -> None:
    schedule = MATCH_ONLY | {"scheduleExpression": "cron(0 3 ? * sun *)", "timezone": "Europe/Berlin"}
    pipeline = factory.pipeline(schedule=schedule, imageTags={"by": "schedule"})
    found = factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    assert found["dateNextRun"] == "2026-01-18T02:00:00.000Z"
    factory.cloud.step(5 * DAY + 14 * HOUR - 1)
    assert builds(factory, pipeline) == []
    factory.cloud.step(1)
    (build,) = builds(factory, pipeline)
    assert (build["buildType"], build["tags"]) == ("SCHEDULED", {"by": "schedule"})
    factory.cloud.step(7 * DAY)
    assert [each["state"]["status"] for each in builds(factory, pipeline)] == ["AVAILABLE", "PENDING"]


def test_a_schedule_builds_when_what_it_builds_from_has_changed(factory: Factory) -> None:
    ssm = factory.cloud.client("ssm")
    ssm.put_parameter(Name="/parents/debian", Value=PARENT, Type="String")
    recipe = factory.recipe(
        parentImage="ssm:/parents/debian",
        components=[{"componentArn": factory.component().rsplit("/", 2)[0] + "/x.x.x"}],
    )
    pipeline = factory.pipeline(recipe, schedule={"scheduleExpression": "rate(1 day)"})
    factory.cloud.step(DAY)
    assert len(builds(factory, pipeline)) == 1, "the first one"
    factory.cloud.step(3 * DAY)
    assert len(builds(factory, pipeline)) == 1, "nothing changed"
    factory.component(version="1.0.1", data=document("echo new"))
    factory.cloud.step(2 * DAY)
    assert len(builds(factory, pipeline)) == 2, "a newer component"
    ssm.put_parameter(
        Name="/parents/debian", Value=factory.cloud.image("ami-00000000000000002"), Overwrite=True
    )
    factory.cloud.step(2 * DAY)
    assert len(builds(factory, pipeline)) == 3, "another parent"


def test_a_pinned_recipe_has_no_updates(factory: Factory) -> None:
    pipeline = factory.pipeline(schedule={"scheduleExpression": "rate(1 day)"})
    factory.component(version="1.0.1", data=document("echo new"))
    factory.cloud.step(5 * DAY)
    assert len(builds(factory, pipeline)) == 1


def test_a_disabled_pipeline_runs_by_hand_alone(factory: Factory) -> None:
    schedule = MATCH_ONLY | {"scheduleExpression": "rate(1 day)"}
    pipeline = factory.pipeline(schedule=schedule, status="DISABLED")
    factory.cloud.step(3 * DAY)
    found = factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    assert (builds(factory, pipeline), "dateNextRun" in found) == ([], False)
    assert factory.built(pipeline)["state"]["status"] == "AVAILABLE"
    update(factory, pipeline, status="ENABLED")
    factory.cloud.step(DAY)
    assert len(builds(factory, pipeline)) == 2


def test_a_changed_schedule_takes_the_place_of_the_one_before(factory: Factory) -> None:
    pipeline = factory.pipeline(schedule=MATCH_ONLY | {"scheduleExpression": "rate(1 day)"})
    update(factory, pipeline, schedule=MATCH_ONLY | {"scheduleExpression": "rate(10 days)"})
    factory.cloud.step(9 * DAY)
    assert builds(factory, pipeline) == []
    factory.cloud.step(DAY)
    assert len(builds(factory, pipeline)) == 1


def test_a_deleted_pipeline_never_runs(factory: Factory) -> None:
    pipeline = factory.pipeline(schedule=MATCH_ONLY | {"scheduleExpression": "rate(1 day)"})
    factory.client.delete_image_pipeline(imagePipelineArn=pipeline)
    factory.cloud.step(3 * DAY)
    assert factory.client.list_images()["imageVersionList"] == []


@pytest.mark.parametrize(("policy", "limit"), [({}, 5), ({"autoDisablePolicy": {"failureCount": 2}}, 2)])
def test_a_pipeline_that_fails_again_and_again_is_disabled(
    factory: Factory, policy: dict[str, Any], limit: int
) -> None:
    told = events(factory, {"detail-type": ["EC2 Image Builder Image Pipeline Automatically Disabled"]})
    broken = factory.recipe(factory.component(data=document("exit 1")))
    pipeline = factory.pipeline(broken, schedule=MATCH_ONLY | policy | {"scheduleExpression": "rate(1 day)"})
    assert factory.built(pipeline)["state"]["status"] == "FAILED"
    factory.cloud.step(20 * DAY)
    found = factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    assert (found["status"], found["consecutiveFailures"]) == ("DISABLED", limit)
    assert [each["detail"] for each in told()] == [{"consecutive-failures": str(limit)}]
    assert len(builds(factory, pipeline)) == limit + 1, "the first one was by hand and does not count"
    update(factory, pipeline, status="ENABLED")
    assert failures(factory, pipeline) == 0


def failures(factory: Factory, pipeline: str) -> int:
    found = factory.client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    return int(found["consecutiveFailures"])


def test_a_build_that_succeeds_is_a_new_start(factory: Factory) -> None:
    infrastructure = factory.infrastructure(instanceTypes=["m7g.huge"])
    schedule = MATCH_ONLY | {"scheduleExpression": "rate(1 day)"}
    pipeline = factory.pipeline(infrastructure=infrastructure, schedule=schedule)
    factory.cloud.step(2 * DAY + HOUR)
    assert failures(factory, pipeline) == 2
    factory.client.update_infrastructure_configuration(
        infrastructureConfigurationArn=infrastructure, instanceProfileName="build"
    )
    assert factory.built(pipeline)["state"]["status"] == "AVAILABLE"
    assert failures(factory, pipeline) == 0


def test_a_schedule_goes_on_when_a_parent_is_gone_and_back(factory: Factory) -> None:
    ssm = factory.cloud.client("ssm")
    ssm.put_parameter(Name="/parents/debian", Value=PARENT, Type="String")
    recipe = factory.recipe(parentImage="ssm:/parents/debian")
    pipeline = factory.pipeline(recipe, schedule=MATCH_ONLY | {"scheduleExpression": "rate(1 day)"})
    factory.cloud.client("ec2").deregister_image(ImageId=PARENT)
    factory.cloud.step(2 * DAY)
    assert builds(factory, pipeline) == []
    ssm.put_parameter(
        Name="/parents/debian", Value=factory.cloud.image("ami-00000000000000002"), Overwrite=True
    )
    factory.cloud.step(DAY)
    assert len(builds(factory, pipeline)) == 1


def test_a_month_of_a_schedule_costs_little(factory: Factory) -> None:
    pipeline = factory.pipeline(schedule={"scheduleExpression": "rate(1 hour)"})
    factory.cloud.step(30 * DAY)
    assert len(builds(factory, pipeline)) == 1


# Findings


def put(factory: Factory, severities: dict[str, int], recipe: str = "web") -> None:
    import urllib.request

    body = json.dumps({"recipe": recipe, "severities": severities}).encode()
    with urllib.request.urlopen(f"{factory.cloud.url}/rehearsal/findings", body, timeout=5) as answer:  # noqa: S310
        assert json.load(answer) == {"recipe": recipe, "severities": severities}


def aggregation(factory: Factory, **one: str) -> Any:
    ((name, value),) = one.items()
    found = factory.client.list_image_scan_finding_aggregations(filter={"name": name, "values": [value]})
    assert found["aggregationType"] == name
    return found["responses"]


def test_a_scan_finds_what_was_put_there_for_the_recipe(factory: Factory) -> None:
    pipeline = factory.pipeline(**SCAN)
    told = events(factory, {"detail-type": ["EC2 Image Builder CVE Detected"]})
    put(factory, {"CRITICAL": 9}, recipe="other")
    clean = factory.built(pipeline)
    assert clean["scanState"] == {"status": "COMPLETED"}
    assert aggregation(factory, imageBuildVersionArn=clean["arn"]) == []
    put(factory, {"CRITICAL": 1, "MEDIUM": 2, "LOW": 4})
    found = factory.built(pipeline)
    counts = {"all": 7, "critical": 1, "high": 0, "medium": 2}
    assert aggregation(factory, imageBuildVersionArn=found["arn"]) == [
        {"imageAggregation": {"imageBuildVersionArn": found["arn"], "severityCounts": counts}}
    ]
    (none, some) = told()
    assert (none["detail"]["finding-severity-counts"]["all"], none["resources"]) == (
        0,
        [clean["arn"], pipeline],
    )
    assert some["detail"]["finding-severity-counts"] == counts
    assert aggregation(factory, imagePipelineArn=pipeline) == [
        {"imagePipelineAggregation": {"imagePipelineArn": pipeline, "severityCounts": counts}}
    ]
    of_account = factory.client.list_image_scan_finding_aggregations()
    assert of_account["responses"][0]["accountAggregation"]["accountId"] == ACCOUNT
    filters = [{"name": "imageBuildVersionArn", "values": [found["arn"]]}]
    findings = factory.client.list_image_scan_findings(filters=filters)["findings"]
    assert sorted(each["severity"] for each in findings) == ["CRITICAL", *["LOW"] * 4, *["MEDIUM"] * 2]
    assert len({each["packageVulnerabilityDetails"]["vulnerabilityId"] for each in findings}) == 7


def test_a_scan_is_over_when_the_test_is(factory: Factory) -> None:
    arn = factory.start(factory.pipeline(**SCAN))
    assert factory.image(arn)["scanState"]["status"] == "PENDING"
    while factory.status(arn) != "DISTRIBUTING":
        factory.cloud.step(20)
    assert factory.image(arn)["scanState"]["status"] == "COMPLETED"
    assert factory.steps(arn)["CollectImageScanFindings"]["status"] == "COMPLETED"


def test_a_build_that_failed_before_was_not_scanned(factory: Factory) -> None:
    recipe = factory.recipe(factory.component(data=document("exit 1")))
    assert factory.built(factory.pipeline(recipe, **SCAN))["scanState"]["status"] == "ABANDONED"


def test_a_build_without_a_scan_has_no_state_of_one(factory: Factory) -> None:
    assert "scanState" not in factory.built(factory.pipeline())


@pytest.mark.parametrize("severities", [{"BAD": 1}, {"HIGH": -1}, {"HIGH": "1"}, {"HIGH": True}])
def test_findings_that_cannot_be_are_refused(factory: Factory, severities: Any) -> None:
    import urllib.error

    with pytest.raises(urllib.error.HTTPError, match="400"):
        put(factory, severities)


def test_findings_by_vulnerability_are_refused(factory: Factory) -> None:
    with pytest.raises(ClientError, match="not emulated"):
        aggregation(factory, vulnerabilityId="CVE-2026-1")


def test_time_zones_move_the_hour(factory: Factory) -> None:
    schedule = {"scheduleExpression": "cron(0 3 ? * * *)", "timezone": "America/New_York"}
    found = factory.client.get_image_pipeline(imagePipelineArn=factory.pipeline(schedule=schedule))
    assert found["imagePipeline"]["dateNextRun"] == f"{NOON + timedelta(hours=20):%Y-%m-%dT%H}:00:00.000Z"
