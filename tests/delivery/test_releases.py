"""The workflows' own commands, run as GitHub runs them, against an emulated cloud: a pull request, a merge, a
release to prod, a rollback, and a bad image that ends in staging.

Each part of this story begins where the one before ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.delivery.runner import FAILURE, SKIPPED, SUCCESS, Done, Event
from tests.delivery.world import BAD, BETTER, FIRST, World, world

Fleet = dict[str, int]
MISSING = "ami-0ffffffffffffffff"


@dataclass
class Part:
    """What came of a part of the story. `asked` is what prod served each time that someone was asked to
    approve.
    """

    jobs: dict[str, Done]
    staging: Fleet
    prod: Fleet
    asked: list[Fleet] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)

    @property
    def results(self) -> dict[str, str]:
        return {name: done.result for name, done in self.jobs.items()}

    @property
    def said(self) -> str:
        return "\n".join(done.said for done in self.jobs.values())


class Story:
    """Runs workflows in one world and notes what they did there."""

    def __init__(self, place: World) -> None:
        self.place = place

    def run(self, workflow: str, event: Event) -> Part:
        asked: list[Fleet] = []

        def approves(_: str) -> bool:
            asked.append(self.place.serving("prod"))
            return True

        self.place.approves = approves
        before = self.files()
        jobs = self.place.workflow(workflow, event)
        after = self.files()
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        comments = [each["body"] for each in self.place.github.comments]
        fleets = self.place.serving("staging"), self.place.serving("prod")
        return Part(jobs, *fleets, asked, changed, comments)

    def deploy(self, sha: str) -> Part:
        """What GitHub does when this commit comes to main."""
        return self.run("deploy", Event("push", sha))

    def files(self) -> dict[str, bytes]:
        """Every file of the backend: checkpoints, locks, histories."""
        folder = self.place.backend
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }

    def image(self, *environments: str, to: str) -> dict[str, str]:
        """The files of environments as main has them, with another image: the one line of a release."""
        files = {}
        for name in environments:
            text = self.place.github.git("show", f"main:Pulumi.{name}.yaml") + "\n"
            files[f"Pulumi.{name}.yaml"] = text.replace(self.place.configured(name), to)
        return files

    def request(self, number: int, sha: str, action: str) -> Event:
        """GitHub's event of a request from a branch of the repository itself."""
        request = {
            "number": number,
            "base": {"sha": self.place.checkout.git("rev-parse", "origin/main")},
            "head": {"sha": sha, "repo": {"full_name": "owner/project"}},
        }
        ref = f"refs/pull/{number}/merge"
        return Event("pull_request", sha, ref, {"action": action, "pull_request": request})


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with world(tmp_path_factory.mktemp("delivery")) as place:
        yield Story(place)


@pytest.fixture(scope="module")
def first(story: Story) -> Part:
    """Both environments come up."""
    return story.deploy(story.place.checkout.git("rev-parse", "origin/main"))


@pytest.fixture(scope="module")
def morning(story: Story, first: Part) -> Part:
    """Nobody touched anything."""
    return story.run("drift", Event("schedule", story.place.checkout.git("rev-parse", "origin/main")))


@pytest.fixture(scope="module")
def opened(story: Story, morning: Part) -> Part:
    """Someone asks to take a better image to staging."""
    place = story.place
    place.checkout.at("origin/main")
    sha = place.checkout.commit(story.image("staging", to=BETTER), "A better image", branch="better")
    return story.run("pull-request", story.request(place.github.open_pull("better"), sha, "opened"))


@pytest.fixture(scope="module")
def pushed(story: Story, opened: Part) -> Part:
    """They add a note, while a deploy has staging locked."""
    place = story.place
    place.checkout.at("origin/better")
    sha = place.checkout.commit({"docs/note.md": "more"}, "A note", branch="better")
    lock = place.backend / ".pulumi" / "locks" / "organization" / "immutable" / "staging" / "held.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(
        '{"pid": 1, "username": "runner", "hostname": "elsewhere", "timestamp": "2026-11-21T10:00:00Z"}'
    )
    try:
        return story.run("pull-request", story.request(1, sha, "synchronize"))
    finally:
        lock.unlink()


@pytest.fixture(scope="module")
def hopeless(story: Story, pushed: Part) -> Part:
    """Someone else asks for an image that is not there."""
    place = story.place
    place.checkout.at("origin/main")
    sha = place.checkout.commit(story.image("staging", to=MISSING), "No image", branch="missing")
    return story.run("pull-request", story.request(place.github.open_pull("missing"), sha, "opened"))


@pytest.fixture(scope="module")
def merged(story: Story, hopeless: Part) -> Part:
    return story.deploy(story.place.merge(story.image("staging", to=BETTER), "A better image (#1)"))


@pytest.fixture(scope="module")
def proposed(story: Story, merged: Part) -> tuple[str, str]:
    """Which image the merge proposes for prod, and which files that changes."""
    return (
        story.place.configured("prod", "release/prod"),
        story.place.github.git("diff", "--name-only", "main", "release/prod"),
    )


@pytest.fixture(scope="module")
def released(story: Story, proposed: tuple[str, str]) -> Part:
    """The proposal is merged."""
    return story.deploy(story.place.merge(story.image("prod", to=BETTER), "Staging's image to prod (#2)"))


@pytest.fixture(scope="module")
def rolled_back(story: Story, released: Part) -> Part:
    sha = story.place.checkout.git("rev-parse", "origin/main")
    inputs = {"environment": "prod", "service": ""}
    return story.run("rollback", Event("workflow_dispatch", sha, inputs=inputs))


