"""What happens in the middle of a retirement: a hand, Ctrl-C, another command, and what AWS refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import aws, commands_retire
from tests.scripts.factory_cloud import THERE, FactoryCloud, factory_cloud
from tests.scripts.test_release_retire import actions, why


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


def meanwhile(patch: pytest.MonkeyPatch, operation: str, happens: Callable[[], Any], times: int = 1) -> None:
    """Something happens right before an operation that a command asks AWS for, `times` of them later."""
    new_client = aws._new_client
    left = [times]

    def hook(model: Any, **_: Any) -> None:
        if model.name == operation:
            left[0] -= 1
            if left[0] == 0:
                happens()

    def made(*arguments: Any) -> Any:
        client = new_client(*arguments)
        client.meta.events.register("before-call", hook)
        return client

    patch.setattr(aws, "_new_client", made)


@pytest.mark.parametrize(("stages", "flag"), [(0, "EnableImageDeprecation"), (1, "DisableImage")])
def test_a_config_that_a_hand_changes_between_the_first_look_and_the_stage_gets_its_image_back(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch, stages: int, flag: str
) -> None:
    for _ in range(stages):
        factory.retire()
        factory.age(8)
    meanwhile(monkeypatch, flag, lambda: factory.configure("prod", old[1], THERE))
    document = factory.retire()
    assert (actions(document)[old[0]], factory.stage(old)) == ("restore", "available")
    assert why(document, old[0]).startswith("used by config Pulumi.prod.yaml")


def test_the_last_look_before_deletion_comes_right_before_it(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = factory.bake("base")
    factory.bake("base")
    for _ in range(2):
        factory.retire()
        factory.age(8)
    # Two images are to go: while the first goes, a hand writes the second one into a config.
    meanwhile(monkeypatch, "DeregisterImage", lambda: factory.configure("prod", old[1], THERE))
    document = factory.retire()
    assert {actions(document)[image] for image in (old[0], other[0])} == {"restore", "delete"}
    assert (factory.stage(old), factory.stage(other)) == ("available", "gone")


def test_what_cannot_be_read_any_more_brings_back_what_was_just_flagged(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil = factory.project.file("prod").write_text
    meanwhile(monkeypatch, "EnableImageDeprecation", lambda: spoil("config: ["))
    document = factory.retire()
    assert (actions(document)[old[0]], factory.stage(old)) == ("restore", "available")
    assert why(document, old[0]).startswith("perhaps used: the config of prod cannot be read")


@pytest.mark.parametrize("stages", [0, 1])
def test_who_is_interrupted_before_the_look_puts_everything_back(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch, stages: int
) -> None:
    for _ in range(stages):
        factory.retire()
        factory.age(8)

    def interrupt() -> None:
        raise KeyboardInterrupt

    # A look asks four times: for the groups of two environments, and for those of two regions.
    meanwhile(monkeypatch, "DescribeAutoScalingGroups", interrupt, times=5)
    done = factory.run(*RETIRE)
    assert (done.code, factory.stage(old)) == (130, "available")


@pytest.mark.parametrize(("stages", "call"), [(0, "EnableImageDeprecation"), (1, "DisableImage")])
def test_who_is_interrupted_in_the_middle_of_a_stage_puts_back_what_was_begun_and_nothing_else(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch, stages: int, call: str
) -> None:
    newer = factory.bake()
    factory.bake()
    for _ in range(stages):
        factory.retire()
        factory.age(8)

    def interrupt() -> None:
        raise KeyboardInterrupt

    # The newer image goes first: one copy of it is at the stage by then.
    meanwhile(monkeypatch, call, interrupt, times=2)
    assert factory.run(*RETIRE).code == 130
    assert (factory.stage(newer), factory.stage(old)) == ("available", ("available", "deprecated")[stages])


def test_a_reader_who_goes_away_keeps_nothing_from_being_brought_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", gone)
    commands_retire._say("deprecate service", as_json=False)


def test_an_image_that_another_brought_back_is_not_deleted(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        factory.retire()
        factory.age(8)

    def bring_back() -> None:
        factory.ec2().enable_image_deregistration_protection(ImageId=old[0], WithCooldown=True)

    meanwhile(monkeypatch, "DeregisterImage", bring_back)
    done = factory.run(*RETIRE, "--json")
    assert done.code == 1
    assert "OperationNotPermitted" in done.error
    assert factory.stages(old) == ["disabled", "disabled"]


def test_one_that_was_enabled_by_hand_is_not_deleted(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        factory.retire()
        factory.age(8)
    enable = factory.ec2().enable_image
    meanwhile(monkeypatch, "DescribeImages", lambda: enable(ImageId=old[0]), times=3)
    done = factory.run(*RETIRE)
    assert f"{old[0]} was enabled in the meantime" in done.error
    assert factory.stages(old) == ["deprecated", "disabled"]


def test_one_of_which_a_later_copy_was_enabled_by_hand_loses_no_copy(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        factory.retire()
        factory.age(8)
    enable = factory.ec2(THERE).enable_image
    meanwhile(monkeypatch, "DescribeImages", lambda: enable(ImageId=old[1]), times=3)
    assert f"{old[1]} was enabled in the meantime" in factory.run(*RETIRE).error
    assert factory.stages(old) == ["disabled", "deprecated"]


def test_a_stage_that_failed_in_one_region_is_caught_up_with(factory: FactoryCloud, old: list[str]) -> None:
    permission = {"Add": [{"UserId": "222222222222"}]}
    factory.ec2().modify_image_attribute(ImageId=old[0], LaunchPermission=permission)
    factory.retire()
    factory.age(8)
    factory.cloud.fault("DisableImage", error="UnauthorizedOperation", every=2)
    done = factory.run(*RETIRE)
    assert (done.code, factory.stages(old)) == (1, ["disabled", "deprecated"])
    factory.cloud.clear_faults()
    factory.age(8)
    assert actions(factory.retire())[old[0]] == "disable"
    assert factory.stage(old) == "disabled"
    tags = {tag["Key"]: tag["Value"] for tag in factory.described(old[0])["Tags"]}
    assert tags["immutable:shared-with"] == "UserId=222222222222"


def test_a_copy_that_came_to_its_stage_alone_is_looked_after_too(
    factory: FactoryCloud, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    factory.retire()
    factory.age(8)
    factory.cloud.fault("DisableImage", error="UnauthorizedOperation", every=2)
    meanwhile(monkeypatch, "DisableImage", lambda: factory.configure("staging", old[0]))
    assert factory.run(*RETIRE).code == 1
    assert factory.stages(old) == ["available", "available"]


def test_an_image_of_too_many_accounts_is_not_disabled(factory: FactoryCloud, old: list[str]) -> None:
    factory.retire()
    factory.age(8)
    permission = {"Add": [{"UserId": f"{number:012d}"} for number in range(20)]}
    factory.ec2().modify_image_attribute(ImageId=old[0], LaunchPermission=permission)
    done = factory.run(*RETIRE)
    assert done.code == 1
    assert f"{old[0]} is shared with more accounts than a tag can remember" in done.error
    assert factory.stages(old) == ["deprecated", "deprecated"]


def test_a_snapshot_that_another_image_has_too_stays_and_is_named(
    factory: FactoryCloud, old: list[str]
) -> None:
    snapshot = factory.snapshot(old[0])
    devices = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}]
    factory.ec2().register_image(Name="twin", BlockDeviceMappings=devices)
    for _ in range(2):
        factory.retire()
        factory.age(8)
    assert factory.retire()["snapshotsLeft"] == [snapshot]
