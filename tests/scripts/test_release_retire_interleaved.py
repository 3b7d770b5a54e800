"""Whatever happens during a retirement, in whatever order: what is in use is neither disabled nor gone."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto.ec2.models import ec2_backends

from scripts.releases import amis, change, preflight, project, retire, retire_stages
from scripts.releases.aws import Account
from scripts.releases.change import Request
from scripts.releases.errors import ReleaseError
from scripts.releases.project import Project
from scripts.releases.retire_plan import Settings
from tests.scripts.factory_cloud import HERE, FactoryCloud, factory_cloud
from tests.scripts.release_project import service
from tests.scripts.turns import LONGEST, Actor, boundary, play, watch

SETTINGS = Settings(keep=1, older_than=timedelta(), grace=timedelta(days=7))
ACTIONS = ("promote", "rollback", "up", "scale out", "retire")
#: How far the image is when all begins.
STAGES = ("available", "deprecated", "disabled")


class Scenery:
    """The image OLD may go: prod's config may come to name it, and staging's group may come to launch it.

    Staging runs NEW; its outputs name RUNS, another old one, to which it may roll back.
    """

    def __init__(self, factory: FactoryCloud, stage: str) -> None:
        self.factory = factory
        self.where: Project = project.find(factory.project.directory)
        self.old, self.runs, self.new = (factory.bake(regions=(HERE,))[0] for _ in range(3))
        factory.configure("staging", self.new)
        factory.configure("prod", self.new)
        factory.project.state("staging", {"web": service(self.new, previous=self.runs)})
        factory.project.state("prod", {"web": service(self.new)})
        self.template = factory.group(self.runs, project="immutable", environment="staging")
        for work in (retire_stages.deprecate, retire_stages.disable)[: STAGES.index(stage)]:
            account = Account(HERE)
            (image,) = amis.described(account, ImageIds=[self.old])
            work(account, image)
            factory.age(8)

    def retire(self) -> None:
        retire.run(self.where, {HERE: Account(HERE)}, None, SETTINGS, dry_run=False, say=lambda _: None)

    def set_image(self, environment: str, image: str) -> None:
        request = Request(environment, None, None, False, "set-image")
        change.make(self.where, request, lambda _: image, preflight.Gate(None))

    def promote(self) -> None:
        self.set_image("prod", self.old)

    def rollback(self) -> None:
        self.set_image("staging", self.runs)

    def up(self) -> None:
        """As the program does: the pre-flight of what the config names, then the template, then the state."""
        config = self.where.config("staging")
        image = config.image(None)
        preflight.check(config, None, image)
        boundary()
        ec2 = self.factory.ec2()
        ec2.create_launch_template_version(
            LaunchTemplateId=self.template, LaunchTemplateData={"ImageId": image}
        )
        boundary()
        self.factory.project.state("staging", {"web": service(image, previous=self.new)})

    def scale_out(self) -> None:
        autoscaling = self.factory.client("autoscaling")
        boundary()
        autoscaling.set_desired_capacity(AutoScalingGroupName="group-0", DesiredCapacity=1)
        boundary()
        self.factory.cloud.step(60)

    def actor(self, name: str) -> Actor:
        return Actor(getattr(self, name.replace(" ", "_")))

    def state(self, image: str) -> str:
        found = ec2_backends["123456789012"][HERE].amis.get(image)
        return str(found.state) if found else "gone"

    def configured(self) -> list[str]:
        return [self.where.config(each).image(None) for each in ("staging", "prod")]

    def check_fleet(self) -> None:
        """The group's own image, at every moment."""
        assert self.state(self.runs) == "available"

    def check(self) -> None:
        """When everything is over: configs name images that servers start from, and no flag is on them."""
        for image in self.configured():
            assert self.state(image) == "available"
            assert "DeprecationTime" not in self.factory.described(image)
        activities = self.factory.client("autoscaling").describe_scaling_activities()["Activities"]
        assert all(each["StatusCode"] != "Failed" for each in activities)


_folders = itertools.count()


@given(
    st.sampled_from(STAGES),
    st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2),
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40)), max_size=8),
)
# The whole of one between the other's first look and what it does then.
@example("available", ["promote"], [(0, "EnableImageDeprecation"), (1, LONGEST)])
@example("available", ["promote"], [(1, "write"), (0, LONGEST)])
@example("available", ["rollback", "up"], [(0, "EnableImageDeprecation"), (1, LONGEST), (2, LONGEST)])
@settings(max_examples=max(12, settings().max_examples // 20))
def test_no_order_of_events_takes_away_what_is_in_use(
    tmp_path_factory: pytest.TempPathFactory,
    stage: str,
    others: list[str],
    order: list[tuple[int, int | str]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        folder: Path = tmp_path_factory.mktemp(f"run{next(_folders)}")
        with factory_cloud(folder, patch) as factory:
            for name, value in factory.variables.items():
                patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
            watch(patch)
            scenery = Scenery(factory, stage)
            actors = [scenery.actor("retire"), *(scenery.actor(name) for name in others)]
            play(actors, order, scenery.check_fleet)
            for actor in actors:
                if actor.error is not None and not isinstance(actor.error, ReleaseError):
                    raise actor.error
            scenery.check()
