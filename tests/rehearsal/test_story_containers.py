"""The step with containers fails when what it is there to show is not so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import container_files, container_steps
from rehearsal.cloud.local import running
from rehearsal.container_files import EXAMPLE, IMAGES_KEY, sections
from rehearsal.engines import Changed
from rehearsal.stage import Stage, StepFailedError
from rehearsal.workspace import read_config
from tests.rehearsal.staged import FakeClient, client, engine, make_stage, record

RELEASE = [
    Changed("kubernetes:apps/v1:Deployment", "shop", "update"),
    Changed("kubernetes:batch/v1:Job", "shop-migrate", "replace"),
    Changed("pulumi-python:dynamic/kubernetes:DeploymentRollout", "shop", "update"),
]
OTHER = Changed("kubernetes:apps/v1:Deployment", "billing", "update")


class Pods:
    """What `status --live` tells: two pods of each environment, on what its file names."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.names = {"staging": ["shop-a", "shop-b"], "prod": ["shop-c", "shop-d"]}
        self.image: dict[str, str] = {}
        self.serves = True

    def __call__(self, *arguments: str, **_: Any) -> dict[str, Any]:
        environment = arguments[1]
        image = self.image.get(environment) or configured(self.stage, environment)
        pods: list[dict[str, Any]] = [
            {"name": name, "image": image, "serves": self.serves, "state": "Running"}
            for name in self.names[environment]
        ]
        return {"workloads": [{"workload": "shop", "desired": 2, "pods": pods}]}


def configured(stage: Stage, environment: str) -> str:
    return str(read_config(stage.workspace.config_file(environment))[IMAGES_KEY]["shop"])


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = make_stage(tmp_path, monkeypatch)
    fails = iter((False, True, False, False, False))

    def during() -> None:
        engine(made).error = "the pods do not get ready" if next(fails) else None
        environment = engine(made).ran[-1].split()[1]
        first = not any(each == f"up {environment}" for each in engine(made).ran[:-1])
        engine(made).changes["up"] = [] if first else RELEASE

    engine(made).during = during

    def release(stage: Stage, *arguments: str, **_: Any) -> str:
        command, environment = arguments[0], arguments[2 if arguments[0] == "promote" else 1]
        image = {
            "set-image": arguments[2],
            "promote": configured(stage, "staging"),
            "rollback": "registry/shop@sha256:1.1",
        }[command]
        file = stage.workspace.config_file(environment)
        file.write_text(file.read_text().replace(configured(stage, environment), image))
        return ""

    monkeypatch.setattr(Stage, "release", release)
    monkeypatch.setattr(Stage, "aws", lambda *_: None)
    monkeypatch.setattr(container_steps, "_let_in", lambda *_: None)
    monkeypatch.setattr(
        container_steps, "_secrets", lambda _, environment: container_files.secrets(environment)
    )
    monkeypatch.setattr(
        container_files,
        "push",
        lambda _, image, version: f"registry/{image.split('/')[1].split('@')[0]}@sha256:{version}",
    )
    monkeypatch.setattr(FakeClient, "register_container_image", lambda *_: None, raising=False)
    return made


@pytest.fixture
def pods(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Pods:
    found = Pods(stage)
    found.image["staging"] = "registry/shop@sha256:1.2"
    monkeypatch.setattr(Stage, "ask", lambda _, *arguments, **more: found(*arguments, **more))
    return found


def test_both_come_up_a_bad_digest_stops_and_one_is_promoted_and_goes_back(stage: Stage, pods: Pods) -> None:
    step = record()
    container_steps.containers(stage, step)
    assert engine(stage).ran == ["up staging", "up staging", "up prod", "up prod", "up prod"]
    lines = [note for note in step.notes if ".yaml: " in note and "sha256" in note]
    assert lines == [
        f"Pulumi.{environment}.yaml: {sign}     shop: registry/shop@sha256:{version}"
        for environment, old, new in (
            ("staging", "1.2", "2.0"),
            ("staging", "2.0", "1.2"),
            ("prod", "1.1", "1.2"),
            ("prod", "1.2", "1.1"),
        )
        for sign, version in (("-", old), ("+", new))
    ]
    assert "up staging fails, as it should: the pods do not get ready" in step.notes
    assert configured(stage, "prod") == "registry/shop@sha256:1.1"
    assert {"ami-0b1c2d3e4f5061728", "ami-0c2d3e4f506172839"} <= set(client(stage).images)


def test_other_pods_after_a_bad_digest_fail_the_step(stage: Stage, pods: Pods) -> None:
    before = engine(stage).during

    def replaced() -> None:
        before()
        if len(engine(stage).ran) == 2:
            pods.names["staging"] = ["shop-a", "shop-x"]

    engine(stage).during = replaced
    with pytest.raises(StepFailedError, match="should serve on: shop-a, shop-b; there serve shop-a, shop-x"):
        container_steps.containers(stage, record())


def test_a_bad_digest_that_passes_fails_the_step(stage: Stage, pods: Pods) -> None:
    engine(stage).during = lambda: None
    with pytest.raises(StepFailedError, match="up staging should fail; it passed"):
        container_steps.containers(stage, record())


def test_pods_that_do_not_serve_fail_the_step(stage: Stage, pods: Pods) -> None:
    pods.serves = False
    with pytest.raises(StepFailedError, match="all pods of shop should serve on"):
        container_steps.containers(stage, record())


@pytest.mark.parametrize(("changes", "says"), [([*RELEASE, OTHER], "billing"), (RELEASE[:2], "also update")])
def test_a_promotion_that_changes_more_or_less_fails_the_step(
    stage: Stage, pods: Pods, changes: list[Changed], says: str
) -> None:
    before = engine(stage).during

    def changed() -> None:
        before()
        engine(stage).changes["up prod"] = changes if len(engine(stage).ran) == 4 else []

    engine(stage).during = changed
    with pytest.raises(StepFailedError, match=says):
        container_steps.containers(stage, record())


def test_the_example_keeps_its_words_in_the_file_that_it_is_put_into(stage: Stage) -> None:
    (arn, name), *more = container_files.secrets("staging").items()
    assert name == "staging/payment-key" and arn.endswith(f":{name}-AbCdEf") and not more
    images = {"shop": "registry/shop@sha256:1.2"}
    added = container_files.add(stage.workspace, "staging", images, {arn: "arn:made"})
    text = stage.workspace.config_file("staging").read_text()
    assert added == ["immutable:cluster", "immutable:images", "immutable:workloads"]
    assert "# the image" in text and "# Once, with the new image, before the first of its pods." in text
    given = yaml.safe_load(EXAMPLE.read_text())["staging"]
    given[IMAGES_KEY]["shop"] = "registry/shop@sha256:1.2"
    given["immutable:workloads"]["shop"]["secrets"]["PAYMENT_KEY"] = "arn:made"
    found = yaml.safe_load(text)["config"]
    assert {key: found[key] for key in given} == given


def test_an_image_is_pushed_by_a_digest_of_its_own_and_all_go_at_the_end() -> None:
    image = sections("staging")[IMAGES_KEY]["shop"]
    with running() as cloud:
        ecr = cloud.client("ecr")
        first, second = (container_files.push(ecr, image, version) for version in ("1.0", "2.0"))
        assert first.partition("@")[0] == second.partition("@")[0] == image.partition("@")[0]
        assert first != second
        held = ecr.describe_images(repositoryName="shop")["imageDetails"]
        assert {each["imageDigest"] for each in held} == {first.partition("@")[2], second.partition("@")[2]}
        assert container_files.clear(ecr) == 1
        assert ecr.describe_repositories()["repositories"] == []
