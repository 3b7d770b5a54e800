"""`promote`, `rollback` and `set-image` with --workload: one digest in one line of `images`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.releases import registry
from scripts.releases.aws import AwsError
from tests.scripts.workload_project import (
    ONE,
    OTHER_REGISTRY,
    PUBLIC,
    REGISTRY,
    THREE,
    TWO,
    WorkloadProject,
    shop,
    tools,
    workload,
)


class Ecr:
    """A registry that has some digests, and says of each what a scan found."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str]] = []
        self.images: dict[str, dict[str, int] | None] = {TWO: {"HIGH": 2, "LOW": 9}, ONE: None, THREE: {}}
        self.error: Exception | None = None

    def look(self, region: str) -> Any:
        def describe_images(registryId: str, repositoryName: str, imageIds: list[dict[str, str]]) -> Any:  # noqa: N803
            (wanted,) = imageIds
            self.asked.append((registryId, region, repositoryName, wanted["imageDigest"]))
            if self.error:
                raise self.error
            if wanted["imageDigest"] not in self.images:
                raise AwsError("AWS refused DescribeImages", "ImageNotFoundException")
            counts = self.images[wanted["imageDigest"]]
            summary = (
                {} if counts is None else {"imageScanFindingsSummary": {"findingSeverityCounts": counts}}
            )
            return {"imageDetails": [{"imageDigest": wanted["imageDigest"], **summary}]}

        return type("Client", (), {"describe_images": staticmethod(describe_images)})


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Ecr:
    made = Ecr()

    class Account:
        def __init__(self, region: str) -> None:
            self.region = region

        def client(self, service: str) -> Any:
            assert service == "ecr"
            return made.look(self.region)

    monkeypatch.setattr(registry, "Account", Account)
    return made


@pytest.fixture
def project(tmp_path: Path, ecr: Ecr) -> WorkloadProject:
    return WorkloadProject(tmp_path)


def line(project: WorkloadProject, environment: str, key: str) -> str:
    (found,) = [each for each in project.file(environment).read_text().splitlines() if f"{key}:" in each][:1]
    return found


def test_a_promotion_changes_one_digest_and_no_other_byte(project: WorkloadProject, ecr: Ecr) -> None:
    project.workloads("staging", shop(TWO))
    project.runs_workloads("staging", {"shop": workload(shop(TWO))})
    before = project.file("prod").read_text()
    done = project.run("promote", "staging", "prod", "--workload", "shop")
    assert done.code == 0, done.error
    assert project.file("prod").read_text() == before.replace(shop(ONE), shop(TWO))
    assert ecr.asked[0] == ("123456789012", "eu-central-1", "shop", TWO)
    assert f"pre-flight passed: {shop(TWO)}: findings critical=0 high=2 medium=0" in done.out
    assert f"Pulumi.prod.yaml, immutable:images / shop: {shop(ONE)} -> {shop(TWO)}" in done.out


def test_the_target_keeps_its_own_registry(project: WorkloadProject, ecr: Ecr) -> None:
    project.workloads("staging", shop(TWO))
    project.workloads("prod", shop(ONE, OTHER_REGISTRY))
    project.runs_workloads("staging", {"shop": workload(shop(TWO))})
    document = project.json("promote", "staging", "prod", "--workload", "shop")
    assert document["image"] == shop(TWO, OTHER_REGISTRY)
    assert (document["workload"], document["service"]) == ("shop", None)
    assert ecr.asked[0] == ("210987654321", "eu-central-1", "shop", TWO)
    assert line(project, "prod", "shop") == f"    shop: {shop(TWO, OTHER_REGISTRY)}   # one line changes"


def test_a_digest_that_the_targets_registry_lacks_is_refused(project: WorkloadProject, ecr: Ecr) -> None:
    project.workloads("staging", shop(TWO))
    project.workloads("prod", shop(ONE, OTHER_REGISTRY))
    project.runs_workloads("staging", {"shop": workload(shop(TWO))})
    del ecr.images[TWO]
    assert project.refused("promote", "staging", "prod", "--workload", "shop") == (
        "Pulumi.prod.yaml, immutable:images / shop: shop@sha256:222222222222 is not in shop of 210987654321 "
        "in eu-central-1: copy it there with its digest (replication, or `crane copy`), or name one that is"
    )


