"""Promotion between regions: the copy of the same build, never another image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.releases.project import find
from tests.scripts.image_account import LINE, Account, image_account
from tests.scripts.release_project import NEW, OTHER

BUILD = "arn:aws:imagebuilder:eu-central-1:123456789012:image/service/1.2.3/1"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with image_account(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def regions(account: Account) -> Account:
    """Staging runs NEW in eu-central-1; prod is in eu-west-1."""
    account.project.configure("staging", NEW)
    account.project.runs("staging", NEW)
    account.configure(region="eu-west-1")
    account.image(NEW, region="eu-central-1", tags={"Ec2ImageBuilderArn": BUILD})
    return account


def promoted(account: Account) -> str:
    done = account.run("promote", "staging", "prod")
    assert done.code == 0, done.error
    return find(account.project.directory).config("prod").image(None)


def test_between_regions_the_copy_of_the_same_build_is_promoted(regions: Account) -> None:
    regions.image(OTHER, region="eu-west-1", tags={"Ec2ImageBuilderArn": BUILD})
    regions.image("ami-0000000000000000d", region="eu-west-1", tags={"Ec2ImageBuilderArn": f"{BUILD}0"})
    assert promoted(regions) == OTHER


def test_a_region_without_a_copy_is_refused_and_how_it_gets_one(regions: Account) -> None:
    regions.image(OTHER, region="eu-west-1")
    assert regions.refused("promote", "staging", "prod") == (
        f"{NEW} has no copy in eu-west-1, the region of prod; add eu-west-1 to immutable:distribution / "
        f"regions of the image factory, bring that up, and bake again: the copy is told by its build {BUILD}"
    )


def test_an_image_of_unknown_origin_does_not_leave_its_region(regions: Account) -> None:
    regions.project.configure("staging", OTHER)
    regions.project.runs("staging", OTHER)
    assert regions.refused("promote", "staging", "prod").startswith(
        f"{OTHER} is not to be seen in eu-central-1, so that its copies are not known"
    )
    regions.image(OTHER, region="eu-central-1")
    assert regions.refused("promote", "staging", "prod").startswith(
        f"{OTHER} has no tag Ec2ImageBuilderArn, so that no copy of it is known; promote between regions what"
    )


def test_a_copy_that_may_not_be_used_is_refused_by_the_pre_flight(regions: Account) -> None:
    regions.image(OTHER, "immutable:tests", region="eu-west-1", tags={"Ec2ImageBuilderArn": BUILD})
    assert regions.refused("promote", "staging", "prod").startswith(
        f"{LINE}{OTHER} has no tag immutable:tests"
    )


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("spoilt", ["untested", "disabled"])
def test_of_several_copies_one_that_can_be_used_is_taken(regions: Account, first: bool, spoilt: str) -> None:
    usable, other = OTHER, "ami-0000000000000000d"
    for image in (usable, other) if first else (other, usable):
        without = "immutable:tests" if (image, spoilt) == (other, "untested") else ""
        regions.image(image, without, region="eu-west-1", tags={"Ec2ImageBuilderArn": BUILD})
    if spoilt == "disabled":
        regions.cloud.client("ec2", "eu-west-1").disable_image(ImageId=other)
    assert promoted(regions) == usable


def test_the_copy_is_found_though_the_image_itself_is_disabled_where_it_came_from(regions: Account) -> None:
    regions.image(OTHER, region="eu-west-1", tags={"Ec2ImageBuilderArn": BUILD})
    regions.ec2.disable_image(ImageId=NEW)
    assert promoted(regions) == OTHER


def test_a_region_that_does_not_answer_is_a_refusal(regions: Account) -> None:
    regions.cloud.fault("DescribeImages", error="RequestExpired")
    assert regions.refused("promote", "staging", "prod").startswith(f"the pre-flight of {NEW} needs AWS: ")
