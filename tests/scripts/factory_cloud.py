"""A factory's images in two regions of the emulated cloud, and a project whose environments may use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from images import preflight
from rehearsal.cloud.images import Image
from rehearsal.cloud.local import CREDENTIALS, Local, running
from scripts.releases import aws, waiting
from tests.scripts.release_project import Finished, ReleaseProject

HERE, THERE = REGIONS = ("eu-central-1", "eu-west-1")
ELSEWHERE = "222222222222"
DAY = 24 * 3600
FACTORY = """\
config:
  aws:region: eu-central-1
  immutable:recipes:
    service: {}
    base: {}
  immutable:distribution:
    regions: [eu-west-1]
"""
ENVIRONMENT = """\
config:
  aws:region: {region}
  immutable:imageId: {image}
  immutable:services:
    web:
      port: 8080
"""
#: Of no factory: what a config names where that is no matter.
FOREIGN = "ami-0000000000000000f"


class FactoryCloud:
    """The clock stands still but for `age`, which makes everything older, and while a command waits."""

    def __init__(self, project: ReleaseProject, cloud: Local) -> None:
        self.project, self.cloud = project, cloud
        self.baked = 0
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        cloud.image(FOREIGN)
        project.file("images").write_text(FACTORY)
        project.outputs("images", {"recipes": {}})
        self.configure("staging", FOREIGN)
        self.configure("prod", FOREIGN, THERE)

    def configure(self, environment: str, image: str, region: str = HERE) -> None:
        self.project.file(environment).write_text(ENVIRONMENT.format(region=region, image=image))

    def bake(self, recipe: str = "service", regions: tuple[str, ...] = REGIONS, **tags: str) -> list[str]:
        """A new image, protected as `bake` leaves it, a day after the one before; its ID in each region."""
        self.baked += 1
        self.age(1)
        build = f"arn:aws:imagebuilder:{HERE}:123456789012:image/{recipe}/1.0.{self.baked}/1"
        said = {"immutable:recipe": recipe, preflight.TESTS: preflight.PASSED, preflight.BUILD: build}
        said |= {preflight.FINDINGS: "critical=0 high=0 medium=0"}
        said |= {f"immutable:{key}": value for key, value in tags.items()}
        ids = []
        for region in regions:
            image_id = f"ami-{self.baked:08x}{regions.index(region):09x}"
            self.cloud.world.images.append(Image(image_id, image_id, said, region=region))
            self.ec2(region).enable_image_deregistration_protection(ImageId=image_id, WithCooldown=True)
            ids.append(image_id)
        return ids

    def age(self, days: float) -> None:
        self.cloud.step(days * DAY)

    def ec2(self, region: str = HERE, account: str | None = None) -> Any:
        return self.client("ec2", region, account)

    def client(self, service: str, region: str = HERE, account: str | None = None) -> Any:
        """Made once each, which is what takes the time."""
        key = (service, region, account)
        if key not in self._clients:
            self._clients[key] = self.cloud.client(*key)
        return self._clients[key]

    def stages(self, ids: list[str], regions: tuple[str, ...] = REGIONS) -> list[str]:
        """Of each copy: available, deprecated, disabled, or gone."""
        return [self._stage(region, image_id) for region, image_id in zip(regions, ids, strict=True)]

    def stage(self, ids: list[str]) -> str:
        """That of all copies, which must agree."""
        (found,) = set(self.stages(ids))
        return found

    def described(self, image_id: str, region: str = HERE) -> dict[str, Any]:
        found = self.ec2(region).describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"]
        return dict(found[0]) if found else {}

    def _stage(self, region: str, image_id: str) -> str:
        image = self.described(image_id, region)
        if not image:
            return "gone"
        return (
            "deprecated" if image["State"] == "available" and image.get("DeprecationTime") else image["State"]
        )

    def snapshot(self, image_id: str) -> str:
        return str(self.described(image_id)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])

    def group(self, image: str, region: str = HERE, **tags: str) -> str:
        """An empty group; its template's ID."""
        ec2, autoscaling = self.ec2(region), self.client("autoscaling", region)
        name = f"group-{len(autoscaling.describe_auto_scaling_groups()['AutoScalingGroups'])}"
        data = {"ImageId": image, "InstanceType": "m7g.large"}
        made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        template = str(made["LaunchTemplate"]["LaunchTemplateId"])
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=9,
            DesiredCapacity=0,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
            AvailabilityZones=[f"{region}a"],
            Tags=[
                {"Key": key, "Value": value, "PropagateAtLaunch": True, "ResourceId": name}
                | {"ResourceType": "auto-scaling-group"}
                for key, value in tags.items()
            ],
        )
        return template

    @property
    def variables(self) -> dict[str, str | None]:
        cloud = {"AWS_ENDPOINT_URL": self.cloud.url, "AWS_EC2_METADATA_DISABLED": "true"}
        return {**self.project.variables, **CREDENTIALS, **cloud, "AWS_PROFILE": None, "COLUMNS": "200"}

    def run(self, *arguments: str) -> Finished:
        return self.project.run(*arguments, variables=self.variables)

    def retire(self, *arguments: str) -> dict[str, Any]:
        """What `retire --keep 1 --json` says."""
        done = self.run("retire", "--keep", "1", "--json", *arguments)
        assert done.code == 0, (done.out, done.error)
        return dict(json.loads(done.out))

    def refused(self, *arguments: str) -> str:
        return self.project.refused(*arguments, variables=self.variables)


@contextmanager
def factory_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryCloud]:
    with running() as cloud:
        made = FactoryCloud(ReleaseProject(tmp_path), cloud)
        monkeypatch.setattr(waiting, "sleep", lambda _: cloud.step(20))
        monkeypatch.setattr(aws, "ATTEMPTS", 2)
        yield made