def test_more_findings_than_the_environment_takes_are_refused(project: WorkloadProject) -> None:
    project.runs_workloads("staging", {"shop": workload(shop(ONE), previous=shop(TWO))})
    with project.file("staging").open("a") as file:
        file.write("  immutable:preflight: {maxFindings: {high: 1}}\n")
    assert project.refused("rollback", "staging", "--workload", "shop") == (
        "Pulumi.staging.yaml, immutable:images / shop: shop@sha256:222222222222 has 2 high findings, and "
        "preflight.maxFindings.high is 1; build one on a newer base, or raise the limit"
    )


def test_a_registry_that_does_not_answer_is_refused(project: WorkloadProject, ecr: Ecr) -> None:
    ecr.error = AwsError("AWS refused DescribeImages: AccessDeniedException: no", "AccessDeniedException")
    assert project.refused("set-image", "staging", shop(TWO), "--workload", "shop") == (
        "the pre-flight of shop@sha256:222222222222 needs AWS: AWS refused DescribeImages: "
        "AccessDeniedException: no"
    )


def test_another_registry_is_not_asked(project: WorkloadProject, ecr: Ecr) -> None:
    done = project.run("set-image", "staging", PUBLIC.replace(ONE, TWO), "--workload", "log-agent")
    assert done.code == 0, done.error
    assert line(project, "staging", '"log-agent"') == f'    "log-agent": {PUBLIC.replace(ONE, TWO)}'
    assert "not in ECR, so that only the cluster's pull will tell" in done.out
    assert ecr.asked == []


def test_an_image_that_several_workloads_have_is_proven_by_all_of_them(project: WorkloadProject) -> None:
    project.workloads("staging", shop(ONE), TWO)
    runs = {"worker": workload(tools(TWO)), "clock": workload(tools(ONE))}
    project.runs_workloads("staging", runs)
    assert project.refused("promote", "staging", "prod", "--workload", "worker") == (
        "clock of staging runs tools@sha256:111111111111, not the configured tools@sha256:222222222222; "
        "run `pulumi up -s staging` first"
    )
    project.runs_workloads("staging", runs | {"clock": workload(tools(TWO))})
    assert project.run("promote", "staging", "prod", "--workload", "worker").code == 0
    assert line(project, "prod", "tools") == f"    tools: 'example.com:5000/tools@{TWO}'"


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ({"worker": workload(tools(ONE))}, "shop of staging is in its config, but not up; run"),
        (
            {"shop": workload(shop(ONE))},
            "shop of staging runs shop@sha256:111111111111, not the configured shop@sha256:222222222222; run",
        ),
        ({"shop": workload(None)}, "shop of staging runs no known image, not the configured shop@"),
        (
            {"shop": workload(shop(TWO), status="Failed", reason="shop-1: ImagePullBackOff")},
            "the last rollout of shop of staging did not end well: Failed (shop-1: ImagePullBackOff); run",
        ),
        (
            {"shop": workload(shop(TWO), rollout={})},
            "the last rollout of shop of staging did not end well: no rollout is on record; run",
        ),
    ],
)
def test_what_staging_does_not_prove_is_not_promoted(
    project: WorkloadProject, runs: dict[str, Any], why: str
) -> None:
    project.workloads("staging", shop(TWO))
    project.runs_workloads("staging", runs)
    assert project.refused("promote", "staging", "prod", "--workload", "shop").startswith(why)


def test_a_rollback_goes_to_what_runs_after_a_release_that_failed(project: WorkloadProject) -> None:
    project.workloads("prod", shop(TWO))
    project.runs_workloads("prod", {"shop": workload(shop(ONE), previous=shop(THREE))})
    assert project.run("rollback", "prod", "--workload", "shop").code == 0
    assert shop(ONE) in line(project, "prod", "shop")


def test_a_rollback_goes_to_the_image_before_after_one_that_succeeded(project: WorkloadProject) -> None:
    project.runs_workloads("prod", {"shop": workload(shop(ONE), previous=shop(THREE))})
    assert project.run("rollback", "prod", "--workload", "shop").code == 0
    assert shop(THREE) in line(project, "prod", "shop")


