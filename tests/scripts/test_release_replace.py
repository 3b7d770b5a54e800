"""A tainted server is replaced by its group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.releases import waiting
from tests.rehearsal.cloud.scene import DRAIN, GOOD, HEALTHY
from tests.scripts.servers_environment import Staging, staging


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    with staging(tmp_path, monkeypatch) as made:
        made.settled()
        yield made


def test_a_replaced_server_is_gone_when_the_command_ends_and_the_group_is_whole(there: Staging) -> None:
    tainted, other = there.ids()
    done = there.live.run("replace", "staging", tainted, "--why", "someone was on it")
    assert done.code == 0, done.error
    assert there.instance(tainted)["State"]["Name"] == "terminated"
    assert there.tags(tainted)["replaced:why"] == "someone was on it"
    assert len(there.ids()) == 2
    assert other in there.ids()
    (new,) = set(there.ids()) - {other}
    assert done.out == f"{tainted} of web is replaced by {new}\n"
    assert there.scene.target_states() == ["healthy", "healthy"]
    assert there.scene.group()["DesiredCapacity"] == 2


def test_progress_tells_of_the_servers_that_hooks_hold(
    there: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "sleep", lambda _: there.scene.cloud.step(2))
    tainted = there.ids()[0]
    lines = there.live.run("replace", "staging", tainted).error.splitlines()
    assert lines[0] == (
        f"{tainted}: web replaces it; the new one validates itself (at most 600 s), the old one drains and "
        f"goes (at most {DRAIN + 300} s)"
    )
    assert any("1 validating (Pending:Wait)" in line for line in lines)
    assert any("1 flushing (Terminating:Wait)" in line for line in lines)
    assert lines[-1] == "web: 2 of 2 servers serve"


def test_a_new_server_that_takes_as_long_as_its_hook_allows_is_waited_for(
    there: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def until(done: Callable[[], bool], limit_seconds: float, unfinished: str) -> None:
        waited.append(limit_seconds)
        done()

    monkeypatch.setattr(waiting, "until", until)
    assert there.live.run("replace", "staging", there.ids()[0]).code == 0
    there.scene.cloud.step(600)
    there.live.hook("launch", 7200)
    assert there.live.run("replace", "staging", there.ids()[0]).code == 0
    there.scene.cloud.step(600)
    assert there.live.run("replace", "staging", there.ids()[0], "--timeout-minutes", "5").code == 0
    assert waited == [1800, 1.5 * (7200 + HEALTHY + DRAIN + 300), 300]


def test_the_group_is_asked_to_replace_it_by_its_own_rules(there: Staging) -> None:
    """A termination on request would not heed the group's maintenance policy."""
    there.live.run("replace", "staging", there.ids()[0])
    assert there.writes == ["SetInstanceHealth"]


def test_a_replacement_that_is_under_way_is_only_waited_for(there: Staging) -> None:
    tainted = there.ids()[0]
    there.scene.autoscaling.set_instance_health(InstanceId=tainted, HealthStatus="Unhealthy")
    there.scene.cloud.step(1)
    there.writes.clear()
    done = there.live.run("replace", "staging", tainted)
    assert done.code == 0, done.error
    assert there.writes == []


def test_the_last_healthy_server_stays_unless_forced(there: Staging) -> None:
    last, other = there.ids()
    there.scene.autoscaling.enter_standby(
        InstanceIds=[other], AutoScalingGroupName="web", ShouldDecrementDesiredCapacity=False
    )
    assert there.refused("replace", "staging", last).startswith(f"{last} is the last healthy server of web")
    assert there.live.run("replace", "staging", last, "--force").code == 0


@pytest.mark.parametrize("process", ["Launch", "Terminate", "ReplaceUnhealthy"])
def test_a_group_that_replaces_nothing_is_not_asked(there: Staging, process: str) -> None:
    there.scene.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=[process])
    assert f"{process} is suspended" in there.refused("replace", "staging", there.ids()[0])


def test_a_server_on_standby_is_not_replaced(there: Staging) -> None:
    aside = there.ids()[0]
    there.scene.autoscaling.enter_standby(
        InstanceIds=[aside], AutoScalingGroupName="web", ShouldDecrementDesiredCapacity=False
    )
    refusal = there.refused("replace", "staging", aside)
    assert refusal == f"{aside} is Standby in web; only what serves is replaced"


def test_a_group_that_does_not_become_whole_is_a_failure_in_one_line(there: Staging) -> None:
    tainted = there.ids()[0]
    there.scene.ec2.deregister_image(ImageId=GOOD)
    done = there.live.run("replace", "staging", tainted, "--timeout-minutes", "1")
    assert done.code == 1
    assert done.error.splitlines()[-1].startswith("release: web is not whole yet; ")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["i-1"], "INSTANCE: 'i-1' is not an instance ID"),
        (["i-0123456789abcdef0"], "there is no instance i-0123456789abcdef0"),
        (["i-0123456789abcdef0", "--why", ""], "--why is empty"),
        (["i-0123456789abcdef0", "--timeout-minutes", "0"], "--timeout-minutes 0 is not"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    there: Staging, arguments: list[str], refusal: str
) -> None:
    assert there.refused("replace", "staging", *arguments).startswith(refusal)


def test_a_server_in_quarantine_is_in_no_group_to_replace_it(there: Staging) -> None:
    sick = there.ids()[0]
    assert there.live.run("quarantine", "staging", sick, "--why", "x").code == 0
    assert there.refused("replace", "staging", sick) == (
        f"{sick} (running) is in none of the environment's groups"
    )
