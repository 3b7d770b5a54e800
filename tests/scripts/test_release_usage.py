"""Who uses an image: every way in which a group, a refresh, a file or a state can name one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.releases import project, usage, usage_aws, usage_project
from scripts.releases.amis import Ami
from scripts.releases.aws import Account, AwsError
from scripts.releases.usage import Usage
from scripts.releases.user import CONFIG, SERVER, User
from tests.scripts.factory_cloud import HERE, THERE, FactoryCloud, factory_cloud


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryCloud]:
    with factory_cloud(tmp_path, monkeypatch) as made:
        for name, value in made.variables.items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        yield made


def ami(image_id: str, region: str = HERE) -> Ami:
    return Ami(image_id, region, "", "", "arm64", "available", datetime.now(UTC), None, True, {})


def users(factory: FactoryCloud, *images: Ami, **more: Any) -> Usage:
    where = project.find(factory.project.directory)
    return usage.find(where, {HERE: Account(HERE)}, images, **more)


class Groups:
    """AWS as one region's groups would have it, in forms that the emulated one has not."""

    region = HERE

    def __init__(self, group: dict[str, Any], refresh: dict[str, Any] | None = None) -> None:
        self.group = {"AutoScalingGroupName": "web", "Tags": []} | group
        self.refreshes = [refresh] if refresh else []
        self.autoscaling = self.ec2 = self

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, operation))

    def describe_auto_scaling_groups(self, **_: Any) -> list[dict[str, Any]]:
        return [{"AutoScalingGroups": [self.group]}]

    def describe_instance_refreshes(self, **_: Any) -> dict[str, Any]:
        return {"InstanceRefreshes": self.refreshes}

    def describe_launch_configurations(self, **which: Any) -> dict[str, Any]:
        return {"LaunchConfigurations": [{"ImageId": f"ami-of-{which['LaunchConfigurationNames'][0]}"}]}

    def describe_launch_template_versions(self, **which: Any) -> list[dict[str, Any]]:
        ((_, name),) = which.items()
        data = {"VersionNumber": 1, "LaunchTemplateData": {"ImageId": f"ami-of-{name}"}}
        return [{"LaunchTemplateVersions": [data, {"VersionNumber": 2, "LaunchTemplateData": {}}]}]

    def describe_instances(self, **_: Any) -> list[dict[str, Any]]:
        return []

    @property
    def used(self) -> list[str]:
        return sorted(filter(None, usage_aws.used(self)))  # type: ignore[arg-type]


def mixed(template: str, **override: Any) -> dict[str, Any]:
    specification = {"LaunchTemplateId": template, "Version": "1"}
    launch = {"LaunchTemplateSpecification": specification, "Overrides": [override] if override else []}
    return {"MixedInstancesPolicy": {"LaunchTemplate": launch}}


def plain(template: str) -> dict[str, Any]:
    return {"LaunchTemplate": {"LaunchTemplateId": template, "Version": "1"}}


@pytest.mark.parametrize(
    ("group", "images"),
    [
        (plain("lt-a"), ["ami-of-lt-a"]),
        ({"LaunchTemplate": {"LaunchTemplateName": "named", "Version": "1"}}, ["ami-of-named"]),
        (mixed("lt-a"), ["ami-of-lt-a"]),
        (mixed("lt-a", ImageId="ami-own"), ["ami-of-lt-a", "ami-own"]),
        (
            mixed("lt-a", LaunchTemplateSpecification={"LaunchTemplateId": "lt-b", "Version": "1"}),
            ["ami-of-lt-a", "ami-of-lt-b"],
        ),
        ({"LaunchConfigurationName": "old"}, ["ami-of-old"]),
        ({"Instances": [plain("lt-c")], **plain("lt-a")}, ["ami-of-lt-a", "ami-of-lt-c"]),
    ],
)
def test_every_form_of_a_group_names_its_images(group: dict[str, Any], images: list[str]) -> None:
    assert Groups(group).used == images


