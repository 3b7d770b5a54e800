"""What becomes of each image, decided from what is there: how far it is, its age, its users, the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from images import preflight
from scripts.releases.amis import Ami
from scripts.releases.retire_families import TAG, Family, Stage, grouped, mark
from scripts.releases.retire_plan import Settings, candidates, decide, named
from scripts.releases.usage import Usage
from scripts.releases.user import CONFIG, User

NOW = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
HERE, THERE = "eu-central-1", "eu-west-1"
SETTINGS = Settings(keep=1, older_than=timedelta(), grace=timedelta(days=7))
USER = User(CONFIG, "Pulumi.prod.yaml", "prod")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def ami(number: int, region: str = HERE, age: float = 100, **more: Any) -> Ami:
    """Of build `number`, of the recipe service; `deprecated` and `disabled` say for how many days."""
    tags = {"immutable:recipe": more.pop("recipe", "service"), preflight.TESTS: more.pop("tests", "passed")}
    tags[preflight.BUILD] = f"build {number}"
    given: dict[str, Any] = {"state": "available", "deprecated_at": None}
    if "deprecated" in more:
        given["deprecated_at"] = ago(more.pop("deprecated"))
        tags[TAG] = mark(Stage.DEPRECATED, given["deprecated_at"])
    if "disabled" in more:
        given["state"] = "disabled"
        tags[TAG] = mark(Stage.DISABLED, ago(more.pop("disabled")))
    given |= {key: value for key, value in more.items() if key != "tags"}
    return Ami(
        id=f"ami-{number}-{region}",
        region=region,
        name="",
        owner="",
        architecture="arm64",
        created_at=ago(age),
        protected=True,
        tags=tags | more.get("tags", {}),
        **given,
    )


def verdicts(*images: Ami, used: tuple[int, ...] = (), settings: Settings = SETTINGS) -> dict[int, str]:
    """The action for each build, beside a newer one that is kept."""
    newest = ami(0, age=0)
    usage = Usage({image.id: (USER,) for image in images if build(image) in used})
    found = decide(grouped([*images, newest]), usage, settings, NOW)
    return {build(each.family.copies[0]): each.action for each in found if each.family.copies[0] != newest}


def build(image: Ami) -> int:
    return int(image.tags[preflight.BUILD].split()[1])


def stage(*copies: Ami) -> tuple[Stage, float]:
    """The stage of an image, and for how many days."""
    found, since = Family("service", copies).stage(NOW)
    return found, (NOW - since) / timedelta(days=1)


def test_the_stage_is_that_of_the_copy_that_is_least_far_and_since_the_last_one_has_it() -> None:
    assert stage(ami(1, deprecated=9), ami(1, THERE, deprecated=3)) == (Stage.DEPRECATED, 3)
    assert stage(ami(1, deprecated=9), ami(1, THERE, age=50)) == (Stage.AVAILABLE, 50)
    assert stage(ami(1, deprecated=20, disabled=9), ami(1, THERE, deprecated=3)) == (Stage.DEPRECATED, 3)
    assert stage(ami(1, disabled=9), ami(1, THERE, disabled=8)) == (Stage.DISABLED, 8)


def test_a_date_that_is_not_there_yet_deprecates_nothing() -> None:
    assert stage(ami(1, deprecated=-0.001))[0] is Stage.AVAILABLE


def test_what_a_hand_deprecated_or_disabled_is_at_no_stage_of_ours() -> None:
    assert stage(ami(1, deprecated_at=ago(30)))[0] is Stage.AVAILABLE
    assert stage(ami(1, state="disabled"))[0] is Stage.AVAILABLE
    by_hand = ami(1, deprecated=9, state="disabled")
    assert stage(by_hand) == (Stage.DEPRECATED, 9)


@pytest.mark.parametrize("date", ["", "long ago"])
def test_a_date_that_is_none_counts_as_not_disabled(date: str) -> None:
    image = ami(1, deprecated=9, state="disabled", tags={TAG: f"disabled {date}"})
    assert stage(image) == (Stage.DEPRECATED, 9)


def test_each_stage_follows_the_one_before_when_the_grace_is_over() -> None:
    images = [
        ami(1),
        ami(2, deprecated=6.9), ami(3, deprecated=7),
        ami(4, deprecated=30, disabled=6.9), ami(5, deprecated=30, disabled=7),
    ]  # fmt: skip
    assert verdicts(*images) == {1: "deprecate", 2: "wait", 3: "disable", 4: "wait", 5: "delete"}


def test_what_is_used_stays_and_what_was_on_its_way_comes_back() -> None:
    images = [ami(1), ami(2, deprecated=30), ami(3, disabled=30), ami(4, deprecated_at=ago(30))]
    used = (1, 2, 3, 4)
    assert verdicts(*images, used=used) == {1: "keep", 2: "restore", 3: "restore", 4: "keep"}


def test_one_user_of_one_copy_keeps_all_copies() -> None:
    found = decide(
        grouped([ami(0, age=0), ami(1), ami(1, THERE)]),
        Usage({ami(1, THERE).id: (USER,)}),
        SETTINGS,
        NOW,
    )
    assert [(each.action, each.users) for each in found] == [("keep", ()), ("keep", (USER,))]


def test_the_newest_sound_ones_stay_and_all_that_is_newer() -> None:
    images = [ami(n, age=n) for n in range(1, 5)]
    images[0] = ami(1, age=1, tests="failed")
    images[1] = ami(2, age=2, deprecated_at=ago(1))
    kept = Settings(keep=2, older_than=timedelta(), grace=timedelta(days=7))
    assert verdicts(*images, settings=kept) == {1: "keep", 2: "keep", 3: "keep", 4: "deprecate"}


def test_a_disabled_image_is_none_of_those_that_stay() -> None:
    kept = Settings(keep=2, older_than=timedelta(), grace=timedelta(days=7))
    images = [ami(1, age=1, state="disabled"), ami(2, age=2), ami(3, age=3)]
    assert verdicts(*images, settings=kept) == {1: "keep", 2: "keep", 3: "deprecate"}


def test_each_recipe_keeps_its_own() -> None:
    images = [ami(1, recipe="base"), ami(2, age=200, recipe="base")]
    assert verdicts(*images) == {1: "keep", 2: "deprecate"}


def test_the_age_of_an_image_is_that_of_its_oldest_copy() -> None:
    young = Settings(keep=1, older_than=timedelta(days=50), grace=timedelta(days=7))
    assert verdicts(ami(1, age=51), ami(1, THERE, age=1), settings=young) == {1: "deprecate"}
    assert verdicts(ami(1, age=49), ami(1, THERE, age=1), settings=young) == {1: "keep"}


def test_a_copy_that_is_not_there_yet_holds_all_back() -> None:
    assert verdicts(ami(1, deprecated=30), ami(1, THERE, state="pending")) == {1: "keep"}


def test_an_image_without_a_build_is_alone() -> None:
    one, other = (ami(1, region, tags={preflight.BUILD: ""}) for region in (HERE, THERE))
    assert [len(family.copies) for family in grouped([one, other])] == [1, 1]


def test_aws_is_asked_about_all_but_what_stays_by_number_or_age() -> None:
    old = Settings(keep=1, older_than=timedelta(days=50), grace=timedelta(days=7))
    images = [ami(0, age=0), ami(1, age=49), ami(2, age=60), ami(3, age=70, deprecated=1)]
    asked = candidates(grouped(images), old, NOW)
    assert [build(family.copies[0]) for family in asked] == [2, 3]


def test_a_line_names_three_users_and_counts_the_others() -> None:
    users = [User(CONFIG, str(number)) for number in range(5)]
    assert named(users[:3]) == "config 0, config 1, config 2"
    assert named(users) == "config 0, config 1, config 2 and 2 more"
