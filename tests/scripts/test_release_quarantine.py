"""A server is taken out of service, cut off and kept; and later let go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import isolation, members, quarantine
from scripts.releases.errors import RefusedError
from tests.rehearsal.cloud.scene import DRAIN, GOOD
from tests.scripts.servers_environment import KilledError, Staging, staging


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    with staging(tmp_path, monkeypatch) as made:
        made.settled()
        yield made


def expect_quarantined(there: Staging, instance_id: str, why: str = "odd traffic") -> None:
    """Everything that a finished quarantine means."""
    assert instance_id not in there.ids()
    assert instance_id not in there.targets()
    assert there.instance(instance_id)["State"]["Name"] == "running"
    (closed,) = there.quarantine_groups()
    assert there.group_ids(instance_id) == {closed["GroupId"]}
    assert (closed["IpPermissions"], closed["IpPermissionsEgress"]) == ([], [])
    tags = there.tags(instance_id)
    today = datetime.now(UTC).date()
    assert tags["quarantine:why"] == why
    assert tags["quarantine:since"].startswith(today.isoformat())
    assert tags["quarantine:until"] == (today + timedelta(days=7)).isoformat()
    assert tags["quarantine:environment"] == "staging"
    assert tags["quarantine:service"] == "web"
    assert tags["quarantine:state"] == "isolated"
    volumes = {each["Ebs"]["VolumeId"] for each in there.instance(instance_id)["BlockDeviceMappings"]}
    kept = there.snapshots(instance_id)
    assert volumes
    assert sorted(each["VolumeId"] for each in kept) == sorted(volumes)
    for each in kept:
        named = {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        assert (named["quarantine:why"], named["quarantine:service"]) == (why, "web")
    assert there.attribute(instance_id, "disableApiTermination") is True
    assert there.attribute(instance_id, "instanceInitiatedShutdownBehavior") == "stop"


def test_a_quarantined_server_is_out_of_service_cut_off_and_kept(there: Staging) -> None:
    sick, other = there.ids()
    done = there.live.run("quarantine", "staging", sick, "--why", "odd traffic")
    assert done.code == 0, done.error
    assert done.out.startswith(f"{sick} of web is in quarantine until ")
    expect_quarantined(there, sick)
    there.scene.cloud.step(200)
    assert len(there.ids()) == 2
    assert other in there.ids()
    assert there.scene.group()["DesiredCapacity"] == 2


def test_progress_tells_of_the_drain_and_of_the_new_server_on_its_way(
    there: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick, other = there.ids()
    looks = iter(["healthy", "draining", "draining"])
    states = lambda *_: [{sick: next(looks, "unused"), other: "healthy"}]  # noqa: E731
    monkeypatch.setattr(members, "target_states", states)
    lines = there.live.run("quarantine", "staging", sick, "--why", "odd traffic").error.splitlines()
    assert lines[0] == f"{sick}: detached from web, which starts another one in its place"
    assert lines[1] == f"{sick}: drains, which takes {DRAIN} s at most"
    assert lines[2] == f"{sick}: no load balancer sends it anything"
    assert lines[-1].startswith("web: 1 of 2 servers serve, 1 ")
    assert len(lines) == 6, "the drain is told once"


def test_a_second_server_goes_into_the_same_security_group(there: Staging) -> None:
    for _ in range(2):
        done = there.live.run("quarantine", "staging", there.ids()[0], "--why", "odd traffic")
        assert done.code == 0, done.error
        there.scene.cloud.step(200)
    assert there.writes.count("CreateSecurityGroup") == 1
    assert len(there.quarantine_groups()) == 1


def test_the_answer_for_programs_names_what_was_made(there: Staging) -> None:
    sick = there.ids()[0]
    document = there.live.json("quarantine", "staging", sick, "--why", "x", "--days", "3")
    assert document["ok"] is True
    assert document["instance"] == sick
    assert (document["service"], document["group"], document["why"]) == ("web", "web", "x")
    assert document["until"] == (datetime.now(UTC).date() + timedelta(days=3)).isoformat()
    assert document["securityGroup"] == there.quarantine_groups()[0]["GroupId"]
    assert document["snapshots"] == [each["SnapshotId"] for each in there.snapshots(sick)]
    assert document["changed"] is True


def test_again_changes_nothing_but_the_day_that_is_asked_for(there: Staging) -> None:
    sick = there.ids()[0]
    there.live.run("quarantine", "staging", sick, "--why", "odd traffic")
    since = there.tags(sick)["quarantine:since"]
    there.writes.clear()
    done = there.live.run("quarantine", "staging", sick, "--why", "another")
    assert done.code == 0, done.error
    expect_quarantined(there, sick)
    assert there.tags(sick)["quarantine:since"] == since
    assert not {"DetachInstances", "CreateSnapshots", "CreateSnapshot", "CreateSecurityGroup"} & set(
        there.writes
    )
    there.live.run("quarantine", "staging", sick, "--why", "another", "--days", "30")
    later = datetime.now(UTC).date() + timedelta(days=30)
    assert there.tags(sick)["quarantine:until"] == later.isoformat()
    assert len(there.snapshots(sick)) == 1


WRITES = 10
"""More than a quarantine has, so that the last ones prove that all were tried."""


@pytest.mark.parametrize("before_call", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, WRITES + 1))
def test_a_command_that_was_killed_at_any_step_is_finished_by_the_next(
    there: Staging, step: int, before_call: bool
) -> None:
    sick = there.ids()[0]
    there.kill_at, there.before_call = step, before_call
    try:
        there.live.run("quarantine", "staging", sick, "--why", "odd traffic")
        assert step > 8
    except KilledError:
        assert step <= 9
    there.kill_at = None
    there.scene.cloud.step(100)
    done = there.live.run("quarantine", "staging", sick, "--why", "odd traffic")
    assert done.code == 0, done.error
    expect_quarantined(there, sick)
    assert there.writes.count("CreateSecurityGroup") <= 2
    assert len(there.snapshots(sick)) == 1
    assert len(there.ids()) == 2


def test_the_last_healthy_server_stays_unless_forced(there: Staging) -> None:
    sick, other = there.ids()
    there.scene.autoscaling.enter_standby(
        InstanceIds=[other], AutoScalingGroupName="web", ShouldDecrementDesiredCapacity=False
    )
    refusal = there.refused("quarantine", "staging", sick, "--why", "x")
    assert refusal.startswith(f"{sick} is the last healthy server of web: ")
    assert there.live.run("quarantine", "staging", sick, "--why", "x", "--force").code == 0


def test_a_server_whose_target_is_not_healthy_does_not_count_as_another(there: Staging) -> None:
    sick = there.ids()[0]
    there.scene.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=there.ids()[1], ShouldDecrementDesiredCapacity=False
    )
    there.scene.cloud.step(45)
    assert len(there.ids()) == 2, "the new one is in service, and its target is initial"
    assert "last healthy" in there.refused("quarantine", "staging", sick, "--why", "x")


def test_a_group_that_starts_no_new_server_is_left_alone(there: Staging) -> None:
    there.scene.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    refusal = there.refused("quarantine", "staging", there.ids()[0], "--why", "x")
    assert refusal == "the group web brings no new server, as Launch is suspended; resume it first"


def test_a_server_of_another_environment_is_refused(there: Staging) -> None:
    there.scene.name = "theirs"
    there.scene.settled()
    theirs = there.ids()[0]
    there.scene.name = "web"
    refusal = there.refused("quarantine", "staging", theirs, "--why", "x")
    assert refusal == f"{theirs} belongs to the group theirs, which is none of this environment's"


def test_a_server_of_no_group_is_refused(there: Staging) -> None:
    made = there.scene.ec2.run_instances(
        ImageId=GOOD, MinCount=1, MaxCount=1, SubnetId=there.scene.subnet_ids[0]
    )
    alone = made["Instances"][0]["InstanceId"]
    assert (
        there.refused("quarantine", "staging", alone, "--why", "x")
        == f"{alone} is in none of the groups of staging"
    )


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["i-zz", "--why", "x"], "INSTANCE: 'i-zz' is not an instance ID"),
        (["i-0123456789abcdef0", "--why", "x"], "there is no instance i-0123456789abcdef0 in eu-central-1"),
        (["i-0123456789abcdef0", "--why", "  "], "--why is empty"),
        (["i-0123456789abcdef0", "--why", "x" * 257], "--why has 257 characters"),
        (["i-0123456789abcdef0", "--why", "x", "--days", "0"], "--days 0 is not a number of days"),
        (["i-0123456789abcdef0", "--why", "x", "--until", "soon"], "--until 'soon' is not a day"),
        (
            ["i-0123456789abcdef0", "--why", "x", "--until", "2020-01-01"],
            "--until 2020-01-01 is not in the future",
        ),
        (["i-0123456789abcdef0"], "Missing option '--why'"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    there: Staging, arguments: list[str], refusal: str
) -> None:
    assert there.refused("quarantine", "staging", *arguments).startswith(refusal)


def test_an_unknown_environment_is_refused(there: Staging) -> None:
    assert "there is no environment 'moon'" in there.refused(
        "quarantine", "moon", there.ids()[0], "--why", "x"
    )


def test_a_day_is_given_once() -> None:
    today = date(2030, 1, 1)
    assert quarantine.last_day("2030-01-02", None, today) == date(2030, 1, 2)
    with pytest.raises(RefusedError, match="give one of them"):
        quarantine.last_day("2030-01-02", 3, today)
    with pytest.raises(RefusedError, match="not in the future"):
        quarantine.last_day("2030-01-01", None, today)


def quarantined(there: Staging) -> str:
    sick = there.ids()[0]
    assert there.live.run("quarantine", "staging", sick, "--why", "odd traffic").code == 0
    there.scene.cloud.step(200)
    there.writes.clear()
    return sick


def test_a_released_server_is_gone_and_its_snapshots_stay(there: Staging) -> None:
    sick = quarantined(there)
    done = there.live.run("release-quarantine", "staging", sick)
    assert done.code == 0, done.error
    assert there.instance(sick)["State"]["Name"] == "terminated"
    assert len(there.snapshots(sick)) == 1
    assert there.quarantine_groups() == []
    assert len(there.ids()) == 2


def test_the_security_group_stays_for_the_others(there: Staging) -> None:
    first, second = quarantined(there), quarantined(there)
    assert there.live.json("release-quarantine", "staging", first)["securityGroupRemoved"] is False
    assert len(there.quarantine_groups()) == 1
    assert there.live.json("release-quarantine", "staging", second)["securityGroupRemoved"] is True


@pytest.mark.parametrize("step", range(1, 4))
def test_a_release_that_was_killed_is_finished_by_the_next(there: Staging, step: int) -> None:
    sick = quarantined(there)
    there.kill_at = step
    with pytest.raises(KilledError):
        there.live.run("release-quarantine", "staging", sick)
    there.kill_at = None
    assert there.live.run("release-quarantine", "staging", sick).code == 0
    assert there.instance(sick)["State"]["Name"] == "terminated"
    assert there.quarantine_groups() == []


def test_only_what_is_in_quarantine_is_released(there: Staging) -> None:
    well = there.ids()[0]
    assert there.refused("release-quarantine", "staging", well) == f"{well} is not in quarantine"
    sick = quarantined(there)
    refusal = there.refused("release-quarantine", "prod", sick)
    assert refusal == f"{sick} is a quarantined server of staging, not of prod"


def test_an_unfinished_quarantine_is_not_released(there: Staging) -> None:
    sick = there.ids()[0]
    there.kill_at = 4
    with pytest.raises(KilledError):
        there.live.run("quarantine", "staging", sick, "--why", "x")
    there.kill_at = None
    assert "was not finished" in there.refused("release-quarantine", "staging", sick)


def test_a_server_stays_until_its_snapshots_are_whole(
    there: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick = quarantined(there)
    snapshot: dict[str, Any] = {"SnapshotId": "snap-1", "State": "pending", "VolumeId": "vol-1"}
    monkeypatch.setattr(isolation, "snapshots", lambda *_: [snapshot])
    refusal = there.refused("release-quarantine", "staging", sick)
    assert refusal == f"the snapshots of {sick} are not whole yet: snap-1; wait for them"
