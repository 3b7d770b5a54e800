"""Which groups are an environment's: its tags say it, its outputs are the second witness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.cloud.scene import BETTER, GOOD
from tests.scripts.release_project import service
from tests.scripts.servers_environment import Staging, staging

WEB = {**service(GOOD), "launchTemplateVersion": "1", "group": "web"}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    with staging(tmp_path, monkeypatch) as made:
        made.settled()
        yield made


def another(there: Staging, name: str, service: str = "web", project: str = "immutable") -> str:
    """Another group with staging's tags; one of its servers."""
    tags = {"project": project, "environment": "staging", "service": service}
    there.scene.name = name
    there.scene.settled(
        Tags=[
            {"Key": key, "Value": value, "ResourceId": name, "ResourceType": "auto-scaling-group"}
            | {"PropagateAtLaunch": True}
            for key, value in tags.items()
        ]
    )
    server = there.ids()[0]
    there.scene.name = "web"
    return server


def commands(instance_id: str) -> list[list[str]]:
    """Every command that changes something in AWS."""
    return [
        ["quarantine", "staging", instance_id, "--why", "x"],
        ["replace", "staging", instance_id],
        ["cancel", "staging"],
        ["rollback-refresh", "staging"],
    ]


def expect_refused(there: Staging, instance_id: str, about: str) -> None:
    there.scene.start(2)
    for command in commands(instance_id):
        refusal = there.refused(*command)
        assert refusal.startswith("which groups are staging's is not clear: "), command
        assert about in refusal


def test_a_second_group_with_the_tags_of_a_service_is_touched_by_no_command(there: Staging) -> None:
    """A tag that a hand changed, or another copy of the project: neither it nor ours, lest one be wrong."""
    theirs = another(there, "theirs")
    about = "theirs has the tags of web of staging, whose group is web by the outputs"
    expect_refused(there, theirs, about)
    assert about in there.refused("replace", "staging", there.ids()[0])


def test_a_group_of_a_service_that_nobody_knows_is_touched_by_no_command(there: Staging) -> None:
    theirs = another(there, "theirs", "shop")
    expect_refused(there, theirs, "theirs has the tags of shop of staging, which has no such service")


def test_a_group_that_the_outputs_name_for_another_service_is_touched_by_no_command(there: Staging) -> None:
    there.live.image(GOOD, "    api: {port: 9090}\n")
    there.live.project.state("staging", {"web": WEB | {"group": "x"}, "api": WEB})
    about = "web has the tags of web of staging, and the outputs name it for api"
    expect_refused(there, there.ids()[0], about)


def test_a_group_without_the_tags_is_touched_by_no_command(there: Staging) -> None:
    another(there, "api-1", "api", project="another")
    there.live.project.state("staging", {"web": WEB, "api": WEB | {"group": "api-1"}})
    about = "the outputs name api-1 as the group of api, and it lacks the tags"
    expect_refused(there, there.ids()[0], about)


def test_the_groups_tags_are_enough_in_the_middle_of_the_first_up(there: Staging) -> None:
    (there.live.project.stacks / "staging.json").unlink()
    done = there.live.run("replace", "staging", there.ids()[0])
    assert done.code == 0, done.error


def test_a_new_services_group_is_no_doubt_before_its_first_up_is_over(there: Staging) -> None:
    there.live.image(GOOD, "    api: {port: 9090}\n")
    new = another(there, "api-1", "api")
    assert there.live.run("replace", "staging", new).code == 0


def test_an_older_stack_that_names_no_group_leaves_it_to_the_tags(there: Staging) -> None:
    there.live.project.state("staging", {"web": WEB | {"group": None}})
    assert there.live.run("replace", "staging", there.ids()[0]).code == 0


def test_single_servers_are_left_alone_while_the_outputs_cannot_be_read(there: Staging) -> None:
    (there.live.project.stacks / "staging.json").write_text("{")
    for command in commands(there.ids()[0])[:2]:
        assert "staging.json is damaged" in there.refused(*command)


def test_a_refresh_can_be_stopped_though_the_outputs_cannot_be_read(there: Staging) -> None:
    """A bad release must not go on because someone is not logged in to the state."""
    (there.live.project.stacks / "staging.json").write_text("{")
    there.scene.start(2)
    done = there.live.run("cancel", "staging")
    assert done.code == 0
    assert "staging.json is damaged" in done.error
    assert "so these are the groups with its tags" in done.error


def test_a_doubt_about_one_service_does_not_keep_another_from_being_stopped(there: Staging) -> None:
    there.live.image(GOOD, "    api: {port: 9090}\n")
    there.live.project.state("staging", {"web": WEB, "api": WEB | {"group": "api-1"}})
    another(there, "theirs", "api")
    there.scene.start(2)
    assert "api" in there.refused("cancel", "staging", "--service", "api")
    done = there.live.run("cancel", "staging", "--service", "web")
    assert done.code == 0, done.error


@pytest.mark.parametrize(
    "command", [["status", "staging", "--live"], ["watch", "staging"], ["plan", "staging"]]
)
def test_whoever_only_looks_sees_all_and_is_told_of_the_doubt(there: Staging, command: list[str]) -> None:
    there.live.image(BETTER)
    another(there, "theirs")
    done = there.live.run(*command)
    assert done.code == 0
    assert "theirs has the tags of web of staging" in done.out + done.error


def test_drift_finds_the_doubt_and_compares_nothing_of_that_group(there: Staging) -> None:
    another(there, "theirs")
    there.scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="theirs", MinSize=0)
    document: Any = there.live.json("drift", "staging")
    assert [(each["kind"], each["subject"]) for each in document["findings"]] == [("group", "theirs")]
    assert document["servers"] == 4
