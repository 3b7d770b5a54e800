"""A bake waits: for a build that runs, a scan, an AWS that is busy; and what becomes of it when it stops."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from rehearsal.cloud.imagebuilder import stages
from rehearsal.cloud.imagebuilder.models import imagebuilder_backends
from rehearsal.cloud.world import ACCOUNT
from scripts.releases import builds as release_builds
from scripts.releases import waiting
from tests.scripts.factory_pipeline import bake, bring_up, builds, change, start, statuses
from tests.scripts.factory_project import (
    AWAY,
    HOME,
    FactoryProject,
    factory_project,
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryProject]:
    with factory_project(tmp_path, monkeypatch) as made:
        yield made


def test_a_running_build_of_the_same_content_is_adopted(project: FactoryProject) -> None:
    pipeline = bring_up(project)
    arn = start(project, pipeline)
    project.cloud.step(200)
    assert bake(project)["build"] == arn
    assert len(builds(project)) == 1


def test_of_several_running_builds_the_latest_is_adopted(project: FactoryProject) -> None:
    pipeline = bring_up(project)
    latest = [start(project, pipeline) for _ in range(10)][-1]
    assert bake(project)["build"] == latest


def test_a_running_build_of_other_content_is_not_adopted(project: FactoryProject) -> None:
    first = bring_up(project)
    arn = start(project, first)
    change(project, "echo more")
    bring_up(project)
    assert bake(project)["build"] != arn


def test_a_cancelled_build_fails_the_bake(project: FactoryProject, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = bring_up(project)
    arn = start(project, pipeline)

    def cancel(_: float) -> None:
        project.cloud.step(20)
        if statuses(project) == ["BUILDING"]:
            project.client("imagebuilder").cancel_image_creation(imageBuildVersionArn=arn)

    monkeypatch.setattr(waiting, "sleep", cancel)
    done = project.run("bake", "service")
    assert done.code == 1
    assert "CANCELLED: " in done.error


def test_ctrl_c_ends_the_waiting_and_not_the_build(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(project)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(waiting, "sleep", interrupt)
        done = project.run("bake", "service", "--to", "staging")
    assert (done.code, done.error) == (
        130,
        "release: interrupted; a build that was started goes on in AWS, and this follows it: "
        "scripts/release bake service --to staging\n",
    )
    assert statuses(project) == ["PENDING"]
    assert bake(project)["built"] is True
    assert statuses(project) == ["AVAILABLE"]


def test_the_waiting_has_an_end_and_the_build_goes_on(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(project)
    waited: list[float] = []
    monkeypatch.setattr(waiting, "sleep", waited.append)
    done = project.run("bake", "service", "--timeout", "3")
    assert (done.code, done.error) == (
        1,
        "release: the build goes on; to go on waiting: scripts/release bake service (waited 3 minutes)\n",
    )
    assert 180 <= sum(waited) < 190
    assert waited[0] == waiting.FIRST_PAUSE
    assert max(waited) == 10
    assert waited == sorted(waited)


@pytest.mark.parametrize("minutes", ["0", "-1", "soon"])
def test_a_time_to_wait_is_a_minute_at_least(project: FactoryProject, minutes: str) -> None:
    assert "--timeout" in project.refused("bake", "service", "--timeout", minutes)


@pytest.mark.parametrize(
    "action",
    [
        "StartImagePipelineExecution", "GetImage", "ListImagePipelineImages",
        "ListImageScanFindingAggregations", "DescribeImages", "CreateTags",
        "EnableImageDeregistrationProtection",
    ],
)  # fmt: skip
def test_throttling_is_waited_out(project: FactoryProject, action: str) -> None:
    """Image Builder's own code for it, which boto3 does not try again by itself."""
    bring_up(project)
    project.cloud.fault(action, error="CallRateLimitExceededException", times=5)
    bake(project)


def test_an_answer_that_is_lost_after_the_start_starts_nothing_twice(project: FactoryProject) -> None:
    bring_up(project)
    project.cloud.fault("StartImagePipelineExecution", drop="after", times=3)
    bake(project)
    assert len(builds(project)) == 1


