"""A bake that builds: through the phases of the emulated Image Builder, to images in every region."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.releases import bake_run
from scripts.releases import project as projects
from tests.scripts.factory_pipeline import LOG_GROUP, bake, bring_up, builds, change, statuses
from tests.scripts.factory_project import (
    AWAY,
    HOME,
    PINNED,
    FactoryProject,
    environment,
    factory_project,
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryProject]:
    with factory_project(tmp_path, monkeypatch) as made:
        yield made


def test_a_bake_goes_through_the_phases_to_an_image_in_every_region(project: FactoryProject) -> None:
    bring_up(project)
    done = project.run("bake", "service")
    assert (done.code, done.error) == (0, "")
    log, *lines = done.out.splitlines()
    (build,) = builds(project)
    name = "service " + "/".join(build["arn"].split("/")[-2:])
    stream = name.removeprefix("service ")
    assert log == (
        f"log: aws logs tail {LOG_GROUP} --log-stream-names {stream} --region eu-central-1 --follow"
    )
    phases = [
        match[1] for match in map(re.compile(rf"{re.escape(name)}: (\w+) after ").match, lines) if match
    ]
    assert phases == ["PENDING", "BUILDING", "TESTING", "DISTRIBUTING", "AVAILABLE"]
    images = {ami["region"]: ami["image"] for ami in build["outputResources"]["amis"]}
    assert lines[len(phases) :] == [
        f"service {project.hash}: built and tested now; findings 0 critical, 0 high, 0 medium",
        f"eu-central-1  {images[HOME]}",
        f"eu-west-1     {images[AWAY]}",
    ]


def test_the_time_is_told_by_the_clock_of_aws(project: FactoryProject) -> None:
    bring_up(project)
    lines = project.run("bake", "service").out.splitlines()
    assert " after 0 s" in lines[1]
    assert re.search(r"AVAILABLE after 1\d min \d+ s$", lines[5]), lines


def test_the_second_bake_names_what_the_first_one_built(project: FactoryProject) -> None:
    bring_up(project)
    first, second = bake(project), bake(project)
    assert (first.pop("built"), second.pop("built")) == (True, False)
    del first["seconds"], second["seconds"]
    assert first == second
    assert len(builds(project)) == 1


def test_what_is_on_an_image_already_is_left_alone(project: FactoryProject) -> None:
    bring_up(project)
    images, text = bake(project)["images"], "critical=0 high=0 medium=7"
    for region, image in images.items():
        tag = {"Key": "immutable:findings", "Value": text}
        project.ec2(region).create_tags(Resources=[image], Tags=[tag])
    project.cloud.fault("EnableImageDeregistrationProtection", error="UnauthorizedOperation")
    assert bake(project)["findings"] == {"critical": 0, "high": 0, "medium": 7}
    assert project.tags(images[HOME])["immutable:findings"] == text


def test_a_copy_that_lacks_its_findings_gets_them(project: FactoryProject) -> None:
    bring_up(project)
    image = bake(project)["images"][AWAY]
    project.ec2(AWAY).delete_tags(Resources=[image], Tags=[{"Key": "immutable:findings"}])
    bake(project)
    assert project.tags(image, AWAY)["immutable:findings"] == "critical=0 high=0 medium=0"


def test_rebuild_builds_what_is_there_already_and_then_the_newer_one_counts(project: FactoryProject) -> None:
    bring_up(project)
    first, again = bake(project), bake(project, "--rebuild")
    assert again["built"] is True
    assert again["images"] != first["images"]
    assert bake(project)["images"] == again["images"]
    assert len(builds(project)) == 2


def test_findings_are_written_to_every_copy(project: FactoryProject) -> None:
    bring_up(project)
    with project.cloud.cloud.lock:
        project.cloud.world.findings["service"] = {"HIGH": 1, "MEDIUM": 4, "LOW": 9}
    document = bake(project)
    assert document["findings"] == {"critical": 0, "high": 1, "medium": 4}
    for region, image in document["images"].items():
        assert project.tags(image, region)["immutable:findings"] == "critical=0 high=1 medium=4"
        assert project.described(image, region)["DeregistrationProtection"] == "enabled-with-cooldown"


def test_without_a_scan_no_findings_are_on_record(project: FactoryProject) -> None:
    bring_up(project, imageScanningConfiguration={"imageScanningEnabled": False})
    document = bake(project)
    assert document["findings"] is None
    assert "immutable:findings" not in project.tags(document["images"][HOME])
    assert "; no scan on record\n" in project.run("bake", "service").out


def test_a_pipeline_that_builds_something_else_is_refused(project: FactoryProject) -> None:
    bring_up(project)
    before = project.hash
    change(project, "echo more")
    assert project.refused("bake", "service") == (
        f"the pipeline of service builds {before}, the files are {project.hash}; bring it there first: "
        "pulumi up -s images"
    )
    assert builds(project) == []


def test_a_pipeline_that_brings_no_image_to_a_region_of_the_file_is_refused(project: FactoryProject) -> None:
    bring_up(project, regions=(HOME,))
    assert project.refused("bake", "service") == (
        "the pipeline of service brings no images to eu-west-1 yet; bring it there first: pulumi up -s images"
    )
    assert builds(project) == []


def test_a_recipe_without_a_pipeline_is_refused(project: FactoryProject) -> None:
    bring_up(project)
    project.project.outputs("images", {"recipes": {}})
    assert project.refused("bake", "service") == (
        "service has no pipeline yet; bring it up first: pulumi up -s images"
    )


def test_outputs_of_another_program_are_refused(project: FactoryProject) -> None:
    project.project.outputs("images", {"recipes": {"service": {"pipeline": "p"}}})
    assert project.refused("bake", "service") == (
        "the outputs of images are not this program's: recipes.service.recipe: field required; "
        "run `pulumi up -s images`"
    )


def test_a_failing_document_fails_the_bake_with_its_own_output(project: FactoryProject) -> None:
    change(project, "echo cannot reach the mirror >&2; exit 7")
    bring_up(project)
    done = project.run("bake", "service")
    assert done.code == 1
    (build,) = builds(project)
    stream = "/".join(build["arn"].split("/")[-2:])
    assert done.error == (
        f"release: service {stream} FAILED in step ApplyBuildComponents: component service-thing, "
        "phase build, step make: cannot reach the mirror exit status 7\n"
    )
    lines = done.out.splitlines()
    head = lines.index(f"the end of the log ({LOG_GROUP}, {stream}):")
    assert "  CmdExecution: Stderr: cannot reach the mirror" in lines[head:]
    assert len(lines) - head - 1 <= 25


def test_a_failed_test_leaves_no_image(project: FactoryProject) -> None:
    change(project, "exit 1", phase="test")
    bring_up(project)
    done = project.run("bake", "service")
    assert done.code == 1
    assert "FAILED in step ApplyTestComponents: component service-thing, phase test, step look" in done.error
    assert project.json("images")["images"] == []


def test_a_failure_is_one_document_for_programs(project: FactoryProject, tmp_path: Path) -> None:
    change(project, "exit 1")
    bring_up(project)
    file = tmp_path / "result.json"
    done = project.run("bake", "service", "--json", str(file))
    document = json.loads(file.read_text())
    (build,) = builds(project)
    assert document["error"] == done.error.removeprefix("release: ").rstrip("\n")
    assert (document["ok"], document["build"]) == (False, build["arn"])
    assert (document["status"], document["step"]) == ("FAILED", "ApplyBuildComponents")
    assert any("ExitCode 1" in line for line in document["log"])


def test_after_a_failure_the_next_bake_builds_again(project: FactoryProject) -> None:
    change(project, "exit 1")
    bring_up(project)
    assert project.run("bake", "service").code == 1
    assert project.run("bake", "service").code == 1
    assert statuses(project) == ["FAILED", "FAILED"]


def test_to_writes_the_image_of_the_environments_region(project: FactoryProject) -> None:
    bring_up(project)
    image = bake(project, "--to", "prod")["images"][AWAY]
    assert project.project.file("prod").read_text() == environment(AWAY, image)
    assert project.project.file("staging").read_text() == environment(HOME, PINNED)


def test_copies_of_other_accounts_are_listed_and_left_to_them(project: FactoryProject) -> None:
    bring_up(project, accounts=("123456789012", "222222222222"))
    done = project.run("bake", "service")
    assert (done.code, done.error) == (0, "")
    theirs = {
        ami["region"]: ami["image"]
        for ami in builds(project)[0]["outputResources"]["amis"]
        if ami["accountId"] == "222222222222"
    }
    assert done.out.splitlines()[-2:] == [
        f"eu-central-1  {theirs[HOME]}  of account 222222222222",
        f"eu-west-1     {theirs[AWAY]}  of account 222222222222",
    ]
    assert bake(project)["otherAccounts"] == {"222222222222": theirs}


def test_a_terminal_gets_a_bar_over_the_phases(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_up(project)
    for name, value in {key: value for key, value in project.variables.items() if value}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    bake_run.run(projects.find(project.project.directory), bake_run.Order("service"), quiet=False)
    out = capsys.readouterr().out
    assert "aws logs tail" in out
    assert "AVAILABLE, 1" in out
