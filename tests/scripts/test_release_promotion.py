"""Which image may go where, and which may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.releases import promotion
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError
from scripts.releases.state import EnvironmentState
from tests.scripts.account import PASSED
from tests.scripts.release_project import CONFIG, NEW, OLD, OTHER, ReleaseProject, service

Decision = Callable[[ConfigFile, EnvironmentState, str | None], str]
WITH_OWN = CONFIG + "    jobs:\n      imageId: {own}\n"


@pytest.fixture
def project(tmp_path: Path) -> ReleaseProject:
    return ReleaseProject(tmp_path)


@pytest.fixture
def ready(project: ReleaseProject) -> ReleaseProject:
    """Staging runs NEW as its config says; prod is still on OLD."""
    project.configure("staging", NEW)
    project.runs("staging", NEW, previous=OLD)
    return project


def own_image(project: ReleaseProject, environment: str, image: str) -> None:
    """Gives the environment a third service with an image of its own."""
    shared = NEW if environment == "staging" else OLD
    text = WITH_OWN.format(name=environment, image=shared, own=image)
    project.file(environment).write_text(text)


def test_promote_copies_the_image_that_the_fleet_runs(ready: ReleaseProject) -> None:
    before = ready.files()
    done = ready.run("promote", "staging", "prod")
    assert (done.code, done.error) == (0, "")
    assert done.out == (
        f"pre-flight passed: {NEW}: {PASSED}\n"
        f"Pulumi.prod.yaml, immutable:imageId: {OLD} -> {NEW}; deploy it: pulumi up -s prod\n"
    )
    expected = before["Pulumi.prod.yaml"].replace(OLD.encode(), NEW.encode())
    assert ready.files() == {**before, "Pulumi.prod.yaml": expected}


def test_promoting_what_is_there_already_touches_nothing(ready: ReleaseProject) -> None:
    ready.configure("prod", NEW)
    before, stamp = ready.files(), ready.file("prod").stat()
    done = ready.run("promote", "staging", "prod", "--expect", NEW)
    assert done.code == 0
    assert done.out == f"nothing to do: Pulumi.prod.yaml, immutable:imageId is {NEW} already\n"
    assert ready.files() == before
    assert (ready.file("prod").stat().st_ino, ready.file("prod").stat().st_mtime_ns) == (
        stamp.st_ino, stamp.st_mtime_ns,
    )  # fmt: skip


def test_a_refresh_that_was_not_needed_proves_an_image(ready: ReleaseProject) -> None:
    ready.runs("staging", NEW, status="Successful", reason=f"every server already runs {NEW}")
    assert ready.run("promote", "staging", "prod").code == 0


def test_an_image_that_the_fleet_does_not_run_is_refused(ready: ReleaseProject) -> None:
    ready.runs("staging", OLD)
    assert ready.refused("promote", "staging", "prod") == (
        f"web of staging runs {OLD}, not the configured {NEW}; run `pulumi up -s staging` first"
    )


def test_one_service_on_another_image_is_enough_to_refuse(ready: ReleaseProject) -> None:
    ready.state("staging", {"web": service(NEW), "api": service(OTHER)})
    assert ready.refused("promote", "staging", "prod").startswith(f"api of staging runs {OTHER}, not")


def test_a_service_that_is_not_up_yet_is_enough_to_refuse(ready: ReleaseProject) -> None:
    ready.state("staging", {"web": service(NEW)})
    assert ready.refused("promote", "staging", "prod") == (
        "api of staging is in its config, but not up; run `pulumi up -s staging` first"
    )


def test_a_fleet_without_a_known_image_is_refused(ready: ReleaseProject) -> None:
    ready.runs("staging", None)
    assert "web of staging runs no known image" in ready.refused("promote", "staging", "prod")


@pytest.mark.parametrize(
    "status",
    [
        "Failed",
        "Cancelled",
        "Pending",
        "RollbackSuccessful",
        "RollbackFailed",
        "InProgress",
        "Baking",
        "successful",
        "",
    ],
)
def test_a_refresh_that_did_not_end_well_is_refused_with_its_reason(
    ready: ReleaseProject, status: str
) -> None:
    services = {"web": service(NEW), "api": service(NEW, status=status, reason="alarm\nhigh-errors")}
    ready.state("staging", services)
    assert ready.refused("promote", "staging", "prod") == (
        f"the last refresh of api of staging did not end well: {status or 'no refresh is on record'} "
        "(alarm high-errors); run `pulumi up -s staging` until it does"
    )


def test_a_refresh_that_is_not_on_record_is_refused(ready: ReleaseProject) -> None:
    bare: dict[str, Any] = {"image": NEW}
    ready.state("staging", {"web": bare, "api": bare})
    assert "no refresh is on record" in ready.refused("promote", "staging", "prod")


def test_an_environment_that_was_never_up_is_refused(project: ReleaseProject) -> None:
    assert project.refused("promote", "staging", "prod").startswith("staging has no stack in ")


def test_services_with_their_own_image_neither_prove_nor_disprove_the_shared_one(
    ready: ReleaseProject,
) -> None:
    own_image(ready, "staging", OTHER)
    services = {"web": service(NEW), "api": service(NEW), "gone": service(OLD)}
    ready.state("staging", {**services, "jobs": service(OLD, status="Failed")})
    assert ready.run("promote", "staging", "prod").code == 0

    ready.file("staging").write_text(
        f"config:\n  immutable:imageId: {NEW}\n  immutable:services: {{jobs: {{imageId: {OTHER}}}}}\n"
    )
    assert "no service of staging uses the shared image" in ready.refused("promote", "staging", "prod")


def test_a_services_own_image_is_promoted_by_its_name(ready: ReleaseProject) -> None:
    own_image(ready, "staging", OTHER)
    own_image(ready, "prod", OLD)
    # The other services' state is of no concern.
    ready.state("staging", {"jobs": service(OTHER)})
    before = ready.file("prod").read_text()
    done = ready.run("promote", "staging", "prod", "--service", "jobs", "--expect", OLD)
    assert done.code == 0, done.error
    assert "\nPulumi.prod.yaml, immutable:services / jobs / imageId: " in done.out
    assert ready.file("prod").read_text() == before.replace(
        f"jobs:\n      imageId: {OLD}", f"jobs:\n      imageId: {OTHER}"
    )

    ready.state("staging", {"jobs": service(OTHER, status="Failed")})
    assert "jobs of staging did not end well" in ready.refused(
        "promote", "staging", "prod", "--service", "jobs"
    )


def test_a_service_on_the_shared_image_can_prove_it_for_another_environments_own(
    ready: ReleaseProject,
) -> None:
    own_image(ready, "prod", OLD)
    ready.file("staging").write_text(CONFIG.format(name="staging", image=NEW) + "    jobs: {}\n")
    ready.state("staging", {"jobs": service(NEW)})
    assert ready.run("promote", "staging", "prod", "--service", "jobs").code == 0
    assert f"      imageId: {NEW}\n" in ready.file("prod").read_text()


def test_a_service_without_an_image_of_its_own_has_no_line_to_change(ready: ReleaseProject) -> None:
    for command in (["promote", "staging", "prod"], ["rollback", "prod"], ["set-image", "prod", NEW]):
        assert ready.refused(*command, "--service", "web") == (
            "Pulumi.prod.yaml: web uses the shared image; leave --service out, or write "
            "Pulumi.prod.yaml, immutable:services / web / imageId once by hand"
        )


def test_an_unknown_service_is_refused_with_the_known_ones(ready: ReleaseProject) -> None:
    expected = "Pulumi.prod.yaml has no service 'wep'; known: web, api"
    assert ready.refused("promote", "staging", "prod", "--service", "wep") == expected


def test_an_environment_is_not_promoted_to_itself(ready: ReleaseProject) -> None:
    assert ready.refused("promote", "prod", "prod") == "prod cannot be promoted to itself"


@pytest.mark.parametrize(
    ("source", "target", "unknown"), [("stagin", "prod", "stagin"), ("staging", "../prod", "../prod")]
)
def test_an_unknown_environment_is_refused_with_the_known_ones(
    ready: ReleaseProject, source: str, target: str, unknown: str
) -> None:
    (ready.directory / "Pulumi.images.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    assert ready.refused("promote", source, target) == (
        f"there is no environment '{unknown}' in {ready.directory}; known: prod, staging"
    )


@pytest.mark.parametrize("image", ["latest", "resolve:ssm:/image", "ami-123", "AMI-0123456789ABCDEF0", "''"])
def test_a_configured_image_that_is_no_ami_id_is_not_promoted(ready: ReleaseProject, image: str) -> None:
    ready.configure("staging", image)
    refusal = ready.refused("promote", "staging", "prod")
    assert refusal.startswith(
        f"Pulumi.staging.yaml, immutable:imageId: '{image.strip(chr(39))}' is not an AMI ID"
    )


def test_a_config_without_an_image_is_refused(ready: ReleaseProject) -> None:
    ready.file("staging").write_text("config:\n  immutable:services: {web: {}}\n")
    assert ready.refused("promote", "staging", "prod") == (
        "Pulumi.staging.yaml, immutable:imageId: there is no image; name one with ami-…"
    )
    ready.configure("staging", "~")
    assert "there is no image" in ready.refused("promote", "staging", "prod")
    ready.configure("staging", NEW)
    ready.file("prod").write_text(
        "config:\n  aws:region: eu-central-1\n  immutable:services: {web: {}, api: {}}\n"
    )
    assert "no line for config / immutable:imageId; write it once" in ready.refused(
        "promote", "staging", "prod"
    )


@pytest.mark.parametrize(
    "command", [["promote", "staging", "prod"], ["set-image", "prod", NEW], ["rollback", "prod"]]
)
def test_another_present_value_than_the_expected_one_is_refused(
    ready: ReleaseProject, command: list[str]
) -> None:
    ready.runs("prod", OLD, previous=NEW)
    assert ready.refused(*command, "--expect", OTHER) == (
        f"Pulumi.prod.yaml, immutable:imageId is {OLD}, not the expected {OTHER}; look again"
    )
    assert ready.refused(*command, "--expect", "old").startswith("--expect: 'old' is not an AMI ID")
    assert ready.run(*command, "--expect", OLD).code == 0
    assert NEW in ready.file("prod").read_text()


def test_the_expected_value_must_be_there_even_when_there_is_nothing_to_do(ready: ReleaseProject) -> None:
    ready.configure("prod", NEW)
    assert "not the expected" in ready.refused("promote", "staging", "prod", "--expect", OLD)


def test_rollback_after_a_failed_release_goes_back_to_what_runs(project: ReleaseProject) -> None:
    project.configure("prod", NEW)
    project.runs("prod", OLD, previous=OTHER)
    assert project.run("rollback", "prod").code == 0
    assert project.file("prod").read_text() == CONFIG.format(name="prod", image=OLD)


def test_rollback_after_a_successful_release_goes_back_to_the_image_before(project: ReleaseProject) -> None:
    project.configure("prod", NEW)
    project.runs("prod", NEW, previous=OLD)
    assert project.run("rollback", "prod").code == 0
    assert project.file("prod").read_text() == CONFIG.format(name="prod", image=OLD)


def test_rollback_works_when_the_configured_image_is_a_mistake(project: ReleaseProject) -> None:
    project.configure("prod", "latest")
    project.runs("prod", OLD)
    assert project.run("rollback", "prod").code == 0
    assert project.file("prod").read_text() == CONFIG.format(name="prod", image=OLD)


def test_rollback_without_an_image_before_is_refused(project: ReleaseProject) -> None:
    project.runs("prod", OLD)
    assert project.refused("rollback", "prod") == (
        "prod has no known image to go back to; name one with set-image"
    )


def test_rollback_of_services_that_disagree_is_refused(project: ReleaseProject) -> None:
    project.state("prod", {"web": service(OLD, previous=NEW), "api": service(OLD, previous=OTHER)})
    assert project.refused("rollback", "prod") == (
        f"the services of prod would go back to different images: api {OTHER}, web {NEW}; "
        "name one with set-image"
    )


def test_rollback_follows_the_services_that_did_not_get_the_configured_image(project: ReleaseProject) -> None:
    project.configure("prod", NEW)
    project.state("prod", {"web": service(NEW, previous=OTHER), "api": service(OLD, previous=OTHER)})
    assert project.run("rollback", "prod").code == 0
    assert OLD in project.file("prod").read_text()


def test_a_service_that_is_new_has_no_say_in_a_rollback(project: ReleaseProject) -> None:
    project.state("prod", {"web": service(OLD), "api": service(OLD, previous=NEW)})
    assert project.run("rollback", "prod").code == 0
    assert NEW in project.file("prod").read_text()


def test_rollback_of_a_services_own_image_leaves_the_shared_one(project: ReleaseProject) -> None:
    own_image(project, "prod", NEW)
    project.state("prod", {"web": service(OLD, previous=OTHER), "jobs": service(NEW, previous=OTHER)})
    before = project.file("prod").read_text()
    assert project.run("rollback", "prod", "--service", "jobs").code == 0
    assert project.file("prod").read_text() == before.replace(NEW, OTHER)


def test_rollback_of_what_is_not_up_is_refused(project: ReleaseProject) -> None:
    assert project.refused("rollback", "prod").startswith("prod has no stack in ")
    project.state("prod", {"gone": service(NEW, previous=OLD)})
    assert project.refused("rollback", "prod") == (
        "prod has nothing up that uses Pulumi.prod.yaml, immutable:imageId"
    )


def test_a_second_rollback_after_its_deployment_returns(project: ReleaseProject) -> None:
    project.configure("prod", NEW)
    project.runs("prod", NEW, previous=OLD)
    assert project.run("rollback", "prod").code == 0
    assert project.run("rollback", "prod", "--expect", NEW).code == 2
    project.runs("prod", OLD, previous=NEW)
    assert project.run("rollback", "prod").code == 0
    assert NEW in project.file("prod").read_text()


fleets = st.builds(
    service,
    st.sampled_from([OLD, NEW, OTHER, None]),
    previous=st.sampled_from([OLD, NEW, OTHER, None]),
    status=st.sampled_from(["Successful", "Failed", "RollbackSuccessful"]),
)
names = st.sampled_from(["web", "api", "jobs"])


def decide(
    decision: Decision, shared: str, own: dict[str, str | None], running: dict[str, dict[str, Any]]
) -> str | None:
    """The image that a decision takes, or None when it refuses."""
    config = ConfigFile(Path("Pulumi.staging.yaml"), "staging", "immutable", b"", None, shared, own)
    try:
        return decision(config, EnvironmentState.model_validate({"services": running}), None)
    except RefusedError:
        return None


@given(
    st.dictionaries(names, st.sampled_from([None, None, OTHER])), st.dictionaries(names, fleets, min_size=1)
)
def test_an_image_is_promoted_exactly_when_every_service_that_uses_it_proves_it(
    own: dict[str, str | None], running: dict[str, dict[str, Any]]
) -> None:
    users = [name for name, image in own.items() if image is None]
    proven = bool(users) and all(
        name in running
        and running[name]["image"] == NEW
        and running[name]["refresh"]["status"] == "Successful"
        for name in users
    )
    assert decide(promotion.promotable, NEW, own, running) == (NEW if proven else None)


@given(
    st.dictionaries(names, st.sampled_from([None, None, OTHER])), st.dictionaries(names, fleets, min_size=1)
)
def test_a_rollback_goes_to_another_image_that_a_service_of_it_runs_or_ran(
    own: dict[str, str | None], running: dict[str, dict[str, Any]]
) -> None:
    image = decide(promotion.rollback_target, NEW, own, running)
    users = [running[name] for name in own if own[name] is None and name in running]
    seen = {fleet[key] for fleet in users for key in ("image", "previousImage")}
    assert image is None or (image in seen and (image != NEW or all(f["image"] == NEW for f in users)))