@pytest.fixture(scope="module")
def stopped(story: Story, rolled_back: Part) -> Part:
    """Main, which still names the image that was rolled back from, is deployed again."""
    return story.deploy(story.place.merge({"docs/other.md": "more"}, "Another note"))


@pytest.fixture(scope="module")
def failed(story: Story, stopped: Part) -> Part:
    """A bad image is to go to both at once."""
    return story.deploy(story.place.merge(story.image("staging", "prod", to=BAD), "A bad image"))


def test_both_environments_come_up(first: Part) -> None:
    assert set(first.results.values()) == {SUCCESS}, first.said
    assert (first.staging, first.prod) == ({FIRST: 2}, {FIRST: 2})


def test_only_a_job_of_a_protected_environment_takes_a_role_that_writes(first: Part) -> None:
    assert {name: done.roles for name, done in first.jobs.items() if done.roles} == {
        "staging": ["delivery-staging-deploy"],
        "promote": ["delivery-staging-preview"],
        "soak": ["delivery-staging-preview"],
        "plan": ["delivery-prod-preview"],
        "prod": ["delivery-staging-preview", "delivery-prod-deploy"],
    }


def test_drift_is_looked_for_in_every_environment_by_roles_that_write_nothing(morning: Part) -> None:
    assert morning.results == {"drift": SUCCESS}, morning.said
    assert morning.jobs["drift"].roles == ["delivery-staging-preview", "delivery-prod-preview"]
    assert morning.changed == set()


def test_a_pull_request_is_told_what_it_would_do(opened: Part) -> None:
    assert set(opened.results.values()) == {SUCCESS}, opened.said
    assert opened.jobs["touched"].outputs == {"any": "true", "stacks": '["staging"]'}
    [comment] = opened.comments
    assert FIRST in comment
    assert BETTER in comment


def test_a_preview_changes_nothing_and_reads_with_a_role_that_could_not(opened: Part) -> None:
    assert opened.jobs["preview"].roles == ["delivery-staging-preview"]
    assert opened.changed == set()
    assert opened.staging == {FIRST: 2}


def test_a_preview_neither_waits_for_a_deploy_nor_holds_one_up(pushed: Part) -> None:
    assert set(pushed.results.values()) == {SUCCESS}, pushed.said
    assert pushed.changed == set()


def test_a_pull_request_has_one_comment(pushed: Part) -> None:
    assert len(pushed.comments) == 1


def test_a_pull_request_that_cannot_be_is_told_why(hopeless: Part) -> None:
    assert (hopeless.results["preview"], hopeless.results["comment"]) == (FAILURE, SUCCESS), hopeless.said
    assert f"{MISSING} is not to be seen in eu-central-1" in hopeless.comments[-1]


def test_a_merge_goes_to_staging_and_asks_nobody(merged: Part) -> None:
    done = {"test": SUCCESS, "staging": SUCCESS, "promote": SUCCESS, "soak": SUCCESS, "plan": SUCCESS}
    assert merged.results == {**done, "approve": SKIPPED, "prod": SKIPPED}, merged.said
    assert (merged.staging, merged.prod) == ({BETTER: 2}, {FIRST: 2})
    assert merged.asked == []


def test_what_staging_runs_is_proposed_for_prod(proposed: tuple[str, str]) -> None:
    assert proposed == (BETTER, "Pulumi.prod.yaml")


def test_prod_gets_the_image_once_someone_who_saw_the_plan_said_yes(released: Part) -> None:
    assert set(released.results.values()) == {SUCCESS}, released.said
    assert released.asked == [{FIRST: 2}]
    assert FIRST in released.jobs["plan"].summary
    assert BETTER in released.jobs["plan"].summary
    assert released.prod == {BETTER: 2}


def test_a_rollback_is_one_dispatch(story: Story, rolled_back: Part) -> None:
    assert set(rolled_back.results.values()) == {SUCCESS}, rolled_back.said
    assert rolled_back.prod == {FIRST: 2}
    assert story.place.configured("prod", "rollback/prod") == FIRST


def test_main_does_not_undo_a_rollback_that_it_does_not_know_of(stopped: Part) -> None:
    assert (stopped.results["approve"], stopped.results["prod"]) == (FAILURE, SKIPPED), stopped.said
    assert f"a rollback of prod took {BETTER} away and is not merged" in stopped.jobs["approve"].said
    assert stopped.prod == {FIRST: 2}


def test_what_was_rolled_back_is_not_proposed_again(stopped: Part) -> None:
    assert not any("promote" in command for command in stopped.jobs["promote"].commands)


def test_a_staging_that_fails_blocks_prod(failed: Part) -> None:
    skipped = dict.fromkeys(("promote", "soak", "plan", "approve", "prod"), SKIPPED)
    assert failed.results == {"test": SUCCESS, "staging": FAILURE, **skipped}, failed.said
    assert "RollbackSuccessful" in failed.jobs["staging"].said
    assert (failed.staging, failed.prod) == ({BETTER: 2}, {FIRST: 2})


def test_the_gate_is_shut_by_what_staging_runs_and_not_by_how_a_job_ended(story: Story, failed: Part) -> None:
    """As if a second attempt at the job before had turned it green."""
    gate = story.place.run("scripts/release", "gate", "staging", "prod", "--soak-minutes", "30")
    assert gate.returncode == 2, gate.stderr
    assert BAD in gate.stderr
