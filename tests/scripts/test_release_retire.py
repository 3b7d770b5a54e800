"""Images that nobody uses go, a stage a run; what anybody uses stays, or comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from rehearsal.cloud.images import Image
from tests.scripts.factory_cloud import DAY, ELSEWHERE, HERE, THERE, FactoryCloud, factory_cloud
from tests.scripts.release_project import service


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryCloud]:
    with factory_cloud(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def old(factory: FactoryCloud) -> list[str]:
    """An image that a newer one has followed."""
    made = factory.bake()
    factory.bake()
    return made


def actions(document: dict[str, Any]) -> dict[str, str]:
    """What became of each image, by its ID in the factory's region."""
    return {each["images"].get(HERE, "-"): each["action"] for each in document["images"]}


def why(document: dict[str, Any], image: str) -> str:
    return next(str(each["why"]) for each in document["images"] if image in each["images"].values())


def test_an_image_is_deprecated_then_disabled_then_deleted_with_its_snapshots_in_all_regions(
    factory: FactoryCloud, old: list[str]
) -> None:
    snapshots = [factory.snapshot(old[0])]
    seen = []
    for _ in range(4):
        factory.retire()
        seen.append(factory.stages(old))
        factory.age(8)
    assert seen == [["deprecated"] * 2, ["disabled"] * 2, ["gone"] * 2, ["gone"] * 2]
    left = factory.ec2().describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert not {each["SnapshotId"] for each in left} & set(snapshots)


def test_a_run_takes_an_image_one_stage_on_and_no_further_before_the_grace_is_over(
    factory: FactoryCloud, old: list[str]
) -> None:
    factory.retire()
    factory.age(6.9)
    waits = factory.retire()
    assert (actions(waits)[old[0]], factory.stage(old)) == ("wait", "deprecated")
    factory.age(0.2)
    assert (actions(factory.retire())[old[0]], factory.stage(old)) == ("disable", "disabled")
    assert actions(factory.retire())[old[0]] == "wait"
    factory.age(6.9)
    assert actions(factory.retire())[old[0]] == "wait"
    assert actions(factory.retire("--grace", "3"))[old[0]] == "delete"


def test_the_newest_of_each_recipe_stay(factory: FactoryCloud) -> None:
    images = {recipe: [factory.bake(recipe)[0] for _ in range(3)] for recipe in ("service", "base")}
    done = actions(factory.retire("--keep", "2"))
    for first, second, third in images.values():
        assert [done[first], done[second], done[third]] == ["deprecate", "keep", "keep"]


def test_one_recipe_is_retired_alone(factory: FactoryCloud) -> None:
    for recipe in ("service", "service", "base", "base"):
        factory.bake(recipe)
    document = factory.retire("base")
    assert [each["recipe"] for each in document["images"]] == ["base", "base"]


def test_a_deprecated_or_untested_image_is_none_of_those_that_stay(factory: FactoryCloud) -> None:
    older, good = factory.bake(), factory.bake()
    bad, untested = factory.bake(), factory.bake(tests="failed")
    at = factory.cloud.world.clock.date(factory.cloud.world.timeline.now + DAY)
    factory.ec2().enable_image_deprecation(ImageId=bad[0], DeprecateAt=at)
    done = actions(factory.retire())
    assert done == {untested[0]: "keep", bad[0]: "keep", good[0]: "keep", older[0]: "deprecate"}


def test_what_is_younger_than_asked_for_stays(factory: FactoryCloud, old: list[str]) -> None:
    assert actions(factory.retire("--older-than", "3"))[old[0]] == "keep"
    factory.age(3)
    assert actions(factory.retire("--older-than", "3"))[old[0]] == "deprecate"


def test_images_that_the_factory_did_not_build_are_left_alone(factory: FactoryCloud, old: list[str]) -> None:
    foreign = "ami-00000000000000abc"
    factory.cloud.world.images.append(Image(foreign, "by hand", region=HERE))
    assert foreign not in actions(factory.retire())