def test_workloads_that_would_go_back_to_different_images_are_refused(project: WorkloadProject) -> None:
    runs = {"worker": workload(tools(ONE), previous=tools(TWO)), "clock": workload(tools(ONE))}
    project.runs_workloads("prod", runs | {"clock": workload(tools(ONE), previous=tools(THREE))})
    assert project.refused("rollback", "prod", "--workload", "clock").startswith(
        "the services of prod would go back to different images: clock tools@sha256:333333333333, worker "
    )


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (
            "shop:1.2",
            "IMAGE: 'shop:1.2' names the tag '1.2', which may be moved to another image; write REPOSITORY",
        ),
        (f"{REGISTRY}/shop", f"IMAGE: '{REGISTRY}/shop' names no digest, so that it is whatever 'shop' is"),
        (f"{REGISTRY}/shop:1@{ONE}", f"IMAGE: '{REGISTRY}/shop:1@{ONE}' names a tag beside its digest"),
        (f"{REGISTRY}/shop@sha256:12", f"IMAGE: '{REGISTRY}/shop@sha256:12' has no digest that is one"),
        (f"shop@{ONE}", f"IMAGE: 'shop@{ONE}' has no repository that is one"),
        (f"{REGISTRY}/Shop@{ONE}", f"IMAGE: '{REGISTRY}/Shop@{ONE}' has no repository that is one"),
        ("ami-0000000000000000a", "IMAGE: 'ami-0000000000000000a' names no digest"),
    ],
)
def test_what_is_no_digest_is_refused(project: WorkloadProject, image: str, why: str) -> None:
    assert project.refused("set-image", "staging", image, "--workload", "shop").startswith(why)


def test_an_ami_and_a_container_image_are_not_taken_for_each_other(project: WorkloadProject) -> None:
    assert project.refused("set-image", "staging", shop(TWO)).startswith(
        f"AMI: '{shop(TWO)}' is not an AMI ID"
    )


def test_bad_input_is_refused(project: WorkloadProject) -> None:
    project.runs_workloads("staging", {"shop": workload(shop(ONE))})
    promote = ("promote", "staging", "prod", "--workload")
    assert project.refused(*promote, "blog") == (
        "Pulumi.prod.yaml has no workload 'blog'; known: shop, worker, clock"
    )
    assert project.refused(*promote, "shop", "--service", "web") == (
        "--service web and --workload shop are two images; change one at a time"
    )
    assert project.refused(*promote, "log-agent") == (
        "no workload of staging has the image log-agent, so none says what runs; name one with set-image"
    )
    assert project.refused(*promote, "shop", "--expect", "shop:1").startswith(
        "--expect: 'shop:1' names the tag"
    )
    assert project.refused(*promote, "shop", "--expect", shop(TWO)).endswith(
        f"immutable:images / shop is {shop(ONE)}, not the expected {shop(TWO)}; look again"
    )
    text = project.file("staging").read_text()
    project.file("staging").write_text(text.replace(shop(ONE), f"{REGISTRY}/shop:1.2"))
    assert project.refused(*promote, "shop").startswith(
        f"Pulumi.staging.yaml, immutable:images / shop: '{REGISTRY}/shop:1.2' names the tag '1.2'"
    )


def test_a_digest_takes_the_place_of_a_tag(project: WorkloadProject) -> None:
    """An environment from before its images were pinned."""
    text = project.file("prod").read_text()
    project.file("prod").write_text(text.replace(shop(ONE), f"{OTHER_REGISTRY}/shop:1.2"))
    project.runs_workloads("staging", {"shop": workload(shop(ONE))})
    assert project.run("promote", "staging", "prod", "--workload", "shop").code == 0
    assert shop(ONE, OTHER_REGISTRY) in line(project, "prod", "shop")


def test_a_workload_without_a_line_is_told_where_to_write_it(project: WorkloadProject) -> None:
    text = project.file("prod").read_text()
    project.file("prod").write_text(text.replace(f"    shop: {shop(ONE)}   # one line changes\n", ""))
    project.runs_workloads("staging", {"shop": workload(shop(ONE))})
    assert project.refused("promote", "staging", "prod", "--workload", "shop") == (
        "Pulumi.prod.yaml: it has no line for config / immutable:images / shop; write it once by hand"
    )


def test_an_environment_of_workloads_alone_is_one(project: WorkloadProject) -> None:
    text = project.file("prod").read_text()
    kept = [
        each for each in text.splitlines(keepends=True) if "imageId" not in each and "services" not in each
    ]
    project.file("prod").write_text("".join(kept))
    project.outputs("prod", {"services": {}, "workloads": {"shop": workload(shop(ONE), previous=shop(TWO))}})
    assert project.run("rollback", "prod", "--workload", "shop").code == 0
    assert shop(TWO) in line(project, "prod", "shop")