def test_two_that_start_at_once_start_one_build(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(project)
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "sleep", Mock(side_effect=KeyboardInterrupt))
        assert project.run("bake", "service").code == 130
        # The second one looked before the first one started.
        patch.setattr(release_builds, "_of_recipe", lambda *_: [])
        assert project.run("bake", "service").code == 130
    assert statuses(project) == ["PENDING"]


def test_an_endpoint_that_is_not_there_is_not_waited_for(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "sleep", Mock(side_effect=AssertionError))
    variables = {**project.variables, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = project.project.run("bake", "service", variables=variables)
    assert done.code == 1
    assert done.error.startswith("release: AWS cannot be asked: ")


def test_a_rebuild_that_is_interrupted_is_followed_by_another(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(project)
    first = bake(project)["images"]
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "sleep", Mock(side_effect=KeyboardInterrupt))
        done = project.run("bake", "service", "--rebuild", "--to", "staging")
    assert done.error.endswith("this follows it: scripts/release bake service --to staging --rebuild\n")
    assert bake(project, "--rebuild")["images"] != first
    assert statuses(project) == ["AVAILABLE", "AVAILABLE"]


def test_a_refused_call_ends_the_bake(project: FactoryProject) -> None:
    bring_up(project)
    project.cloud.fault("StartImagePipelineExecution", error="AccessDeniedException")
    done = project.run("bake", "service")
    assert done.code == 1
    assert done.error.startswith("release: AWS refused StartImagePipelineExecution: AccessDenied")


def test_a_scan_that_goes_on_after_the_build_is_waited_for(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(project)
    images = bake(project)["images"]
    for region, image in images.items():
        project.ec2(region).delete_tags(Resources=[image], Tags=[{"Key": "immutable:findings"}])
    build = imagebuilder_backends[ACCOUNT][HOME].resources[builds(project)[0]["arn"]]
    build.scan_status = "SCANNING"

    def found(_: float) -> None:
        build.scan_status, build.severities = "COMPLETED", {"CRITICAL": 2}

    monkeypatch.setattr(waiting, "sleep", found)
    done = project.run("bake", "service")
    assert "AVAILABLE, scan SCANNING after " in done.out
    assert "findings 2 critical, 0 high, 0 medium" in done.out
    for region, image in images.items():
        assert project.tags(image, region)["immutable:findings"] == "critical=2 high=0 medium=0"


def test_a_scan_without_a_result_is_said_beside_the_image_and_no_environment_gets_it(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(project)
    monkeypatch.setitem(stages.WORK, "CollectImageScanFindings", lambda _: {})
    before = project.project.file("staging").read_text()
    done = project.run("bake", "service", "--to", "staging")
    assert done.code == 1
    assert "ended ABANDONED: no findings are on record" in done.error
    assert done.error.endswith("build it again: scripts/release bake service --rebuild\n")
    assert re.search("^eu-central-1  ami-", done.out, re.MULTILINE)
    assert project.project.file("staging").read_text() == before
    document = json.loads(project.run("bake", "service", "--json", "-").out)
    assert (document["ok"], sorted(document["images"])) == (False, [HOME, AWAY])


def test_a_build_whose_copies_lack_the_tags_is_told_from_one_that_is_there(project: FactoryProject) -> None:
    pipeline = bring_up(project)
    client = project.client("imagebuilder")
    plain = client.create_distribution_configuration(
        name="plain",
        distributions=[
            {"region": HOME, "amiDistributionConfiguration": {"name": "x-{{ imagebuilder:buildDate }}"}}
        ],
    )["distributionConfigurationArn"]
    given = client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
    client.update_image_pipeline(
        imagePipelineArn=pipeline, imageRecipeArn=given["imageRecipeArn"], distributionConfigurationArn=plain,
        infrastructureConfigurationArn=given["infrastructureConfigurationArn"],
    )  # fmt: skip
    done = project.run("bake", "service")
    assert done.code == 1
    assert "is AVAILABLE, and has no copy with the tags of this recipe in each of" in done.error
