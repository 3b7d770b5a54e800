"""Old versions of launch templates go before the images that they keep, and none that anything uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.releases import usage_aws
from scripts.releases.aws import Account
from tests.scripts.factory_cloud import FactoryCloud, factory_cloud
from tests.scripts.test_release_retire import actions

TAGS = {"project": "immutable", "environment": "staging"}


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryCloud]:
    with factory_cloud(tmp_path, monkeypatch) as made:
        made.project.outputs("staging", {"services": {"web": {}}})
        yield made


def released(factory: FactoryCloud, images: list[str], **tags: str) -> str:
    """A group whose template has a version of each image; the last is its default, and the group's own."""
    template = factory.group(images[0], **tags)
    for image in images[1:]:
        factory.ec2().create_launch_template_version(
            LaunchTemplateId=template, LaunchTemplateData={"ImageId": image, "InstanceType": "m7g.large"}
        )
    factory.ec2().modify_launch_template(LaunchTemplateId=template, DefaultVersion=str(len(images)))
    use(factory, template, len(images))
    return template


def use(factory: FactoryCloud, template: str, version: int, **more: int) -> None:
    factory.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="group-0",
        LaunchTemplate={"LaunchTemplateId": template, "Version": str(version)},
        **more,
    )


def numbers(factory: FactoryCloud, template: str) -> list[int]:
    found = factory.ec2().describe_launch_template_versions(LaunchTemplateId=template)
    return [each["VersionNumber"] for each in found["LaunchTemplateVersions"]]


def test_an_image_that_an_old_version_alone_has_is_retired_with_the_version(factory: FactoryCloud) -> None:
    images = [factory.bake()[0] for _ in range(4)]
    template = released(factory, images, **TAGS)
    assert set(actions(factory.retire()).values()) == {"keep"}
    document = factory.retire("--template-versions", "2")
    assert document["templateVersions"] == [{"group": "group-0", "template": template, "versions": [1, 2]}]
    assert numbers(factory, template) == [3, 4]
    assert [actions(document)[image] for image in images] == ["deprecate", "deprecate", "keep", "keep"]


def test_a_dry_run_names_the_versions_and_deletes_none(factory: FactoryCloud) -> None:
    images = [factory.bake()[0] for _ in range(2)]
    template = released(factory, images, **TAGS)
    done = factory.run("retire", "--keep", "1", "--template-versions", "1", "--dry-run")
    assert f"delete launch template {template} of group-0: versions 1; what they alone use" in done.out
    assert numbers(factory, template) == [1, 2]


def test_what_a_group_its_servers_or_its_refresh_has_stays(factory: FactoryCloud) -> None:
    images = [factory.bake()[0] for _ in range(6)]
    template = released(factory, images, **TAGS)
    use(factory, template, 2, DesiredCapacity=1)
    factory.cloud.step(120)
    use(factory, template, 3)
    factory.client("autoscaling").start_instance_refresh(
        AutoScalingGroupName="group-0",
        DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": template, "Version": "4"}},
    )
    factory.retire("--template-versions", "1")
    # 1 and 5 are nobody's; 6 is the newest.
    assert numbers(factory, template) == [2, 3, 4, 6]


def test_a_version_of_which_no_id_is_told_may_be_one_of_this_template(
    factory: FactoryCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [factory.bake()[0] for _ in range(3)]
    template = released(factory, images, **TAGS)
    groups = usage_aws.groups
    named = {"LaunchTemplateName": "group-0", "Version": "1"}

    def refreshing(account: Account) -> list[usage_aws.Group]:
        return [replace(group, refreshing=[named]) for group in groups(account)]

    monkeypatch.setattr(usage_aws, "groups", refreshing)
    factory.retire("--template-versions", "1")
    assert numbers(factory, template) == [1, 3]


def test_the_default_version_stays(factory: FactoryCloud) -> None:
    images = [factory.bake()[0] for _ in range(3)]
    template = released(factory, images, **TAGS)
    factory.ec2().modify_launch_template(LaunchTemplateId=template, DefaultVersion="1")
    factory.retire("--template-versions", "1")
    assert numbers(factory, template) == [1, 3]


def test_templates_of_others_are_not_touched(factory: FactoryCloud) -> None:
    images = [factory.bake()[0] for _ in range(3)]
    template = released(factory, images, project="another", environment="staging")
    assert factory.retire("--template-versions", "1")["templateVersions"] == []
    assert numbers(factory, template) == [1, 2, 3]


def test_a_version_that_stays_is_an_error_of_one_line(factory: FactoryCloud) -> None:
    template = released(factory, [factory.bake()[0] for _ in range(3)], **TAGS)
    factory.cloud.fault("DeleteLaunchTemplateVersions", error="UnauthorizedOperation")
    done = factory.run("retire", "--keep", "1", "--template-versions", "1")
    assert (done.code, done.error.count("\n")) == (1, 1)
    assert numbers(factory, template) == [1, 2, 3]


def test_nothing_is_deleted_while_something_cannot_be_read(factory: FactoryCloud) -> None:
    template = released(factory, [factory.bake()[0] for _ in range(3)], **TAGS)
    factory.project.file("prod").write_text("config: [")
    factory.refused("retire", "--keep", "1", "--template-versions", "1")
    assert numbers(factory, template) == [1, 2, 3]