def test_an_image_of_which_a_copy_is_still_being_made_is_left_alone(
    factory: FactoryCloud, old: list[str]
) -> None:
    ec2_backends["123456789012"][THERE].amis[old[1]].state = "pending"
    document = factory.retire()
    assert why(document, old[0]) == "not every copy of it is available"
    assert factory.stages(old) == ["available", "pending"]


def test_images_of_another_projects_factory_are_left_alone(factory: FactoryCloud, old: list[str]) -> None:
    for region, image in zip((HERE, THERE), old, strict=True):
        factory.ec2(region).create_tags(Resources=[image], Tags=[{"Key": "project", "Value": "another"}])
    assert old[0] not in actions(factory.retire())
    for region, image in zip((HERE, THERE), old, strict=True):
        factory.ec2(region).create_tags(Resources=[image], Tags=[{"Key": "project", "Value": "immutable"}])
    assert actions(factory.retire())[old[0]] == "deprecate"


def test_a_dry_run_says_what_would_be_done_and_does_nothing(factory: FactoryCloud, old: list[str]) -> None:
    done = factory.run("retire", "--keep", "1", "--dry-run")
    assert done.code == 0
    assert f"deprecate service {old[0]} (eu-central-1), {old[1]} (eu-west-1)" in done.out
    assert done.out.endswith("would be: 1 deprecate, 1 keep\n")
    assert factory.stage(old) == "available"


def used_by_config(factory: FactoryCloud, image: str) -> str:
    factory.configure("prod", image, THERE)
    return "config Pulumi.prod.yaml"


def used_by_a_comment(factory: FactoryCloud, image: str) -> str:
    file = factory.project.file("staging")
    file.write_text(file.read_text() + f"# was {image}\n")
    return "config Pulumi.staging.yaml"


def used_by_the_project(factory: FactoryCloud, image: str) -> str:
    file = factory.project.directory / "Pulumi.yaml"
    file.write_text(f"{file.read_text()}config: {{immutable:imageId: {image}}}\n")
    return "config Pulumi.yaml"


def used_by_the_fleet(factory: FactoryCloud, image: str) -> str:
    factory.project.state("prod", {"web": service(image)})
    return "outputs web of prod"


def used_by_a_rollback(factory: FactoryCloud, image: str) -> str:
    factory.project.state("prod", {"web": service("ami-0000000000000000f", previous=image)})
    return "rollback slot web of prod"


def used_by_an_old_version(factory: FactoryCloud, image: str) -> str:
    template = factory.group(image, THERE)
    factory.ec2(THERE).create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"ImageId": "ami-0000000000000000f"}
    )
    return "launch template version group-0 version 1 in eu-west-1"


def used_by_a_server(factory: FactoryCloud, image: str) -> str:
    ec2 = factory.ec2(THERE)
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[made])
    return f"server {made} in eu-west-1"


def used_by_a_parameter(factory: FactoryCloud, image: str) -> str:
    factory.cloud.client("ssm", THERE).put_parameter(Name="/app/image", Value=image, Type="String")
    return "reference parameter/app/image in eu-west-1"


def used_by_a_recipe(factory: FactoryCloud, image: str) -> str:
    recipes = factory.project.directory / "images" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "api.yaml").write_text(f"parent: {{id: {image}}}\n")
    return "recipe api.yaml"


def used_by_another_account(factory: FactoryCloud, image: str) -> str:
    permission = {"Add": [{"UserId": ELSEWHERE}]}
    factory.ec2(THERE).modify_image_attribute(ImageId=image, LaunchPermission=permission)
    factory.ec2(THERE, ELSEWHERE).run_instances(ImageId=image, MinCount=2, MaxCount=2)
    return f"account {ELSEWHERE} (2 of ec2:Instance) in eu-west-1"


