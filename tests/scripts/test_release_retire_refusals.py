"""When nothing is retired: what cannot be read, and bad input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.releases import lock
from tests.scripts.factory_cloud import THERE, FactoryCloud, factory_cloud


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryCloud]:
    with factory_cloud(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def old(factory: FactoryCloud) -> list[str]:
    made = factory.bake()
    factory.bake()
    return made


RETIRE = ("retire", "--keep", "1")


def an_unreadable_config(factory: FactoryCloud) -> str:
    factory.project.file("prod").write_text("config: [\n")
    return "Pulumi.prod.yaml"


def a_config_without_a_region(factory: FactoryCloud) -> str:
    factory.project.file("prod").write_text("config:\n  immutable:imageId: ami-0000000000000000f\n")
    return "Pulumi.prod.yaml has no aws:region"


def damaged_state(factory: FactoryCloud) -> str:
    (factory.project.stacks / "prod.json").write_text("{")
    return "the state of prod cannot be read: the state file"


def another_backend(factory: FactoryCloud) -> str:
    for file in factory.project.stacks.iterdir():
        file.unlink()
    return "images has no outputs, so that this may be another backend"


def a_first_up(factory: FactoryCloud) -> str:
    factory.group("ami-0000000000000000f", THERE, project="immutable", environment="prod")
    return "prod has the group group-0 and no outputs"


def refused(action: str) -> Callable[[FactoryCloud], str]:
    def refuse(factory: FactoryCloud) -> str:
        if action == "CreateImageUsageReport":
            permission = {"Add": [{"Group": "all"}]}
            for each in factory.ec2().describe_images(Owners=["self"])["Images"]:
                factory.ec2().modify_image_attribute(ImageId=each["ImageId"], LaunchPermission=permission)
        factory.cloud.fault(action, error="UnauthorizedOperation")
        return f"AWS refused {action}: UnauthorizedOperation"

    return refuse


UNREADABLE = [
    an_unreadable_config, a_config_without_a_region, damaged_state, another_backend, a_first_up,
    *map(refused, (
        "DescribeAutoScalingGroups", "DescribeInstances", "DescribeImageReferences", "CreateImageUsageReport",
        "DescribeImageAttribute",
    )),
]  # fmt: skip


@pytest.mark.parametrize("spoil", UNREADABLE)
def test_what_cannot_be_read_is_perhaps_a_user_of_every_image(
    factory: FactoryCloud, old: list[str], spoil: Callable[[FactoryCloud], str]
) -> None:
    reason = spoil(factory)
    line = factory.refused(*RETIRE)
    assert line.startswith("nothing is retired, as any image is perhaps used: ")
    assert reason in line
    assert factory.stage(old) == "available"


def test_a_region_that_does_not_list_its_images_stops_everything(
    factory: FactoryCloud, old: list[str]
) -> None:
    factory.cloud.fault("DescribeImages", error="UnauthorizedOperation", every=2)
    assert factory.refused(*RETIRE).startswith("nothing is retired: AWS refused DescribeImages: Unauthorized")
    factory.cloud.clear_faults()
    assert factory.stage(old) == "available"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--keep", "0"), "--keep 0 is not a number from 1 to 3650"),
        (("--keep", "1", "--older-than", "-1"), "--older-than -1 is not a number from 0 to 3650"),
        (("--keep", "1", "--grace", "0"), "--grace 0 is not a number from 1 to 3650"),
        (("--keep", "1", "--template-versions", "0"), "--template-versions 0 is not a number from 1 to 3650"),
        (
            ("serivce", "--keep", "1"),
            "there is no recipe 'serivce', and no image of one; known: service, base",
        ),
        ((), "Missing option '--keep'."),
    ],
)
def test_bad_input_is_refused_in_one_line(
    factory: FactoryCloud, arguments: tuple[str, ...], said: str
) -> None:
    assert said in factory.refused("retire", *arguments)


def test_without_a_factory_nothing_is_retired(factory: FactoryCloud) -> None:
    factory.project.file("images").unlink()
    assert "has no image factory" in factory.refused(*RETIRE)


def test_two_at_once_are_one_and_a_refusal(factory: FactoryCloud, old: list[str]) -> None:
    with lock.held(factory.project.file("images"), "retire"):
        assert "another release command is changing Pulumi.images.yaml" in factory.refused(*RETIRE)
        assert factory.run(*RETIRE, "--dry-run").code == 0