@pytest.mark.parametrize(
    ("status", "images"),
    [
        ("InProgress", ["ami-of-lt-a", "ami-of-lt-b", "ami-own"]),
        ("RollbackInProgress", ["ami-of-lt-a", "ami-of-lt-b", "ami-own"]),
        ("Successful", ["ami-of-lt-a"]),
    ],
)
def test_a_running_refresh_names_what_it_brings(status: str, images: list[str]) -> None:
    refresh = {"Status": status, "DesiredConfiguration": mixed("lt-b", ImageId="ami-own")}
    assert Groups(plain("lt-a"), refresh).used == images


def test_users_in_the_region_of_an_environment_count_though_the_factory_is_not_there(
    factory: FactoryCloud,
) -> None:
    factory.configure("prod", "ami-0000000000000000f", "us-east-1")
    image = "ami-00000000000000abc"
    factory.cloud.image(image)
    run = factory.ec2("us-east-1").run_instances(ImageId=image, MinCount=1, MaxCount=1)
    server = User(SERVER, run["Instances"][0]["InstanceId"], region="us-east-1")
    assert server in users(factory).users[image]


def test_more_images_than_one_question_takes_are_asked_about(factory: FactoryCloud) -> None:
    images = [factory.bake(regions=(HERE,))[0] for _ in range(12)]
    for number, image in enumerate(images):
        factory.client("ssm").put_parameter(Name=f"/{number}", Value=image, Type="String")
    found = users(factory, *map(ami, images))
    assert found.unread == ()
    assert sorted(found.users) == sorted([*images, "ami-0000000000000000f"])


def test_the_users_of_all_copies_come_together_each_once() -> None:
    one, other = User(CONFIG, "a"), User(CONFIG, "b")
    found = Usage({"ami-1": (one,), "ami-2": (one, other), "ami-3": (other,)})
    assert found.of([ami("ami-1"), ami("ami-2", THERE)]) == (one, other)
    assert found.of([ami("ami-4")]) == ()


def test_a_report_that_fails_cannot_be_read(factory: FactoryCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from rehearsal.cloud.ec2 import usage_reports

    (image,) = factory.bake(regions=(HERE,))
    permission = {"Add": [{"Group": "all"}]}
    factory.ec2().modify_image_attribute(ImageId=image, LaunchPermission=permission)
    finish = usage_reports.Report.finish

    def fail(report: usage_reports.Report, *arguments: str) -> None:
        finish(report, *arguments)
        report.state = "error"

    monkeypatch.setattr(usage_reports.Report, "finish", fail)
    (line,) = users(factory, ami(image), shared=True).unread
    assert f"the usage report of {image} failed: no reason given" in line
    assert users(factory, ami(image)).unread == ()


def test_images_stand_in_outputs_as_keys_and_in_lists_too() -> None:
    name = "ami-{:017x}".format
    outputs = {
        "images": {name(1): {"parent": name(2)}},
        "services": {"web": {"image": name(3), "previousImage": name(4), "others": [name(5)]}},
    }
    found = usage_project.of_outputs("prod", outputs)
    texts = {image: [user.text for user in those] for image, those in found.items()}
    assert texts == {
        name(1): ["outputs prod"],
        name(2): ["outputs prod"],
        name(3): ["outputs web of prod"],
        name(4): ["rollback slot web of prod"],
        name(5): ["outputs web of prod"],
    }


def test_a_group_whose_template_is_gone_cannot_be_read(factory: FactoryCloud) -> None:
    (image,) = factory.bake(regions=(HERE,))
    template = factory.group(image)
    factory.ec2().delete_launch_template(LaunchTemplateId=template)
    (line,) = users(factory).unread
    assert line.startswith(f"{HERE} of AWS cannot be read: AWS refused DescribeLaunchTemplateVersions")
    with pytest.raises(AwsError):
        usage_aws.used(Account(HERE))


def test_ids_of_old_length_count_and_longer_ones_are_none(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(f"a: ami-0123abcd\nb: {'ami-' + 18 * 'a'}\n")
    assert list(usage_project.of_text(file, "prod")) == ["ami-0123abcd"]