USES = [
    used_by_config, used_by_a_comment, used_by_the_project, used_by_the_fleet, used_by_a_rollback,
    used_by_an_old_version, used_by_a_server, used_by_a_parameter, used_by_a_recipe, used_by_another_account,
]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_an_image_of_which_any_copy_is_used_stays_with_all_copies(
    factory: FactoryCloud, old: list[str], use: Any
) -> None:
    user = use(factory, old[1])
    document = factory.retire()
    assert (actions(document)[old[0]], factory.stage(old)) == ("keep", "available")
    assert user in why(document, old[0])


@pytest.mark.parametrize("use", [used_by_config, used_by_a_rollback])
@pytest.mark.parametrize("stages", [1, 2])
def test_an_image_that_is_used_again_comes_back_protected_and_is_retired_anew(
    factory: FactoryCloud, old: list[str], use: Any, stages: int
) -> None:
    for _ in range(stages):
        factory.retire()
        factory.age(8)
    use(factory, old[1])
    document = factory.retire()
    assert (actions(document)[old[0]], factory.stage(old)) == ("restore", "available")
    image = factory.described(old[1], THERE)
    assert image["DeregistrationProtection"] == "enabled-with-cooldown"
    assert not {tag["Key"] for tag in image["Tags"]} & {"immutable:retire", "immutable:shared-with"}
    factory.configure("prod", "ami-0000000000000000f", THERE)
    factory.project.state("prod", {"web": service("ami-0000000000000000f")})
    assert actions(factory.retire())[old[0]] == "deprecate"


@pytest.mark.parametrize(("stages", "back"), [(1, "available"), (2, "disabled")])
def test_an_image_comes_back_though_there_is_nothing_to_enable(
    factory: FactoryCloud, old: list[str], stages: int, back: str
) -> None:
    for _ in range(stages):
        factory.retire()
        factory.age(8)
    factory.configure("staging", old[0])
    factory.cloud.fault("EnableImage", error="IncorrectState")
    done = factory.run("retire", "--keep", "1")
    assert (done.code, factory.stage(old)) == ({"available": 0, "disabled": 1}[back], back)


def test_an_image_that_comes_back_is_shared_as_before(factory: FactoryCloud, old: list[str]) -> None:
    ec2 = factory.ec2()
    permission = {"Add": [{"UserId": ELSEWHERE}, {"Group": "all"}]}
    ec2.modify_image_attribute(ImageId=old[0], LaunchPermission=permission)
    factory.retire()
    factory.age(8)
    factory.retire()
    attribute = {"ImageId": old[0], "Attribute": "launchPermission"}
    assert ec2.describe_image_attribute(**attribute)["LaunchPermissions"] == []
    factory.configure("staging", old[0])
    factory.retire()
    shared = ec2.describe_image_attribute(**attribute)["LaunchPermissions"]
    assert sorted(shared, key=str) == sorted(permission["Add"], key=str)


def test_an_image_that_somebody_else_deprecated_and_that_is_used_is_left_as_it_is(
    factory: FactoryCloud, old: list[str]
) -> None:
    at = factory.cloud.world.clock.date(factory.cloud.world.timeline.now + 60)
    factory.ec2().enable_image_deprecation(ImageId=old[0], DeprecateAt=at)
    factory.configure("staging", old[0])
    assert actions(factory.retire())[old[0]] == "keep"
    assert factory.stages(old) == ["deprecated", "available"]


def test_a_deprecation_that_is_there_already_keeps_its_date(factory: FactoryCloud, old: list[str]) -> None:
    at = factory.cloud.world.clock.date(factory.cloud.world.timeline.now + 60)
    factory.ec2().enable_image_deprecation(ImageId=old[0], DeprecateAt=at)
    date = factory.described(old[0])["DeprecationTime"]
    factory.age(1)
    assert actions(factory.retire())[old[0]] == "deprecate"
    assert factory.described(old[0])["DeprecationTime"] == date


def test_more_that_stay_brings_back_what_is_on_its_way(factory: FactoryCloud, old: list[str]) -> None:
    factory.retire()
    assert actions(factory.retire("--keep", "2"))[old[0]] == "restore"
    assert factory.stage(old) == "available"
